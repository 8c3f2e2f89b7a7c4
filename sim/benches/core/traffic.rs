//! The traffic of a ring in messages and bytes, with the settings of a real peer, beside what MIT's Chord would send by p2psim's count.
//!
//! Three counts. Messages. Bytes: frames as the wire has them, header, body and tag, with cards that name no address;
//! WebSocket, TCP and IP come on top. p2psim's bytes: 20 for a packet and 4 for each node or key it names
//! (p2psim: `PKT_OVERHEAD`, `record_bw_stat`), so that rings can be compared whatever their signatures and headers weigh.
//!
//! MIT's figures are computed by the same count for the choices of ToN 2003 §V and MIT's successor list: every 30 s a node
//! asks its successor for its neighbours (a predecessor and 16 successors), notifies it, and looks one finger up, hop by
//! hop. Its lookup is iterative: one question that names the key and one answer that names the next node for each of
//! 1/2 log2(N) hops. Ours stabilizes thirty times as often: it notices a crash in a second or two.

use std::sync::Arc;

use chordscope_core::base::id::Space;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant as Moment;
use chordscope_core::chord::route::Routing;
use chordscope_core::node::config::Config;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::ring::{RingWorld, Watch};

use super::Figures;
use super::ring::random_id;

/// Nodes of the ring.
const NODES: usize = 1_000;
/// The time at which the ring has settled and counting begins, and the time at which it ends, in virtual milliseconds.
const SETTLED: u64 = 60_000;
const END: u64 = 120_000;
/// A lookup begins every so many milliseconds.
const GAP: usize = 50;

/// Bytes of a packet that names so many, as p2psim counts.
const fn packet(named: usize) -> f64 {
    (20 + 4 * named) as f64
}

pub(super) fn measure(figures: &mut Figures) {
    let mut rng = Rng::from_seed(1, 3);
    let ids: Vec<_> = (0..NODES).map(|_| random_id(&mut rng)).collect();
    let Ok(scenario) = Scenario::plain(Space::FULL, ids.clone()) else {
        return;
    };
    let config = Config {
        // Level quorum has a price of its own, which grows with the records.
        quorum: None,
        ..Config::default()
    };
    let mode = config.mode;
    let Ok(mut world) = RingWorld::of_nodes(Arc::new(scenario), config, 1, Watch::Nothing) else {
        return;
    };
    world.run_until(Moment::from_millis(SETTLED));
    world.start_weighing();
    let mut lookups = 0_u32;
    for at in (SETTLED..END).step_by(GAP) {
        world.run_until(Moment::from_millis(at));
        let from = ids[usize::try_from(rng.below(NODES as u64)).unwrap_or_default()];
        let action = Action::Lookup {
            from,
            key: random_id(&mut rng),
            routing: Routing::Finger,
            mode,
        };
        lookups += u32::from(world.act(action).is_ok());
    }
    world.run_until(Moment::from_millis(END));
    let volumes = world.volumes();
    let (lookup, upkeep) = (volumes.lookup, volumes.upkeep);
    let each = |count: u64| count as f64 / f64::from(lookups);
    let seconds = (END - SETTLED) as f64 / 1e3 * NODES as f64;
    let hops = (NODES as f64).log2() / 2.0;
    let mit_lookup = hops * (packet(1) + packet(1));
    let mit_round = packet(0) + packet(17) + packet(1) + packet(0) + mit_lookup;
    figures.extend([
        ("lookup_messages", each(lookup.messages), "a lookup"),
        ("lookup_bytes", each(lookup.bytes), "a lookup"),
        (
            "lookup_bytes_as_p2psim_counts",
            each(lookup.p2psim_bytes),
            "a lookup",
        ),
        (
            "lookup_bytes_of_mit_as_p2psim_counts",
            mit_lookup,
            "a lookup",
        ),
        (
            "upkeep_messages",
            upkeep.messages as f64 / seconds,
            "a node and second",
        ),
        (
            "upkeep_bytes",
            upkeep.bytes as f64 / seconds,
            "a node and second",
        ),
        (
            "upkeep_bytes_as_p2psim_counts",
            upkeep.p2psim_bytes as f64 / seconds,
            "a node and second",
        ),
        (
            "upkeep_bytes_of_mit_as_p2psim_counts",
            mit_round / 30.0,
            "a node and second",
        ),
    ]);
}
