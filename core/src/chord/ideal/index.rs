//! An index into a long sorted list of nodes, which narrows the search for a position.

use alloc::vec::Vec;

use crate::base::id::{Id, Space};

/// The average number of nodes in a slice: as many shares as a line or two of the processor's cache hold.
const SLICE: usize = 8;

/// Searches look here first: it is a sixth of the ids, and stays in the processor's cache for a million nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    space: Space,
    /// The share of the circle that lies before each node, in units of 2^-32.
    shares: Vec<u32>,
    /// The number of nodes that lie before each of a number of equal slices of the circle, and the end of the last. Positions are
    /// spread evenly, so that each slice has about [`SLICE`] nodes.
    starts: Vec<u32>,
}

/// The result of a comparison by shares: whether it leaves open which of two positions is the first.
pub(super) enum Tie {
    /// The shares differ.
    No,
    /// The nodes of this share are followed by greater ones up to this rank.
    Yes {
        /// The rank.
        end: usize,
    },
}

impl Index {
    /// The index of these nodes, which are sorted.
    pub(super) fn new(space: Space, ids: &[Id]) -> Self {
        let mut index = Self {
            space,
            shares: Vec::with_capacity(ids.len()),
            starts: Vec::with_capacity(ids.len() / SLICE + 2),
        };
        index.shares.extend(ids.iter().map(|id| share(space, *id)));
        let mut starts = core::mem::take(&mut index.starts);
        for (rank, share) in (0..).zip(&index.shares) {
            starts.resize(index.slice(*share) + 1, rank);
        }
        starts.resize(ids.len() / SLICE + 2, ids.len() as u32);
        index.starts = starts;
        index
    }

    /// Returns the share of the circle that lies before a position, in units of 2^-32.
    pub(super) const fn share(&self, id: Id) -> u32 {
        share(self.space, id)
    }

    /// The share of a node.
    pub(super) fn share_of(&self, rank: usize) -> u32 {
        self.shares[rank]
    }

    /// Returns the number of nodes that have a smaller share than this, and whether the next ones have the same.
    pub(super) fn first_from(&self, share: u32) -> (usize, Tie) {
        let slice = self.slice(share);
        let (low, high) = (self.starts[slice] as usize, self.starts[slice + 1] as usize);
        let rank = low + self.shares[low..high].partition_point(|other| *other < share);
        match self.shares[rank..high].first() {
            Some(other) if *other == share => (rank, Tie::Yes { end: high }),
            _ => (rank, Tie::No),
        }
    }

    fn slice(&self, share: u32) -> usize {
        let slices = self.shares.len() / SLICE + 1;
        ((u64::from(share) * slices as u64) >> 32) as usize
    }
}

const fn share(space: Space, id: Id) -> u32 {
    (space.share(id) >> 32) as u32
}
