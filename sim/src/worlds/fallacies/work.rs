//! The work of a run: lookups, gets and puts, drawn from the seed alone so that each run of a seed has the same; and their judgement.
//!
//! A lookup is right if it names the key's owner by the ideal ring of the members, as it was when the lookup began or as it is when it ends.
//! A get is stale if it returns an older version than one that was acknowledged before the get began.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use crate::worlds::fallacies::setup::{QUIET, Setup};
use crate::worlds::fallacies::terms::level_of;
use crate::worlds::fallacies::trace::{Operation, Outcome};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::Level;

/// The operations that have ended that are remembered.
pub const LAST: usize = 128;
/// The most operations under way that are remembered.
const MAX_OPEN: usize = 4_096;
/// The most durations of lookups that are remembered: further ones count in all but the percentiles.
const MAX_TIMES: usize = 1 << 16;
/// The first stream of the seed, of three.
const STREAM: u64 = 4;

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Lookup,
    Get,
    Put,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Lookup, Self::Get, Self::Put];
}

/// An operation, as an observer sees it who sees all peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationTrace {
    /// Counts all operations.
    pub number: u64,
    /// The peer that asks.
    pub peer: u16,
    /// The operation.
    pub operation: Operation,
    /// The time at which it began.
    pub began: Instant,
    /// The time at which it ended.
    pub ended: Option<Instant>,
    /// The outcome.
    pub outcome: Option<Outcome>,
    /// For a lookup: the peers that decided its next hop, each with the time, as far as it has come. A branch that was sent again is in it.
    pub visits: Vec<(u16, Instant)>,
    /// For a lookup that has ended: the path that it reports, origin first, owner last.
    pub path: Vec<u16>,
    /// The owner of its key when it began.
    owner: Option<Id>,
    /// The newest version of its name that was acknowledged when it began.
    floor: u64,
}

/// Lookups, by their outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Those that named the owner.
    pub right: u64,
    /// Those that named another peer, which does not lie.
    pub wrong: u64,
    /// Those that named a liar that is not the owner.
    pub deceived: u64,
    /// Those without an answer.
    pub failed: u64,
    /// Hops of those that were right, in all.
    pub hops: u64,
}

impl Lookups {
    /// Returns the number of lookups, without those whose peer went.
    pub const fn all(&self) -> u64 {
        self.right + self.wrong + self.deceived + self.failed
    }
}

/// Gets and puts, by their outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Gets of the newest value.
    pub fresh: u64,
    /// Gets of an older one.
    pub stale: u64,
    /// Gets of nothing, where there was a value.
    pub missing: u64,
    /// Gets without an answer.
    pub gets_failed: u64,
    /// Puts that were acknowledged.
    pub written: u64,
    /// Puts that were not. They may still take effect.
    pub puts_failed: u64,
    /// Gets and puts of peers whose release does not know level `quorum`.
    pub not_known: u64,
}

impl Values {
    /// Returns the number of gets that were answered.
    pub const fn answered(&self) -> u64 {
        self.fresh + self.stale + self.missing
    }

    /// Returns the number of gets and puts.
    pub const fn all(&self) -> u64 {
        self.answered() + self.gets_failed + self.written + self.puts_failed + self.not_known
    }

    /// Returns the number of gets and puts that came to nothing.
    pub const fn failed(&self) -> u64 {
        self.gets_failed + self.puts_failed + self.not_known
    }
}

/// The answer to an operation.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A lookup named this owner, whom `is_liar` says to lie, over this path.
    Named {
        owner: Id,
        is_liar: bool,
        path: Vec<u16>,
    },
    /// A get returned this version; 0 for none.
    Got(u64),
    /// A put was acknowledged as this version.
    Put(u64),
    /// No answer.
    None,
    /// The level is not known to the peer.
    NotKnown,
    /// The peer is gone.
    Void,
}

/// The operations of a run.
#[derive(Clone, Debug)]
pub(super) struct Work {
    draws: [Rng; 3],
    numbers: u64,
    open: BTreeMap<u64, OperationTrace>,
    /// Numbers by peer, kind of counter (true for lookups) and the number that it has there.
    known: BTreeMap<(u16, bool, u64), u64>,
    last: VecDeque<OperationTrace>,
    /// The newest acknowledged version of each name.
    acknowledged: Vec<u64>,
    lookups: Lookups,
    values: Values,
    /// Durations of lookups that were right, in microseconds.
    times: Vec<u64>,
}

impl Work {
    pub(super) fn of(setup: &Setup, seed: u64) -> Self {
        Self {
            draws: core::array::from_fn(|at| Rng::from_seed(seed, STREAM + at as u64)),
            numbers: 0,
            open: BTreeMap::new(),
            known: BTreeMap::new(),
            last: VecDeque::new(),
            // At level `one` each has its first version from the beginning.
            acknowledged: (0..setup.names)
                .map(|name| u64::from(level_of(name) == Level::One))
                .collect(),
            lookups: Lookups::default(),
            values: Values::default(),
            times: Vec::new(),
        }
    }

    /// Draws the next operation of a kind, and the peer that it is meant for; `None` where there is nothing to draw from.
    pub(super) fn draw(
        &mut self,
        kind: Kind,
        setup: &Setup,
        space: Space,
    ) -> Option<(u16, Operation)> {
        let rng = &mut self.draws[kind as usize];
        let small = |rng: &mut Rng, bound: u16| u16::try_from(rng.below(bound.into())).unwrap_or(0);
        let peer = small(rng, setup.peers);
        let operation = match kind {
            Kind::Lookup => {
                let mut bytes = [0; 20];
                rng.fill(&mut bytes);
                Operation::Lookup(space.truncate(bytes))
            }
            Kind::Get => Operation::Get(small(rng, setup.names)),
            Kind::Put => Operation::Put(small(rng, setup.names)),
        };
        let has_names = kind == Kind::Lookup || setup.names > 0;
        has_names.then_some((peer, operation))
    }

    /// Returns the pause between operations of a kind; `None` where there are none, or no more.
    pub(super) fn pause(kind: Kind, setup: &Setup, now: Instant) -> Option<Duration> {
        let pause = match kind {
            Kind::Lookup => setup.lookup_every,
            Kind::Get => setup.get_every,
            Kind::Put => setup.put_every,
        };
        pause.filter(|pause| now + *pause + QUIET <= Instant::ZERO + setup.length)
    }

    /// Returns the number that the next operation will have.
    pub(super) const fn next_number(&self) -> u64 {
        self.numbers + 1
    }

    /// Notes that an operation begins; `owner` is that of its key. Gives its number.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        peer: u16,
        operation: Operation,
        owner: Option<Id>,
    ) -> u64 {
        self.numbers += 1;
        let number = self.numbers;
        let floor = match operation {
            Operation::Get(name) => self.acknowledged.get(usize::from(name)).copied(),
            Operation::Lookup(_) | Operation::Put(_) => None,
        };
        while self.open.len() >= MAX_OPEN {
            self.open.pop_first();
        }
        let trace = OperationTrace {
            number,
            peer,
            operation,
            began: now,
            ended: None,
            outcome: None,
            visits: Vec::new(),
            path: Vec::new(),
            owner,
            floor: floor.unwrap_or(0),
        };
        self.open.insert(number, trace);
        number
    }

    /// Notes the number that an operation has at its peer.
    pub(super) fn know(&mut self, peer: u16, is_lookup: bool, own: u64, number: u64) {
        self.known.insert((peer, is_lookup, own), number);
    }

    /// The number of an operation by the number that it has at its peer.
    pub(super) fn number(&self, peer: u16, is_lookup: bool, own: u64) -> Option<u64> {
        self.known.get(&(peer, is_lookup, own)).copied()
    }

    /// Notes that a peer decided about a lookup.
    pub(super) fn visit(&mut self, number: u64, peer: u16, at: Instant) {
        if let Some(open) = self.open.get_mut(&number)
            && open.visits.last().map(|(last, _)| *last) != Some(peer)
        {
            open.visits.push((peer, at));
        }
    }

    /// The key of an operation under way.
    pub(super) fn key(&self, number: u64) -> Option<Id> {
        match self.open.get(&number)?.operation {
            Operation::Lookup(key) => Some(key),
            Operation::Get(_) | Operation::Put(_) => None,
        }
    }

    /// The operations under way of a peer.
    pub(super) fn of_peer(&self, peer: u16) -> Vec<u64> {
        let open = self.open.values().filter(|open| open.peer == peer);
        open.map(|open| open.number).collect()
    }

    /// Judges an operation that has ended; `owner` is that of its key now. Gives its peer and the judgement.
    pub(super) fn end(
        &mut self,
        now: Instant,
        number: u64,
        answer: Answer,
        owner: Option<Id>,
    ) -> Option<(u16, Outcome)> {
        let mut trace = self.open.remove(&number)?;
        self.known.retain(|_, known| *known != number);
        let is_lookup = matches!(trace.operation, Operation::Lookup(_));
        let outcome = match answer {
            Answer::Named {
                owner: named,
                is_liar,
                path,
            } => {
                trace.path = path;
                match [trace.owner, owner].contains(&Some(named)) {
                    true => Outcome::Right,
                    false => Outcome::Wrong { by_liar: is_liar },
                }
            }
            Answer::Got(version) if version >= trace.floor => Outcome::Fresh,
            Answer::Got(0) => Outcome::Missing,
            Answer::Got(_) => Outcome::Stale,
            Answer::Put(version) => {
                if let Operation::Put(name) = trace.operation
                    && let Some(newest) = self.acknowledged.get_mut(usize::from(name))
                {
                    *newest = version.max(*newest);
                }
                Outcome::Written
            }
            Answer::None => Outcome::Failed,
            Answer::NotKnown => Outcome::NotKnown,
            Answer::Void => Outcome::Void,
        };
        self.count(is_lookup, outcome, &trace, now);
        trace.ended = Some(now);
        trace.outcome = Some(outcome);
        while self.last.len() >= LAST {
            self.last.pop_front();
        }
        let peer = trace.peer;
        self.last.push_back(trace);
        Some((peer, outcome))
    }

    fn count(&mut self, is_lookup: bool, outcome: Outcome, trace: &OperationTrace, now: Instant) {
        let (lookups, values) = (&mut self.lookups, &mut self.values);
        let is_get = matches!(trace.operation, Operation::Get(_));
        match outcome {
            Outcome::Right => {
                lookups.right += 1;
                lookups.hops += trace.path.len().saturating_sub(1) as u64;
                if self.times.len() < MAX_TIMES {
                    let took = now.as_micros() - trace.began.as_micros();
                    self.times.push(took);
                }
            }
            Outcome::Wrong { by_liar: true } => lookups.deceived += 1,
            Outcome::Wrong { by_liar: false } => lookups.wrong += 1,
            Outcome::Fresh => values.fresh += 1,
            Outcome::Stale => values.stale += 1,
            Outcome::Missing => values.missing += 1,
            Outcome::Written => values.written += 1,
            Outcome::Failed if is_lookup => lookups.failed += 1,
            Outcome::Failed if is_get => values.gets_failed += 1,
            Outcome::Failed => values.puts_failed += 1,
            Outcome::NotKnown => values.not_known += 1,
            Outcome::Void => {}
        }
    }

    pub(super) const fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    pub(super) const fn values(&self) -> &Values {
        &self.values
    }

    /// Returns the duration in microseconds that so many in a hundred of the lookups that were right did not exceed.
    pub(super) fn percentile(&self, percent: usize) -> Option<u64> {
        let mut times = self.times.clone();
        times.sort_unstable();
        let place = (times.len() * percent).div_ceil(100);
        times.get(place.checked_sub(1)?).copied()
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &OperationTrace> {
        self.open.values()
    }

    pub(super) fn last(&self) -> impl Iterator<Item = &OperationTrace> {
        self.last.iter()
    }

    /// The memory that a clone takes, roughly.
    pub(super) fn bytes(&self) -> usize {
        (self.open.len() + self.last.len()) * size_of::<OperationTrace>() * 2 + self.times.len() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::fallacies::lever::Levers;

    fn work() -> Work {
        Work::of(&Setup::usual(Levers::all(false)), 1)
    }

    #[test]
    fn gets_are_judged_by_what_was_acknowledged_before_they_began() {
        let mut work = work();
        let at = Instant::from_millis;
        let put = work.begin(at(0), 1, Operation::Put(5), None);
        let before = work.begin(at(1), 2, Operation::Get(5), None);
        assert_eq!(
            work.end(at(2), put, Answer::Put(2), None),
            Some((1, Outcome::Written))
        );
        let after = |work: &mut Work, version| {
            let get = work.begin(at(3), 2, Operation::Get(5), None);
            work.end(at(4), get, Answer::Got(version), None).unwrap().1
        };
        assert_eq!(
            work.end(at(5), before, Answer::Got(1), None),
            Some((2, Outcome::Fresh))
        );
        let judged = [2, 3, 1, 0].map(|version| after(&mut work, version));
        let expected = [
            Outcome::Fresh,
            Outcome::Fresh,
            Outcome::Stale,
            Outcome::Missing,
        ];
        assert_eq!(judged, expected);
        assert_eq!(work.values().answered(), 5);
        assert_eq!(work.end(at(6), before, Answer::None, None), None, "once");
    }

    #[test]
    fn a_lookup_is_right_by_the_ring_of_its_beginning_or_of_its_end() {
        let mut work = work();
        let [one, two, three] = [1, 2, 3].map(Id::from_u64);
        let mut judge = |owner, is_liar, path: &[u16]| {
            let key = Operation::Lookup(one);
            let number = work.begin(Instant::ZERO, 0, key, Some(one));
            let answer = Answer::Named {
                owner,
                is_liar,
                path: path.to_vec(),
            };
            let ended = Instant::from_millis(path.len() as u64);
            work.end(ended, number, answer, Some(two)).unwrap().1
        };
        assert_eq!(judge(one, false, &[0, 4, 1]), Outcome::Right);
        assert_eq!(judge(two, true, &[0]), Outcome::Right);
        assert_eq!(
            judge(three, true, &[0, 3]),
            Outcome::Wrong { by_liar: true }
        );
        assert_eq!(
            judge(three, false, &[0, 3]),
            Outcome::Wrong { by_liar: false }
        );
        let lookups = *work.lookups();
        assert_eq!((lookups.right, lookups.hops, lookups.all()), (2, 2, 4));
        assert_eq!(work.percentile(50), Some(1_000));
        assert_eq!(work.percentile(99), Some(3_000));
    }

    #[test]
    fn the_work_of_a_seed_is_the_same_whatever_becomes_of_it() {
        let setup = Setup::usual(Levers::all(true));
        let space = Space::new(16).unwrap();
        let (mut one, mut other) = (work(), work());
        let number = other.begin(Instant::ZERO, 0, Operation::Get(0), None);
        other.end(Instant::ZERO, number, Answer::Void, None);
        for kind in Kind::ALL.into_iter().cycle().take(60) {
            let drawn = one.draw(kind, &setup, space);
            assert_eq!(drawn, other.draw(kind, &setup, space));
        }
        let none = Setup { names: 0, ..setup };
        assert_eq!(one.draw(Kind::Get, &none, space), None);
    }
}
