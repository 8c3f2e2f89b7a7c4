//! Every state that small rings of the shipped membership machine can reach, with two successors each and six bits.
//!
//! A state is sound when Zave's invariant of 2017 holds in it and when the ring becomes ideal once it is left alone. Nodes
//! join, stabilize, notify, and fail wherever the proof's assumptions survive it. Zave found new faults when going from
//! five nodes to six, none beyond (IEEE TSE 43(12), 2017, §V).
//!
//! The tests see every state of small rings, and the first 100,000 of larger ones. Every state of six nodes that make
//! whole steps (2,090,390) and of four with answers in flight (1,435,705) takes some minutes:
//! `STATES=3000000 cargo test -p chordscope-sim --all-features --test exhaustive rings -- --nocapture`.
//! States that differ by a turn of the circle count once.

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
/// The greatest number of states that a search visits unless the environment names another.
const STATES: usize = 100_000;
/// The greatest number of states that a search visits to find a planted fault: the rarest shows after some 105,000.
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

/// The moves besides joins, failures, stabilizations and notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Besides {
    Nothing,
    Farewells,
    Hints,
}

/// No state that is reached breaks the invariant, and each leads back to the ideal ring when it is left alone.
fn assert_sound(grain: Grain, nodes: Node, besides: Besides) {
    let mut model = Model::new(nodes, SUCCESSORS, grain, Fault::None);
    let starts = stable_rings(&mut model, SUCCESSORS + 1);
    let bounds = Bounds {
        states: std::env::var("STATES").map_or(STATES, |text| text.parse().unwrap()),
        departures: besides == Besides::Farewells,
        hints: besides == Besides::Hints,
        goal: Goal::AllIsWell,
    };
    let outcome = search(&mut model, starts, bounds);
    println!(
        "{grain:?}, {nodes} nodes, besides {besides:?}: {}",
        outcome.line()
    );
    assert_eq!(outcome.violation, None, "{grain:?}, {nodes} nodes");
}

#[test]
fn rings_whose_nodes_make_whole_steps_are_sound() {
    assert_sound(Grain::Step, 6, Besides::Nothing);
    assert_sound(Grain::Step, 5, Besides::Farewells);
}

#[test]
fn rings_that_change_between_two_questions_are_sound() {
    assert_sound(Grain::Query, 5, Besides::Nothing);
    assert_sound(Grain::Query, 5, Besides::Hints);
    assert_sound(Grain::Query, 4, Besides::Farewells);
    assert_sound(Grain::Query, 6, Besides::Nothing);
}

#[test]
fn rings_with_answers_in_flight_are_sound() {
    assert_sound(Grain::Answer, 4, Besides::Nothing);
    assert_sound(Grain::Answer, 4, Besides::Hints);
    assert_sound(Grain::Answer, 5, Besides::Nothing);
}

#[test]
fn rings_with_notifications_in_flight_are_sound() {
    assert_sound(Grain::Message, 4, Besides::Nothing);
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
    let goals = [
        Goal::Break(Property::OneOrderedRing),
        Goal::Break(Property::EveryNodeReachable),
        Goal::BreakAppendages,
    ];
    for goal in goals {
        let mut model = Model::new(6, SUCCESSORS, Grain::Step, Fault::AsFirstPublished);
        let starts = stable_rings(&mut model, SUCCESSORS + 1);
        let bounds = Bounds {
            states: STATES_TO_A_FAULT,
            departures: false,
            hints: false,
            goal,
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
