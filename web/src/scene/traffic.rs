//! The moving layer of a simulated ring.

use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::trace::{LookupTrace, Traffic};

use crate::scene::{Carries, Dot, Motion};

/// The moving layer: hops of the lookup, if it is shown, and messages under way. A prediction hides the answer.
pub fn motion(world: &RingWorld, trace: Option<&LookupTrace>, hide: bool) -> Motion {
    let (space, now) = (world.space(), world.now());
    let path = trace.map_or(&[][..], |trace| trace.path.as_slice());
    let hops = path
        .windows(2)
        .map(|pair| (space.turn(pair[0]), space.turn(pair[1])))
        .collect();
    let id = trace.map(|trace| trace.id);
    let dots = world.in_flight().map(|parcel| Dot {
        from: space.turn(parcel.from),
        to: space.turn(parcel.to),
        share: parcel.progress(now),
        carries: match parcel.traffic {
            // An acknowledgement belongs to the lookup, but moves it no further.
            _ if parcel.kind.is_acknowledgement() => Carries::Upkeep,
            Traffic::Lookup if parcel.lookup == id => Carries::Lookup,
            Traffic::Lookup => Carries::OtherLookup,
            Traffic::Upkeep => Carries::Upkeep,
            Traffic::Records => Carries::Records,
        },
        answer: parcel.kind.is_reply(),
    });
    let is_shown = |dot: &Dot| !(hide && dot.carries == Carries::Lookup);
    Motion {
        hops,
        dots: dots.filter(is_shown).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chordscope_core::base::id::{Id, Space};
    use chordscope_core::chord::route::{Mode, Routing};
    use chordscope_sim::worlds::ring::action::Action;
    use chordscope_sim::worlds::ring::scenario::Scenario;

    use super::*;

    #[test]
    fn a_lookup_is_a_large_dot_on_its_way_unless_it_is_to_be_predicted() {
        let nodes = [1, 9, 20].map(Id::from_u64).to_vec();
        let scenario = Scenario::plain(Space::new(5).unwrap(), nodes).unwrap();
        let mut world = RingWorld::new(Arc::new(scenario), 1).unwrap();
        let lookup = Action::Lookup {
            from: Id::from_u64(1),
            key: Id::from_u64(18),
            routing: Routing::Finger,
            mode: Mode::Recursive,
        };
        world.act(lookup).unwrap();
        let trace = world.lookups().last();
        let dots = |hide| {
            let dots = motion(&world, trace, hide).dots.into_iter();
            dots.filter(|dot| dot.carries == Carries::Lookup).count()
        };
        assert_eq!((dots(false), dots(true)), (1, 0));
        let of_another = motion(&world, None, false).dots;
        assert!(of_another.iter().all(|dot| dot.carries != Carries::Lookup));
    }
}
