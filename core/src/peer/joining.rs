//! How a peer finds its ring: whom to ask, how often, and when to begin one of its own.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::{Address, Contact};
use crate::base::id::{Id, Space};
use crate::base::time::Instant;

/// The pause after the first round of failures; it doubles from round to round.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between rounds of joining.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// The longest pause between looks for a ring from a ring of one.
const LONGEST_LONELY_PAUSE: Duration = Duration::from_secs(30);
/// How many rounds a peer asks those it knew before it begins a ring of its own. When a whole ring starts again, one must
/// begin and the others must wait for it: the one with the lowest id. Everybody else knows a lower one, the predecessor.
const ROUNDS_OF_LOWEST: u32 = 3;
/// How many rounds the others wait.
const ROUNDS_OF_OTHERS: u32 = 8;
/// How many addresses are remembered.
const MAX_KNOWN: usize = 32;

/// How a peer starts.
#[derive(Clone, Debug)]
pub enum Plan {
    /// With a ring of its own.
    Create,
    /// In the ring of one of these, however long it takes until one is there.
    Join(Vec<Address>),
    /// In the ring of those it knew; with one of its own when none of them is there.
    Resume,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Begin a ring.
    Create,
    /// Join by this address.
    Join(Address),
    /// See whether somebody is at this address.
    Probe(Address),
}

/// A peer that was a neighbour once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its position.
    pub id: Id,
    /// Where it was reached.
    pub address: Address,
}

impl Known {
    /// Reads what [`Known::line`] wrote.
    pub fn read(line: &str) -> Option<Self> {
        let (id, url) = line.split_once(' ')?;
        Some(Self {
            id: Space::FULL.parse(id).ok()?,
            address: Address::parse_url(url).ok()?,
        })
    }

    /// One line, to be kept.
    pub fn line(&self) -> String {
        alloc::format!("{} {}", Space::FULL.show(self.id), self.address)
    }
}

/// Where the search stands.
#[derive(Clone, Debug)]
pub(super) struct Joining {
    given: Vec<Address>,
    mine: Vec<Address>,
    known: Vec<Known>,
    state: State,
    /// How often everybody was asked in vain.
    round: u32,
    /// After how many rounds the peer begins a ring of its own; `None` never.
    patience: Option<u32>,
    jitter: u32,
}

#[derive(Clone, Debug)]
enum State {
    /// Ask these, the next at this time.
    Asking(VecDeque<Address>, Instant),
    /// One is asked.
    Waiting(VecDeque<Address>),
    /// A ring of its own begins.
    Creating,
    /// A member, or done for good.
    Settled,
    /// A ring of one that knows others: look for them at this time.
    Lonely(Instant),
    /// On the way out of a ring of one.
    Moving(Address),
}

impl Joining {
    pub(super) fn new(plan: Plan, mut known: Vec<Known>, me: &Contact, now: Instant) -> Self {
        let mine = me.addresses().to_vec();
        known.retain(|known| !mine.contains(&known.address) && known.id != me.id());
        let lowest = known.iter().all(|known| me.id() < known.id);
        let (given, patience) = match plan {
            Plan::Create => (Vec::new(), Some(0)),
            Plan::Join(given) => (given, None),
            Plan::Resume if lowest => (Vec::new(), Some(ROUNDS_OF_LOWEST)),
            Plan::Resume => (Vec::new(), Some(ROUNDS_OF_OTHERS)),
        };
        Self {
            given,
            patience,
            mine,
            known,
            state: State::Asking(VecDeque::new(), now),
            round: 0,
            // Peers that start together must not go on in step.
            jitter: u32::from(me.id().to_bytes()[19]),
        }
    }

    /// When [`Joining::step`] has something to do.
    pub(super) const fn due(&self) -> Option<Instant> {
        match &self.state {
            State::Asking(_, at) | State::Lonely(at) => Some(*at),
            State::Waiting(_) | State::Creating | State::Settled | State::Moving(_) => None,
        }
    }

    /// What is due now.
    pub(super) fn step(&mut self, now: Instant) -> Option<Step> {
        if self.due().is_none_or(|due| due > now) {
            return None;
        }
        match &mut self.state {
            State::Lonely(_) => {
                let pause = self.pause(LONGEST_LONELY_PAUSE);
                let turn = self.round as usize;
                self.round += 1;
                self.state = State::Lonely(now + pause);
                let others = self.others();
                let target = others.get(turn % others.len().max(1))?;
                Some(Step::Probe(target.clone()))
            }
            State::Asking(queue, _) => {
                let mut rest = core::mem::take(queue);
                if rest.is_empty() && !self.gives_up() {
                    rest = self.others().into();
                }
                match rest.pop_front() {
                    Some(address) => {
                        self.state = State::Waiting(rest);
                        Some(Step::Join(address))
                    }
                    None => {
                        self.state = State::Creating;
                        Some(Step::Create)
                    }
                }
            }
            State::Waiting(_) | State::Creating | State::Settled | State::Moving(_) => None,
        }
    }

    /// The peer is a member.
    pub(super) fn joined(&mut self, now: Instant) {
        let waited = self.patience.is_some_and(|patience| patience > 0);
        let created = matches!(self.state, State::Creating);
        self.state = State::Settled;
        self.round = 0;
        if created && waited {
            // Those that it waited for may still come.
            self.alone(now);
        }
    }

    /// Who was asked did not let it in, or is not there.
    pub(super) fn failed(&mut self, now: Instant) {
        let State::Waiting(rest) = &mut self.state else {
            return;
        };
        let rest = core::mem::take(rest);
        if !rest.is_empty() {
            self.state = State::Asking(rest, now);
            return;
        }
        self.round += 1;
        let pause = match self.gives_up() {
            true => Duration::ZERO,
            false => self.pause(LONGEST_PAUSE),
        };
        self.state = State::Asking(VecDeque::new(), now + pause);
    }

    /// The peer has lost everybody.
    pub(super) fn alone(&mut self, now: Instant) {
        if matches!(self.state, State::Settled) && !self.others().is_empty() {
            self.round = 0;
            self.state = State::Lonely(now + FIRST_PAUSE);
        }
    }

    /// Somebody is there again: whether to leave the ring of one for them.
    pub(super) fn leave_for(&mut self, address: Address) -> bool {
        let lonely = matches!(self.state, State::Lonely(_));
        if lonely {
            self.state = State::Moving(address);
        }
        lonely
    }

    /// The ring of one is left.
    pub(super) fn left(&mut self, now: Instant) {
        if let State::Moving(address) = &self.state {
            let queue = VecDeque::from([address.clone()]);
            // One attempt; a ring of one still serves better than none.
            self.patience = Some(1);
            self.round = 0;
            self.state = State::Asking(queue, now);
        }
    }

    /// Takes note of the neighbours' addresses; gives all that are known now, when that has changed.
    pub(super) fn note(&mut self, mut neighbours: Vec<Known>) -> Option<&[Known]> {
        if !neighbours.is_empty() && matches!(self.state, State::Lonely(_)) {
            // Somebody has found this ring of one.
            self.state = State::Settled;
        }
        neighbours.extend(self.known.iter().cloned());
        let mut known: Vec<Known> = Vec::new();
        for one in neighbours {
            let is_new = known.iter().all(|other| other.address != one.address);
            if is_new && !self.mine.contains(&one.address) {
                known.push(one);
            }
        }
        known.truncate(MAX_KNOWN);
        if known == self.known {
            return None;
        }
        self.known = known;
        Some(&self.known)
    }

    fn gives_up(&self) -> bool {
        self.patience.is_some_and(|patience| self.round >= patience)
    }

    /// Everybody there is to ask, best first.
    fn others(&self) -> Vec<Address> {
        let mut others = self.given.clone();
        for Known { address, .. } in &self.known {
            if !others.contains(address) {
                others.push(address.clone());
            }
        }
        others
    }

    fn pause(&self, longest: Duration) -> Duration {
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.round.min(16));
        pause.min(longest) * (1_024 + self.jitter) / 1_024
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use crate::base::identity::Signer;

    use super::*;

    fn address(port: u16) -> Address {
        Address::parse_url(&alloc::format!("ws://127.0.0.1:{port}")).unwrap()
    }

    /// A neighbour whose id is below (0) or above (255) every real one.
    fn known(port: u16, first_byte: u8) -> Known {
        let id = Id::from_bytes([first_byte; 20]);
        let address = address(port);
        Known { id, address }
    }

    fn joining(plan: Plan, known: Vec<Known>) -> Joining {
        let signer = Signer::ed25519([1; 32]);
        let me = Contact::sign(Space::FULL, &signer, 0, 1, vec![address(1)]).unwrap();
        Joining::new(plan, known, &me, Instant::ZERO)
    }

    /// Lets every attempt fail until the search ends or the number of steps is used up.
    fn fail_all(joining: &mut Joining, steps: usize) -> Vec<Step> {
        let mut taken = Vec::new();
        while let Some(due) = joining.due().filter(|_| taken.len() < steps) {
            taken.extend(joining.step(due));
            joining.failed(due);
        }
        taken
    }

    #[test]
    fn a_peer_without_acquaintances_begins_a_ring() {
        let mut told = joining(Plan::Create, vec![known(2, 0)]);
        assert_eq!(fail_all(&mut told, 9), [Step::Create]);
        let mut fresh = joining(Plan::Resume, vec![known(1, 0)]);
        assert_eq!(fail_all(&mut fresh, 9), [Step::Create]);
    }

    #[test]
    fn a_peer_told_whom_to_join_never_gives_up() {
        let plan = Plan::Join(vec![address(2), address(3)]);
        let steps = fail_all(&mut joining(plan, Vec::new()), 7);
        let [two, three] = [2, 3].map(|port| Step::Join(address(port)));
        let expected = [&two, &three, &two, &three, &two, &three, &two];
        assert!(steps.iter().eq(expected), "{steps:?}");
    }

    #[test]
    fn of_peers_that_start_again_together_the_lowest_begins() {
        let mut lowest = joining(Plan::Resume, vec![known(2, 255)]);
        let steps = fail_all(&mut lowest, 99);
        assert_eq!(steps.len(), ROUNDS_OF_LOWEST as usize + 1);
        assert_eq!(steps.last(), Some(&Step::Create));
        let mut other = joining(Plan::Resume, vec![known(2, 255), known(3, 0)]);
        let steps = fail_all(&mut other, 99);
        assert_eq!(steps.len(), ROUNDS_OF_OTHERS as usize * 2 + 1);
        assert_eq!(steps.last(), Some(&Step::Create));
        other.joined(Instant::ZERO);
        assert!(other.due().is_some(), "it keeps looking");
    }

    #[test]
    fn a_lonely_peer_looks_for_others_and_moves_to_them() {
        let mut joining = joining(Plan::Create, Vec::new());
        assert_eq!(joining.step(Instant::ZERO), Some(Step::Create));
        joining.joined(Instant::ZERO);
        joining.alone(Instant::ZERO);
        assert_eq!(joining.due(), None, "it knows nobody");
        assert!(joining.note(vec![known(2, 0), known(1, 9)]).is_some());
        assert!(joining.note(vec![known(2, 0)]).is_none());
        joining.alone(Instant::ZERO);
        let due = joining.due().unwrap();
        assert_eq!(joining.step(due), Some(Step::Probe(address(2))));
        assert!(joining.due().unwrap() > due, "it looks again");
        assert!(joining.leave_for(address(2)));
        joining.left(due);
        assert_eq!(joining.step(due), Some(Step::Join(address(2))));
        joining.failed(due);
        let due = joining.due().unwrap();
        assert_eq!(joining.step(due), Some(Step::Create));
        joining.joined(due);
        assert!(joining.due().is_some(), "and does not give up");
    }

    #[test]
    fn what_is_known_can_be_kept() {
        let known = known(7, 3);
        assert_eq!(Known::read(&known.line()), Some(known));
        assert_eq!(Known::read("nonsense"), None);
    }
}
