//! Anti-entropy with other nodes, each walked through range by range and page by page: offer what is here, send what the other
//! one lacks, fetch what it has newer, and go on once all of that is stored.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;

/// The greatest number of nodes that are walked with at a time. Further walks begin with the next round of anti-entropy.
const MAX_WALKS: usize = 64;
/// The greatest number of ranges that wait for one node.
const MAX_RANGES: usize = 8;
/// The greatest number of fetched bytes that wait for the disk before more is fetched.
const MAX_STORING: usize = 256 * 1024;
/// The greatest rate of a walk, in bytes a second: what else comes to the other node does not find a heap of values before it.
const PACE: u64 = 24_000_000;
/// The time by which a walk that was held up may be ahead of its pace then.
const BURST: Duration = Duration::from_millis(1);

/// The purpose of a walk over a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Both nodes are to have its records.
    Compare,
    /// The other one is to have those of its records that no node has vouched for since then; they are dropped here.
    HandOver(Instant),
}

/// The keys in (after, upto].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) after: Id,
    pub(super) upto: Id,
    pub(super) aim: Aim,
}

/// The next step of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Offer the next page of this range, from behind this key on.
    Offer(Range, Option<Id>),
    /// Send the record under this key.
    Copy(Id),
    /// Fetch the record under this key.
    Fetch(Id),
}

/// The walks of one node, by the other one.
#[derive(Clone, Debug, Default)]
pub(super) struct Walks {
    open: BTreeMap<Id, Walk>,
    last_number: u64,
    /// The number of steps that have been answered.
    progress: u64,
}

#[derive(Clone, Debug)]
struct Walk {
    /// Tells its answers from those to an earlier walk with the same node.
    number: u64,
    to: Contact,
    /// The first one is under way.
    ranges: VecDeque<Range>,
    /// The key behind which the next page begins.
    last: Option<Id>,
    /// The page that was offered.
    page: BTreeSet<Id>,
    /// Keys of the page still to be sent.
    lacking: VecDeque<Id>,
    /// Keys of the page still to be fetched.
    newer: VecDeque<Id>,
    /// Offers, replicas and reads without an answer, and what was read and is not stored yet.
    under_way: usize,
    storing: usize,
    /// The time at which the next value may go.
    next_at: Instant,
}

impl Walks {
    /// Returns whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Grows with each step that was answered.
    pub(super) const fn progress(&self) -> u64 {
        self.progress
    }

    /// Ends all of them.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    /// Begins to walk through a range, unless too many wait already; behind those that wait.
    pub(super) fn add(&mut self, to: &Contact, range: Range) {
        if let Some(walk) = self.open.get_mut(&to.id()) {
            let is_known = walk.ranges.iter().any(|known| known.is_like(&range));
            if !is_known && walk.ranges.len() < MAX_RANGES {
                walk.ranges.push_back(range);
            }
            return;
        }
        if self.open.len() >= MAX_WALKS {
            return;
        }
        self.last_number += 1;
        let walk = Walk {
            number: self.last_number,
            to: to.clone(),
            ranges: VecDeque::from([range]),
            last: None,
            page: BTreeSet::new(),
            lacking: VecDeque::new(),
            newer: VecDeque::new(),
            under_way: 0,
            storing: 0,
            next_at: Instant::ZERO,
        };
        self.open.insert(to.id(), walk);
    }

    /// Returns the next step with a node, and the walk that it is of; `None` when the node has to answer first, or all is done.
    pub(super) fn next(
        &mut self,
        now: Instant,
        to: Id,
        has_room: bool,
    ) -> Option<(u64, Contact, Step)> {
        let walk = self.open.get_mut(&to)?;
        match walk.next(now, has_room) {
            Some(step) => Some((walk.number, walk.to.clone(), step)),
            None => {
                if walk.ranges.is_empty() {
                    self.end(to);
                }
                None
            }
        }
    }

    /// Returns the purpose of the walk over the range under way.
    pub(super) fn aim(&self, to: Id, number: u64) -> Option<Aim> {
        let walk = self.open.get(&to).filter(|walk| walk.number == number);
        Some(walk?.ranges.front()?.aim)
    }

    /// Takes note that the next page was offered; an empty one ends the range.
    pub(super) fn offered(&mut self, to: Id, page: &[Id]) {
        let Some(walk) = self.open.get_mut(&to) else {
            return;
        };
        walk.last = page.last().copied();
        walk.page = page.iter().copied().collect();
        match page {
            [] => {
                walk.ranges.pop_front();
            }
            _ => walk.under_way += 1,
        }
    }

    /// The answer to an offer; gives what was offered and is there already. Keys that were not offered are left out.
    pub(super) fn wanted(
        &mut self,
        to: Id,
        number: u64,
        lacking: &[Id],
        newer: &[Id],
    ) -> BTreeSet<Id> {
        let Some(walk) = self.of(to, number) else {
            return BTreeSet::new();
        };
        walk.under_way -= 1;
        let mut page = core::mem::take(&mut walk.page);
        let offered = |key: &&Id| page.contains(*key);
        walk.newer = newer.iter().filter(offered).copied().collect();
        walk.lacking = lacking.iter().filter(offered).copied().collect();
        for key in lacking {
            page.remove(key);
        }
        self.progress += 1;
        page
    }

    /// Takes note that a read is under way, or a replica of so many bytes.
    pub(super) fn begun(&mut self, now: Instant, to: Id, bytes: usize) {
        if let Some(walk) = self.open.get_mut(&to) {
            walk.under_way += 1;
            walk.pace(now, bytes);
        }
    }

    /// Returns the time at which a walk that only waits for its pace goes on.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let walks = self.open.values();
        let paced = walks.filter(|walk| walk.next_at > now && walk.has_values());
        paced.map(|walk| walk.next_at).min()
    }

    /// The nodes that there are walks with.
    pub(super) fn nodes(&self) -> Vec<Id> {
        self.open.keys().copied().collect()
    }

    /// Takes note that a replica was answered, or a read that brought nothing.
    pub(super) fn done(&mut self, to: Id, number: u64) {
        if let Some(walk) = self.of(to, number) {
            walk.under_way -= 1;
            self.progress += 1;
        }
    }

    /// Takes note that a read has brought so many bytes, which are to be stored.
    pub(super) fn fetched(&mut self, now: Instant, to: Id, number: u64, bytes: usize) {
        if let Some(walk) = self.of(to, number) {
            walk.storing += bytes;
            walk.pace(now, bytes);
        }
    }

    /// Takes note that what was read is stored, or could not be.
    pub(super) fn stored(&mut self, to: Id, number: u64, bytes: usize) {
        if let Some(walk) = self.of(to, number) {
            walk.storing -= bytes;
        }
        self.done(to, number);
    }

    /// Ends a walk with a node that does not answer: the next round of repair tries again.
    pub(super) fn fail(&mut self, to: Id, number: u64) {
        if self.of(to, number).is_some() {
            self.end(to);
        }
    }

    fn end(&mut self, to: Id) {
        self.open.remove(&to);
        if self.open.is_empty() {
            // A map without entries keeps its room: more than a simulated node has for all else.
            self.open = BTreeMap::new();
        }
    }

    fn of(&mut self, to: Id, number: u64) -> Option<&mut Walk> {
        let walk = self.open.get_mut(&to);
        walk.filter(|walk| walk.number == number)
    }
}

impl Range {
    /// Returns whether the same is done with the same keys.
    fn is_like(&self, other: &Self) -> bool {
        let same_aim = core::mem::discriminant(&self.aim) == core::mem::discriminant(&other.aim);
        same_aim && (self.after, self.upto) == (other.after, other.upto)
    }
}

impl Walk {
    fn has_values(&self) -> bool {
        !self.lacking.is_empty() || !self.newer.is_empty()
    }

    /// Counts so many bytes that go, and delays the next value by them.
    fn pace(&mut self, now: Instant, bytes: usize) {
        let burst = u64::try_from(BURST.as_micros()).unwrap_or(u64::MAX);
        let earliest = Instant::from_micros(now.as_micros().saturating_sub(burst));
        let takes = Duration::from_micros(bytes as u64 * 1_000_000 / PACE);
        self.next_at = self.next_at.max(earliest) + takes;
    }

    /// While nothing is under way the next step is taken without room, too: no answer would bring the walk on.
    fn next(&mut self, now: Instant, has_room: bool) -> Option<Step> {
        if self.has_values() {
            let goes_on = (has_room || self.under_way == 0) && self.next_at <= now;
            if !goes_on {
                return None;
            }
            if let Some(key) = self.lacking.pop_front() {
                return Some(Step::Copy(key));
            }
            return match self.storing < MAX_STORING {
                true => self.newer.pop_front().map(Step::Fetch),
                false => None,
            };
        }
        let range = self.ranges.front().filter(|_| self.under_way == 0)?;
        Some(Step::Offer(*range, self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chord::membership::tests::contact;

    fn id(value: u64) -> Id {
        Id::from_u64(value)
    }

    fn range(upto: u64) -> Range {
        Range {
            after: id(0),
            upto: id(upto),
            aim: Aim::Compare,
        }
    }

    fn step(walks: &mut Walks, to: Id, has_room: bool) -> Option<Step> {
        walks
            .next(Instant::ZERO, to, has_room)
            .map(|(_, _, step)| step)
    }

    #[test]
    fn a_page_is_finished_before_the_next_is_offered() {
        let (mut walks, node) = (Walks::default(), contact(9));
        let to = node.id();
        walks.add(&node, range(8));
        walks.add(&node, range(8));
        assert_eq!(
            step(&mut walks, to, true),
            Some(Step::Offer(range(8), None))
        );
        walks.offered(to, &[id(1), id(2), id(3)]);
        assert_eq!(
            step(&mut walks, to, true),
            None,
            "the offer is not answered"
        );
        let there = walks.wanted(to, 1, &[id(1), id(2), id(7)], &[id(3), id(8)]);
        assert_eq!(
            there,
            BTreeSet::from([id(3)]),
            "what was not offered does not count"
        );
        assert_eq!(
            step(&mut walks, to, false),
            Some(Step::Copy(id(1))),
            "nothing is under way"
        );
        walks.begun(Instant::ZERO, to, 0);
        assert_eq!(step(&mut walks, to, false), None);
        assert_eq!(step(&mut walks, to, true), Some(Step::Copy(id(2))));
        walks.begun(Instant::ZERO, to, 0);
        assert_eq!(step(&mut walks, to, true), Some(Step::Fetch(id(3))));
        walks.begun(Instant::ZERO, to, 0);
        walks.done(to, 1);
        walks.done(to, 1);
        walks.fetched(Instant::ZERO, to, 1, 10);
        assert_eq!(
            step(&mut walks, to, true),
            None,
            "what was fetched is not stored"
        );
        walks.stored(to, 1, 10);
        let next = Step::Offer(range(8), Some(id(3)));
        assert_eq!(step(&mut walks, to, true), Some(next));
        walks.offered(to, &[]);
        assert_eq!(step(&mut walks, to, true), None);
        assert!(walks.is_empty(), "one range is walked through once");
    }

    #[test]
    fn answers_to_a_walk_that_failed_do_not_count_for_the_next() {
        let (mut walks, node) = (Walks::default(), contact(9));
        let to = node.id();
        walks.add(&node, range(8));
        walks.offered(to, &[id(1)]);
        walks.fail(to, 1);
        assert!(walks.is_empty());
        walks.add(&node, range(8));
        walks.offered(to, &[id(1)]);
        assert_eq!(walks.wanted(to, 1, &[id(1)], &[]), BTreeSet::new());
        walks.done(to, 1);
        walks.fail(to, 1);
        assert_eq!(
            step(&mut walks, to, true),
            None,
            "its own offer is not answered"
        );
        walks.wanted(to, 2, &[id(1)], &[]);
        assert_eq!(step(&mut walks, to, true), Some(Step::Copy(id(1))));
    }

    #[test]
    fn a_walk_keeps_its_pace_and_catches_up_a_little() {
        let (mut walks, node) = (Walks::default(), contact(9));
        let to = node.id();
        let keys: Vec<Id> = (1..=256).map(id).collect();
        walks.add(&node, range(256));
        walks.offered(to, &keys);
        walks.wanted(to, 1, &keys, &[]);
        let (end, mut now, mut sent) = (Instant::from_millis(100), Instant::ZERO, 0);
        while now < end {
            while walks.next(now, to, true).is_some() {
                walks.begun(now, to, 60_000);
                sent += 60_000;
            }
            // A timer that is late by up to a millisecond loses nothing.
            now = walks.due(now).unwrap() + Duration::from_micros(900);
        }
        let wanted = PACE / 10;
        assert!((wanted..wanted + 120_000).contains(&sent), "{sent}");
    }

    #[test]
    fn no_more_is_remembered_than_the_limits_say() {
        let mut walks = Walks::default();
        for node in 1..=MAX_WALKS as u64 + 5 {
            for upto in 1..=MAX_RANGES as u64 + 5 {
                walks.add(&contact(node), range(upto));
            }
        }
        assert_eq!(walks.open.len(), MAX_WALKS);
        assert!(
            walks
                .open
                .values()
                .all(|walk| walk.ranges.len() == MAX_RANGES)
        );
    }
}
