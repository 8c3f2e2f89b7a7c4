//! The digests of whole runs, pinned: what happens in a run changes on purpose only, and words never change a digest.
//!
//! `pins.txt` has a line for each run of a ring, `swarms.txt` one for each scenario of a swarm, and `consistency.txt` one for each scenario of
//! consistency: its name, its digest, how many entries its trace has.
//! `CHORDSCOPE_BLESS=1 cargo test -p chordscope-sim --all-features --test digests` writes it anew.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod runs;

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::Arc;

use chordscope_sim::classic::Protocol;
use chordscope_sim::engine::World;
use chordscope_sim::engine::run as engine;
use chordscope_sim::worlds::consistency;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::scenario::Scenario;

use runs::Run;

const PINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/digests/pins.txt");
const CONSISTENCY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/digests/consistency.txt");
const SWARMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/digests/swarms.txt");

#[test]
fn runs_have_the_digests_that_are_pinned() {
    let runs: Vec<Run> = runs::all().collect();
    assert_covers_everything(&runs);
    let found: Vec<String> = runs.iter().map(Run::pin).collect();
    assert_pinned(&found, PINS);
}

#[test]
fn scenarios_of_swarms_have_the_digests_that_are_pinned() {
    let run = |scenario: Scenario| {
        let mut run = engine::Run::<SwarmWorld>::begin(&Arc::new(scenario.setup), scenario.seed);
        let run = run.as_mut().unwrap();
        while !run.world().is_complete() && run.step_until(scenario.until) {}
        let (digest, entries) = (run.world().digest(), run.world().events());
        format!("{} {digest} {entries}", scenario.name)
    };
    let found: Vec<String> = Scenario::all().into_iter().map(run).collect();
    assert_pinned(&found, SWARMS);
}

#[test]
fn scenarios_of_consistency_have_the_digests_that_are_pinned() {
    let run = |scenario: consistency::scenario::Scenario| {
        let run = consistency::Run::begin(&Arc::new(scenario.setup), scenario.seed);
        let mut run = run.unwrap();
        run.run_until(scenario.until);
        let (digest, entries) = (run.world().digest(), run.world().events());
        format!("{} {digest} {entries}", scenario.name)
    };
    let all = consistency::scenario::Scenario::all();
    let found: Vec<String> = all.into_iter().map(run).collect();
    assert_pinned(&found, CONSISTENCY);
}

/// Compares runs with the lines of a file, or writes that anew.
fn assert_pinned(found: &[String], path: &str) {
    if std::env::var_os("CHORDSCOPE_BLESS").is_some() {
        return std::fs::write(path, found.join("\n") + "\n").unwrap();
    }
    let pinned = std::fs::read_to_string(path).unwrap();
    let pinned: Vec<&str> = pinned.lines().collect();
    let others = found
        .iter()
        .zip(&pinned)
        .filter(|(found, pin)| found != pin);
    let others: Vec<&str> = others.map(|(found, _)| found.as_str()).collect();
    assert!(
        others.is_empty() && found.len() == pinned.len(),
        "{} of {} runs go otherwise. If they are meant to: CHORDSCOPE_BLESS=1 (see the head of this file)\n{}",
        others.len(),
        found.len(),
        others.join("\n")
    );
}

/// Pins say something about what happened in the runs, so everything that can happen must happen there.
fn assert_covers_everything(runs: &[Run]) {
    let mut kinds = BTreeMap::new();
    for action in runs.iter().flat_map(|run| &run.done) {
        let count: &mut (u32, &Action) = kinds
            .entry(format!("{:?}", discriminant(action)))
            .or_insert((0, action));
        count.0 += 1;
    }
    assert_eq!(kinds.len(), 19, "kinds of actions: {kinds:?}");
    for (count, action) in kinds.values() {
        assert!(*count >= 10, "{count} times {action:?}");
    }
    let random = &runs[runs.len() - usize::try_from(runs::RANDOM).unwrap()..];
    let scenarios = || random.iter().map(|run| run.world.scenario());
    let count = |so: fn(&&chordscope_sim::worlds::ring::scenario::Scenario) -> bool| {
        scenarios().filter(so).count()
    };
    assert!(count(|scenario| scenario.space.bits() == 5) >= 3);
    assert!(count(|scenario| scenario.space.bits() == 160) >= 3);
    assert!(count(|scenario| scenario.protocol == Protocol::Classic) >= 5);
    assert!(count(|scenario| scenario.quorum) >= 5);
    assert!(count(|scenario| !scenario.quorum) >= 5);
    assert!(count(|scenario| scenario.loss_per_mille > 0) >= 5);
    assert!(count(|scenario| scenario.reorder.is_some()) >= 5);
    assert!(count(|scenario| scenario.bandwidth.is_some()) >= 5);
}
