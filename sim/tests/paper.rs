//! The published figures, one test each. The numbers of the lesson's ring come first.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::ideal::{FingerChange, IdealRing};
use chordscope_core::chord::route::Routing;
use chordscope_sim::experiment::churn::Going;
use chordscope_sim::experiment::latency::whole;
use chordscope_sim::experiment::{churn, failures, latency, load, path_length};

/// The lesson's ring: 9 nodes on 32 positions.
fn lesson() -> IdealRing {
    let ids = [1, 4, 9, 11, 14, 18, 20, 21, 28].map(Id::from_u64).to_vec();
    IdealRing::new(Space::new(5).unwrap(), ids).unwrap()
}

fn numbers(ids: &[Id]) -> Vec<u64> {
    ids.iter().map(|id| id.to_u64().unwrap()).collect()
}

#[test]
fn finger_tables_of_the_lesson() {
    let tables = [
        (1, [4, 4, 9, 9, 18]),
        (4, [9, 9, 9, 14, 20]),
        (9, [11, 11, 14, 18, 28]),
        (11, [14, 14, 18, 20, 28]),
        (14, [18, 18, 18, 28, 1]),
        (18, [20, 20, 28, 28, 4]),
        (20, [21, 28, 28, 28, 4]),
        (21, [28, 28, 28, 1, 9]),
        (28, [1, 1, 1, 4, 14]),
    ];
    for (node, expected) in tables {
        let table: Vec<Id> = lesson()
            .fingers(Id::from_u64(node))
            .into_iter()
            .map(|(_, finger)| finger)
            .collect();
        assert_eq!(numbers(&table), expected, "node {node}");
    }
}

#[test]
fn lookups_of_the_lesson() {
    for (key, from, expected) in [
        (26, 1, vec![1, 18, 20, 21, 28]),
        (12, 28, vec![28, 4, 9, 11, 14]),
    ] {
        let path = lesson().path(Id::from_u64(from), Id::from_u64(key), Routing::Finger);
        assert_eq!(numbers(&path), expected);
    }
    let linear = lesson().path(Id::from_u64(1), Id::from_u64(26), Routing::Linear);
    assert_eq!(numbers(&linear), [1, 4, 9, 11, 14, 18, 20, 21, 28]);
}

#[test]
fn inserting_node_7_changes_four_fingers() {
    let mut ring = lesson();
    let changes = ring.insert(Id::from_u64(7)).unwrap();
    let change = |node, row, start| FingerChange {
        node: Id::from_u64(node),
        row,
        start: Id::from_u64(start),
        old: Id::from_u64(9),
        new: Id::from_u64(7),
    };
    assert_eq!(
        changes,
        [
            change(1, 3, 5),
            change(4, 1, 5),
            change(4, 2, 6),
            change(21, 5, 5)
        ]
    );
    let table: Vec<Id> = ring
        .fingers(Id::from_u64(7))
        .into_iter()
        .map(|(_, finger)| finger)
        .collect();
    assert_eq!(numbers(&table), [9, 9, 11, 18, 28]);
}

/// Runs to the end.
fn go_on(_: f64) -> bool {
    true
}

#[test]
fn paths_are_as_long_as_in_figure_10() {
    let sizes = path_length::PAPER.map(|row| row.nodes);
    let rows = path_length::run(1, &sizes, &mut go_on);
    assert_eq!(rows.len(), sizes.len());
    // Smaller rings differ from the figure by more: what the authors counted there is not known.
    for (row, paper) in rows
        .iter()
        .zip(path_length::PAPER)
        .filter(|(row, _)| row.nodes >= 128)
    {
        let difference = (row.mean_hops - paper.mean_hops).abs();
        assert!(difference <= 0.1, "{row:?}, paper {paper:?}");
        assert!(row.p1.abs_diff(paper.p1) <= 1 && row.p99.abs_diff(paper.p99) <= 1);
    }
}

#[test]
fn load_is_as_uneven_as_in_figure_8() {
    let rows = load::run(1, 10_000, &mut go_on);
    assert_eq!(rows.len(), 10);
    for row in rows {
        let ratio = f64::from(row.p99) / row.mean;
        assert!((ratio - 4.6).abs() <= 0.3, "{row:?}");
        assert!(row.p1 <= 2, "{row:?}");
    }
}

#[test]
fn virtual_nodes_even_the_load_as_in_figure_9() {
    let rows = load::run_virtual(1, 10_000, &mut go_on);
    // Arcs of r positions together follow a gamma distribution: its percentiles, for a mean of 100 keys.
    let theory = [
        (1.0, 460.5),
        (7.4, 331.9),
        (25.6, 232.1),
        (41.3, 187.8),
        (55.4, 159.2),
    ];
    assert_eq!(rows.len(), theory.len());
    for (row, (p1, p99)) in rows.iter().zip(theory) {
        assert!((f64::from(row.p99) / p99 - 1.0).abs() <= 0.1, "{row:?}");
        assert!((f64::from(row.p1) - p1).abs() <= 6.0, "{row:?}");
    }
}

#[test]
fn lookups_survive_failures_as_in_table_ii() {
    let rows = failures::run(1, 1_000, &mut go_on);
    assert_eq!(rows.len(), failures::PAPER.len());
    for (row, (_, path, timeouts)) in rows.iter().zip(failures::PAPER) {
        assert_eq!(row.lookup_failures, 0, "{row:?}");
        let difference = (row.mean_hops - path).abs();
        assert!(difference <= 0.15, "{row:?}, paper {path}");
        let difference = (row.mean_timeouts - timeouts).abs();
        assert!(difference <= 0.5, "{row:?}, paper {timeouts}");
    }
}

#[test]
fn lookups_get_faster_with_the_nodes_that_a_finger_chooses_from() {
    let rows = latency::run(1, 1 << 16, &mut |_| true);
    assert_eq!(rows.len(), latency::PAPER.len());
    for (ours, paper) in rows.iter().zip(latency::PAPER) {
        let near = |ours: f64, paper: f64| (ours / paper - 1.0).abs() < 0.12;
        assert!(
            near(ours.iterative_stretch, paper.iterative_stretch),
            "{ours:?}"
        );
        assert!(
            near(ours.recursive_stretch, paper.recursive_stretch),
            "{ours:?}"
        );
    }
    for pair in rows.windows(2) {
        assert!(pair[1].iterative_stretch < pair[0].iterative_stretch);
        assert!(pair[1].recursive_stretch < pair[0].recursive_stretch);
    }
}

/// A part of the experiment that takes half a minute; `CHURN=full cargo test --release …` measures all of it.
#[test]
fn lookups_go_on_while_nodes_come_and_go_as_in_table_iii() {
    let full = std::env::var("CHURN").is_ok_and(|value| value == "full");
    let (rates, counted) = match full {
        true => (churn::RATES.to_vec(), churn::COUNTED),
        false => (vec![5, 40], Duration::from_secs(1_000)),
    };
    let mut rows = churn::run(1, 1_000, &rates, counted, Going::Leave, &mut go_on);
    assert_eq!(rows.len(), rates.len());
    for pair in rows.windows(2) {
        assert!(pair[0].mean_timeouts < pair[1].mean_timeouts, "{pair:?}");
    }
    // Nodes that are gone without a word are no harder to do without.
    rows.extend(churn::run(
        2,
        1_000,
        &[40],
        counted,
        Going::Crash,
        &mut go_on,
    ));
    for row in &rows {
        println!("{row:?}");
        let paper = churn::PAPER.iter().find(|paper| paper.rate == row.rate);
        assert!((3.7..=4.2).contains(&row.mean_hops), "{row:?}");
        assert!(row.mean_timeouts <= paper.unwrap().mean_timeouts, "{row:?}");
        assert!(
            row.mean_timeouts >= row.rate / 8.0,
            "{row:?}: nobody meets the dead"
        );
    }
    let failures: u32 = rows.iter().map(|row| row.lookup_failures).sum();
    let lookups: u32 = rows.iter().map(|row| row.lookups).sum();
    assert!(f64::from(lookups) >= 0.9 * counted.as_secs_f64() * rows.len() as f64);
    assert!(failures * 10_000 <= 16 * lookups, "{failures} of {lookups}");
}

/// Both rows' latency over that without a choice. Whole nodes go on to the owner, which the oracle does not, so that they
/// gain a little less.
#[test]
fn whole_nodes_gain_by_choosing_nearly_what_the_oracle_gains() {
    let oracle = latency::run(1, 1_000, &mut go_on);
    let rows = whole::run(1, 1_000, &[1, 4, 8], &mut go_on);
    assert_eq!(rows.len(), 3);
    for (row, most) in rows.iter().zip([1.0, 0.72, 0.63]) {
        let choices = u32::from(row.successors_per_finger);
        let same = |row: &&latency::LatencyRow| row.successors_per_finger == choices;
        let ideal = oracle.iter().find(same).unwrap().recursive_stretch;
        let (ours, ideal) = (
            row.mean_ms / rows[0].mean_ms,
            ideal / oracle[0].recursive_stretch,
        );
        assert!(
            ours <= most && ours <= ideal + 0.1,
            "{row:?}: {ours}, {ideal}"
        );
        // Shorter lookups of fingers pay for asking who is behind them.
        assert!(row.upkeep_messages <= rows[0].upkeep_messages, "{row:?}");
    }
}
