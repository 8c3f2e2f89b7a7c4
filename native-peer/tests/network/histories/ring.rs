//! The peers of a history, and the trouble that a seed makes for them.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::rng::Rng;
use serde_json::{Value, json};

use super::client::{leave, status, whole_status};
use super::told::{Access, Told};
use crate::process::{Home, Process, eventually};

/// The time that trouble waits for operations where none can end: a few are then under way without a majority.
const TIMEOUT: Duration = Duration::from_secs(6);

/// The time within which groups have all their members again, on a machine that does much else: thirty seconds of it wait
/// for who will not come back.
const HEALING: Duration = Duration::from_secs(180);

/// A peer, whether it runs or not.
struct Slot {
    /// Counts its folders: one who has left comes back as another peer.
    folder: u32,
    /// 0 before its first start.
    port: u16,
    process: Option<Process>,
    life: u32,
    /// The peer that it is told to join; none where it begins a ring.
    joins: Option<usize>,
    is_fickle: bool,
    /// True if the peer stays away until the end.
    stays_away: bool,
}

/// A fault that the test inflicts on the peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Stop,
    Kill,
    StopAll,
    KillAll,
    StayAway,
    /// One leaves for good, and another peer takes its port.
    Leave,
    /// One loses its store, but not its key.
    Lose,
    /// Bytes in the middle of one's store are others.
    Damage,
    /// The one that began the ring loses all it has, and begins another one.
    FoundAnew,
    /// The peers that began a ring apart are told of the others.
    Meet,
}

impl Trouble {
    /// Returns whether a member is lost with what it has promised: its groups must be whole before.
    fn is_loss(self) -> bool {
        matches!(
            self,
            Self::Leave | Self::Lose | Self::Damage | Self::FoundAnew
        )
    }
}

pub(super) struct Ring {
    home: Home,
    told: Arc<Told>,
    slots: Vec<Slot>,
    /// Peers from here on begin a ring apart.
    apart: usize,
    has_met: bool,
    done: Vec<String>,
}

/// Asks again until it is well.
pub(super) fn eventually_ok(mut ask: impl FnMut() -> Result<(), String>) {
    eventually("an operation succeeds", || ask().ok());
}

impl Ring {
    /// A ring of peers that joined its first one, with all its groups.
    pub(super) fn of(home: Home, told: Arc<Told>, count: usize) -> Self {
        let mut ring = Self::new(home, told, count, count);
        ring.all_back();
        ring.settle();
        ring
    }

    /// Some peers in a ring, and the last ones, maybe, in another.
    pub(super) fn begin(rng: &mut Rng, told: Arc<Told>, count: usize) -> Self {
        let apart = usize::try_from(rng.below(3)).unwrap();
        let mut ring = Self::new(Home::new(), told, count, count - apart);
        ring.note(format!("{} peers, {apart} apart", count - apart));
        ring.all_back();
        ring.settle();
        ring
    }

    fn new(home: Home, told: Arc<Told>, count: usize, apart: usize) -> Self {
        let slot = |number| Slot {
            folder: 0,
            port: 0,
            process: None,
            life: 0,
            joins: match number {
                0 => None,
                number if number < apart => Some(0),
                number => (number > apart).then_some(apart),
            },
            is_fickle: number >= apart,
            stays_away: false,
        };
        Self {
            home,
            told,
            slots: (0..count).map(slot).collect(),
            apart,
            has_met: apart == count,
            done: Vec::new(),
        }
    }

    fn note(&mut self, what: String) {
        let seconds = self.told.now() / 1_000_000;
        self.done.push(format!("  {seconds} s: {what}"));
    }

    /// Returns the log of what was done, and of what peers said.
    pub(super) fn done(&self) -> Vec<String> {
        let mut all = self.done.clone();
        for number in 0..self.slots.len() {
            let errors = fs::read_to_string(self.errors(number)).unwrap_or_default();
            let errors: Vec<&str> = errors.lines().collect();
            let last = errors[errors.len().saturating_sub(12)..].iter();
            all.extend(last.map(|line| format!("  peer {number} said: {line}")));
            if let Some(status) = self.access(number).and_then(|it| whole_status(&it)) {
                let (ring, quorum) = (&status["ring"], &status["quorum"]);
                all.push(format!("  peer {number} is {ring}, {quorum}"));
            }
        }
        all
    }

    pub(super) fn folder(&self, slot: usize) -> PathBuf {
        let folder = self.slots[slot].folder;
        self.home.path(&format!("peer-{slot}-{folder}"))
    }

    fn errors(&self, slot: usize) -> PathBuf {
        self.home.path(&format!("errors-{slot}"))
    }

    fn up(&self) -> Vec<usize> {
        let all = 0..self.slots.len();
        all.filter(|slot| self.slots[*slot].process.is_some())
            .collect()
    }

    // Starting and ending.

    /// Starts a peer with the command line that it had before.
    pub(super) fn start(&mut self, number: usize) {
        let folder = self.folder(number).display().to_string();
        let slot = &self.slots[number];
        let listen = format!("127.0.0.1:{}", slot.port);
        let mut command = self
            .home
            .command(&["peer", "--json", "--listen", &listen, "--data", &folder]);
        if let Some(other) = slot.joins {
            let port = self.slots[other].port;
            command.args(["--join", &format!("127.0.0.1:{port}")]);
        }
        let errors = self.errors(number);
        let errors: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(errors)
            .unwrap();
        command.stderr(errors);
        let process = self.home.run(command);
        let slot = &mut self.slots[number];
        slot.port = process.port();
        slot.life += 1;
        let access = Access {
            port: slot.port,
            token: process.token(),
            life: slot.life,
            is_fickle: slot.is_fickle,
        };
        slot.process = Some(process);
        self.told.set(number, Some(access));
        self.note(format!("peer {number} starts"));
    }

    fn stop(&mut self, slots: &[usize]) {
        for number in slots {
            if let Some(process) = &self.slots[*number].process {
                process.signal("TERM");
            }
        }
        self.end(slots, "stops");
        for number in slots {
            let process = self.slots[*number].process.take();
            let code = process.and_then(|mut process| process.ended());
            assert_eq!(code, Some(0), "peer {number}");
        }
    }

    fn kill(&mut self, slots: &[usize]) {
        for number in slots {
            // With what it has under way.
            if let Some(mut process) = self.slots[*number].process.take() {
                process.kill();
            }
        }
        self.end(slots, "is killed");
    }

    fn end(&mut self, slots: &[usize], how: &str) {
        for number in slots {
            self.told.set(*number, None);
            self.note(format!("peer {number} {how}"));
        }
    }

    pub(super) fn stop_all(&mut self) {
        let up = self.up();
        self.stop(&up);
    }

    /// Starts whoever is down.
    pub(super) fn all_back(&mut self) {
        for number in 0..self.slots.len() {
            if self.slots[number].process.is_none() {
                self.start(number);
            }
        }
    }

    fn start_some(&mut self, rng: &mut Rng) {
        let mut down: Vec<usize> = (0..self.slots.len())
            .filter(|slot| self.slots[*slot].process.is_none())
            .filter(|slot| !self.slots[*slot].stays_away)
            .collect();
        shuffle(rng, &mut down);
        for number in down {
            self.start(number);
        }
    }

    // How the peers see it.

    fn access(&self, slot: usize) -> Option<Access> {
        self.told.access(slot)
    }

    /// The peers that have a lineage.
    pub(super) fn of_lineage(&self, lineage: &str) -> Vec<usize> {
        let has = |slot: &usize| {
            let access = self.access(*slot);
            let known = access.and_then(|access| status(&access).ok()?);
            known.is_some_and(|known| known == lineage)
        };
        self.up().into_iter().filter(has).collect()
    }

    /// Returns whether every peer has a lineage.
    pub(super) fn all_know(&self) -> bool {
        let known = |slot| {
            let access = self.access(slot);
            access.and_then(|access| status(&access).ok()?).is_some()
        };
        self.up().into_iter().all(known)
    }

    /// Waits until the groups of the first ring have all their members, with their votes: each peer is in three.
    fn settle(&self) {
        let mut own = self.up();
        own.retain(|slot| !self.slots[*slot].is_fickle);
        let least = own.len().min(3) as u64;
        let is_whole = |status: &Value| {
            let quorum = &status["quorum"];
            let is_member = status["predecessor"].is_string() && status["successors"] != json!([]);
            let has_all = quorum["awaited"] == json!([]) && quorum["without_vote"] == 0;
            is_member && has_all && quorum["groups"].as_u64() >= Some(least)
        };
        let is_whole = |slot: &usize| {
            let status = self.access(*slot).and_then(|it| whole_status(&it));
            status.is_some_and(|status| is_whole(&status))
        };
        let start = self.told.now();
        while !own.iter().all(is_whole) {
            let waited = Duration::from_micros(self.told.now() - start);
            let done = || self.done().join("\n");
            assert!(
                waited < HEALING,
                "the groups are not whole again:\n{}",
                done()
            );
            self.told.rest();
        }
    }

    // Trouble.

    /// Makes all kinds of trouble, in an order that is drawn, while clients go on.
    pub(super) fn storm(&mut self, rng: &mut Rng) {
        let mut deck = vec![
            Trouble::Stop,
            Trouble::Kill,
            Trouble::Kill,
            Trouble::StopAll,
            Trouble::KillAll,
            Trouble::StayAway,
            Trouble::Leave,
            [Trouble::Lose, Trouble::Damage][usize::try_from(rng.below(2)).unwrap()],
        ];
        shuffle(rng, &mut deck);
        let at = deck.len() - usize::try_from(rng.below(3)).unwrap();
        if self.has_met {
            deck.insert(at, Trouble::FoundAnew);
        } else {
            deck.insert(at, Trouble::Meet);
        }
        let mut deck = VecDeque::from(deck);
        while let Some(trouble) = deck.pop_front() {
            let operations = 20 + usize::try_from(rng.below(60)).unwrap();
            self.told.wait_for(operations, TIMEOUT);
            self.make(rng, trouble);
            if rng.chance(2, 3) {
                let operations = usize::try_from(rng.below(40)).unwrap();
                self.told.wait_for(operations, TIMEOUT);
                self.start_some(rng);
            }
        }
        self.told.wait_for(40, TIMEOUT);
    }

    fn make(&mut self, rng: &mut Rng, trouble: Trouble) {
        if trouble.is_loss() {
            for slot in &mut self.slots {
                slot.stays_away = false;
            }
            self.start_some(rng);
            self.settle();
        }
        let mut up = self.up();
        shuffle(rng, &mut up);
        self.note(format!("{trouble:?}"));
        match trouble {
            Trouble::Stop => self.stop(&up[..1.min(up.len())]),
            Trouble::Kill => self.kill(&up[..1.min(up.len())]),
            Trouble::StayAway => {
                let Some(first) = up.first() else { return };
                self.slots[*first].stays_away = true;
                match rng.chance(1, 2) {
                    true => self.stop(&up[..1]),
                    false => self.kill(&up[..1]),
                }
            }
            // At once, or one after another.
            Trouble::StopAll if rng.chance(1, 2) => self.stop(&up),
            Trouble::StopAll => up.iter().for_each(|slot| self.stop(&[*slot])),
            Trouble::KillAll => self.kill(&up),
            Trouble::Leave => {
                let slot = 1 + usize::try_from(rng.below(self.apart as u64 - 1)).unwrap();
                self.leave(slot);
            }
            Trouble::Lose | Trouble::Damage => {
                // The first one would begin a ring again, as it does under another trouble.
                let slot = 1 + usize::try_from(rng.below(self.apart as u64 - 1)).unwrap();
                self.kill(&[slot]);
                self.harm(rng, slot, trouble == Trouble::Lose);
                self.start(slot);
                self.settle();
            }
            Trouble::FoundAnew => {
                self.kill(&[0]);
                self.slots[0].folder += 1;
                self.slots[0].is_fickle = true;
                self.start(0);
                self.told.wait_for(20, TIMEOUT);
                // Its user sees that it is alone, and names another.
                self.stop(&[0]);
                self.slots[0].joins = Some(1);
                self.start(0);
            }
            Trouble::Meet => {
                for slot in self.apart..self.slots.len() {
                    self.stop(&[slot]);
                    self.slots[slot].joins = Some(0);
                    self.start(slot);
                }
                self.has_met = true;
            }
        }
    }

    fn leave(&mut self, number: usize) {
        let access = self.access(number).unwrap();
        leave(&access);
        let code = self.slots[number].process.as_mut().unwrap().ended();
        assert_eq!(code, Some(0), "peer {number}");
        self.slots[number].process = None;
        self.end(&[number], "has left");
        self.slots[number].folder += 1;
        self.start(number);
        self.settle();
    }

    fn harm(&self, rng: &mut Rng, slot: usize, lose: bool) {
        let store = self.folder(slot).join("peer.redb");
        if lose {
            fs::remove_file(store).unwrap();
            return;
        }
        let mut bytes = fs::read(&store).unwrap();
        let at = usize::try_from(rng.below(bytes.len() as u64 - 64)).unwrap();
        match rng.below(3) {
            0 => bytes.truncate(at),
            1 => bytes[at..at + 64].iter_mut().for_each(|byte| *byte ^= 0x5a),
            _ => bytes.clear(),
        }
        fs::write(store, bytes).unwrap();
    }
}

fn shuffle<T>(rng: &mut Rng, all: &mut [T]) {
    for last in (1..all.len()).rev() {
        let other = usize::try_from(rng.below(last as u64 + 1)).unwrap();
        all.swap(last, other);
    }
}
