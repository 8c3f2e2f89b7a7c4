//! The sentences under a plot say what the rows say: each number in them is computed here another way, for the papers' rows bent by
//! random factors.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::ops::ControlFlow;

use chordscope_core::base::rng::Rng;
use chordscope_sim::experiment::churn::ChurnRow;
use chordscope_sim::experiment::failures::FailureRow;
use chordscope_sim::experiment::fallacies::FallacyRow;
use chordscope_sim::experiment::freshness::FreshnessRow;
use chordscope_sim::experiment::latency::LatencyRow;
use chordscope_sim::experiment::path_length::PathRow;
use chordscope_sim::experiment::plan::{Experiment, NoPaper, Plan};
use chordscope_sim::experiment::table::{Column, Row};
use chordscope_sim::experiment::{
    News, churn, failures, latency, path_length, swarm, swarm_compare,
};
use chordscope_web::experiments::verdict::{Verdict, judge};

/// Everything that a verdict says, as one text.
fn text(verdict: &Verdict) -> String {
    let mut all = vec![verdict.lead.clone()];
    all.extend(verdict.rest.clone());
    all.join(" ")
}

/// The sentence about one measure.
fn about<'a>(verdict: &'a Verdict, measure: &str) -> &'a str {
    let begin = format!("{measure}: ");
    let found = verdict.rest.iter().find(|text| text.starts_with(&begin));
    found.unwrap_or_else(|| panic!("nothing about {measure}: {verdict:?}"))
}

/// The numbers of a text, in order; thousands have commas.
fn numbers(text: &str) -> Vec<f64> {
    let is_part = |one: char| one.is_ascii_digit() || one == '.' || one == ',';
    let words = text.split(|one: char| !is_part(one));
    let words = words.map(|word| word.trim_matches(['.', ',']).replace(',', ""));
    words.filter_map(|word| word.parse().ok()).collect()
}

/// A factor from 0.5 to 2, or 1.
fn bent(value: f64, rng: &mut Rng) -> f64 {
    match rng.below(4) {
        0 => value,
        _ => value * (50.0 + rng.below(150) as f64) / 100.0,
    }
}

/// Ours over theirs minus one, in percent, at each key where theirs is not zero: with the key and both.
fn excesses(pairs: &[(f64, f64, f64)]) -> Vec<(f64, f64, f64, f64)> {
    let kept = pairs.iter().filter(|(_, _, theirs)| *theirs != 0.0);
    kept.map(|(key, ours, theirs)| (100.0 * (ours - theirs) / theirs, *key, *ours, *theirs))
        .collect()
}

/// Holds a comparison against pairs of key, ours and theirs.
fn check(said: &str, pairs: &[(f64, f64, f64)]) {
    let all = excesses(pairs);
    let mut percents: Vec<f64> = all.iter().map(|one| one.0).collect();
    percents.sort_by(f64::total_cmp);
    let (low, high) = (percents[0], percents[percents.len() - 1]);
    let (scope, place) = said.split_once(" the paper’s, ").unwrap();
    let (_, scope) = scope.split_once(": ").unwrap();
    let near = |number: f64, real: f64| (number - real).abs() <= 0.5 + 1e-6;
    let told = numbers(scope);
    match (scope.contains("above"), scope.contains("below")) {
        (true, true) => assert!(near(-told[0], low) && near(told[1], high), "{said} {all:?}"),
        (true, false) => {
            assert!(
                near(told[0], low) && near(*told.last().unwrap(), high),
                "{said} {all:?}"
            );
        }
        (false, true) => {
            assert!(
                near(-told[0], high) && near(-told.last().unwrap(), low),
                "{said} {all:?}"
            );
        }
        (false, false) => assert!(near(0.0, low) && near(0.0, high), "{said} {all:?}"),
    }
    let most = percents
        .iter()
        .fold(0.0_f64, |most, one| most.max(one.abs()));
    // The place that is named is one where the distance is the largest.
    let (_, key) = place.split_once("at ").unwrap();
    let told = numbers(key);
    let fits = all.iter().any(|(excess, key, ours, theirs)| {
        let key = if said.contains("% failed") {
            key * 100.0
        } else {
            *key
        };
        (excess.abs() - most).abs() < 1e-6
            && (told[0] - key).abs() < 0.006
            && (told[told.len() - 2] - ours).abs() < 0.006
            && (told[told.len() - 1] - theirs).abs() < 0.006
    });
    assert!(fits, "{said}: {all:?}");
}

#[test]
fn path_lengths_are_compared_at_every_size_and_their_growth_is_told() {
    for seed in 0..200 {
        let mut rng = Rng::from_seed(seed, 1);
        let bend = |row: PathRow| PathRow {
            mean_hops: bent(row.mean_hops, &mut rng),
            ..row
        };
        let rows = path_length::PAPER.map(bend);
        let table: Vec<Row> = rows.map(Row::from).to_vec();
        let plan = Plan::of(Experiment::PathLength);
        let verdict = judge(&plan, &table, &plan.paper());
        let pairs = rows.iter().zip(path_length::PAPER);
        let pairs: Vec<_> = pairs
            .map(|(row, paper)| (f64::from(row.nodes), row.mean_hops, paper.mean_hops))
            .collect();
        check(about(&verdict, "Mean hops"), &pairs);
        assert!(about(&verdict, "99th percentile").contains("within 0.5 % of the paper’s"));
        // From 2^3 to 2^14 nodes there are eleven doublings.
        let each = (rows[11].mean_hops - rows[0].mean_hops) / 11.0;
        let expected =
            format!("From 8 to 16,384 nodes, each doubling of the ring adds {each:.2} hops");
        assert!(verdict.lead.starts_with(&expected), "{}", verdict.lead);
    }
}

#[test]
fn timeouts_and_failed_lookups_are_compared_under_failures_and_churn() {
    for seed in 0..200 {
        let mut rng = Rng::from_seed(seed, 2);
        let rows = failures::PAPER.map(|(failed_fraction, hops, timeouts)| FailureRow {
            failed_fraction,
            mean_hops: bent(hops, &mut rng),
            mean_timeouts: bent(timeouts, &mut rng),
            lookup_failures: u32::try_from(rng.below(5)).unwrap(),
            lookups: 10_000,
        });
        let table: Vec<Row> = rows.map(Row::from).to_vec();
        let plan = Plan::of(Experiment::Failures);
        let verdict = judge(&plan, &table, &plan.paper());
        let pairs = rows.iter().zip(failures::PAPER);
        let pairs: Vec<_> = pairs
            .map(|(row, paper)| (row.failed_fraction, row.mean_timeouts, paper.2))
            .collect();
        check(about(&verdict, "Mean timeouts"), &pairs);
        let failed: u32 = rows.iter().map(|row| row.lookup_failures).sum();
        let expected =
            format!("Lookups that failed: {failed} of 60,000 here, 0 of 60,000 in the paper.");
        assert_eq!(verdict.rest.last().unwrap(), &expected);

        // A run that was cancelled is compared as far as it went.
        let rows = churn::PAPER.map(|row| ChurnRow {
            mean_hops: bent(row.mean_hops, &mut rng),
            lookups: 7_000,
            ..row
        });
        let part = 1 + usize::try_from(rng.below(8)).unwrap();
        let table: Vec<Row> = rows[..part].iter().map(|row| Row::from(*row)).collect();
        let plan = Plan::of(Experiment::Churn);
        let verdict = judge(&plan, &table, &plan.paper());
        let pairs = rows[..part].iter().zip(churn::PAPER);
        let pairs: Vec<_> = pairs
            .map(|(row, paper)| (row.rate, row.mean_hops, paper.mean_hops))
            .collect();
        check(about(&verdict, "Mean hops"), &pairs);
        let told = numbers(verdict.rest.last().unwrap());
        let failed: u32 = rows[..part].iter().map(|row| row.lookup_failures).sum();
        let lookups = part as f64 * 10_000.0;
        assert_eq!(
            told,
            [
                f64::from(failed),
                part as f64 * 7_000.0,
                f64::from(failed),
                lookups
            ]
        );
    }
}

#[test]
fn stretches_are_compared_each_by_itself() {
    for seed in 0..200 {
        let mut rng = Rng::from_seed(seed, 3);
        let rows = latency::PAPER.map(|row| LatencyRow {
            iterative_stretch: bent(row.iterative_stretch, &mut rng),
            recursive_stretch: bent(row.recursive_stretch, &mut rng),
            ..row
        });
        let table: Vec<Row> = rows.map(Row::from).to_vec();
        let plan = Plan::of(Experiment::Latency);
        let verdict = judge(&plan, &table, &plan.paper());
        let pairs = |one: fn(&LatencyRow) -> f64| -> Vec<_> {
            let pairs = rows.iter().zip(&latency::PAPER);
            pairs
                .map(|(row, paper)| (f64::from(row.successors_per_finger), one(row), one(paper)))
                .collect()
        };
        check(
            about(&verdict, "Iterative stretch"),
            &pairs(|row| row.iterative_stretch),
        );
        check(
            about(&verdict, "Recursive stretch"),
            &pairs(|row| row.recursive_stretch),
        );
    }
}

#[test]
fn a_swarm_is_held_against_the_optimum_and_one_server() {
    let rows = swarm::run(1, &[2, 4], 16, &mut |_| true);
    let worst = rows
        .iter()
        .map(|row| row.makespan_rounds / f64::from(row.optimal_rounds))
        .fold(0.0, f64::max);
    let server = rows[1].server_rounds / rows[1].makespan_rounds;
    let table: Vec<Row> = rows.into_iter().map(Row::from).collect();
    let plan = Plan::of(Experiment::Swarm);
    let verdict = judge(&plan, &table, &plan.paper());
    assert_eq!(
        verdict.lead,
        format!(
            "The swarm takes at most {worst:.2} times the optimum; for 4 nodes, one server takes {server:.1} times as long as the swarm."
        )
    );
    assert!(text(&verdict).contains("No paper"), "{verdict:?}");
}

#[test]
fn three_ways_are_held_against_one_another_and_the_swarm_against_its_bound() {
    let mut rows = Vec::new();
    let _ = swarm_compare::measure(1, &[2, 4], &mut |news| {
        if let News::Row(row) = news {
            rows.push(row);
        }
        ControlFlow::Continue(())
    });
    let worst = rows
        .iter()
        .map(|row| row.swarm_seconds / row.swarm_bound)
        .fold(0.0, f64::max);
    let last = rows[1];
    let server = last.server_seconds / last.swarm_seconds;
    let cdn = last.cdn_seconds / last.swarm_seconds;
    let table: Vec<Row> = rows.into_iter().map(Row::from).collect();
    let plan = Plan::of(Experiment::SwarmCompare);
    let verdict = judge(&plan, &table, &plan.paper());
    assert_eq!(
        verdict.lead,
        format!(
            "The swarm takes at most {worst:.2} times its bound; for 4 clients, one server takes {server:.1} times and the content delivery network {cdn:.1} times as long as the swarm."
        )
    );
    assert!(text(&verdict).contains("No paper"), "{verdict:?}");
}

#[test]
fn freshness_and_fallacies_are_told_by_their_rows() {
    let row = |ms, one_fresh, cut_one_stale| FreshnessRow {
        ms,
        one_fresh,
        one_model: 1.0,
        quorum_fresh: 0.99,
        first_fresh: Some(0.876),
        first_model: Some(0.8649),
        cut_one_fresh: 1.0 - cut_one_stale,
        cut_one_stale,
        cut_quorum_fresh: 0.57,
        cut_quorum_refused: 0.43,
    };
    let table = [row(1, 0.98, 0.64), row(9_000, 1.0, 0.0)].map(Row::from);
    let plan = Plan::of(Experiment::Freshness);
    let verdict = judge(&plan, &table, &plan.paper());
    assert_eq!(
        verdict.lead,
        "1 ms after a write, 98 % of reads at level one and 99 % at level quorum are fresh; soon after it, 87.6 % would be with the first answer of three, by the model 86.5 %. While the network is cut, level one returns 64 % stale, level quorum refuses 43 %."
    );
    assert!(text(&verdict).contains("the model PBS stands beside it"));

    let row = |fallacy, wrong_by| FallacyRow {
        fallacy,
        wrong_by,
        ..FallacyRow::default()
    };
    let rows = [
        row(0, None),
        row(1, Some(1.2)),
        row(2, Some(57.25)),
        row(7, None),
    ];
    let plan = Plan::of(Experiment::Fallacies);
    let verdict = judge(&plan, &rows.map(Row::from), &plan.paper());
    assert_eq!(
        verdict.lead,
        "“Latency is zero” is the furthest from this network: where it is faced, what it hits hardest is 57.2 times as large."
    );
    assert_eq!(verdict.rest, ["No paper has measured this."]);
}

#[test]
fn where_the_paper_measured_another_ring_no_comparison_is_made() {
    let other = Plan {
        nodes: Some(50),
        ..Plan::of(Experiment::Failures)
    };
    let rows: Vec<Row> = failures::run(1, 50, &mut |_| true)
        .into_iter()
        .map(Row::from)
        .collect();
    assert_eq!(other.paper(), Err(NoPaper::OtherRing(1_000)));
    let said = text(&judge(&other, &rows, &other.paper()));
    assert!(
        said.contains("1,000 nodes") && !said.contains("here,"),
        "{said}"
    );
    let fifty = Plan {
        nodes: Some(50),
        ..Plan::of(Experiment::PathLength)
    };
    let mut row = path_length::PAPER[0];
    row.nodes = 50;
    let said = text(&judge(&fifty, &[row.into()], &fifty.paper()));
    assert!(
        said.contains("The paper has no figure for 50 nodes."),
        "{said}"
    );
    assert!(!said.contains("the paper’s"), "{said}");
    assert_eq!(judge(&fifty, &[], &fifty.paper()), Verdict::default());
    assert_eq!(rows[0].get(Column::Lookups), Some(10_000.0));
}
