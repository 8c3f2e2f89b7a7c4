//! Latency of lookups on whole nodes in a simulated network: they measure round trips, and keep what is behind their fingers.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use serde::Serialize;

use crate::engine::network::Latency;
use crate::experiment::{Progress, pick, random_id, random_ring};
use crate::worlds::ring::action::Action;
use crate::worlds::ring::scenario::Scenario;
use crate::worlds::ring::{MAX_LOOKUPS, RingWorld, Watch};
use chordscope_core::base::id::Space;
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::route::{Mode, Routing};

/// Length of the successor lists, so that a finger names all that it may stand for.
const SUCCESSORS: u8 = 16;
/// The time of a message along an edge of the cube, in milliseconds.
const EDGE: u32 = 100;
/// The time for the nodes to get to know what is behind their fingers: each looks one finger up every three seconds.
const SETTLE: Duration = Duration::from_secs(60);
/// The time for lookups that begin together to end.
const ROUND: Duration = Duration::from_secs(4);
/// The number of times that so many lookups begin together.
const ROUNDS: u32 = 10;

/// Recursive lookups on whole nodes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WholeRow {
    /// The number of nodes that each finger chooses from: itself and the next ones.
    pub successors_per_finger: u8,
    /// Mean time until the owner's answer, in milliseconds.
    pub mean_ms: f64,
    /// Mean path length; the last hop is the one to the owner.
    pub mean_hops: f64,
    /// Messages of upkeep that a node sends in a second.
    pub upkeep_messages: f64,
    /// Lookups in all.
    pub lookups: u32,
}

/// Recursive lookups of random keys by random nodes of a ring that stays as it is, for each of these numbers of choices.
pub fn run(seed: u64, nodes: u32, choices: &[u8], progress: Progress<'_>) -> Vec<WholeRow> {
    let mut rows = Vec::new();
    for (done, one) in (1_u32..).zip(choices) {
        rows.extend(measure(seed, nodes, *one));
        if !progress(f64::from(done) / choices.len() as f64) {
            break;
        }
    }
    rows
}

fn measure(seed: u64, nodes: u32, choices: u8) -> Option<WholeRow> {
    // The same ring and the same lookups for each row.
    let mut rng = Rng::from_seed(seed, 1);
    let ring = random_ring(nodes as usize, &mut rng)?;
    let mut scenario = Scenario::plain(Space::FULL, ring.ids().to_vec()).ok()?;
    scenario.successors = SUCCESSORS;
    scenario.successors_per_finger = choices;
    scenario.latency = Latency::Cube(EDGE);
    let mut world = RingWorld::watched(Arc::new(scenario), seed, Watch::Nothing).ok()?;
    world.run_until(world.now() + SETTLE);
    let (begun, sent) = (world.now(), world.sent().upkeep);
    let (mut lookups, mut hops, mut micros) = (0_u32, 0, 0);
    for _ in 0..ROUNDS {
        for _ in 0..MAX_LOOKUPS {
            let action = Action::Lookup {
                from: pick(ring.ids(), &mut rng).copied()?,
                key: random_id(&mut rng),
                routing: Routing::Finger,
                mode: Mode::Recursive,
            };
            // Nobody comes or goes.
            world.act(action).ok()?;
        }
        world.run_until(world.now() + ROUND);
        for lookup in world.lookups() {
            hops += lookup.path.len().saturating_sub(1);
            micros += lookup.finished?.since(lookup.started).as_micros();
            lookups += 1;
        }
    }
    let seconds = world.now().since(begun).as_secs_f64();
    let messages = (world.sent().upkeep - sent) as f64;
    Some(WholeRow {
        successors_per_finger: choices,
        mean_ms: micros as f64 / f64::from(lookups) / 1_000.0,
        mean_hops: hops as f64 / f64::from(lookups),
        upkeep_messages: messages / seconds / f64::from(nodes),
        lookups,
    })
}
