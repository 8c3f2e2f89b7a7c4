//! The plot's geometry: which measures are drawn, and where each mark lies.

use chordscope_sim::experiment::plan::Experiment;
use chordscope_sim::experiment::table::{Column, Row};

use crate::experiments::words::{at, grouped, head, percent};

/// The kind of a series: shape and colour both tell kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Measured here: full circles.
    Ours,
    /// The paper's: hollow squares on a broken line.
    Paper,
    /// The optimum: a broken line.
    Bound,
    /// Other ways, measured here: triangles.
    Random,
    /// Diamonds.
    InOrder,
    /// Full squares.
    Server,
}

impl Kind {
    /// The class of its marks.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Paper => "paper",
            Self::Bound => "bound",
            Self::Random => "random",
            Self::InOrder => "in-order",
            Self::Server => "server",
        }
    }

    /// Whether its marks are joined by a line.
    pub const fn is_line(self) -> bool {
        !matches!(self, Self::Ours)
    }
}

/// A mark, in the measure's own numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// The key of its row.
    pub key: f64,
    /// The value; none where only the span is told.
    pub value: Option<f64>,
    /// First and 99th percentile.
    pub span: Option<(f64, f64)>,
}

/// Marks that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its kind.
    pub kind: Kind,
    /// Its name in the legend.
    pub name: &'static str,
    /// The marks, in order of their keys.
    pub marks: Vec<Mark>,
}

/// A plot of one measure against the rows' keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The experiment.
    pub experiment: Experiment,
    /// The measure and its unit.
    pub title: &'static str,
    /// The keys' name.
    pub across: &'static str,
    /// The series.
    pub series: Vec<Series>,
    /// Whether the measure is drawn by its logarithm.
    pub log: bool,
}

/// The plots of an experiment.
pub fn panels(experiment: Experiment, rows: &[Row], paper: &[Row]) -> Vec<Panel> {
    let both = |value: Option<Column>, span: Option<(Column, Column)>| {
        let marks = |rows: &[Row]| marks(rows, value, span);
        let series = [
            (Kind::Paper, "in the paper", marks(paper)),
            (Kind::Ours, "measured here", marks(rows)),
        ];
        series.map(named).to_vec()
    };
    let percentiles = Some((Column::P1, Column::P99));
    let panel = |title, series, log| Panel {
        experiment,
        title,
        across: across(experiment),
        series,
        log,
    };
    let beside_paper = |title, value, span| panel(title, both(value, span), false);
    let mean = |title, value| beside_paper(title, Some(value), None);
    match experiment {
        Experiment::PathLength => vec![beside_paper(
            "Hops of a lookup: mean, and 1st to 99th percentile",
            Some(Column::MeanHops),
            percentiles,
        )],
        Experiment::Load => vec![beside_paper(
            "Keys of a node: mean, and 1st to 99th percentile",
            Some(Column::Mean),
            percentiles,
        )],
        Experiment::VirtualNodes => vec![beside_paper(
            "Keys of a node: 1st to 99th percentile",
            None,
            percentiles,
        )],
        Experiment::Failures | Experiment::Churn => vec![
            mean("Hops of a lookup, in the mean", Column::MeanHops),
            mean("Timeouts of a lookup, in the mean", Column::MeanTimeouts),
        ],
        Experiment::Latency => vec![
            mean(
                "Round trips of an iterative lookup",
                Column::IterativeStretch,
            ),
            mean(
                "Round trips of a recursive lookup",
                Column::RecursiveStretch,
            ),
        ],
        Experiment::Swarm => vec![panel(
            "Rounds until everybody has the file",
            ways(rows),
            true,
        )],
        Experiment::SwarmCompare => vec![panel(
            "Seconds until everybody has the file",
            three_ways(rows),
            true,
        )],
        Experiment::Directory => vec![panel("Part of titles found", directories(rows), false)],
        Experiment::Kademlia => chord_and_kademlia(rows)
            .map(|(title, series)| panel(title, series, false))
            .to_vec(),
        Experiment::Freshness => freshness(rows)
            .map(|(title, series)| panel(title, series, false))
            .to_vec(),
        Experiment::Fallacies => vec![panel(WRONG_BY, wrong_by(rows), true)],
    }
}

/// Messages and time of a lookup in Chord and in Kademlia.
fn chord_and_kademlia(rows: &[Row]) -> [(&'static str, Vec<Series>); 2] {
    [
        (
            "Messages of a lookup, in the mean",
            beside(rows, Column::ChordMessages, Column::KademliaMessages),
        ),
        (
            "Milliseconds of a lookup, the median",
            beside(rows, Column::ChordMs, Column::KademliaMs),
        ),
    ]
}

/// Fresh reads in a whole network, and around a cut.
fn freshness(rows: &[Row]) -> [(&'static str, Vec<Series>); 2] {
    let series = |(kind, name, column)| named((kind, name, marks(rows, Some(column), None)));
    let whole = [
        (Kind::Server, "level one", Column::OneFresh),
        (Kind::InOrder, "level quorum", Column::QuorumFresh),
        (Kind::Paper, "first answer, by PBS", Column::FirstModel),
        (Kind::Ours, "first answer", Column::FirstFresh),
    ];
    let cut = [
        (Kind::Server, "level one, fresh", Column::CutOneFresh),
        (Kind::InOrder, "level quorum, fresh", Column::CutQuorumFresh),
        (Kind::Random, "level one, stale", Column::CutOneStale),
    ];
    [
        (
            "Part of reads that are fresh, in a whole network",
            whole.map(series).to_vec(),
        ),
        (
            "Part of reads around a cut of 4 s",
            cut.map(series).to_vec(),
        ),
    ]
}

/// The measure of the effects of fallacies.
const WRONG_BY: &str = "Times as large, of the measure that is hit hardest";

/// The effect of each fallacy.
fn wrong_by(rows: &[Row]) -> Vec<Series> {
    let marks = marks(rows, Some(Column::WrongBy), None);
    vec![named((Kind::Ours, "where it is faced", marks))]
}

/// The part of titles that each kind of directory finds.
fn directories(rows: &[Row]) -> Vec<Series> {
    let kinds = [
        (Kind::Server, "one directory", Column::CentralFound),
        (Kind::InOrder, "trackers", Column::TrackersFound),
        (Kind::Ours, "Chord", Column::ChordFound),
        (Kind::Random, "Kademlia", Column::KademliaFound),
    ];
    let series = |(kind, name, column)| named((kind, name, marks(rows, Some(column), None)));
    kinds.map(series).to_vec()
}

/// Chord beside Kademlia.
fn beside(rows: &[Row], chord: Column, kademlia: Column) -> Vec<Series> {
    let both = [
        (Kind::Ours, "Chord", chord),
        (Kind::Random, "Kademlia", kademlia),
    ];
    let series = |(kind, name, column)| named((kind, name, marks(rows, Some(column), None)));
    both.map(series).to_vec()
}

/// One server, a content delivery network and a swarm, with the bounds of the first and the last.
fn three_ways(rows: &[Row]) -> Vec<Series> {
    let ways = [
        (Kind::Bound, "one server, at best", Column::ServerBound),
        (Kind::Bound, "swarm, at best", Column::SwarmBound),
        (Kind::Server, "one server", Column::ServerSeconds),
        (Kind::Random, "CDN, two proxies", Column::CdnSeconds),
        (Kind::Ours, "swarm", Column::SwarmSeconds),
    ];
    let series = |(kind, name, column)| named((kind, name, marks(rows, Some(column), None)));
    ways.map(series).to_vec()
}

/// The ways in which a file gets to everybody, and the optimum.
fn ways(rows: &[Row]) -> Vec<Series> {
    let ways = [
        (Kind::Bound, "at best", Column::OptimalRounds),
        (Kind::Server, "one server", Column::ServerRounds),
        (Kind::InOrder, "swarm, in order", Column::SequentialRounds),
        (Kind::Random, "swarm, at random", Column::RandomRounds),
        (Kind::Ours, "swarm, rarest first", Column::MakespanRounds),
    ];
    let series = |(kind, name, column)| named((kind, name, marks(rows, Some(column), None)));
    ways.map(series).to_vec()
}

fn named((kind, name, marks): (Kind, &'static str, Vec<Mark>)) -> Series {
    Series { kind, name, marks }
}

fn marks(rows: &[Row], value: Option<Column>, span: Option<(Column, Column)>) -> Vec<Mark> {
    let mark = |row: &Row| {
        let span = match span {
            Some((low, high)) => Some((row.get(low)?, row.get(high)?)),
            None => None,
        };
        let value = match value {
            Some(column) => Some(row.get(column)?),
            None => None,
        };
        Some(Mark {
            key: row.key()?,
            value,
            span,
        })
    };
    rows.iter().filter_map(mark).collect()
}

const fn across(experiment: Experiment) -> &'static str {
    match experiment {
        Experiment::PathLength => "nodes in the ring",
        Experiment::Load => "keys in the ring",
        Experiment::VirtualNodes => "positions of each node",
        Experiment::Failures => "nodes that have failed",
        Experiment::Churn => "nodes that join and leave in a second",
        Experiment::Latency => "nodes that each finger chooses from",
        Experiment::Swarm => "nodes that fetch the file",
        Experiment::SwarmCompare => "clients that fetch the file",
        Experiment::Directory => "machines that are gone",
        Experiment::Kademlia => "nodes",
        Experiment::Freshness => "milliseconds after the write",
        Experiment::Fallacies => "fallacy, in the order of the list",
    }
}

/// A mark on the page, in pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// From the left.
    pub x: f64,
    /// From the top; none where only the span is told.
    pub y: Option<f64>,
    /// The tops of the first and the 99th percentile.
    pub span: Option<(f64, f64)>,
    /// Its name in the legend.
    pub title: String,
}

/// A line across the plot, with its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where it is, in pixels.
    pub at: f64,
    /// Its number.
    pub label: String,
}

/// A panel laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Its size in pixels.
    pub size: (f64, f64),
    /// Where the plot itself begins and ends: left, top, right, bottom.
    pub plot: (f64, f64, f64, f64),
    /// Numbers of the measure.
    pub up: Vec<Tick>,
    /// Keys of rows.
    pub along: Vec<Tick>,
    /// The marks of each series.
    pub dots: Vec<Vec<Dot>>,
}

/// Pixels of a letter of the axes, about.
const LETTER: f64 = 7.2;
/// Pixels by which marks of ours and the paper's stand beside each other where both have a span.
const BESIDE: f64 = 4.0;

impl Panel {
    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.marks.is_empty())
    }

    /// Whether only spans are told, of no value.
    pub fn is_spans(&self) -> bool {
        self.all().all(|mark| mark.value.is_none())
    }

    /// Lays the panel out in this many pixels.
    pub fn place(&self, width: f64, height: f64) -> Placed {
        let scale = Scale::of_values(self);
        let ticks = scale.ticks();
        let longest = ticks.iter().map(|(_, label)| label.chars().count()).max();
        let left = longest.unwrap_or(1) as f64 * LETTER + 14.0;
        let plot = (left, 10.0, width - 14.0, height - 42.0);
        let keys = Keys::of(self, plot.0 + 16.0, plot.2 - 16.0);
        let y = |value: f64| plot.3 - scale.part(value) * (plot.3 - plot.1);
        let dots = self.series.iter().map(|series| {
            let beside = match (series.kind, series.marks.first()) {
                (Kind::Ours, Some(mark)) if mark.span.is_some() => -BESIDE,
                (Kind::Paper, Some(mark)) if mark.span.is_some() => BESIDE,
                _ => 0.0,
            };
            let dot = |mark: &Mark| Dot {
                x: keys.x(mark.key) + beside,
                y: mark.value.map(y),
                span: mark.span.map(|(low, high)| (y(low), y(high))),
                title: self.title_of(series, mark),
            };
            series.marks.iter().map(dot).collect()
        });
        let up = ticks.into_iter().map(|(value, label)| Tick {
            at: y(value),
            label,
        });
        Placed {
            size: (width, height),
            plot,
            up: up.collect(),
            along: keys.ticks(self.experiment),
            dots: dots.collect(),
        }
    }

    fn title_of(&self, series: &Series, mark: &Mark) -> String {
        let show = |value: f64| match value.fract() == 0.0 {
            true => grouped(value),
            false => format!("{value:.2}"),
        };
        let value = mark.value.map(|value| format!(" {}", show(value)));
        let span = mark
            .span
            .map(|(low, high)| format!(" ({} to {})", show(low), show(high)));
        format!(
            "{}, {}:{}{}",
            at(self.experiment, mark.key),
            series.name,
            value.unwrap_or_default(),
            span.unwrap_or_default()
        )
    }

    /// The plot in a sentence.
    pub fn sentence(&self) -> String {
        let told = self.series.iter().filter(|series| !series.marks.is_empty());
        let told: Vec<String> = told
            .map(|series| {
                let ends = [series.marks.first(), series.marks.last()];
                let ends = ends.into_iter().flatten();
                let mut ends: Vec<String> = ends.map(|mark| self.title_of(series, mark)).collect();
                ends.dedup();
                ends.join(" … ")
            })
            .collect();
        format!("{}. {}.", self.title, told.join("; "))
    }

    fn all(&self) -> impl Iterator<Item = &Mark> {
        self.series.iter().flat_map(|series| &series.marks)
    }
}

/// The numbers of the measure, from the bottom to the top.
struct Scale {
    low: f64,
    high: f64,
    step: f64,
    log: bool,
}

impl Scale {
    fn of_values(panel: &Panel) -> Self {
        let values = panel.all().flat_map(|mark| {
            let (low, high) = mark.span.unzip();
            [mark.value, low, high].into_iter().flatten()
        });
        let (low, high) = values.fold((f64::MAX, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if panel.log && high > 0.0 {
            let low = low.min(high).max(1.0).log10().floor();
            return Self {
                low,
                high: high.log10().ceil().max(low + 1.0),
                step: 1.0,
                log: true,
            };
        }
        let high = if high > 0.0 { high } else { 1.0 };
        let step = round_step(high / 6.0);
        Self {
            low: 0.0,
            high: (high / step).ceil() * step,
            step,
            log: false,
        }
    }

    fn part(&self, value: f64) -> f64 {
        let value = if self.log {
            value.max(1.0).log10()
        } else {
            value
        };
        (value - self.low) / (self.high - self.low)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let count = ((self.high - self.low) / self.step).round() as u32;
        let tick = |index: u32| {
            let value = self.low + f64::from(index) * self.step;
            if self.log {
                let value = 10_f64.powf(value);
                return (value, grouped(value));
            }
            let label = match self.step {
                step if step >= 1.0 => grouped(value),
                step if step >= 0.1 => format!("{value:.1}"),
                _ => format!("{value:.2}"),
            };
            (value, label)
        };
        (0..=count).map(tick).collect()
    }
}

/// The least of 1, 2 and 5 times a power of ten that is no less.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let enough = steps.into_iter().find(|step| *step >= least * 0.999_999);
    enough.unwrap_or(least)
}

/// The keys of all rows, and where they lie.
struct Keys {
    all: Vec<f64>,
    log: bool,
    left: f64,
    right: f64,
}

impl Keys {
    fn of(panel: &Panel, left: f64, right: f64) -> Self {
        let mut all: Vec<f64> = panel.all().map(|mark| mark.key).collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        let log = !matches!(
            panel.experiment,
            Experiment::Load | Experiment::Failures | Experiment::Churn | Experiment::Fallacies
        );
        Self {
            all,
            log,
            left,
            right,
        }
    }

    fn place(&self, key: f64) -> f64 {
        if self.log { key.max(1.0).log2() } else { key }
    }

    fn x(&self, key: f64) -> f64 {
        let ends = self.all.first().zip(self.all.last());
        let Some((first, last)) = ends.filter(|(first, last)| first < last) else {
            return f64::midpoint(self.left, self.right);
        };
        let (first, last) = (self.place(*first), self.place(*last));
        let part = (self.place(key) - first) / (last - first);
        self.left + part * (self.right - self.left)
    }

    /// As many keys as have room beside one another, from the last one on.
    fn ticks(&self, experiment: Experiment) -> Vec<Tick> {
        let mut ticks: Vec<Tick> = Vec::new();
        let mut free = f64::MAX;
        for key in self.all.iter().rev() {
            let label = match experiment {
                Experiment::Failures => percent(*key),
                Experiment::Churn => format!("{key:.2}"),
                _ => grouped(*key),
            };
            let (at, half) = (self.x(*key), label.chars().count() as f64 * LETTER / 2.0);
            if at + half <= free {
                free = at - half - 6.0;
                ticks.push(Tick { at, label });
            }
        }
        ticks.reverse();
        ticks
    }
}

/// The heads of an experiment's table.
pub fn heads(rows: &[Row]) -> Vec<(Column, &'static str)> {
    let cells = rows.first().map(Row::cells).unwrap_or_default();
    let name = |(column, _): &(Column, _)| (*column, head(*column));
    cells.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use chordscope_sim::experiment::plan::Plan;

    use super::*;

    /// Every experiment with the paper's rows as ours, too; a swarm's are made up.
    fn all() -> Vec<Panel> {
        let drawn = |experiment| {
            let paper = Plan::of(experiment).paper().unwrap_or_default();
            panels(experiment, &paper, &paper)
        };
        Experiment::ALL.into_iter().flat_map(drawn).collect()
    }

    #[test]
    fn every_mark_lies_on_the_plot_and_labels_do_not_meet() {
        for panel in all() {
            for (width, height) in [(300.0, 220.0), (420.0, 260.0), (860.0, 380.0)] {
                let placed = panel.place(width, height);
                let (left, top, right, bottom) = placed.plot;
                for dot in placed.dots.iter().flatten() {
                    assert!((left..=right).contains(&dot.x), "{dot:?}");
                    let (low, high) = dot.span.unzip();
                    for y in [dot.y, low, high].into_iter().flatten() {
                        assert!((top - 0.01..=bottom + 0.01).contains(&y), "{dot:?}");
                    }
                }
                let half = |tick: &Tick| tick.label.chars().count() as f64 * LETTER / 2.0;
                for pair in placed.along.windows(2) {
                    let (end, begin) = (pair[0].at + half(&pair[0]), pair[1].at - half(&pair[1]));
                    assert!(end < begin, "{width}: {pair:?}");
                }
                assert!(placed.up.len() <= 7, "{:?}", placed.up);
            }
        }
    }

    #[test]
    fn more_is_higher_and_percentiles_are_around_the_mean() {
        for panel in all() {
            let placed = panel.place(600.0, 300.0);
            for (series, dots) in panel.series.iter().zip(&placed.dots) {
                for (mark, dot) in series.marks.iter().zip(dots) {
                    for (other, another) in series.marks.iter().zip(dots) {
                        if mark.value > other.value {
                            assert!(dot.y < another.y, "{mark:?} {other:?}");
                        }
                        if mark.key > other.key {
                            assert!(dot.x > another.x, "{mark:?} {other:?}");
                        }
                    }
                    if let (Some(y), Some((low, high))) = (dot.y, dot.span) {
                        assert!(high <= y && y <= low, "{mark:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn steps_are_round_and_ticks_reach_the_top() {
        let steps = [0.3, 1.0, 1.2, 2.5, 70.0].map(round_step);
        for (step, expected) in steps.into_iter().zip([0.5, 1.0, 2.0, 5.0, 100.0]) {
            assert!((step - expected).abs() < 1e-9, "{step}");
        }
        for panel in all().iter().filter(|panel| !panel.is_empty()) {
            let placed = panel.place(600.0, 300.0);
            let top = placed.up.last().unwrap().at;
            assert!((top - placed.plot.1).abs() < 1e-6, "{:?}", placed.up);
        }
    }

    #[test]
    fn a_plot_without_marks_is_empty_and_one_mark_stands_in_the_middle() {
        let swarm = panels(Experiment::Swarm, &[], &[]);
        assert!(swarm[0].is_empty());
        let paper = Plan::of(Experiment::Latency).paper().unwrap();
        let one = panels(Experiment::Latency, &paper[..1], &[]);
        let placed = one[0].place(400.0, 200.0);
        let middle = f64::midpoint(placed.plot.0, placed.plot.2);
        assert!((placed.dots[1][0].x - middle).abs() < 1e-6);
        assert!(one[0].sentence().contains("7.80"), "{}", one[0].sentence());
    }
}
