//! The scenarios that come with Chordscope, run to their end.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use chordscope_core::base::id::Id;
use chordscope_core::chord::invariant::{Health, Property};
use chordscope_core::chord::route::Mode;
use chordscope_sim::classic::Protocol;
use chordscope_sim::worlds::ring::action::{Action, Timed};
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::ring::trace::What;
use chordscope_sim::worlds::ring::{RingWorld, Run};

fn run(name: &str) -> RingWorld {
    run_under(name, builtin::named(name).unwrap().protocol)
}

fn run_under(name: &str, protocol: Protocol) -> RingWorld {
    let scenario = Scenario {
        protocol,
        ..builtin::named(name).unwrap()
    };
    let (seed, until) = (scenario.seed, scenario.until);
    let mut run = Run::begin(&Arc::new(scenario), seed).unwrap();
    run.run_until(until);
    run.into_world()
}

fn path(world: &RingWorld) -> Vec<u64> {
    let lookup = world.lookups().last().unwrap();
    lookup.path.iter().map(|id| id.to_u64().unwrap()).collect()
}

#[test]
fn under_the_corrected_rules_every_scenario_ends_without_a_violation_and_with_every_lookup_answered()
 {
    for scenario in builtin::all() {
        let world = run_under(&scenario.name, Protocol::Corrected);
        let split = |timed: &Timed| matches!(timed.action, Action::Split(_));
        if scenario.actions.iter().any(split) {
            // While the network is in two, so is the ring.
            assert_eq!(*world.health(), Health::default(), "{}", scenario.name);
            continue;
        }
        assert_eq!(world.violations(), 0, "{}", scenario.name);
        for lookup in world.lookups() {
            assert!(lookup.owner.is_some(), "{}: {lookup:?}", scenario.name);
        }
    }
}

/// A recursive lookup that took too long is driven by its origin. Nodes to which it was forwarded before may still forward it: that says
/// nothing of where it is now.
#[test]
fn nodes_decide_about_a_driven_lookup_when_its_origin_has_asked_them() {
    let mut driven = 0;
    for scenario in builtin::all() {
        let (name, seed, until) = (scenario.name.clone(), scenario.seed, scenario.until);
        let mut run = Run::begin(&Arc::new(scenario), seed).unwrap();
        run.run_until(until);
        let mut world = run.into_world();
        let trace = world.take_trace();
        let delivered = |from: Id, to: Id, at| {
            trace.iter().any(|entry| {
                let What::Delivered(parcel) = &entry.what else {
                    return false;
                };
                entry.at == at && (parcel.from, parcel.to) == (from, to)
            })
        };
        for lookup in world.lookups() {
            let origin = lookup.id.0;
            let late = lookup.driven && lookup.mode == Mode::Recursive;
            // From the origin's first decision after the one it began with.
            let mut own = lookup.decisions.iter().enumerate();
            let again = own.rfind(|(_, decision)| decision.node == origin);
            let Some((from, _)) = again.filter(|(at, _)| late && *at > 0) else {
                continue;
            };
            driven += 1;
            for decision in &lookup.decisions[from + 1..] {
                let asked = delivered(origin, decision.node, decision.at);
                assert!(asked, "{name}: {decision:?}");
            }
        }
    }
    assert!(driven > 0, "a scenario has such a lookup");
}

#[test]
fn under_the_rules_of_2001_the_classic_scenarios_break_the_ring_for_good() {
    let broken = [
        ("classic-crash", Property::OneOrderedRing),
        ("classic-cut-off", Property::EveryNodeReachable),
        ("classic-come-and-go", Property::OneOrderedRing),
    ];
    for (name, property) in broken {
        let world = run_under(name, Protocol::Classic);
        assert!(world.violations() > 0, "{name}");
        assert!(
            !world.health().holds(property),
            "{name}: {:?}",
            world.health()
        );
        let healed = run_under(name, Protocol::Corrected);
        assert_eq!(*healed.health(), Health::default(), "{name}");
    }
}

#[test]
fn the_lessons_lookups_take_the_lessons_paths() {
    assert_eq!(path(&run("lesson-26")), [1, 18, 20, 21, 28]);
    assert_eq!(path(&run("lesson-12")), [28, 4, 9, 11, 14]);
    assert_eq!(path(&run("linear-26")), [1, 4, 9, 11, 14, 18, 20, 21, 28]);
}

#[test]
fn each_hop_names_its_rule_with_its_numbers() {
    let world = run("lesson-26");
    let lookup = world.lookups().last().unwrap();
    let rules: Vec<String> = lookup
        .decisions
        .iter()
        .map(|decision| decision.explain(world.space(), lookup.key))
        .collect();
    assert_eq!(
        rules,
        [
            "Closest finger preceding 26: row 5, node 18.",
            "Closest finger preceding 26: row 2, node 20.",
            "Closest finger preceding 26: row 1, node 21.",
            "26 ∈ (21, 28], so 28 is its successor.",
            "26 ∈ (21, 28], so 28 is its successor.",
        ]
    );
    assert_eq!(lookup.decisions.last().unwrap().node, Id::from_u64(28));
}

#[test]
fn the_scenario_of_the_documentation_runs() {
    let text = include_str!("../../docs/scenarios.md");
    let json = text.split("```").nth(1).unwrap().trim_start_matches("json");
    let scenario = Scenario::from_json(json).unwrap();
    let (until, seed) = (scenario.until, scenario.seed);
    let mut run = Run::begin(&Arc::new(scenario), seed).unwrap();
    run.run_until(until);
    assert_eq!(run.done(), 3);
    assert!(run.world().lookups()[0].owner.is_some());
}
