//! Every state that small rings of the shipped membership machine can reach, with two successors each and six bits.
//!
//! Zave found new faults when going from five nodes to six, none beyond (IEEE TSE 43(12), 2017, §V). The test sees every
//! state of small rings and the first so many of larger ones. Every state of those takes minutes:
//! `STATES=20000000 cargo test --release -p chordscope-core --all-features --test exhaustive -- --nocapture`.

#![allow(clippy::unwrap_used)]

mod fault;
mod intern;
mod judge;
mod machines;
mod model;
mod search;
mod words;

use chordscope_core::chord::invariant::Property;
use fault::Fault;
use judge::Goal;
use machines::Node;
use model::{Grain, Model, State};
use search::{Bounds, search};

/// The length of the successor lists, Zave's r.
const SUCCESSORS: u8 = 2;
/// How many states a search sees at most unless the environment says otherwise.
const STATES: usize = 100_000;
/// How many it sees at most to find a fault that was put in: the rarest shows after some 105,000.
const STATES_TO_A_FAULT: usize = 150_000;

/// The stable rings of at least so many of the nodes. Rings that differ by a turn of the circle are searched once.
fn stable_rings(model: &mut Model, fewest: u8) -> Vec<State> {
    let nodes = model.nodes;
    let members =
        |set: u32| -> Vec<Node> { (0..nodes).filter(|node| set & (1 << node) != 0).collect() };
    let rings = (1..1_u32 << nodes).map(members);
    rings
        .filter(|members| members.len() >= usize::from(fewest))
        .map(|members| model.ideal(&members))
        .collect()
}

#[test]
fn no_reachable_state_breaks_the_invariant_and_each_leads_back_to_the_ideal_ring() {
    let (plain, farewells, hints) = ((false, false), (true, false), (false, true));
    let cases = [
        (Grain::Step, 5, farewells),
        (Grain::Step, 6, plain),
        (Grain::Query, 5, plain),
        (Grain::Query, 4, farewells),
        (Grain::Query, 5, hints),
        (Grain::Query, 6, plain),
        (Grain::Answer, 4, plain),
        (Grain::Answer, 5, plain),
        (Grain::Answer, 4, hints),
        (Grain::Message, 4, plain),
    ];
    let states = std::env::var("STATES").map_or(STATES, |text| text.parse().unwrap());
    for (grain, nodes, (departures, hints)) in cases {
        let mut model = Model::new(nodes, SUCCESSORS, grain, Fault::None);
        let starts = stable_rings(&mut model, SUCCESSORS + 1);
        let bounds = Bounds {
            states,
            departures,
            hints,
            goal: Goal::AllIsWell,
        };
        let outcome = search(&mut model, starts, bounds);
        let what = match (departures, hints) {
            (true, _) => ", with farewells",
            (_, true) => ", with hints",
            _ => "",
        };
        println!("{nodes} nodes, {grain:?}{what}: {}", outcome.line());
        assert_eq!(outcome.violation, None, "{nodes} nodes, {grain:?}{what}");
    }
}

#[test]
fn each_rule_broken_on_purpose_is_found() {
    for fault in Fault::ALL {
        let grain = match fault {
            // Inside one whole step there is no time for doubts.
            Fault::TheLivingAreTakenForDead => Grain::Query,
            _ => Grain::Step,
        };
        let mut model = Model::new(5, SUCCESSORS, grain, fault);
        let fewest = SUCCESSORS + u8::from(fault != Fault::TooFewToStart);
        let starts = stable_rings(&mut model, fewest);
        let bounds = Bounds {
            states: STATES_TO_A_FAULT,
            departures: false,
            hints: false,
            goal: Goal::AllIsWell,
        };
        let outcome = search(&mut model, starts, bounds);
        let (wrong, story) = outcome
            .violation
            .unwrap_or_else(|| panic!("{fault:?} changes nothing"));
        println!("{fault:?}: {wrong}\n  {}", story.join("\n  "));
    }
}

#[test]
fn the_protocol_as_first_published_breaks() {
    for property in [Property::OneOrderedRing, Property::EveryNodeReachable] {
        let mut model = Model::new(6, SUCCESSORS, Grain::Step, Fault::AsFirstPublished);
        let starts = stable_rings(&mut model, SUCCESSORS + 1);
        let bounds = Bounds {
            states: STATES_TO_A_FAULT,
            departures: false,
            hints: false,
            goal: Goal::Break(property),
        };
        let outcome = search(&mut model, starts, bounds);
        let (wrong, story) = outcome.violation.unwrap();
        println!("classic: {wrong}\n  {}", story.join("\n  "));
    }
}

#[test]
fn a_turn_of_the_circle_changes_nothing() {
    let mut model = Model::new(4, SUCCESSORS, Grain::Message, Fault::None);
    let [here, there] = [[0, 1, 3], [0, 2, 3]].map(|ring: [Node; 3]| model.ideal(&ring));
    assert_ne!(here, there);
    assert_eq!(model.canonical(here), model.canonical(there));
}
