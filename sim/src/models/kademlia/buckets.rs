//! The k-buckets of a node. §2.2, and the replacements of §4.1.

use alloc::vec;
use alloc::vec::Vec;

use crate::models::kademlia::{bucket_of, distance};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;

/// A node in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The node.
    pub node: Id,
    /// The time of its last message.
    pub seen: Instant,
    /// The questions in a row that it left unanswered.
    pub failures: u8,
}

/// A k-bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// The nodes, the least recently seen one first.
    entries: Vec<Entry>,
    /// Nodes seen while it was full, the most recent one last; k at most. §4.1.
    waiting: Vec<Id>,
    /// The least recently seen node, while it is asked for a sign of life.
    probed: Option<Id>,
}

impl Bucket {
    /// The nodes, the least recently seen one first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The nodes that were seen while it was full, the most recent one last.
    pub fn waiting(&self) -> &[Id] {
        &self.waiting
    }

    fn place(&self, node: Id) -> Option<usize> {
        self.entries.iter().position(|entry| entry.node == node)
    }
}

/// The consequence of a message from a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The node was known, and is the most recently seen one of its bucket now.
    Known,
    /// The node is new in its bucket.
    Added,
    /// The node takes the place of a stale one.
    Replaced(Id),
    /// The bucket is full: its least recently seen node is to be asked for a sign of life first.
    Probe(Id),
    /// The bucket is full and its least recently seen node is being asked; or it is the node itself.
    Waits,
}

/// All buckets of a node.
#[derive(Clone, Debug)]
pub struct Buckets {
    me: Id,
    k: usize,
    stale_after: u8,
    buckets: Vec<Bucket>,
}

impl Buckets {
    /// Empty buckets.
    pub fn new(me: Id, space: Space, k: usize, stale_after: u8) -> Self {
        Self {
            me,
            k: k.max(1),
            stale_after: stale_after.max(1),
            buckets: vec![Bucket::default(); usize::from(space.bits())],
        }
    }

    /// The bucket of this number; nodes in it are at a distance from 2^number to 2^(number + 1).
    pub fn bucket(&self, number: u8) -> Option<&Bucket> {
        self.buckets.get(usize::from(number))
    }

    /// The buckets with their numbers, the closest first.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &Bucket)> {
        (0..).zip(&self.buckets)
    }

    /// The nodes in all buckets.
    pub fn nodes(&self) -> impl Iterator<Item = Id> {
        let entries = self.buckets.iter().flat_map(|bucket| &bucket.entries);
        entries.map(|entry| entry.node)
    }

    /// The number of nodes in all buckets.
    pub fn len(&self) -> usize {
        self.buckets.iter().map(|bucket| bucket.entries.len()).sum()
    }

    /// Returns whether no node is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether a node is in its bucket.
    pub fn contains(&self, node: Id) -> bool {
        self.of(node)
            .is_some_and(|bucket| bucket.place(node).is_some())
    }

    /// The bucket of the closest known node: those below it are empty.
    pub fn lowest(&self) -> Option<u8> {
        let mut all = self.iter();
        let lowest = all.find(|(_, bucket)| !bucket.entries.is_empty());
        lowest.map(|(number, _)| number)
    }

    /// The known nodes closest to an id, the closest first, `count` at most. Stale ones only where nothing else is known.
    pub fn closest(&self, target: Id, count: usize) -> Vec<Id> {
        let entries = self.buckets.iter().flat_map(|bucket| &bucket.entries);
        let (fresh, stale): (Vec<&Entry>, Vec<&Entry>) =
            entries.partition(|entry| entry.failures < self.stale_after);
        let chosen = if fresh.is_empty() { stale } else { fresh };
        let mut nodes: Vec<Id> = chosen.into_iter().map(|entry| entry.node).collect();
        nodes.sort_by_cached_key(|node| distance(*node, target));
        nodes.truncate(count);
        nodes
    }

    fn of(&self, node: Id) -> Option<&Bucket> {
        self.buckets.get(usize::from(bucket_of(self.me, node)?))
    }

    fn of_mut(&mut self, node: Id) -> Option<&mut Bucket> {
        let number = bucket_of(self.me, node)?;
        self.buckets.get_mut(usize::from(number))
    }

    /// Takes note of a message from a node.
    pub fn see(&mut self, now: Instant, node: Id) -> Seen {
        let (k, stale_after) = (self.k, self.stale_after);
        let Some(bucket) = self.of_mut(node) else {
            return Seen::Waits;
        };
        let entry = Entry {
            node,
            seen: now,
            failures: 0,
        };
        bucket.waiting.retain(|other| *other != node);
        if let Some(place) = bucket.place(node) {
            bucket.entries.remove(place);
            bucket.entries.push(entry);
            if bucket.probed == Some(node) {
                bucket.probed = None;
            }
            return Seen::Known;
        }
        if bucket.entries.len() < k {
            bucket.entries.push(entry);
            return Seen::Added;
        }
        let mut stale = bucket.entries.iter();
        if let Some(place) = stale.position(|old| old.failures >= stale_after) {
            let old = bucket.entries.remove(place);
            bucket.entries.push(entry);
            return Seen::Replaced(old.node);
        }
        if bucket.waiting.len() >= k {
            bucket.waiting.remove(0);
        }
        bucket.waiting.push(node);
        match (bucket.probed, bucket.entries.first()) {
            (None, Some(oldest)) => {
                bucket.probed = Some(oldest.node);
                Seen::Probe(oldest.node)
            }
            _ => Seen::Waits,
        }
    }

    /// Takes note that a node left a question unanswered; gives the node that takes its place, if one does.
    ///
    /// A probed node gives way at once to the most recently seen one of those that wait (§2.2); another one once it is stale (§4.1).
    pub fn fail(&mut self, now: Instant, node: Id) -> Option<Id> {
        let stale_after = self.stale_after;
        let bucket = self.of_mut(node)?;
        let place = bucket.place(node)?;
        let entry = bucket.entries.get_mut(place)?;
        entry.failures = entry.failures.saturating_add(1);
        let is_stale = entry.failures >= stale_after;
        let is_probed = bucket.probed == Some(node);
        if is_probed {
            bucket.probed = None;
        }
        if !is_stale && !is_probed {
            return None;
        }
        let next = bucket.waiting.pop()?;
        bucket.entries.remove(place);
        bucket.entries.push(Entry {
            node: next,
            seen: now,
            failures: 0,
        });
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use chordscope_core::base::rng::Rng;

    fn id(number: u64) -> Id {
        Id::from_u64(number)
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn order(buckets: &Buckets, number: u8) -> Vec<u64> {
        let entries = buckets.bucket(number).unwrap().entries().iter();
        entries.map(|entry| entry.node.to_u64().unwrap()).collect()
    }

    /// Buckets of node 0 in 8 bits, with bucket 7 full: 128, 129, 130.
    fn full() -> Buckets {
        let mut buckets = Buckets::new(id(0), Space::new(8).unwrap(), 3, 5);
        for (millis, node) in (1..).zip([128, 129, 130]) {
            assert_eq!(buckets.see(at(millis), id(node)), Seen::Added);
        }
        buckets
    }

    #[test]
    fn a_node_that_is_seen_again_goes_to_the_end_of_its_bucket() {
        let mut buckets = full();
        assert_eq!(buckets.see(at(9), id(128)), Seen::Known);
        assert_eq!(order(&buckets, 7), [129, 130, 128]);
        assert_eq!(buckets.see(at(9), id(0)), Seen::Waits, "the node itself");
    }

    #[test]
    fn an_old_node_that_answers_stays_and_the_new_one_waits() {
        let mut buckets = full();
        assert_eq!(buckets.see(at(9), id(140)), Seen::Probe(id(128)));
        assert_eq!(buckets.see(at(9), id(141)), Seen::Waits, "one probe a time");
        assert_eq!(buckets.see(at(10), id(128)), Seen::Known);
        assert_eq!(order(&buckets, 7), [129, 130, 128]);
        assert!(!buckets.contains(id(140)) && !buckets.contains(id(141)));
    }

    #[test]
    fn an_old_node_that_is_silent_gives_way_to_the_newest() {
        let mut buckets = full();
        buckets.see(at(9), id(140));
        buckets.see(at(10), id(141));
        assert_eq!(buckets.fail(at(11), id(128)), Some(id(141)));
        assert_eq!(order(&buckets, 7), [129, 130, 141]);
    }

    #[test]
    fn a_stale_node_stays_while_no_other_is_known_and_then_gives_way() {
        let mut buckets = full();
        for _ in 0..5 {
            assert_eq!(buckets.fail(at(9), id(129)), None);
        }
        assert_eq!(order(&buckets, 7), [128, 129, 130]);
        let named = buckets.closest(id(129), 3);
        assert_eq!(named, [id(128), id(130)], "it is not named any more");
        assert_eq!(buckets.see(at(10), id(150)), Seen::Replaced(id(129)));
        assert_eq!(order(&buckets, 7), [128, 130, 150]);
    }

    #[test]
    fn a_node_that_answers_again_is_not_stale() {
        let mut buckets = full();
        for _ in 0..5 {
            buckets.fail(at(9), id(129));
        }
        assert_eq!(buckets.see(at(10), id(129)), Seen::Known);
        assert_eq!(buckets.closest(id(129), 1), [id(129)]);
    }

    #[test]
    fn whatever_comes_buckets_hold_k_nodes_of_their_range_once_each() {
        let mut rng = Rng::from_seed(3, 0);
        let space = Space::new(10).unwrap();
        let me = id(341);
        let mut buckets = Buckets::new(me, space, 4, 2);
        for step in 0..20_000 {
            let node = id(rng.below(1 << 10));
            match rng.below(3) {
                0 => drop(buckets.fail(at(step), node)),
                _ => drop(buckets.see(at(step), node)),
            }
            let mut all = BTreeSet::new();
            for (number, bucket) in buckets.iter() {
                assert!(bucket.entries().len() <= 4 && bucket.waiting().len() <= 4);
                for entry in bucket.entries() {
                    let away = distance(me, entry.node).to_u64().unwrap();
                    assert!((1 << number..2 << number).contains(&away));
                    assert!(all.insert(entry.node));
                    assert!(!bucket.waiting().contains(&entry.node));
                }
                let seen = bucket.entries().iter().map(|entry| entry.seen);
                assert!(seen.is_sorted(), "the least recently seen one is first");
            }
            assert_eq!(all.len(), buckets.len());
        }
    }
}
