//! Level `quorum` under faults: thousands of short seeded histories, each checked key by key for linearizability.
//!
//! `SEEDS=a..b cargo test -p chordscope-core --test quorum` runs other seeds; a failure prints its own.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod checker;
mod client;
mod history;
mod world;

use std::ops::Range;

use chordscope_core::store::group::Rules;

use crate::history::{Outcome, run};

/// How many histories the test checks unless told otherwise.
const HISTORIES: u64 = 10_000;

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("SEEDS") else {
        return 0..HISTORIES;
    };
    let (from, to) = text.split_once("..").expect("SEEDS=a..b");
    from.parse().unwrap()..to.parse().unwrap()
}

#[test]
fn every_history_is_linearizable() {
    let (mut answered, mut unavailable, mut changes) = (0, 0, 0);
    for seed in seeds() {
        let Outcome {
            violation,
            stuck,
            answered: a,
            unavailable: u,
            epochs,
        } = run(seed, Rules::ALL);
        assert!(
            violation.is_none(),
            "SEEDS={seed}..{}: {violation:?}",
            seed + 1
        );
        assert!(stuck.is_none(), "SEEDS={seed}..{}: {stuck:?}", seed + 1);
        answered += a;
        unavailable += u;
        changes += epochs;
    }
    println!("{answered} operations answered, {unavailable} not; {changes} rounds of change");
    assert!(answered > unavailable, "most operations should go through");
}

/// How many seeds it takes to notice that a rule is off.
fn first_violation(rules: Rules) -> Option<u64> {
    (0..HISTORIES).find(|seed| run(*seed, rules).violation.is_some())
}

#[test]
fn each_rule_is_missed_when_it_is_off() {
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
            "write-back on read",
            Rules {
                write_back: false,
                ..all
            },
        ),
        (
            "epoch check",
            Rules {
                epoch_check: false,
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
    ];
    for (rule, rules) in broken {
        let seed = first_violation(rules);
        println!("without {rule}: caught by seed {seed:?}");
        assert!(seed.is_some(), "nobody misses {rule}");
    }
}
