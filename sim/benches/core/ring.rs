//! The ring whose events are counted, natively and in a browser.

use std::sync::Arc;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::ring::{RingWorld, Watch};

/// Nodes of the big simulated world, which does not fit into a cache, and of the small one, which does.
pub(crate) const NODES: usize = 10_000;
pub(crate) const FEW: usize = 100;
/// The time by which every node has had a round of upkeep, in virtual milliseconds.
pub(crate) const SETTLED: u64 = 20_000;

pub(crate) fn random_id(rng: &mut Rng) -> Id {
    let mut bytes = [0; 20];
    rng.fill(&mut bytes);
    Id::from_bytes(bytes)
}

pub(crate) fn world(nodes: usize, watch: Watch) -> Option<RingWorld> {
    let mut rng = Rng::from_seed(1, 2);
    let ids = (0..nodes).map(|_| random_id(&mut rng)).collect();
    let mut scenario = Scenario::plain(Space::FULL, ids).ok()?;
    scenario.successors = 4;
    scenario.copies = 3;
    RingWorld::watched(Arc::new(scenario), 1, watch).ok()
}
