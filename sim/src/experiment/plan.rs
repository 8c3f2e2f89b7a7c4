//! The experiments as data: which one, with which parameters; within which bounds, and what a paper measured beside it.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{ControlFlow, RangeInclusive};

use crate::experiment::churn::Going;
use crate::experiment::failures::FailureRow;
use crate::experiment::table::{Column, Row};
use crate::experiment::{
    Hear, News, churn, directory, failures, fallacies, freshness, kademlia, latency, load,
    path_length, swarm, swarm_compare,
};
use crate::worlds::directory::setup::MAX_PEERS;
use crate::worlds::fallacies::lever::Fallacy;
use crate::worlds::fallacies::setup::MAX_PEERS as MAX_FALLACIES;
use crate::worlds::ring::scenario::MAX_NODES as MAX_SIMULATED;
use crate::worlds::swarm::setup::MAX_CLIENTS;

/// The most nodes of experiments that compute tables instead of simulating messages.
const MAX_NODES: u32 = 1_000_000;
/// The most nodes to which swarm sends a file: real bytes.
const MAX_LEECHERS: u32 = 256;

/// One of the experiments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Experiment {
    /// Hops of a lookup. SIGCOMM 2001 Fig. 10.
    PathLength,
    /// Keys of a node. SIGCOMM 2001 Fig. 8.
    Load,
    /// Keys of a node that has several positions, its virtual nodes. SIGCOMM 2001 Fig. 9.
    VirtualNodes,
    /// Lookups when many nodes have failed at once. ToN 2003 Table II.
    Failures,
    /// Lookups under churn: nodes come and go. ToN 2003 Table III.
    Churn,
    /// Stretch: the time of a lookup over a round trip to the owner. ToN 2003 Table IV.
    Latency,
    /// Time until everybody has a file.
    Swarm,
    /// Time until everybody has a file: one server, a content delivery network and a swarm, beside their bounds.
    SwarmCompare,
    /// The part of titles that a directory still finds when machines go.
    Directory,
    /// Lookups of Chord and of Kademlia, at equal bytes of upkeep.
    Kademlia,
    /// The probability that a read is fresh, by time since the write, beside the model of PBS.
    Freshness,
    /// The effect of each of the eight fallacies.
    Fallacies,
}

impl Experiment {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::PathLength,
        Self::Load,
        Self::VirtualNodes,
        Self::Failures,
        Self::Churn,
        Self::Latency,
        Self::Swarm,
        Self::SwarmCompare,
        Self::Directory,
        Self::Kademlia,
        Self::Freshness,
        Self::Fallacies,
    ];

    /// The name on the command line and in links.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PathLength => "path-length",
            Self::Load => "load",
            Self::VirtualNodes => "virtual-nodes",
            Self::Failures => "failures",
            Self::Churn => "churn",
            Self::Latency => "latency",
            Self::Swarm => "swarm",
            Self::SwarmCompare => "swarm-compare",
            Self::Directory => "directory",
            Self::Kademlia => "kademlia",
            Self::Freshness => "freshness",
            Self::Fallacies => "fallacies",
        }
    }

    /// The experiment of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The numbers of nodes that are measured unless another one is asked for: those of the paper, where there is one.
    pub const fn usual_nodes(self) -> &'static [u32] {
        match self {
            Self::PathLength => &path_length::SIZES,
            Self::Load | Self::VirtualNodes => &[10_000],
            Self::Failures | Self::Churn => &[1_000],
            Self::Latency => &[65_536],
            Self::Swarm => &swarm::SIZES,
            Self::SwarmCompare => &swarm_compare::SIZES,
            Self::Directory => &[directory::PEERS],
            Self::Kademlia => &kademlia::SIZES,
            Self::Freshness => &[freshness::NODES],
            Self::Fallacies => &[fallacies::PEERS],
        }
    }

    /// The meaning of a column of its table.
    #[expect(clippy::too_many_lines, reason = "one arm a column")]
    pub const fn meaning(self, column: Column) -> &'static str {
        match column {
            Column::Nodes => "nodes in the ring",
            Column::MeanHops => "hops of a lookup, in the mean",
            Column::P1 => match self {
                Self::PathLength => "hops that one lookup in a hundred does not exceed",
                _ => "keys that one node in a hundred does not exceed",
            },
            Column::P99 => match self {
                Self::PathLength => "hops that 99 lookups in a hundred do not exceed",
                _ => "keys that 99 nodes in a hundred do not exceed",
            },
            Column::Keys => "keys in the ring",
            Column::Mean => "keys of a node, in the mean",
            Column::Max => "the most keys that any node had",
            Column::VirtualNodes => "positions of each node on the ring",
            Column::FailedFraction => "the part of all nodes that has failed",
            Column::MeanTimeouts => "nodes that a lookup asked and that were gone, in the mean",
            Column::LookupFailures => "lookups that did not find the key’s successor",
            Column::Lookups => "lookups in all",
            Column::Rate => "nodes that join in a second, and as many that leave",
            Column::SuccessorsPerFinger => "nodes among which each finger chooses the nearest",
            Column::IterativeStretch => {
                "time of a lookup over a round trip to the owner, where the origin asks each hop"
            }
            Column::RecursiveStretch => "the same, where each hop forwards the lookup",
            Column::Leechers => "nodes that fetch the file",
            Column::Segments => "segments of the file; in a round, an uplink sends one",
            Column::OptimalRounds => "rounds until everybody has the file, at best",
            Column::MakespanRounds => "rounds of a swarm that picks the rarest segment first",
            Column::RandomRounds => "rounds of a swarm that picks segments at random",
            Column::SequentialRounds => "rounds of a swarm that picks segments in order",
            Column::ServerRounds => "rounds of one server that sends everything to everybody",
            Column::SeedCopies => "how often the first seed sent the whole file, in the swarm",
            Column::Clients => "clients that fetch the file, all at once",
            Column::ServerSeconds => "seconds until all have the file from one server",
            Column::ServerBound => "the least that one server can take",
            Column::CdnSeconds => "seconds from a server and two proxies that had the file before",
            Column::CdnBound => "the least that these three can take",
            Column::SwarmSeconds => "seconds by a swarm",
            Column::SwarmBound => "the least that a swarm can take",
            Column::Gone => {
                "machines that are gone: directory machines for the first two, peers for the others"
            }
            Column::CentralFound => "the part of titles that a central directory finds",
            Column::TrackersFound => "the part that trackers find",
            Column::ChordFound => "the part that the ring finds at once",
            Column::KademliaFound => "the part that Kademlia finds at once",
            Column::ChordHealed => {
                "the part that the ring finds once what was known of the gone has expired"
            }
            Column::KademliaHealed => "the part that Kademlia finds then",
            Column::ChordHops => "hops of a lookup in Chord, in the mean",
            Column::KademliaHops => "hops of a lookup in Kademlia, in the mean",
            Column::ChordMessages => "messages of a lookup in Chord, in the mean",
            Column::KademliaMessages => "messages of a lookup in Kademlia, in the mean",
            Column::ChordMs => "milliseconds of a lookup in Chord, the median",
            Column::KademliaMs => "milliseconds of a lookup in Kademlia, the median",
            Column::ChordRight => "the part of lookups in Chord that reached the key’s owner",
            Column::KademliaRight => {
                "the part of lookups in Kademlia that reached the closest node"
            }
            Column::ChordContacts => "contacts that a node keeps in Chord, in the mean",
            Column::KademliaContacts => "contacts that a node keeps in Kademlia, in the mean",
            Column::ChordUpkeep => "bytes a second that a node spends on upkeep in Chord",
            Column::KademliaUpkeep => "bytes a second that a node spends on upkeep in Kademlia",
            Column::Refresh => {
                "seconds after which Kademlia refreshes a bucket, so that upkeep is equal"
            }
            Column::Ms => {
                "milliseconds from the confirmation of a write to the call of a read; for first answers, to the moment at which the reads leave, at least, and less than in the next row"
            }
            Column::OneFresh => {
                "the part of reads at level one that are fresh: reads and writes wait for all three replicas"
            }
            Column::OneModel => "the same by the model of PBS, with N = R = W = 3",
            Column::QuorumFresh => "the part of reads at level quorum that are fresh",
            Column::FirstFresh => {
                "the part of reads that would be fresh, had level one waited for the first acknowledgement and for the first answer"
            }
            Column::FirstModel => {
                "the same by the model of PBS, with N = 3, R = W = 1; unlike the ring, it has no repeated messages and no repair"
            }
            Column::CutOneFresh => {
                "the part of reads at level one that are fresh, where the network is cut before the write and until 4,000 ms after its confirmation"
            }
            Column::CutOneStale => "the part that return an older version",
            Column::CutQuorumFresh => "the part of reads at level quorum that are fresh then",
            Column::CutQuorumRefused => "the part that are refused: there is no majority",
            Column::Fallacy => {
                "the fallacy that is faced, the others being assumed; none where all are assumed: the row with which the others compare"
            }
            Column::LookupsRight => "the part of lookups that named the key’s owner",
            Column::P50Ms => "milliseconds that half of these lookups did not exceed",
            Column::P99Ms => "milliseconds that 99 of a hundred did not exceed",
            Column::ValuesFailed => "the part of gets and puts that came to nothing",
            Column::StaleReads => {
                "the part of answered gets that returned something older than was acknowledged before"
            }
            Column::FileSeconds => {
                "seconds until the last honest client had the file of 2 MiB, or until the end of the run"
            }
            Column::ClientsServed => "honest clients that had the file at the end, of eight",
            Column::Megabytes => "megabytes that all lines have sent",
            Column::Cents => "the price of all bytes, in cents",
            Column::Damage => "lookups that believed a liar, and wrong segments that came",
            Column::PeersLost => {
                "peers that refused something, by a rule of their administrator or as their release does not know it"
            }
            Column::WrongBy => {
                "how many times as large the measure is that is hit hardest, of those that are not 0 where all is assumed"
            }
        }
    }

    /// The numbers of nodes that may be asked for.
    pub const fn nodes(self) -> RangeInclusive<u32> {
        match self {
            Self::Churn => 1..=MAX_SIMULATED as u32,
            Self::Swarm => 1..=MAX_LEECHERS,
            Self::SwarmCompare => 1..=MAX_CLIENTS as u32,
            // The most gone leave some.
            Self::Directory => 24..=MAX_PEERS as u32,
            Self::Kademlia => 2..=MAX_PEERS as u32,
            // The ring of the lesson, which is cut where three replicas are.
            Self::Freshness => freshness::NODES..=freshness::NODES,
            Self::Fallacies => fallacies::MIN_PEERS..=MAX_FALLACIES as u32,
            _ => 1..=MAX_NODES,
        }
    }
}

/// An experiment with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The experiment.
    pub experiment: Experiment,
    /// The seed of all randomness.
    pub seed: u64,
    /// The number of nodes, where it is not the usual one.
    pub nodes: Option<u32>,
    /// For churn: nodes go without a word, instead of leaving properly as the paper's do.
    pub crash: bool,
}

/// The reason why a paper's figures do not stand beside those of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPaper {
    /// No paper measured this with any ring.
    NotMeasured,
    /// The paper's ring had this many nodes.
    OtherRing(u32),
    /// In the paper nodes leave properly.
    ProperLeaves,
}

impl Plan {
    /// An experiment as its paper has it.
    pub const fn of(experiment: Experiment) -> Self {
        Self {
            experiment,
            seed: 1,
            nodes: None,
            crash: false,
        }
    }

    /// The numbers of nodes that are measured.
    pub fn sizes(&self) -> Vec<u32> {
        match self.nodes {
            Some(nodes) => vec![nodes],
            None => self.experiment.usual_nodes().to_vec(),
        }
    }

    /// The number of rows that the experiment comes to.
    pub fn rows(&self) -> usize {
        match self.experiment {
            Experiment::PathLength
            | Experiment::Swarm
            | Experiment::SwarmCompare
            | Experiment::Kademlia => self.sizes().len(),
            Experiment::Directory => directory::GONE.len(),
            Experiment::Load => load::PAPER.len(),
            Experiment::VirtualNodes => load::VIRTUAL_PAPER.len(),
            Experiment::Failures => failures::PAPER.len(),
            Experiment::Churn => churn::RATES.len(),
            Experiment::Latency => latency::PAPER.len(),
            Experiment::Freshness => freshness::TIMES.len(),
            Experiment::Fallacies => 1 + Fallacy::ALL.len(),
        }
    }

    /// Runs the experiment. `Break` is what `hear` ended it by.
    pub fn run(&self, hear: Hear<'_, Row>) -> ControlFlow<()> {
        let (seed, sizes) = (self.seed, self.sizes());
        let nodes = sizes.first().copied().unwrap_or_default();
        match self.experiment {
            Experiment::PathLength => path_length::measure(seed, &sizes, &mut as_rows(hear)),
            Experiment::Load => load::measure(seed, nodes, &mut as_rows(hear)),
            Experiment::VirtualNodes => load::measure_virtual(seed, nodes, &mut as_rows(hear)),
            Experiment::Failures => failures::measure(seed, nodes, &mut as_rows(hear)),
            Experiment::Churn => {
                let going = if self.crash {
                    Going::Crash
                } else {
                    Going::Leave
                };
                let (rates, counted) = (&churn::RATES, churn::COUNTED);
                churn::measure(seed, nodes, rates, counted, going, &mut as_rows(hear))
            }
            Experiment::Latency => latency::measure(seed, nodes, &mut as_rows(hear)),
            Experiment::Swarm => swarm::measure(seed, &sizes, swarm::SEGMENTS, &mut as_rows(hear)),
            Experiment::SwarmCompare => swarm_compare::measure(seed, &sizes, &mut as_rows(hear)),
            Experiment::Directory => {
                directory::measure(seed, nodes, &directory::GONE, &mut as_rows(hear))
            }
            Experiment::Kademlia => kademlia::measure(seed, &sizes, None, &mut as_rows(hear)),
            Experiment::Freshness => freshness::measure(seed, freshness::RUNS, &mut as_rows(hear)),
            Experiment::Fallacies => {
                let setup = fallacies::setup(nodes);
                fallacies::measure(seed, &setup, &mut as_rows(hear))
            }
        }
    }

    /// The paper's rows about rings like this one; for path lengths, whose rows name their rings, all of them.
    ///
    /// # Errors
    ///
    /// The reason why there are none.
    pub fn paper(&self) -> Result<Vec<Row>, NoPaper> {
        let usual = self.experiment.usual_nodes();
        let is_like = self.nodes.is_none_or(|nodes| usual.contains(&nodes));
        let is_of_any = matches!(
            self.experiment,
            Experiment::PathLength
                | Experiment::Swarm
                | Experiment::SwarmCompare
                | Experiment::Directory
                | Experiment::Kademlia
                | Experiment::Freshness
                | Experiment::Fallacies
        );
        if !is_like && !is_of_any {
            return Err(NoPaper::OtherRing(usual.first().copied().unwrap_or(0)));
        }
        Ok(match self.experiment {
            Experiment::PathLength => path_length::PAPER.map(Row::from).to_vec(),
            Experiment::Load => load::PAPER
                .map(|(keys, mean, p1, p99, max)| Row::of_load(keys, mean, p1, p99, max))
                .to_vec(),
            Experiment::VirtualNodes => load::VIRTUAL_PAPER.map(Row::from).to_vec(),
            Experiment::Failures => failures::PAPER.map(failure_row).to_vec(),
            Experiment::Churn if self.crash => return Err(NoPaper::ProperLeaves),
            Experiment::Churn => churn::PAPER.map(Row::from).to_vec(),
            Experiment::Latency => latency::PAPER.map(Row::from).to_vec(),
            Experiment::Swarm
            | Experiment::SwarmCompare
            | Experiment::Directory
            | Experiment::Kademlia
            | Experiment::Freshness
            | Experiment::Fallacies => return Err(NoPaper::NotMeasured),
        })
    }
}

/// The paper's row about failures: of its 10,000 lookups none failed.
fn failure_row((failed_fraction, mean_hops, mean_timeouts): (f64, f64, f64)) -> Row {
    Row::from(FailureRow {
        failed_fraction,
        mean_hops,
        mean_timeouts,
        lookup_failures: 0,
        lookups: 10_000,
    })
}

/// Hears an experiment's own rows as rows of the table.
fn as_rows<R: Into<Row>>(hear: Hear<'_, Row>) -> impl FnMut(News<R>) -> ControlFlow<()> {
    move |news| {
        hear(match news {
            News::Part(part) => News::Part(part),
            News::Row(row) => News::Row(row.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan that takes little time.
    fn small(experiment: Experiment) -> Plan {
        let nodes = match experiment {
            Experiment::Swarm | Experiment::SwarmCompare => 2,
            Experiment::Directory => 24,
            Experiment::Freshness | Experiment::Fallacies => 9,
            _ => 8,
        };
        Plan {
            nodes: Some(nodes),
            ..Plan::of(experiment)
        }
    }

    /// Returns the reports and rows of an experiment that is ended after so many reports.
    fn told(plan: Plan, reports: usize) -> (Vec<f64>, Vec<Row>, ControlFlow<()>) {
        let (mut parts, mut rows) = (Vec::new(), Vec::new());
        let ended = plan.run(&mut |news| {
            match news {
                News::Part(part) => parts.push(part),
                News::Row(row) => rows.push(row),
            }
            match parts.len() + rows.len() < reports {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        (parts, rows, ended)
    }

    #[test]
    fn progress_never_goes_back_and_ends_at_one_with_as_many_rows_as_were_said() {
        for experiment in Experiment::ALL {
            // They take long for the smallest ring, too; the tests of the figures have them.
            let long = [
                Experiment::Churn,
                Experiment::Load,
                Experiment::Directory,
                Experiment::Kademlia,
                Experiment::Freshness,
                Experiment::Fallacies,
            ];
            if long.contains(&experiment) {
                continue;
            }
            let plan = small(experiment);
            let (parts, rows, ended) = told(plan, usize::MAX);
            assert_eq!(ended, ControlFlow::Continue(()), "{experiment:?}");
            assert!(parts.windows(2).all(|pair| pair[0] <= pair[1]), "{parts:?}");
            let last = parts.last().copied().unwrap();
            assert!((last - 1.0).abs() < 1e-9, "{experiment:?} ends at {last}");
            assert!(parts.iter().all(|part| (0.0..=1.0).contains(part)));
            assert_eq!(rows.len(), plan.rows(), "{experiment:?}");
        }
    }

    #[test]
    fn who_listens_may_end_any_experiment_at_any_report() {
        for experiment in Experiment::ALL {
            let (parts, rows, ended) = told(small(experiment), 2);
            assert_eq!(ended, ControlFlow::Break(()), "{experiment:?}");
            assert_eq!(parts.len() + rows.len(), 2, "{experiment:?}");
        }
    }

    #[test]
    fn a_paper_stands_beside_a_ring_like_its_own_and_no_other() {
        use Experiment::{Churn, Failures, Latency, Load, PathLength, Swarm, VirtualNodes};
        let with = |experiment, nodes, crash| Plan {
            nodes,
            crash,
            ..Plan::of(experiment)
        };
        for experiment in [PathLength, Load, VirtualNodes, Failures, Churn, Latency] {
            let plan = Plan::of(experiment);
            assert_eq!(plan.paper().unwrap().len(), plan.rows(), "{experiment:?}");
        }
        for (experiment, theirs) in [(Load, 10_000), (Failures, 1_000), (Latency, 65_536)] {
            let other = with(experiment, Some(50), false).paper();
            assert_eq!(other, Err(NoPaper::OtherRing(theirs)));
            assert!(with(experiment, Some(theirs), false).paper().is_ok());
        }
        let all = with(PathLength, Some(65), false).paper().unwrap();
        assert_eq!(all.len(), path_length::PAPER.len());
        let crash = with(Churn, None, true).paper();
        assert_eq!(crash, Err(NoPaper::ProperLeaves));
        assert_eq!(Plan::of(Swarm).paper(), Err(NoPaper::NotMeasured));
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for experiment in Experiment::ALL {
            assert_eq!(Experiment::named(experiment.name()), Some(experiment));
            let usual = experiment.usual_nodes();
            assert!(usual.iter().all(|nodes| experiment.nodes().contains(nodes)));
        }
        assert_eq!(Experiment::named("Load"), None);
    }
}
