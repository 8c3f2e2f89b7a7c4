//! The lesson's ring: nine nodes on 32 addresses, and the key that is asked for.

use std::sync::Arc;

use chordscope_core::base::id::{Id, Space};
use chordscope_sim::engine::network::Latency;
use chordscope_sim::worlds::ring::scenario::{Scenario, Upkeep};
use chordscope_sim::worlds::ring::{History, RingWorld};

/// The bits of an address.
const BITS: u8 = 5;
/// The nodes.
pub const NODES: [u64; 9] = [1, 4, 9, 11, 14, 18, 20, 21, 28];
/// The key that is asked for.
pub const KEY: Id = Id::from_u64(26);
/// The node that asks for it.
pub const FROM: Id = Id::from_u64(1);
/// The upkeep of a ring that mends itself while one watches.
const UPKEEP: Upkeep = Upkeep {
    stabilize_ms: 2_000,
    fingers_ms: 2_000,
    repair_ms: 15_000,
};

/// The ring over a network of this latency, with this upkeep.
pub(super) fn scenario(latency: Latency, upkeep: Upkeep) -> Scenario {
    let nodes = NODES.map(Id::from_u64).to_vec();
    let space = Space::new(BITS).ok();
    let plain = space.and_then(|space| Scenario::plain(space, nodes).ok());
    match plain {
        Some(plain) => Scenario {
            latency,
            upkeep: Some(upkeep),
            ..plain
        },
        None => unreachable!("the lesson's nodes make a ring, which is tested"),
    }
}

/// The world of such a ring, for a figure that has no history.
pub(super) fn world(scenario: &Scenario) -> RingWorld {
    match RingWorld::new(Arc::new(scenario.clone()), scenario.seed) {
        Ok(world) => world,
        Err(_) => unreachable!("a ring is a world, which is tested"),
    }
}

/// The ring as the home page begins with it.
pub(super) fn begin() -> History {
    let scenario = scenario(Latency::default(), UPKEEP);
    let seed = scenario.seed;
    match History::new(scenario, seed) {
        Ok(history) => history,
        Err(_) => unreachable!("a ring is a world, which is tested"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chordscope_sim::worlds::ring::builtin;

    #[test]
    fn it_is_the_ring_of_the_lessons_scenario() {
        let lesson = builtin::named("lesson-26").unwrap();
        let history = begin();
        assert_eq!(history.setup().nodes, lesson.nodes);
        assert_eq!(history.setup().space, lesson.space);
        assert_eq!(history.setup().latency, lesson.latency);
    }

    #[test]
    fn the_shell_shows_this_ring_before_any_module_has_come() {
        let shell = include_str!("../../../../index.html");
        let space = Space::new(BITS).unwrap();
        let place = |id: Id| {
            let angle = std::f64::consts::TAU * space.turn(id);
            format!(
                "translate({:.1} {:.1})",
                100.0 * angle.sin(),
                -100.0 * angle.cos()
            )
        };
        for id in NODES {
            let place = place(Id::from_u64(id));
            let node = format!(
                "<g transform=\"{place}\"><circle r=\"9.4\"/><text dy=\"4\">{id}</text></g>"
            );
            assert!(shell.contains(&node), "{node}");
        }
        let key = format!("<path transform=\"{}\" class=\"key\"", place(KEY));
        assert!(shell.contains(&key), "{key}");
        assert_eq!(shell.matches("<circle r=").count(), NODES.len());
    }
}
