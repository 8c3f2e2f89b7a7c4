//! The search for a ring: the addresses to ask, the pauses, and the time to begin a ring of one's own.
//!
//! A ring whose members were all lost comes back by itself. Peers that are in no ring and linked to one another are
//! *company*: after [`COMPANY_TIMEOUT`](super::company::COMPANY_TIMEOUT), in which every known and given address was tried, the one with the lowest id begins
//! the ring again and the others join it.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::{Address, Contact};
use crate::base::id::{Id, Space};
use crate::base::time::Instant;
use crate::peer::config::Reach;
use crate::peer::finding::company::Company;
use crate::peer::finding::lookout::Lookout;

/// The pause after the first round of failures; it doubles from round to round.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between rounds of joining.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// The longest pause between looks for a ring from a ring of one.
const LONGEST_LONELY_PAUSE: Duration = Duration::from_secs(30);
/// The longest time for one address before the next one is tried.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The rounds in which the peer with the lowest id asks the peers it knew before it begins a ring of its own, if none of them answers.
/// When a whole ring starts again, one must begin and the others must wait for it: the one with the lowest id. Every other one knows a
/// lower one, its predecessor.
const ROUNDS_OF_LOWEST: u32 = 3;
/// The rounds for which the others wait.
const ROUNDS_OF_OTHERS: u32 = 8;
/// The most addresses that are remembered.
const MAX_KNOWN: usize = 32;

/// The start of a peer.
#[derive(Clone, Debug)]
pub enum Plan {
    /// With a ring of its own.
    Create,
    /// In the ring of one of these, however long it takes until one is there. It begins one only together with others.
    Join(Vec<Address>),
    /// In the ring of those it knew; with one of its own when none of them is there.
    Resume,
}

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Begin a ring.
    Create,
    /// Join by this address.
    Join(Address),
    /// Ask every linked peer whether it is in a ring.
    AskLinked,
    /// From a ring of one: see whether a peer is at this address.
    Probe(Address),
    /// As a member: see whether another ring is at this address.
    Look(Address),
}

/// A peer that was a neighbour once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The peer's position.
    pub id: Id,
    /// The address at which it was reached.
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

    /// Returns the address and its state as one line, to be kept.
    pub fn line(&self) -> String {
        alloc::format!("{} {}", Space::FULL.show(self.id), self.address)
    }
}

/// A search for a ring.
#[derive(Clone, Debug)]
pub(super) struct Joining {
    me: Id,
    /// The list of seeds, without this peer's own addresses.
    given: Vec<Address>,
    /// The number of the list's addresses that are this peer's own.
    own: usize,
    mine: Vec<Address>,
    known: Vec<Known>,
    /// True if this peer has never been in a ring, as far as it knows.
    fresh: bool,
    /// True if this peer began its ring when it was fresh, and the ring's first group waits for a majority of the list.
    owes_founding: bool,
    /// True if this peer may begin a ring: false for a tab.
    may_begin: bool,
    state: State,
    /// The number of rounds in which all were asked in vain.
    round: u32,
    /// The number of times that it left a ring of one in vain, so that it leaves less and less often.
    vain_moves: u32,
    /// The number of rounds without company after which the peer begins a ring of its own; `None` never.
    patience: Option<u32>,
    company: Company,
    lookout: Lookout,
    jitter: u32,
}

#[derive(Clone, Debug)]
enum State {
    /// Ask these, the next at this time.
    Asking(VecDeque<Address>, Instant),
    /// An address is asked, until this time at the longest.
    Waiting(VecDeque<Address>, Instant),
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
    pub(super) fn new(
        plan: Plan,
        mut known: Vec<Known>,
        me: &Contact,
        reach: Reach,
        now: Instant,
    ) -> Self {
        let mine = me.addresses().to_vec();
        known.retain(|known| !mine.contains(&known.address) && known.id != me.id());
        let lowest = known.iter().all(|known| me.id() < known.id);
        let resumed = match lowest {
            _ if known.is_empty() => 0,
            true => ROUNDS_OF_LOWEST,
            false => ROUNDS_OF_OTHERS,
        };
        let (given, patience) = match plan {
            Plan::Create => (Vec::new(), Some(0)),
            Plan::Join(given) => (given, None),
            Plan::Resume => (Vec::new(), Some(resumed)),
        };
        let mut joining = Self {
            me: me.id(),
            given,
            own: 0,
            patience,
            mine: Vec::new(),
            fresh: known.is_empty(),
            known,
            owes_founding: false,
            may_begin: reach == Reach::Direct,
            state: State::Asking(VecDeque::new(), now),
            round: 0,
            vain_moves: 0,
            company: Company::default(),
            lookout: Lookout::default(),
            // Peers that start together must not go on in step.
            jitter: u32::from(me.id().to_bytes()[19]),
        };
        for address in mine {
            joining.is_mine(address);
        }
        joining
    }

    /// Takes note of an own address. Returns whether it is on the list of seeds, where it is ignored from now on.
    pub(super) fn is_mine(&mut self, address: Address) -> bool {
        let listed = self.given.contains(&address);
        if listed {
            self.given.retain(|given| *given != address);
            self.own += 1;
            if self.given.is_empty() && self.patience.is_none() && self.may_begin {
                // The list has no other peer: it is as if there were none.
                self.patience = Some(if self.known.is_empty() {
                    0
                } else {
                    ROUNDS_OF_OTHERS
                });
            }
        }
        self.known.retain(|known| known.address != address);
        self.mine.push(address);
        listed
    }

    /// Returns whether the ring that begins now may have a first group of level `quorum`. That is for fresh peers alone: without a list
    /// of seeds, or linked to a majority of it, this peer included where it is on it. A fresh peer with too few of its list
    /// owes the group from then on.
    pub(super) fn may_found(&mut self, is_linked: impl Fn(&Address) -> bool) -> bool {
        let founds = self.fresh && (self.given.is_empty() || self.has_majority(is_linked));
        self.owes_founding = self.fresh && !founds;
        founds
    }

    /// Returns whether the ring's first group may be founded now that was owed until a majority of the list is there.
    pub(super) fn may_found_at_last(&mut self, is_linked: impl Fn(&Address) -> bool) -> bool {
        let founds = self.owes_founding && self.has_majority(is_linked);
        self.owes_founding &= !founds;
        founds
    }

    fn has_majority(&self, is_linked: impl Fn(&Address) -> bool) -> bool {
        let there = self.given.iter().filter(|address| is_linked(address));
        (there.count() + self.own) * 2 > self.given.len() + self.own
    }

    /// The time at which [`Joining::step`] has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        match &self.state {
            State::Asking(_, at) | State::Waiting(_, at) | State::Lonely(at) => Some(*at),
            State::Settled => self.lookout.due(),
            State::Creating | State::Moving(_) => None,
        }
    }

    /// Takes the step that is due now.
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
            State::Asking(queue, _) => match queue.pop_front() {
                Some(address) => {
                    let rest = core::mem::take(queue);
                    self.state = State::Waiting(rest, now + ATTEMPT_TIMEOUT);
                    Some(Step::Join(address))
                }
                None if self.begins(now) => {
                    self.state = State::Creating;
                    Some(Step::Create)
                }
                None => {
                    let others = VecDeque::from(self.others());
                    self.state = match others.is_empty() {
                        true => State::Asking(others, self.end_of_round(now)),
                        false => State::Asking(others, now),
                    };
                    Some(Step::AskLinked)
                }
            },
            State::Waiting(..) => {
                self.failed(now);
                self.step(now)
            }
            State::Settled => {
                let others = self.others();
                self.lookout.step(now, others, self.jitter).map(Step::Look)
            }
            State::Creating | State::Moving(_) => None,
        }
    }

    /// Takes note that the peer is a member.
    pub(super) fn joined(&mut self, now: Instant) {
        let waited = self.patience != Some(0);
        let created = matches!(self.state, State::Creating);
        self.state = State::Settled;
        self.round = 0;
        let is_fresh = core::mem::replace(&mut self.fresh, false);
        self.company.clear();
        self.lookout.restart(now, is_fresh, self.jitter);
        if created && waited {
            // Those that it waited for may still come.
            self.alone(now);
        }
    }

    /// Takes note that the one asked did not let it in, or is not there.
    pub(super) fn failed(&mut self, now: Instant) {
        let State::Waiting(rest, _) = &mut self.state else {
            return;
        };
        let rest = core::mem::take(rest);
        if !rest.is_empty() {
            self.state = State::Asking(rest, now);
            return;
        }
        let at = self.end_of_round(now);
        self.state = State::Asking(VecDeque::new(), at);
    }

    /// Ends a round in which every address was asked in vain; returns the time of the next one.
    fn end_of_round(&mut self, now: Instant) -> Instant {
        self.round += 1;
        match self.company.is_empty() && self.has_waited() {
            true => now,
            false => now + self.pause(LONGEST_PAUSE),
        }
    }

    /// Takes note that a linked peer is in no ring.
    pub(super) fn is_outside(&mut self, now: Instant, id: Id) {
        if matches!(self.state, State::Asking(..) | State::Waiting(..)) {
            self.company.add(now, id, self.round);
        }
    }

    /// Takes note that a linked peer is in a ring: if this one is in none, it is asked next.
    pub(super) fn is_inside(&mut self, now: Instant, id: Id, address: Option<Address>) {
        self.company.remove(id);
        if let (State::Asking(queue, at), Some(address)) = (&mut self.state, address) {
            queue.retain(|other| *other != address);
            queue.push_front(address);
            *at = now;
        }
    }

    /// Takes note that a peer is linked no more.
    pub(super) fn is_gone(&mut self, id: Id) {
        self.company.remove(id);
    }

    /// Returns whether the peer is a member that has company, as far as the search knows.
    pub(super) const fn is_settled(&self) -> bool {
        matches!(self.state, State::Settled)
    }

    /// Takes note that the peer has lost all others.
    pub(super) fn alone(&mut self, now: Instant) {
        if matches!(self.state, State::Settled) && !self.others().is_empty() {
            self.round = self.vain_moves;
            self.state = State::Lonely(now + self.pause(LONGEST_LONELY_PAUSE));
        }
    }

    /// Decides whether to leave the ring of one for a peer that is there again. (ours) A ring of one that knows others moves to them: after
    /// an outage every node would stay alone.
    pub(super) fn leave_for(&mut self, address: Address) -> bool {
        let lonely = matches!(self.state, State::Lonely(_));
        if lonely {
            self.state = State::Moving(address);
        }
        lonely
    }

    /// Takes note that the ring of one is left.
    pub(super) fn left(&mut self, now: Instant) {
        if let State::Moving(address) = &self.state {
            let queue = VecDeque::from([address.clone()]);
            // One attempt; a ring of one still serves better than none.
            self.patience = Some(1);
            self.round = 0;
            self.vain_moves += 1;
            self.state = State::Asking(queue, now);
        }
    }

    /// Takes note of the neighbours' addresses; gives all that are known now, when that has changed.
    pub(super) fn note(&mut self, mut neighbours: Vec<Known>) -> Option<&[Known]> {
        if !neighbours.is_empty() && matches!(self.state, State::Lonely(_)) {
            // Another node has found this ring of one.
            self.state = State::Settled;
            self.vain_moves = 0;
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

    /// Returns whether to begin a ring, at the end of a round.
    fn begins(&self, now: Instant) -> bool {
        let has_company = !self.company.is_empty();
        match self.patience {
            _ if !self.may_begin => self.has_waited(),
            // At once: without a plan for others, or back from a ring of one that was left in vain.
            Some(0 | 1) => self.has_waited(),
            Some(ROUNDS_OF_LOWEST) if self.company.is_lowest(self.me) => self.has_waited(),
            _ if has_company => self.company.begins(now, self.me, self.round),
            _ => self.has_waited(),
        }
    }

    /// Returns whether all were asked in vain as often as a peer without company wants.
    fn has_waited(&self) -> bool {
        self.patience.is_some_and(|patience| self.round >= patience)
    }

    /// Returns all addresses there are to ask, best first.
    fn others(&self) -> Vec<Address> {
        let mut others = self.given.clone();
        for Known { address, .. } in &self.known {
            if !others.contains(address) {
                others.push(address.clone());
            }
        }
        others
    }

    /// The addresses that it asks, best first, each with its node's id where that is known.
    pub(super) fn asked(&self) -> Vec<(Option<Id>, Address)> {
        let id = |address: &Address| {
            let mut known = self.known.iter();
            known.find(|known| known.address == *address)
        };
        let others = self.others().into_iter();
        others
            .map(|address| (id(&address).map(|known| known.id), address))
            .collect()
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
        Joining::new(plan, known, &me, Reach::Direct, Instant::ZERO)
    }

    /// Lets every attempt fail until the search ends or the number of steps is used up; gives when the last one was.
    fn fail_all(joining: &mut Joining, steps: usize) -> (Vec<Step>, Instant) {
        let (mut taken, mut now) = (Vec::new(), Instant::ZERO);
        while let Some(due) = joining.due().filter(|_| taken.len() < steps) {
            now = due;
            let step = joining.step(due).filter(|step| *step != Step::AskLinked);
            taken.extend(step);
            joining.failed(due);
        }
        (taken, now)
    }

    #[test]
    fn a_peer_without_acquaintances_begins_a_ring() {
        let mut told = joining(Plan::Create, vec![known(2, 0)]);
        assert_eq!(fail_all(&mut told, 9).0, [Step::Create]);
        let mut fresh = joining(Plan::Resume, vec![known(1, 0)]);
        assert_eq!(fail_all(&mut fresh, 9).0, [Step::Create]);
    }

    #[test]
    fn a_peer_told_whom_to_join_never_gives_up() {
        let plan = Plan::Join(vec![address(2), address(3)]);
        let (steps, _) = fail_all(&mut joining(plan, Vec::new()), 7);
        let [two, three] = [2, 3].map(|port| Step::Join(address(port)));
        let expected = [&two, &three, &two, &three, &two, &three, &two];
        assert!(steps.iter().eq(expected), "{steps:?}");
    }

    #[test]
    fn an_own_address_is_ignored_and_a_list_of_nothing_else_is_none() {
        let mut listed = joining(Plan::Join(vec![address(1), address(2)]), Vec::new());
        assert_eq!(listed.own, 1);
        let (steps, _) = fail_all(&mut listed, 3);
        assert_eq!(steps, vec![Step::Join(address(2)); 3]);
        assert!(listed.is_mine(address(2)), "under another name");
        assert!(!listed.is_mine(address(3)));
        assert_eq!(fail_all(&mut listed, 9).0, [Step::Create]);
        let mut only = joining(Plan::Join(vec![address(1)]), Vec::new());
        assert_eq!(fail_all(&mut only, 9).0, [Step::Create]);
        assert!(only.may_found(|_| false));
    }

    #[test]
    fn of_peers_that_start_again_together_the_lowest_begins() {
        let mut lowest = joining(Plan::Resume, vec![known(2, 255)]);
        let (steps, _) = fail_all(&mut lowest, 99);
        assert_eq!(steps.len(), ROUNDS_OF_LOWEST as usize + 1);
        assert_eq!(steps.last(), Some(&Step::Create));
        let mut other = joining(Plan::Resume, vec![known(2, 255), known(3, 0)]);
        let (steps, _) = fail_all(&mut other, 99);
        assert_eq!(steps.len(), ROUNDS_OF_OTHERS as usize * 2 + 1);
        assert_eq!(steps.last(), Some(&Step::Create));
        other.joined(Instant::ZERO);
        assert!(other.due().is_some(), "it keeps looking");
    }

    #[test]
    fn with_company_the_lowest_begins_after_ten_seconds() {
        for (first_byte, earliest, latest) in [(255, 10, 14), (0, 20, 24)] {
            for plan in [Plan::Join(vec![address(9)]), Plan::Resume] {
                let mut joining = joining(plan, vec![known(2, 0)]);
                joining.is_outside(Instant::ZERO, Id::from_bytes([first_byte; 20]));
                let (steps, at) = fail_all(&mut joining, 99);
                assert_eq!(steps.last(), Some(&Step::Create));
                let secs = at.as_micros() / 1_000_000;
                assert!((earliest..latest).contains(&secs), "{secs} s");
            }
        }
    }

    #[test]
    fn who_has_company_that_finds_a_ring_joins_it() {
        let mut joining = joining(Plan::Join(vec![address(9)]), Vec::new());
        let other = Id::from_bytes([255; 20]);
        joining.is_outside(Instant::ZERO, other);
        assert_eq!(joining.step(Instant::ZERO), Some(Step::AskLinked));
        assert_eq!(joining.step(Instant::ZERO), Some(Step::Join(address(9))));
        joining.failed(Instant::ZERO);
        let now = Instant::from_millis(1);
        joining.is_inside(now, other, Some(address(2)));
        assert_eq!(joining.step(now), Some(Step::Join(address(2))));
        joining.joined(now);
        assert!(joining.company.is_empty());
    }

    #[test]
    fn only_a_fresh_peer_that_reaches_a_majority_of_its_list_may_found() {
        let list = |ports: &[u16]| Plan::Join(ports.iter().copied().map(address).collect());
        let founds = |plan, known, linked: &[u16]| {
            joining(plan, known)
                .may_found(|there| linked.iter().any(|port| *there == address(*port)))
        };
        assert!(founds(Plan::Create, vec![], &[]));
        assert!(founds(Plan::Resume, vec![], &[]));
        assert!(!founds(Plan::Resume, vec![known(2, 0)], &[]));
        assert!(!founds(Plan::Create, vec![known(2, 0)], &[]));
        // Address 1 is the peer's own.
        assert!(founds(list(&[1, 2, 3]), vec![], &[2]));
        assert!(!founds(list(&[1, 2, 3]), vec![], &[]));
        assert!(!founds(list(&[1, 2, 3]), vec![known(2, 0)], &[2, 3]));
        assert!(!founds(list(&[2, 3]), vec![], &[3]));
        assert!(founds(list(&[2, 3]), vec![], &[2, 3]));
        let mut back = joining(Plan::Create, vec![]);
        back.joined(Instant::ZERO);
        assert!(!back.may_found(|_| true));
        // What is owed is founded once.
        let mut owes = joining(list(&[2, 3]), vec![]);
        let linked = |ports: &'static [u16]| {
            move |there: &Address| ports.iter().any(|port| *there == address(*port))
        };
        assert!(!owes.may_found_at_last(|_| true));
        assert!(!owes.may_found(linked(&[3])));
        owes.joined(Instant::ZERO);
        assert!(!owes.may_found_at_last(linked(&[3])));
        assert!(owes.may_found_at_last(|_| true));
        assert!(!owes.may_found_at_last(|_| true));
        assert!(!back.may_found_at_last(|_| true));
    }

    #[test]
    fn a_member_looks_at_what_it_was_given_and_knows() {
        let mut joining = joining(Plan::Join(vec![address(2)]), vec![known(3, 0)]);
        assert_eq!(joining.step(Instant::ZERO), Some(Step::AskLinked));
        joining.joined(Instant::ZERO);
        let due = joining.due().unwrap();
        assert!(
            (1_000..1_300).contains(&due.as_millis()),
            "it was in a ring"
        );
        assert_eq!(joining.step(due), Some(Step::Look(address(2))));
        assert_eq!(joining.step(due), Some(Step::Look(address(3))));
        assert_eq!(joining.step(due), None);
        assert!(joining.due().unwrap() >= due + Duration::from_secs(15));
    }

    #[test]
    fn a_lonely_peer_looks_for_others_and_moves_to_them() {
        let mut joining = joining(Plan::Create, Vec::new());
        assert_eq!(joining.step(Instant::ZERO), Some(Step::Create));
        joining.joined(Instant::ZERO);
        joining.alone(Instant::ZERO);
        assert!(joining.is_settled(), "it knows nobody");
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
    fn whom_a_peer_asks_is_told_with_the_ids_that_it_knows() {
        let known = vec![known(2, 0), known(4, 9)];
        let told = joining(Plan::Join(vec![address(2), address(3)]), known).asked();
        let [first, last] = [0, 9].map(|byte| Some(Id::from_bytes([byte; 20])));
        let expected = [(first, address(2)), (None, address(3)), (last, address(4))];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_known_can_be_kept() {
        let known = known(7, 3);
        assert_eq!(Known::read(&known.line()), Some(known));
        assert_eq!(Known::read("nonsense"), None);
    }
}
