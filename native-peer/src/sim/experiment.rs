//! `sim experiment`: the papers' measurements, our figures beside theirs.

use std::path::PathBuf;
use std::time::Duration;

use chordscope_sim::experiment::churn::{ChurnRow, Going};
use chordscope_sim::experiment::{churn, failures, latency, load, path_length, swarm};
use chordscope_sim::worlds::ring::scenario::MAX_NODES as MAX_SIMULATED;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output;
use crate::sim::plot;

/// The most nodes that an experiment takes.
const MAX_NODES: u32 = 1_000_000;
/// The most nodes to which swarm sends a file.
const MAX_LEECHERS: u32 = 256;
/// The period in which a long experiment reports its progress, where there is no terminal for a bar.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// The sizes of SIGCOMM 2001 Fig. 10: 2^3 to 2^14.
const SIZES: std::ops::RangeInclusive<u32> = 3..=14;

/// The experiment that is run.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Name {
    /// Hops of a lookup, for rings of 8 to 16,384 nodes (SIGCOMM 2001 Fig. 10)
    PathLength,
    /// Keys of a node, for 100,000 to 1,000,000 keys (SIGCOMM 2001 Fig. 8)
    Load,
    /// Keys of a node that has several positions, its virtual nodes (SIGCOMM 2001 Fig. 9)
    VirtualNodes,
    /// Lookups when up to half of all nodes have failed at once (ToN 2003 Table II)
    Failures,
    /// Lookups under churn: nodes come and go, on whole nodes; minutes for 1,000 of them (ToN 2003 Table III)
    Churn,
    /// Stretch: time of a lookup over a round trip, with proximity neighbour selection (ToN 2003 Table IV)
    Latency,
    /// Time until everybody has a file, by a swarm and from one server, for 8 to 64 nodes that fetch
    Swarm,
}

impl Name {
    /// The number of nodes in the paper's ring, where it is one.
    const fn nodes_of_paper(self) -> u32 {
        match self {
            Self::Failures | Self::Churn => 1_000,
            Self::Latency => 65_536,
            Self::PathLength | Self::Load | Self::VirtualNodes | Self::Swarm => 10_000,
        }
    }
}

/// `sim experiment`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The measurement
    #[arg(value_enum)]
    name: Name,
    /// Nodes in the ring; for path-length and swarm that one size only
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_NODES)))]
    nodes: Option<u32>,
    /// For churn: nodes go without a word, instead of leaving properly as the paper's do
    #[arg(long)]
    crash: bool,
    /// The seed of all randomness
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draw our figures and the paper's into this SVG file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// An experiment's outcome, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) experiment: &'static str,
    parameters: Value,
    pub(super) rows: Vec<Map<String, Value>>,
    /// The paper's figures; none where it measured another ring.
    pub(super) paper: Vec<Map<String, Value>>,
    /// The reason why there are none.
    #[serde(skip)]
    other_ring: Option<String>,
}

impl Options {
    pub(crate) fn run(&self, json: bool) -> Result<(), Failure> {
        if self.crash && !matches!(self.name, Name::Churn) {
            return Err(Failure::usage("--crash", "goes with churn only"));
        }
        if let Some(path) = &self.plot {
            plot::check(path)?;
        }
        let answer = self.measure()?;
        if let Some(path) = &self.plot {
            plot::draw(&answer, path)?;
        }
        match json {
            true => output::json(&answer),
            false => output::line(&table(&answer)),
        }
    }

    fn measure(&self) -> Result<Answer, Failure> {
        let mut shown = Shown::new();
        let mut progress = |part: f64| shown.hear(part);
        let nodes = self.nodes.unwrap_or_else(|| self.name.nodes_of_paper());
        let (experiment, rows, paper) = match self.name {
            Name::PathLength => {
                let sizes = match self.nodes {
                    Some(nodes) => vec![nodes],
                    None => SIZES.map(|power| 1 << power).collect(),
                };
                let rows = path_length::run(self.seed, &sizes, &mut progress);
                (
                    "path-length",
                    to_maps(&rows)?,
                    to_maps(&path_length::PAPER)?,
                )
            }
            Name::Load => {
                let rows = load::run(self.seed, nodes, &mut progress);
                ("load", to_maps(&rows)?, to_maps(&load_of_paper())?)
            }
            Name::VirtualNodes => {
                let rows = load::run_virtual(self.seed, nodes, &mut progress);
                (
                    "virtual-nodes",
                    to_maps(&rows)?,
                    to_maps(&load::VIRTUAL_PAPER)?,
                )
            }
            Name::Failures => {
                let rows = failures::run(self.seed, nodes, &mut progress);
                let paper = failures::PAPER.map(|(failed, hops, timeouts)| {
                    json!({
                        "failed_fraction": failed,
                        "mean_hops": hops,
                        "mean_timeouts": timeouts,
                        "lookup_failures": 0,
                        "lookups": 10_000,
                    })
                });
                ("failures", to_maps(&rows)?, to_maps(&paper)?)
            }
            Name::Churn => {
                let rows = self.churn(nodes, &mut progress)?;
                ("churn", to_maps(&rows)?, to_maps(&churn::PAPER)?)
            }
            Name::Latency => {
                let rows = latency::run(self.seed, nodes, &mut progress);
                ("latency", to_maps(&rows)?, to_maps(&latency::PAPER)?)
            }
            Name::Swarm => {
                let sizes = self.swarm_sizes()?;
                let rows = swarm::run(self.seed, &sizes, swarm::SEGMENTS, &mut progress);
                ("swarm", to_maps(&rows)?, Vec::new())
            }
        };
        shown.bar.finish_and_clear();
        let other_ring = self.other_ring(nodes);
        Ok(Answer {
            experiment,
            parameters: self.parameters(nodes),
            rows,
            paper: match other_ring {
                Some(_) => Vec::new(),
                None => paper,
            },
            other_ring,
        })
    }

    /// Returns in words how the ring that the paper measured differs from this one, where its figures do not name the ring.
    fn other_ring(&self, nodes: u32) -> Option<String> {
        let theirs = self.name.nodes_of_paper();
        match self.name {
            Name::PathLength | Name::Swarm => None,
            Name::Churn if self.crash => Some(
                "in the paper nodes leave properly: without --crash its figures stand beside these"
                    .to_string(),
            ),
            _ if nodes == theirs => None,
            _ => Some(format!(
                "the paper's ring had {theirs} nodes: without --nodes its figures stand beside these"
            )),
        }
    }

    fn parameters(&self, nodes: u32) -> Value {
        match self.name {
            Name::PathLength => json!({ "seed": self.seed, "lookups_per_node": 100 }),
            Name::Swarm => json!({ "seed": self.seed }),
            Name::Churn => json!({
                "seed": self.seed,
                "nodes": nodes,
                "seconds": churn::COUNTED.as_secs(),
                "crash": self.crash,
            }),
            Name::Load | Name::VirtualNodes | Name::Failures | Name::Latency => {
                json!({ "seed": self.seed, "nodes": nodes })
            }
        }
    }

    fn swarm_sizes(&self) -> Result<Vec<u32>, Failure> {
        match self.nodes {
            None => Ok(swarm::SIZES.to_vec()),
            Some(nodes) if nodes <= MAX_LEECHERS => Ok(vec![nodes]),
            Some(_) => {
                let reason = format!("swarm sends real bytes, to at most {MAX_LEECHERS} nodes");
                Err(Failure::usage("--nodes", reason))
            }
        }
    }

    fn churn(
        &self,
        nodes: u32,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Vec<ChurnRow>, Failure> {
        if nodes as usize > MAX_SIMULATED {
            let reason = format!("churn runs whole nodes, at most {MAX_SIMULATED} of them");
            return Err(Failure::usage("--nodes", reason));
        }
        let going = match self.crash {
            true => Going::Crash,
            false => Going::Leave,
        };
        let (rates, counted) = (&churn::RATES, churn::COUNTED);
        Ok(churn::run(
            self.seed, nodes, rates, counted, going, progress,
        ))
    }
}

fn load_of_paper() -> [Value; 10] {
    load::PAPER.map(|(keys, mean, p1, p99, max)| {
        json!({ "keys": keys, "mean": mean, "p1": p1, "p99": p99, "max": max })
    })
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

    fn hear(&mut self, part: f64) -> bool {
        self.bar.set_position((part * 1_000.0) as u64);
        let took = self.bar.elapsed();
        if self.bar.is_hidden() && took >= self.told + TELL_EVERY {
            self.told = took;
            eprintln!("{}", told_progress(part, took));
        }
        true
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

fn to_maps(rows: &[impl Serialize]) -> Result<Vec<Map<String, Value>>, Failure> {
    let map = |row| match serde_json::to_value(row).map_err(Failure::failed)? {
        Value::Object(map) => Ok(map),
        other => Err(Failure::failed(format!("a row is no object: {other}"))),
    };
    rows.iter().map(map).collect()
}

/// Our rows, each with the paper's of the same first column below it.
fn table(answer: &Answer) -> String {
    let Some(first) = answer.rows.first() else {
        return "nothing was measured".to_string();
    };
    let columns: Vec<&String> = first.keys().collect();
    let width = |column: &str| (column.len() + 2).max(14);
    let cells = |row: &Map<String, Value>| -> String {
        let cell = |column: &&String| {
            let text = match row.get(*column) {
                Some(Value::Number(number)) if number.is_f64() => {
                    format!("{:.2}", number.as_f64().unwrap_or_default())
                }
                Some(Value::Null) | None => "-".to_string(),
                Some(value) => value.to_string(),
            };
            format!("{text:>width$}", width = width(column))
        };
        columns.iter().map(cell).collect()
    };
    let mut text = columns
        .iter()
        .map(|column| format!("{column:>width$}", width = width(column)))
        .collect::<String>();
    let key = columns
        .first()
        .map(|column| column.as_str())
        .unwrap_or_default();
    for row in &answer.rows {
        text.push_str(&format!("\n{}", cells(row)));
        if let Some(paper) = answer
            .paper
            .iter()
            .find(|paper| paper.get(key) == row.get(key))
        {
            text.push_str(&format!("\n{}  paper", cells(paper)));
        }
    }
    text.push('\n');
    for column in columns {
        if let Some(meaning) = meaning(answer.experiment, column) {
            text.push_str(&format!("\n{column}: {meaning}"));
        }
    }
    if let Some(difference) = &answer.other_ring {
        text.push_str(&format!("\n{difference}"));
    }
    text
}

/// Returns the meaning of a column.
fn meaning(experiment: &str, column: &str) -> Option<&'static str> {
    Some(match (experiment, column) {
        (_, "nodes") => "nodes in the ring",
        (_, "mean_hops") => "hops of a lookup, in the mean",
        ("path-length", "p1") => "hops that one lookup in a hundred does not exceed",
        ("path-length", "p99") => "hops that 99 lookups in a hundred do not exceed",
        (_, "keys") => "keys in the ring",
        (_, "mean") => "keys of a node, in the mean",
        (_, "p1") => "keys that one node in a hundred does not exceed",
        (_, "p99") => "keys that 99 nodes in a hundred do not exceed",
        (_, "max") => "the most keys that any node had",
        (_, "virtual_nodes") => "positions of each node on the ring",
        (_, "failed_fraction") => "the part of all nodes that has failed",
        (_, "mean_timeouts") => "nodes that a lookup asked and that were gone, in the mean",
        (_, "lookup_failures") => "lookups that did not find the key’s successor",
        (_, "lookups") => "lookups in all",
        (_, "rate") => "nodes that join in a second, and as many that leave",
        (_, "successors_per_finger") => "nodes among which each finger chooses the nearest",
        (_, "iterative_stretch") => {
            "time of a lookup over a round trip to the owner, where the origin asks each hop"
        }
        (_, "recursive_stretch") => "the same, where each hop forwards the lookup",
        (_, "leechers") => "nodes that fetch the file",
        (_, "segments") => "segments of the file; in a round, an uplink sends one",
        (_, "optimal_rounds") => "rounds until everybody has the file, at best",
        (_, "makespan_rounds") => "rounds that the swarm took, which picks the rarest first",
        (_, "random_rounds") => "rounds that it took picking segments at random",
        (_, "sequential_rounds") => "rounds that it took picking segments in order",
        (_, "server_rounds") => "rounds that one server took which sends everything to everybody",
        (_, "seed_copies") => "how often the first seed sent the whole file, in the swarm",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(experiment: &str, row: impl Serialize) {
        let row = serde_json::to_value(row).unwrap();
        for column in row.as_object().unwrap().keys() {
            assert!(
                meaning(experiment, column).is_some(),
                "{experiment}: {column}"
            );
        }
    }

    #[test]
    fn every_column_of_an_experiment_has_a_line_that_says_what_it_is() {
        let mut on = |_: f64| true;
        columns("path-length", path_length::PAPER[0]);
        columns("load", &load_of_paper()[0]);
        columns("virtual-nodes", load::VIRTUAL_PAPER[0]);
        columns("failures", failures::run(1, 32, &mut on)[0]);
        columns("churn", churn::PAPER[0]);
        columns("latency", latency::PAPER[0]);
        columns("swarm", swarm::run(1, &[2], 4, &mut on)[0]);
    }

    #[test]
    fn without_a_terminal_a_long_experiment_says_how_far_it_is_and_what_ends_it() {
        let line = told_progress(0.234, Duration::from_millis(20_400));
        assert_eq!(line, "23 % after 20 s; Ctrl-C ends it");
    }

    #[test]
    fn a_ring_that_is_not_the_papers_is_told_from_it() {
        let other = |name: Name, nodes: Option<u32>, crash: bool| {
            let nodes = nodes.unwrap_or_else(|| name.nodes_of_paper());
            let options = Options {
                name,
                nodes: Some(nodes),
                crash,
                seed: 1,
                plot: None,
            };
            options.other_ring(nodes)
        };
        use Name::{Churn, Failures, Latency, Load, PathLength, Swarm, VirtualNodes};
        for name in [Load, VirtualNodes, Failures, Churn, Latency] {
            assert_eq!(other(name, None, false), None, "{name:?}");
            let said = other(name, Some(50), false).unwrap();
            assert!(said.starts_with("the paper's ring had "), "{said}");
        }
        let said = other(Churn, None, true).unwrap();
        assert!(said.contains("leave properly"), "{said}");
        // Each of their rows names its ring, or there is no paper.
        for name in [PathLength, Swarm] {
            assert_eq!(other(name, Some(50), false), None, "{name:?}");
        }
    }
}
