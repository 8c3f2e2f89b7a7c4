//! The mean path length of all lookups in this ring, and the formula for large random rings.

use std::cell::RefCell;

use chordscope_core::base::id::Id;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::route::Routing;

use crate::ring::engine::statement::Statement;

/// Beyond this many nodes the mean is not computed: it takes a lookup from each node to each.
const MOST: usize = 64;
/// The largest space whose keys are counted out.
const COUNTED_BITS: u8 = 32;

/// The mean of the lookups of a ring, computed once as long as its nodes stay.
#[derive(Debug, Default)]
pub(super) struct Mean {
    known: RefCell<(Vec<Id>, Option<Statement>)>,
}

impl Mean {
    /// The mean of this ring's lookups, if it has not too many nodes.
    pub(super) fn of(&self, ring: &IdealRing) -> Option<Statement> {
        let mut known = self.known.borrow_mut();
        if known.0 != ring.ids() {
            *known = (ring.ids().to_vec(), mean(ring));
        }
        known.1.clone()
    }
}

/// The mean of all lookups, from every node for every key, along correct fingers. Between two nodes all keys have one owner, and lookups
/// take one path to all of them: a lookup for each pair of nodes tells, weighed with how many keys the owner has.
fn mean(ring: &IdealRing) -> Option<Statement> {
    let nodes = ring.ids();
    if nodes.len() > MOST {
        return None;
    }
    let (mut hops, mut keys) = (0_u128, 0_u128);
    for owner in nodes {
        let weight = u128::from(share(ring, *owner));
        let paths = nodes
            .iter()
            .map(|from| ring.path(*from, *owner, Routing::Finger));
        let all: usize = paths.map(|path| path.len() - 1).sum();
        hops += weight * all as u128;
        keys += weight;
    }
    let lookups = keys * nodes.len() as u128;
    let hundredths = (200 * hops + lookups) / (2 * lookups).max(1);
    let bits = ring.space().bits();
    Some(Statement::Mean {
        hundredths: u64::try_from(hundredths).unwrap_or(u64::MAX),
        nodes: nodes.len(),
        keys: (bits <= COUNTED_BITS).then(|| 1 << bits),
    })
}

/// The number of keys that a node owns; in a large space, in 2^32nds of all keys.
fn share(ring: &IdealRing, owner: Id) -> u64 {
    let space = ring.space();
    let bits = space.bits().min(COUNTED_BITS);
    let all = 1_u64 << bits;
    if ring.ids().len() == 1 {
        return all;
    }
    let arc = space.distance(ring.predecessor(owner), owner);
    if space.bits() <= COUNTED_BITS {
        return arc.to_u64().unwrap_or(0);
    }
    (space.turn(arc) * all as f64) as u64
}

/// The mean path length ½ log₂ N of Chord (ToN 2003) §V-B: N nodes at random places, N large.
pub(super) fn formula(nodes: usize) -> Statement {
    let tenths = ((nodes.max(1) as f64).log2() * 5.0).round() as u64;
    Statement::Formula { nodes, tenths }
}
