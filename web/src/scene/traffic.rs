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
