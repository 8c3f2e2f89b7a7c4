//! The ideal ring, an oracle: the right lookups, tables and changes of a ring whose nodes are all known.

mod index;

use alloc::vec::Vec;
use core::fmt;

use crate::base::id::{Id, Space};
use crate::chord::route::Routing;

use self::index::{Index, Tie};

/// A sorted set of node positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdealRing {
    space: Space,
    ids: Vec<Id>,
    index: Index,
}

/// A finger that an insertion or removal changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FingerChange {
    /// The node whose table it is.
    pub node: Id,
    /// The number of the row, from 1.
    pub row: u8,
    /// The start of the row.
    pub start: Id,
    /// The node it pointed at.
    pub old: Id,
    /// The node it points at.
    pub new: Id,
}

impl IdealRing {
    /// The ring of these nodes, in any order.
    ///
    /// # Errors
    /// [`RingError`] when there are no nodes, one is outside the space, or one is there twice.
    pub fn new(space: Space, mut ids: Vec<Id>) -> Result<Self, RingError> {
        if ids.is_empty() {
            return Err(RingError::Empty);
        }
        ids.sort_unstable();
        if let Some(last) = ids.last().filter(|last| !space.contains(**last)) {
            return Err(RingError::OutOfRange(*last));
        }
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RingError::Duplicate(pair[0]));
        }
        let index = Index::new(space, &ids);
        Ok(Self { space, ids, index })
    }

    /// The space the ring lies in.
    pub const fn space(&self) -> Space {
        self.space
    }

    /// The nodes in ascending order.
    pub fn ids(&self) -> &[Id] {
        &self.ids
    }

    /// Returns whether the node is in the ring.
    pub fn contains(&self, node: Id) -> bool {
        self.ids.binary_search(&node).is_ok()
    }

    /// The first node at or after `key`: its owner.
    pub fn successor(&self, key: Id) -> Id {
        self.ids[self.rank(key) % self.ids.len()]
    }

    /// Returns the number of nodes that lie before `key`, counted from zero up.
    pub fn rank(&self, key: Id) -> usize {
        match self.index.first_from(self.index.share(key)) {
            (rank, Tie::No) => rank,
            (rank, Tie::Yes { end }) => rank + self.ids[rank..end].partition_point(|id| *id < key),
        }
    }

    /// The first node strictly before `key`.
    pub fn predecessor(&self, key: Id) -> Id {
        self.ids[(self.rank(key) + self.ids.len() - 1) % self.ids.len()]
    }

    /// The first node strictly after `node`.
    pub fn next(&self, node: Id) -> Id {
        self.successor(self.space.next(node))
    }

    /// The first `count` nodes strictly after `node`, not coming back to it.
    pub fn successors(&self, node: Id, count: usize) -> Vec<Id> {
        let at = self.ids.partition_point(|id| *id <= node);
        let own = usize::from(self.contains(node));
        let count = count.min(self.ids.len() - own);
        (0..count)
            .map(|ahead| self.ids[(at + ahead) % self.ids.len()])
            .collect()
    }

    /// Row `row` (from 1) of `node`'s finger table: its start and its node.
    pub fn finger(&self, node: Id, row: u8) -> (Id, Id) {
        let start = self.space.finger_start(node, row);
        (start, self.successor(start))
    }

    /// All rows of `node`'s finger table from row 1: start and node.
    pub fn fingers(&self, node: Id) -> Vec<(Id, Id)> {
        let mut rows = Vec::with_capacity(usize::from(self.space.bits()));
        let (mut covered, mut finger) = (0, node);
        for row in 1..=self.space.bits() {
            let start = self.space.finger_start(node, row);
            if row > covered {
                finger = self.successor(start);
                // Row i starts 2^(i-1) behind the node; one that sits there is its own last finger.
                covered = match self.space.distance(node, finger).bit_length() {
                    0 => self.space.bits(),
                    reach => reach,
                };
            }
            rows.push((start, finger));
        }
        rows
    }

    /// The nodes that a lookup of `key` visits, origin first, owner last.
    pub fn path(&self, from: Id, key: Id, routing: Routing) -> Vec<Id> {
        let owner = self.successor(key);
        let mut path = alloc::vec![from];
        let mut at = from;
        while at != owner {
            at = match routing {
                _ if key.is_within(at, self.next(at)) => owner,
                Routing::Linear => self.next(at),
                Routing::Finger => self.closest_finger(at, key),
            };
            path.push(at);
        }
        path
    }

    /// Adds a node and names the fingers of the others that change, by node, then row.
    ///
    /// Row i of p changes exactly when p + 2^(i-1) lies in (predecessor of the newcomer, newcomer].
    ///
    /// # Errors
    /// [`RingError`] when the node is outside the space or already there.
    pub fn insert(&mut self, node: Id) -> Result<Vec<FingerChange>, RingError> {
        if !self.space.contains(node) {
            return Err(RingError::OutOfRange(node));
        }
        if self.contains(node) {
            return Err(RingError::Duplicate(node));
        }
        let changes = self.changes(node, self.successor(node), node);
        let at = self.rank(node);
        self.ids.insert(at, node);
        self.index = Index::new(self.space, &self.ids);
        Ok(changes)
    }

    /// Takes a node out and names the fingers of the others that change, by node, then row.
    ///
    /// # Errors
    /// [`RingError`] when the node is not there or is the last one.
    pub fn remove(&mut self, node: Id) -> Result<Vec<FingerChange>, RingError> {
        let Ok(at) = self.ids.binary_search(&node) else {
            return Err(RingError::Unknown(node));
        };
        if self.ids.len() == 1 {
            return Err(RingError::LastNode(node));
        }
        self.ids.remove(at);
        self.index = Index::new(self.space, &self.ids);
        Ok(self.changes(node, node, self.successor(node)))
    }

    /// The finger of `at` closest to `key` within `(at, key)`, of a key that the next node does not own.
    ///
    /// Every row that starts at or before the last node before the key points at or before that node, and every row that starts
    /// behind it points at the key or beyond: so the row is given by the distance, and 160 rows need not be searched.
    fn closest_finger(&self, at: Id, key: Id) -> Id {
        let row = self.space.distance(at, self.predecessor(key)).bit_length();
        self.finger(at, row.max(1)).1
    }

    /// Returns the number of times that a lookup along fingers is forwarded until it is at the node before the key: SIGCOMM 2001
    /// §6.1 and ToN 2003 §V count so. The last step, to the owner itself, does not count.
    pub fn hops_to_predecessor(&self, from: Id, key: Id) -> u32 {
        let rank = self.rank(key);
        let owner = rank % self.ids.len();
        let goal = (rank + self.ids.len() - 1) % self.ids.len();
        let (mut at, mut hops) = (self.rank(from) % self.ids.len(), 0);
        // The owner itself knows: it is the one to ask.
        while at != goal && at != owner {
            at = self.hop(at, goal);
            hops += 1;
        }
        hops
    }

    /// The farthest finger of one node that is not beyond another; both are named by rank.
    fn hop(&self, at: usize, goal: usize) -> usize {
        let (here, there) = (self.index.share_of(at), self.index.share_of(goal));
        let gap = there.wrapping_sub(here);
        if gap & gap.wrapping_sub(1) != 0 {
            // What the shares leave out cannot change the gap's highest bit, so that the row starts at this share.
            let start = here.wrapping_add(1 << gap.ilog2());
            if let (rank, Tie::No) = self.index.first_from(start) {
                return rank % self.ids.len();
            }
        }
        let gap = self.space.distance(self.ids[at], self.ids[goal]);
        let row = gap.bit_length().max(1);
        self.rank(self.space.finger_start(self.ids[at], row)) % self.ids.len()
    }

    fn changes(&self, node: Id, old: Id, new: Id) -> Vec<FingerChange> {
        // `self` has every node but the one that comes or goes, so `before` is another node.
        let before = self.predecessor(node);
        let mut changes = Vec::new();
        for row in 1..=self.space.bits() {
            // p + reach lies in (before, node] exactly when p lies in (before - reach, node - reach].
            let reach = self.space.finger_start(Id::ZERO, row);
            let after = self.space.distance(reach, before);
            let upto = self.space.distance(reach, node);
            for owner in self.within(after, upto) {
                let start = self.space.finger_start(owner, row);
                changes.push(FingerChange {
                    node: owner,
                    row,
                    start,
                    old,
                    new,
                });
            }
        }
        changes.sort_unstable();
        changes
    }

    /// The nodes in (after, upto].
    fn within(&self, after: Id, upto: Id) -> impl Iterator<Item = Id> {
        let first = self.ids.partition_point(|id| *id <= after);
        let around = self.ids.iter().cycle().skip(first);
        let all = around.take(self.ids.len()).copied();
        all.take_while(move |id| id.is_within(after, upto))
    }
}

/// The reason why a set of nodes is no ring, or cannot change so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingError {
    /// The ring has no nodes.
    Empty,
    /// The node is outside the address space.
    OutOfRange(Id),
    /// The node is there twice.
    Duplicate(Id),
    /// The node is not in the ring.
    Unknown(Id),
    /// The node is the only one.
    LastNode(Id),
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a ring needs at least one node"),
            Self::OutOfRange(id) => {
                write!(f, "node {id:?} is outside the ring's address space")
            }
            Self::Duplicate(id) => write!(f, "node {id:?} is in the ring already"),
            Self::Unknown(id) => write!(f, "node {id:?} is not in the ring"),
            Self::LastNode(id) => {
                write!(f, "node {id:?} is the last one, and a ring needs a node")
            }
        }
    }
}

impl core::error::Error for RingError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_of_one_owns_everything() {
        let ring = IdealRing::new(Space::FULL, alloc::vec![Id::from_u64(7)]).unwrap();
        let only = Id::from_u64(7);
        assert_eq!(ring.successor(Id::from_u64(8)), only);
        assert_eq!(ring.predecessor(only), only);
        assert_eq!(ring.path(only, Id::ZERO, Routing::Finger), [only]);
        assert_eq!(ring.successors(only, 4), []);
    }

    #[test]
    fn ranks_are_right_wherever_the_nodes_lie() {
        let mut rng = crate::base::rng::Rng::from_seed(2, 0);
        for bits in [5, 64, 65, 100, 129, 160] {
            let space = Space::new(bits).unwrap();
            for clustered in [false, true] {
                let mut draw = || {
                    let far = space.finger_start(Id::ZERO, 1 + rng.below(bits.into()) as u8);
                    let digest = core::array::from_fn(|_| rng.below(256) as u8);
                    if clustered {
                        far
                    } else {
                        space.truncate(digest)
                    }
                };
                let mut ids: Vec<Id> = (0..500).map(|_| draw()).collect();
                ids.sort_unstable();
                ids.dedup();
                let ring = IdealRing::new(space, ids.clone()).unwrap();
                let mut keys: Vec<Id> = (0..200).map(|_| draw()).collect();
                keys.extend(ids.iter().flat_map(|id| [*id, space.next(*id)]));
                for (key, from) in keys.into_iter().zip(ids.iter().cycle()) {
                    assert_eq!(ring.rank(key), ids.partition_point(|id| *id < key));
                    let path = ring.path(*from, key, Routing::Finger);
                    let hops = ring.hops_to_predecessor(*from, key) as usize;
                    assert_eq!(hops, path.len().saturating_sub(2), "{path:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_ring_is_refused() {
        let space = Space::new(5).unwrap();
        let ring =
            |ids: &[u64]| IdealRing::new(space, ids.iter().copied().map(Id::from_u64).collect());
        assert_eq!(ring(&[]), Err(RingError::Empty));
        assert_eq!(ring(&[32]), Err(RingError::OutOfRange(Id::from_u64(32))));
        assert_eq!(ring(&[3, 3]), Err(RingError::Duplicate(Id::from_u64(3))));
        let mut one = ring(&[3]).unwrap();
        let three = Id::from_u64(3);
        assert_eq!(one.remove(three), Err(RingError::LastNode(three)));
        assert_eq!(one.insert(three), Err(RingError::Duplicate(three)));
    }

    #[test]
    fn a_change_is_exactly_the_difference_of_the_tables() {
        let space = Space::new(6).unwrap();
        let mut rng = crate::base::rng::Rng::from_seed(1, 0);
        for _ in 0..50 {
            let mut ids: Vec<Id> = (0..12).map(|_| Id::from_u64(rng.below(64))).collect();
            ids.sort_unstable();
            ids.dedup();
            let newcomer = ids.pop().unwrap();
            let before = IdealRing::new(space, ids).unwrap();
            let mut after = before.clone();
            let changes = after.insert(newcomer).unwrap();
            let mut expected = Vec::new();
            for node in before.ids() {
                for row in 1..=6 {
                    let (start, old) = before.finger(*node, row);
                    let (_, new) = after.finger(*node, row);
                    if old != new {
                        expected.push(FingerChange {
                            node: *node,
                            row,
                            start,
                            old,
                            new,
                        });
                    }
                }
            }
            assert_eq!(changes, expected);
            let back: Vec<_> = after.remove(newcomer).unwrap();
            assert_eq!(back.len(), changes.len());
            assert_eq!(after, before);
        }
    }
}
