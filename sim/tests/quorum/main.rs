//! Level `quorum` under faults: thousands of short seeded histories, each checked key by key for linearizability.
//!
//! `SEEDS=a..b cargo test -p chordscope-sim --test quorum` runs other seeds; a failure prints its own.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod adopting;
mod checker;
mod client;
mod history;
mod leaving;
mod nodes;
mod repairs;
mod ring;
mod rules;
mod world;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use chordscope_core::store::group::Rules;

use crate::history::Outcome;

/// The number of histories that the test checks unless told otherwise.
const HISTORIES: u64 = 10_000;

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("SEEDS") else {
        return 0..HISTORIES;
    };
    let (from, to) = text.split_once("..").expect("SEEDS=a..b");
    from.parse().unwrap()..to.parse().unwrap()
}

/// Runs histories on all processors, each thread a share of the seeds; stops at one that `wanted` holds of.
fn run_all(
    seeds: Range<u64>,
    rules: Rules,
    run: fn(u64, Rules) -> Outcome,
    wanted: fn(&Outcome) -> bool,
) -> (Vec<Outcome>, Option<(u64, Outcome)>) {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let found = AtomicBool::new(false);
    let share = |thread: u64| {
        let mut outcomes = Vec::new();
        for seed in seeds
            .clone()
            .skip(thread as usize)
            .step_by(threads as usize)
        {
            if found.load(Ordering::Relaxed) {
                break;
            }
            let outcome = run(seed, rules);
            if wanted(&outcome) {
                found.store(true, Ordering::Relaxed);
                return (outcomes, Some((seed, outcome)));
            }
            outcomes.push(outcome);
        }
        (outcomes, None)
    };
    std::thread::scope(|scope| {
        let spawned: Vec<_> = (0..threads)
            .map(|n| scope.spawn(move || share(n)))
            .collect();
        let (mut all, mut first) = (Vec::new(), None);
        for thread in spawned {
            let (outcomes, hit) = thread.join().unwrap();
            all.extend(outcomes);
            first = first.or(hit);
        }
        (all, first)
    })
}

#[test]
fn every_history_is_linearizable() {
    let failed = |outcome: &Outcome| outcome.violation.is_some() || outcome.stuck.is_some();
    let (outcomes, bad) = run_all(seeds(), Rules::ALL, history::run, failed);
    if let Some((seed, outcome)) = bad {
        panic!("SEEDS={seed}..{}: {outcome:?}", seed + 1);
    }
    let answered: usize = outcomes.iter().map(|outcome| outcome.answered).sum();
    let unavailable: usize = outcomes.iter().map(|outcome| outcome.unavailable).sum();
    let rounds: u64 = outcomes.iter().map(|outcome| outcome.rounds).sum();
    println!(
        "{} histories: {answered} operations answered, {unavailable} not; {rounds} rounds of change",
        outcomes.len()
    );
    assert!(answered > unavailable, "most operations go through");
}

/// The rules whose lack shows often in random histories; [`rules`] has a story for each.
#[test]
fn histories_miss_hand_over_saving_first_incarnations_lineages_operations_and_what_a_touch_is_for()
{
    let all = Rules::ALL;
    let broken = [
        (
            "hand-over",
            Rules {
                hand_over: false,
                ..all
            },
        ),
        (
            "saving first",
            Rules {
                save_first: false,
                ..all
            },
        ),
        (
            "incarnations",
            Rules {
                incarnation: false,
                ..all
            },
        ),
        (
            "lineages",
            Rules {
                lineage: false,
                ..all
            },
        ),
        (
            "the operation behind a write",
            Rules {
                operation: false,
                ..all
            },
        ),
        (
            "the version that a touch names",
            Rules {
                touch_newest: false,
                ..all
            },
        ),
    ];
    for (rule, rules) in broken {
        let (_, caught) = run_all(0..HISTORIES, rules, history::run, |outcome| {
            outcome.violation.is_some()
        });
        println!(
            "without {rule}: caught by seed {:?}",
            caught.as_ref().map(|(seed, _)| seed)
        );
        assert!(caught.is_some(), "nobody misses {rule}");
    }
}
