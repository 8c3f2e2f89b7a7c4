//! The outcome of a run in sentences: its own finding, and how it compares with the paper.

use chordscope_sim::experiment::plan::{Experiment, NoPaper, Plan};
use chordscope_sim::experiment::table::{Column, Row};

use crate::experiments::words::{at, cell, from_to, grouped, head, no_paper, percent};

/// Sentences about rows: the first one stands out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The finding in our own rows.
    pub lead: String,
    /// The comparison of each measure with the paper's.
    pub rest: Vec<String>,
}

/// Judges the rows of a plan. Nothing is said without rows.
pub fn judge(plan: &Plan, rows: &[Row], paper: &Result<Vec<Row>, NoPaper>) -> Verdict {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Verdict::default();
    };
    let experiment = plan.experiment;
    let mut rest = Vec::new();
    match paper {
        Ok(paper) => {
            let both = |row: &Row| paper.iter().any(|theirs| theirs.key() == row.key());
            if rows.iter().any(both) {
                let compared = measures(experiment).iter();
                rest.extend(compared.filter_map(|one| compare(experiment, *one, rows, paper)));
                rest.extend(failures(rows, paper));
            } else {
                let key = first.key().unwrap_or_default();
                rest.push(format!(
                    "The paper has no figure for {}.",
                    at(experiment, key)
                ));
            }
        }
        Err(why) => rest.push(no_paper(experiment, *why)),
    }
    Verdict {
        lead: finding(experiment, first, last, rows).unwrap_or_default(),
        rest,
    }
}

/// The measures that are compared with the paper's.
const fn measures(experiment: Experiment) -> &'static [Column] {
    match experiment {
        Experiment::PathLength => &[Column::MeanHops, Column::P99],
        Experiment::Load => &[Column::P99],
        Experiment::VirtualNodes => &[Column::P1, Column::P99],
        Experiment::Failures | Experiment::Churn => &[Column::MeanHops, Column::MeanTimeouts],
        Experiment::Latency => &[Column::IterativeStretch, Column::RecursiveStretch],
        Experiment::Swarm
        | Experiment::SwarmCompare
        | Experiment::Directory
        | Experiment::Kademlia
        | Experiment::Freshness
        | Experiment::Fallacies => &[],
    }
}

/// A measure, ours and the paper's, at one key.
#[derive(Clone, Copy)]
struct Pair {
    key: f64,
    ours: f64,
    theirs: f64,
}

impl Pair {
    /// The relative difference: ours less theirs, as a part of theirs.
    fn excess(&self) -> f64 {
        self.ours / self.theirs - 1.0
    }
}

/// Our measure beside the paper's, at all keys where the paper's is not zero.
fn compare(experiment: Experiment, column: Column, rows: &[Row], paper: &[Row]) -> Option<String> {
    let pair = |row: &Row| {
        let theirs = paper.iter().find(|theirs| theirs.key() == row.key())?;
        let pair = Pair {
            key: row.key()?,
            ours: row.get(column)?,
            theirs: theirs.get(column)?,
        };
        (pair.theirs > 0.0).then_some(pair)
    };
    let pairs: Vec<Pair> = rows.iter().filter_map(pair).collect();
    let low = pairs.iter().map(Pair::excess).min_by(f64::total_cmp)?;
    let high = pairs.iter().map(Pair::excess).max_by(f64::total_cmp)?;
    let far = |one: &&Pair, other: &&Pair| one.excess().abs().total_cmp(&other.excess().abs());
    let furthest = pairs.iter().max_by(far)?;
    let scope = if pairs.len() > 1 { "furthest " } else { "" };
    let told = |rows: &[Row]| {
        let row = rows.iter().find(|row| row.key() == Some(furthest.key))?;
        let cells = row.cells().iter();
        let number = cells.copied().find(|(other, _)| *other == column)?.1;
        Some(cell(column, number))
    };
    Some(format!(
        "{}: {} the paper’s, {scope}at {} ({} here, {} there).",
        head(column),
        range(low, high),
        at(experiment, furthest.key),
        told(rows)?,
        told(paper)?,
    ))
}

/// Where a measure lies between two parts more than another one; negative ones are less.
fn range(low: f64, high: f64) -> String {
    let whole = |part: f64| (part * 100.0).round() as i64;
    let (low, high) = (whole(low), whole(high));
    let between = |near: i64, far: i64, side: &str| match near == far {
        true => format!("{far} % {side}"),
        false => format!("{near} to {far} % {side}"),
    };
    match (low, high) {
        (0, 0) => "within 0.5 % of".to_owned(),
        (0.., _) => between(low, high, "above"),
        (_, ..=0) => between(-high, -low, "below"),
        _ => format!("from {} % below to {high} % above", -low),
    }
}

/// Lookups that failed, where they are counted: of all rows that the paper has too.
fn failures(rows: &[Row], paper: &[Row]) -> Option<String> {
    let sum = |rows: &[Row], column| {
        let one = |row: &Row| row.get(column);
        rows.iter().map(one).sum::<Option<f64>>()
    };
    let among = |row: &&Row| rows.iter().any(|ours| ours.key() == row.key());
    let paper: Vec<Row> = paper.iter().filter(among).cloned().collect();
    let told = |rows: &[Row]| {
        let failed = sum(rows, Column::LookupFailures)?;
        let all = sum(rows, Column::Lookups)?;
        Some(format!("{} of {}", grouped(failed), grouped(all)))
    };
    let (ours, theirs) = (told(rows)?, told(&paper)?);
    Some(format!(
        "Lookups that failed: {ours} here, {theirs} in the paper."
    ))
}

/// The finding in our own rows, from the first to the last.
fn finding(experiment: Experiment, first: &Row, last: &Row, rows: &[Row]) -> Option<String> {
    let ends = |column| Some((first.get(column)?, last.get(column)?));
    let (start, end) = (first.key()?, last.key()?);
    let (between, to) = (from_to(experiment, start, end), at(experiment, end));
    let alone = rows.len() < 2;
    Some(match experiment {
        Experiment::PathLength => {
            let (few, many) = ends(Column::MeanHops)?;
            if alone {
                return Some(format!(
                    "A lookup among {to} takes {many:.2} hops in the mean."
                ));
            }
            let each = (many - few) / (end / start).log2();
            format!("{between}, each doubling of the ring adds {each:.2} hops to a lookup.")
        }
        Experiment::Load => {
            let (mean, most) = (last.get(Column::Mean)?, last.get(Column::P99)?);
            let times = most / mean;
            format!("With {to}, 99 nodes in a hundred have at most {times:.1} times the mean.")
        }
        Experiment::VirtualNodes => {
            let (one, many) = ends(Column::P99)?;
            if alone {
                return Some(format!(
                    "With {to}, 99 nodes in a hundred have at most {many:.0} keys."
                ));
            }
            format!(
                "{between}, the most that 99 nodes in a hundred have goes from {one:.0} to {many:.0} keys."
            )
        }
        Experiment::Failures | Experiment::Churn => {
            let (hops, more_hops) = ends(Column::MeanHops)?;
            let (timeouts, more_timeouts) = ends(Column::MeanTimeouts)?;
            if alone {
                return Some(format!(
                    "At {to}, a lookup takes {hops:.2} hops and {timeouts:.2} timeouts."
                ));
            }
            format!(
                "{between}, a lookup goes from {hops:.2} to {more_hops:.2} hops and from {timeouts:.2} to {more_timeouts:.2} timeouts."
            )
        }
        Experiment::Latency => {
            let (slow, fast) = ends(Column::RecursiveStretch)?;
            if alone {
                return Some(format!(
                    "With {to}, a recursive lookup takes {fast:.2} round trips."
                ));
            }
            format!("{between}, a recursive lookup goes from {slow:.2} to {fast:.2} round trips.")
        }
        Experiment::Swarm => swarm(rows, last)?,
        Experiment::SwarmCompare => three_ways(rows, last)?,
        Experiment::Directory => directories(last)?,
        Experiment::Kademlia => chord_and_kademlia(last)?,
        Experiment::Freshness => freshness(first)?,
        Experiment::Fallacies => fallacies(rows)?,
    })
}

/// The part of titles that each kind of directory finds with most machines gone.
fn directories(last: &Row) -> Option<String> {
    let found = |column| Some(percent(last.get(column)?));
    let gone = at(Experiment::Directory, last.key()?);
    Some(format!(
        "With {gone}, one directory finds {}, trackers {}, Chord {} and Kademlia {} at once; healed, Chord {} and Kademlia {}.",
        found(Column::CentralFound)?,
        found(Column::TrackersFound)?,
        found(Column::ChordFound)?,
        found(Column::KademliaFound)?,
        found(Column::ChordHealed)?,
        found(Column::KademliaHealed)?,
    ))
}

/// Chord beside Kademlia, at the largest size.
fn chord_and_kademlia(last: &Row) -> Option<String> {
    let of = |column| last.get(column);
    let nodes = at(Experiment::Kademlia, last.key()?);
    Some(format!(
        "For {nodes} at {:.0} bytes of upkeep a second each, Chord takes {:.1} hops, {:.1} messages and {:.0} ms, Kademlia {:.1} hops, {:.1} messages and {:.0} ms.",
        of(Column::ChordUpkeep)?,
        of(Column::ChordHops)?,
        of(Column::ChordMessages)?,
        of(Column::ChordMs)?,
        of(Column::KademliaHops)?,
        of(Column::KademliaMessages)?,
        of(Column::KademliaMs)?,
    ))
}

/// The levels and the first answer soon after a write, and what a cut costs then.
fn freshness(first: &Row) -> Option<String> {
    let part = |column| Some(percent(first.get(column)?));
    let after = at(Experiment::Freshness, first.key()?);
    let taken = match (first.get(Column::FirstFresh), first.get(Column::FirstModel)) {
        (Some(fresh), Some(model)) => format!(
            "; soon after it, {:.1} % would be with the first answer of three, by the model {:.1} %",
            fresh * 100.0,
            model * 100.0
        ),
        _ => String::new(),
    };
    Some(format!(
        "{after} after a write, {} of reads at level one and {} at level quorum are fresh{taken}. While the network is cut, level one returns {} stale, level quorum refuses {}.",
        part(Column::OneFresh)?,
        part(Column::QuorumFresh)?,
        part(Column::CutOneStale)?,
        part(Column::CutQuorumRefused)?,
    ))
}

/// The fallacy that costs most to believe.
fn fallacies(rows: &[Row]) -> Option<String> {
    let wrong_by = |row: &Row| Some((row.get(Column::WrongBy)?, row.key()?));
    let factors = rows.iter().filter_map(wrong_by);
    let (factor, number) = factors.max_by(|one, other| one.0.total_cmp(&other.0))?;
    Some(format!(
        "“{}” is the furthest from this network: where it is faced, what it hits hardest is {factor:.1} times as large.",
        at(Experiment::Fallacies, number)
    ))
}

/// A swarm beside its bound, and one server and a content delivery network beside the swarm.
fn three_ways(rows: &[Row], last: &Row) -> Option<String> {
    let over = |row: &Row| Some(row.get(Column::SwarmSeconds)? / row.get(Column::SwarmBound)?);
    let ratios: Option<Vec<f64>> = rows.iter().map(over).collect();
    let worst = ratios?.into_iter().max_by(f64::total_cmp)?;
    let swarm = last.get(Column::SwarmSeconds)?;
    let server = last.get(Column::ServerSeconds)? / swarm;
    let cdn = last.get(Column::CdnSeconds)? / swarm;
    let to = at(Experiment::SwarmCompare, last.key()?);
    Some(format!(
        "The swarm takes at most {worst:.2} times its bound; for {to}, one server takes {server:.1} times and the content delivery network {cdn:.1} times as long as the swarm."
    ))
}

/// A swarm beside the optimum and beside one server.
fn swarm(rows: &[Row], last: &Row) -> Option<String> {
    let over = |row: &Row| Some(row.get(Column::MakespanRounds)? / row.get(Column::OptimalRounds)?);
    let ratios: Option<Vec<f64>> = rows.iter().map(over).collect();
    let worst = ratios?.into_iter().max_by(f64::total_cmp)?;
    let server = last.get(Column::ServerRounds)? / last.get(Column::MakespanRounds)?;
    let to = at(Experiment::Swarm, last.key()?);
    Some(format!(
        "The swarm takes at most {worst:.2} times the optimum; for {to}, one server takes {server:.1} times as long as the swarm."
    ))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn a_range_is_told_from_its_near_end() {
        let told = [
            ((-0.004, 0.003), "within 0.5 % of"),
            ((0.011, 0.049), "1 to 5 % above"),
            ((-0.049, -0.011), "1 to 5 % below"),
            ((-0.02, -0.02), "2 % below"),
            ((0.0, 0.02), "0 to 2 % above"),
            ((-0.6, 0.0), "0 to 60 % below"),
            ((-0.01, 0.02), "from 1 % below to 2 % above"),
        ];
        for ((low, high), expected) in told {
            assert_eq!(range(low, high), expected);
        }
    }
}
