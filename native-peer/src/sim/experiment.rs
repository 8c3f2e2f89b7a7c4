//! `sim experiment`: the papers' measurements, our figures beside theirs.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use chordscope_sim::experiment::News;
use chordscope_sim::experiment::churn;
use chordscope_sim::experiment::fallacies::fallacy;
use chordscope_sim::experiment::freshness;
use chordscope_sim::experiment::kademlia;
use chordscope_sim::experiment::path_length;
use chordscope_sim::experiment::plan::{Experiment, NoPaper, Plan};
use chordscope_sim::experiment::table::{Column, Number, Row};
use chordscope_sim::worlds::fallacies::lever::Fallacy;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output;
use crate::regular_file::is_standard_output;
use crate::sim::plot;

/// The period in which a long experiment reports its progress, where there is no terminal for a bar.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The experiment that is run, as a word of the command line.
#[derive(Clone, Copy, Debug)]
struct Name(Experiment);

impl ValueEnum for Name {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [Name; Experiment::ALL.len()] = {
            let mut all = [Name(Experiment::PathLength); Experiment::ALL.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = Name(Experiment::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self.0 {
            Experiment::PathLength => {
                "Hops of a lookup, for rings of 8 to 16,384 nodes (SIGCOMM 2001 Fig. 10)"
            }
            Experiment::Load => {
                "Keys of a node, for 100,000 to 1,000,000 keys (SIGCOMM 2001 Fig. 8)"
            }
            Experiment::VirtualNodes => {
                "Keys of a node that has several positions, its virtual nodes (SIGCOMM 2001 Fig. 9)"
            }
            Experiment::Failures => {
                "Lookups when up to half of all nodes have failed at once (ToN 2003 Table II)"
            }
            Experiment::Churn => {
                "Lookups under churn: nodes come and go, on whole nodes; minutes for 1,000 of them (ToN 2003 Table III)"
            }
            Experiment::Latency => {
                "Stretch: time of a lookup over a round trip, with proximity neighbour selection (ToN 2003 Table IV)"
            }
            Experiment::Swarm => {
                "Time until everybody has a file, by a swarm and from one server, for 8 to 64 nodes that fetch"
            }
            Experiment::SwarmCompare => {
                "Time until everybody has a file, from one server, a content delivery network and a swarm, beside their bounds, for 1 to 64 clients"
            }
            Experiment::Directory => {
                "Part of titles still found when machines go, at a central directory, trackers, in Chord and in Kademlia"
            }
            Experiment::Kademlia => {
                "Hops, messages and times of lookups in Chord and in Kademlia at equal bytes of upkeep, for 16 to 64 nodes"
            }
            Experiment::Freshness => {
                "Part of reads that are fresh, by time since the write, at both levels of the ring's store, beside the model of PBS (VLDB 2012)"
            }
            Experiment::Fallacies => {
                "Effect of each of the eight fallacies of distributed computing: one seed with all assumed, and with each faced"
            }
        };
        Some(PossibleValue::new(self.0.name()).help(help))
    }
}

/// `sim experiment`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The measurement
    #[arg(value_enum)]
    name: Name,
    /// Nodes in the ring; for path-length, swarm, swarm-compare and kademlia that one size only; freshness has nine
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    nodes: Option<u32>,
    /// For churn: nodes go without a word, instead of leaving properly as the paper's do
    #[arg(long)]
    crash: bool,
    /// The seed of all randomness
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draw our figures and the paper's into this SVG file; - is standard output
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// An experiment's outcome.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) experiment: Experiment,
    parameters: Value,
    pub(super) rows: Vec<Row>,
    /// The paper's figures; none where it measured another ring.
    pub(super) paper: Vec<Row>,
    /// In words, the reason why there are none.
    other_ring: Option<String>,
}

/// An outcome as `--json` prints it.
#[derive(Serialize)]
struct Printed<'a> {
    experiment: &'static str,
    parameters: &'a Value,
    rows: Vec<Map<String, Value>>,
    paper: Vec<Map<String, Value>>,
}

impl Options {
    pub(crate) fn run(&self, json: bool) -> Result<(), Failure> {
        let plan = self.plan()?;
        if let Some(path) = &self.plot {
            plot::check(path, json)?;
        }
        let answer = measure(&plan);
        if let Some(path) = &self.plot {
            plot::draw(&answer, path)?;
            if is_standard_output(path) {
                output::note(table(&answer).trim_end());
                return Ok(());
            }
        }
        match json {
            true => output::json(&printed(&answer)),
            false => output::line(&table(&answer)),
        }
    }

    fn plan(&self) -> Result<Plan, Failure> {
        let experiment = self.name.0;
        if self.crash && experiment != Experiment::Churn {
            return Err(Failure::usage("--crash", "goes with churn only"));
        }
        let (least, most) = (*experiment.nodes().start(), *experiment.nodes().end());
        if self.nodes.is_some_and(|nodes| nodes < least) {
            let reason = format!("at least {least} nodes for this experiment");
            return Err(Failure::usage("--nodes", reason));
        }
        if self.nodes.is_some_and(|nodes| nodes > most) {
            let why = match experiment {
                Experiment::Churn => "churn runs whole nodes",
                Experiment::Swarm => "swarm sends real bytes",
                Experiment::SwarmCompare => "swarm-compare sends real bytes",
                Experiment::Freshness => "it is the ring of the lesson",
                Experiment::Directory | Experiment::Kademlia | Experiment::Fallacies => {
                    "it runs whole nodes"
                }
                _ => "their tables lie in memory",
            };
            let reason = format!("{why}: at most {most} nodes");
            return Err(Failure::usage("--nodes", reason));
        }
        Ok(Plan {
            experiment,
            seed: self.seed,
            nodes: self.nodes,
            crash: self.crash,
        })
    }
}

/// Runs an experiment, and shows how far it is.
fn measure(plan: &Plan) -> Answer {
    let mut shown = Shown::new();
    let mut rows = Vec::new();
    // Only Ctrl-C ends it before, and the process with it.
    let _ = plan.run(&mut |news| {
        match news {
            News::Part(part) => shown.hear(part),
            News::Row(row) => rows.push(row),
        }
        ControlFlow::Continue(())
    });
    shown.bar.finish_and_clear();
    let (paper, other_ring) = match plan.paper() {
        Ok(paper) => (paper, None),
        Err(reason) => (Vec::new(), in_words(reason)),
    };
    Answer {
        experiment: plan.experiment,
        parameters: parameters(plan),
        rows,
        paper,
        other_ring,
    }
}

/// Returns in words the reason why the paper's figures do not stand beside ours, where a paper has any.
fn in_words(reason: NoPaper) -> Option<String> {
    match reason {
        NoPaper::NotMeasured => None,
        NoPaper::ProperLeaves => Some(
            "in the paper nodes leave properly: without --crash its figures stand beside these"
                .to_string(),
        ),
        NoPaper::OtherRing(theirs) => Some(format!(
            "the paper's ring had {theirs} nodes: without --nodes its figures stand beside these"
        )),
    }
}

fn parameters(plan: &Plan) -> Value {
    let (seed, nodes) = (plan.seed, plan.sizes().first().copied());
    match plan.experiment {
        Experiment::PathLength => json!({
            "seed": seed,
            "lookups_per_node": path_length::LOOKUPS,
        }),
        Experiment::Swarm | Experiment::SwarmCompare => json!({ "seed": seed }),
        Experiment::Kademlia => json!({ "seed": seed, "lookups": kademlia::LOOKUPS }),
        Experiment::Freshness => json!({
            "seed": seed,
            "nodes": nodes,
            "reads": freshness::RUNS,
            "first_reads": freshness::FIRST_READS,
            "latency_mean_ms": freshness::LATENCY_MEAN_MS,
            "heals_after_ms": freshness::HEALS_AFTER,
        }),
        Experiment::Churn => json!({
            "seed": seed,
            "nodes": nodes,
            "seconds": churn::COUNTED.as_secs(),
            "crash": plan.crash,
        }),
        Experiment::Load
        | Experiment::VirtualNodes
        | Experiment::Failures
        | Experiment::Latency
        | Experiment::Directory
        | Experiment::Fallacies => json!({ "seed": seed, "nodes": nodes }),
    }
}

fn printed(answer: &Answer) -> Printed<'_> {
    let maps = |rows: &[Row]| rows.iter().map(to_map).collect();
    Printed {
        experiment: answer.experiment.name(),
        parameters: &answer.parameters,
        rows: maps(&answer.rows),
        paper: maps(&answer.paper),
    }
}

fn to_map(row: &Row) -> Map<String, Value> {
    let cell = |(column, number): &(Column, Number)| {
        let number = match number {
            Number::Whole(number) if *column == Column::Fallacy => fallacy_name(*number).into(),
            Number::Whole(count) => Value::from(*count),
            Number::Real(measure) => Value::from(*measure),
            Number::Missing => Value::Null,
        };
        (column.name().to_string(), number)
    };
    row.cells().iter().map(cell).collect()
}

/// The name of the fallacy that a row faces.
fn fallacy_name(number: u32) -> &'static str {
    fallacy(number).map_or("none", Fallacy::name)
}

/// The display of an experiment's progress: a bar on a terminal, elsewhere a line now and then.
struct Shown {
    bar: ProgressBar,
    /// The time at which the last line was told, since the beginning.
    told: Duration,
}

impl Shown {
    fn new() -> Self {
        Self {
            bar: progress_bar(),
            told: Duration::ZERO,
        }
    }

    fn hear(&mut self, part: f64) {
        self.bar.set_position((part * 1_000.0) as u64);
        let took = self.bar.elapsed();
        if self.bar.is_hidden() && took >= self.told + TELL_EVERY {
            self.told = took;
            eprintln!("{}", told_progress(part, took));
        }
    }
}

/// Returns the progress of an experiment, as a line.
fn told_progress(part: f64, took: Duration) -> String {
    let percent = (part * 100.0) as u64;
    format!("{percent} % after {} s; Ctrl-C ends it", took.as_secs())
}

/// A bar on a terminal, nothing elsewhere.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(1_000);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {eta} left  Ctrl-C ends it");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Our rows, each with the paper's of the same first column below it.
fn table(answer: &Answer) -> String {
    let Some(first) = answer.rows.first() else {
        return "nothing was measured".to_string();
    };
    let columns: Vec<Column> = first.cells().iter().map(|(column, _)| *column).collect();
    let width = |column: Column| (column.name().len() + 2).max(14);
    let cells = |row: &Row| -> String {
        let cell = |(column, number): &(Column, Number)| {
            let text = match number {
                Number::Whole(number) if *column == Column::Fallacy => {
                    fallacy_name(*number).to_string()
                }
                Number::Real(measure) => format!("{measure:.2}"),
                Number::Whole(count) => count.to_string(),
                Number::Missing => "-".to_string(),
            };
            format!("{text:>width$}", width = width(*column))
        };
        row.cells().iter().map(cell).collect()
    };
    let head = |column: &Column| format!("{:>width$}", column.name(), width = width(*column));
    let mut text: String = columns.iter().map(head).collect();
    for row in &answer.rows {
        text.push_str(&format!("\n{}", cells(row)));
        let theirs = answer.paper.iter().find(|paper| paper.key() == row.key());
        if let Some(theirs) = theirs {
            text.push_str(&format!("\n{}  paper", cells(theirs)));
        }
    }
    text.push('\n');
    for column in columns {
        let meaning = answer.experiment.meaning(column);
        text.push_str(&format!("\n{}: {meaning}", column.name()));
    }
    if let Some(difference) = &answer.other_ring {
        text.push_str(&format!("\n{difference}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_a_long_experiment_says_how_far_it_is_and_what_ends_it() {
        let line = told_progress(0.234, Duration::from_millis(20_400));
        assert_eq!(line, "23 % after 20 s; Ctrl-C ends it");
    }

    #[test]
    fn a_ring_that_is_not_the_papers_is_told_from_it() {
        let said = |experiment, nodes, crash| {
            let plan = Plan {
                nodes,
                crash,
                ..Plan::of(experiment)
            };
            plan.paper().err().and_then(in_words)
        };
        for experiment in Experiment::ALL {
            assert_eq!(said(experiment, None, false), None, "{experiment:?}");
        }
        let other = said(Experiment::Load, Some(50), false).unwrap();
        assert!(other.starts_with("the paper's ring had 10000"), "{other}");
        let crash = said(Experiment::Churn, None, true).unwrap();
        assert!(crash.contains("leave properly"), "{crash}");
        // Each of their rows names its ring, or there is no paper.
        for experiment in [Experiment::PathLength, Experiment::Swarm] {
            assert_eq!(said(experiment, Some(50), false), None);
        }
    }

    #[test]
    fn every_experiment_has_a_word_and_a_help() {
        let words = Name::value_variants().iter().map(|name| {
            let value = name.to_possible_value().unwrap();
            assert!(value.get_help().is_some());
            value.get_name().to_string()
        });
        let names = Experiment::ALL.map(Experiment::name);
        assert_eq!(words.collect::<Vec<_>>(), names);
    }
}
