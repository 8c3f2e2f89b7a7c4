//! The scenarios that come with Chordscope, run to their end.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use chordscope_core::base::id::Id;
use chordscope_core::sim::builtin;
use chordscope_core::sim::world::World;

fn run(name: &str) -> World {
    let scenario = builtin::named(name).unwrap();
    let (seed, until) = (scenario.seed, scenario.until);
    let mut world = World::new(Arc::new(scenario), seed).unwrap();
    world.run_until(until);
    world
}

fn path(world: &World) -> Vec<u64> {
    let lookup = world.lookups().last().unwrap();
    lookup.path.iter().map(|id| id.to_u64().unwrap()).collect()
}

#[test]
fn every_scenario_ends_without_a_violation_and_with_every_lookup_answered() {
    for scenario in builtin::all() {
        let world = run(&scenario.name);
        assert_eq!(world.violations(), 0, "{}", scenario.name);
        for lookup in world.lookups() {
            assert!(lookup.owner.is_some(), "{}: {lookup:?}", scenario.name);
        }
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
    assert!(rules[0].contains("row 5 reaches farthest: 18"), "{rules:?}");
    let last_hop = rules.iter().find(|rule| rule.contains("26 is in (21, 28]"));
    assert!(last_hop.is_some(), "{rules:?}");
    assert_eq!(lookup.decisions.last().unwrap().node, Id::from_u64(28));
}
