//! The experiments in words: what each asks, its columns, its sources, and its numbers as people read them.

use chordscope_sim::experiment::fallacies::fallacy;
use chordscope_sim::experiment::plan::{Experiment, NoPaper, Plan};
use chordscope_sim::experiment::table::{Column, Number};
use chordscope_sim::worlds::fallacies::lever::Fallacy;

/// SIGCOMM 2001, where most of the figures come from.
const SIGCOMM: &str = "https://pdos.csail.mit.edu/papers/chord:sigcomm01/chord_sigcomm.pdf";
/// ToN 2003, the extended paper.
const TON: &str = "https://pdos.csail.mit.edu/papers/ton:chord/paper-ton.pdf";
/// The optimum of a swarm.
const BOUND: &str = "https://arxiv.org/abs/cs/0606110";

/// Kademlia as published.
const KADEMLIA: &str = "https://pdos.csail.mit.edu/~petar/papers/maymounkov-kademlia-lncs.pdf";

/// Probabilistically bounded staleness.
const PBS: &str = "https://www.vldb.org/pvldb/vol5/p776_peterbailis_vldb2012.pdf";
/// The eight fallacies.
const FALLACIES: &str = "https://en.wikipedia.org/wiki/Fallacies_of_distributed_computing";

/// An experiment, described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name in the chooser.
    pub title: &'static str,
    /// The question, in one sentence.
    pub asks: &'static str,
    /// The conventions by which it is measured.
    pub method: &'static str,
    /// The figure or theorem that stands beside ours, and where it is.
    pub source: &'static str,
    /// The address of that.
    pub href: &'static str,
}

/// Describes an experiment.
#[expect(clippy::too_many_lines, reason = "one arm an experiment")]
pub const fn describe(experiment: Experiment) -> Description {
    let (title, asks, method, source, href) = match experiment {
        Experiment::PathLength => (
            "Path length",
            "How many hops does a lookup take as the ring grows?",
            "Random keys are looked up from random nodes of a stable ring, 100 for each node, along fingers only. A path ends at the node before the key; lookups that begin there are not counted.",
            "Stoica et al., Chord, SIGCOMM 2001, figure 10, read off the plot",
            SIGCOMM,
        ),
        Experiment::Load => (
            "Load",
            "How evenly does consistent hashing spread keys over nodes?",
            "Each number of random keys is placed on 20 rings of nodes at random positions. The percentiles are over all nodes of all 20.",
            "Stoica et al., Chord, SIGCOMM 2001, figure 8, read off the plot",
            SIGCOMM,
        ),
        Experiment::VirtualNodes => (
            "Virtual nodes",
            "How much evener is the load when each node takes several positions?",
            "A million random keys are placed on a ring on which each node has 1 to 20 random positions.",
            "Stoica et al., Chord, SIGCOMM 2001, figure 9, read off the plot",
            SIGCOMM,
        ),
        Experiment::Failures => (
            "Failures",
            "Do lookups still end when up to half of all nodes fail at once?",
            "A part of a stable ring, from none to half, fails before any table is repaired; the living look up 10,000 random keys, on 40 rings. Successor lists have 20 entries. A timeout is a failed node that a lookup asked.",
            "Stoica et al., Chord, IEEE/ACM Transactions on Networking 2003, table II",
            TON,
        ),
        Experiment::Churn => (
            "Churn",
            "What does it cost lookups that nodes come and go all the time?",
            "Whole nodes in a simulated network look up one key a second for two hours of virtual time at each rate, while nodes join and leave at random moments and stabilize every 30 seconds.",
            "Stoica et al., Chord, IEEE/ACM Transactions on Networking 2003, table III",
            TON,
        ),
        Experiment::Latency => (
            "Latency",
            "How much time does a lookup gain when each finger chooses the nearest of several nodes?",
            "The nodes lie anywhere in a cube, and a message takes as long as its way. The stretch is the time of a lookup in round trips to the owner, the median of 10,000 lookups.",
            "Stoica et al., Chord, IEEE/ACM Transactions on Networking 2003, table IV, three dimensions",
            TON,
        ),
        Experiment::Swarm => (
            "Swarm",
            "How long does it take until everybody has a file, from a swarm and from one server?",
            "A file of 256 segments goes to all; all uplinks are alike. In a round, an uplink sends one segment.",
            "Mundinger, Weber and Weiss, Optimal scheduling of peer-to-peer file dissemination, 2008, theorem 1: the optimum",
            BOUND,
        ),
        Experiment::SwarmCompare => (
            "Three ways",
            "How long does it take until everybody has a file, from one server, from a content delivery network and by a swarm?",
            "A file of 64 segments goes to all, who come at once; all uplinks are alike, 256 KiB a second, and no downlink limits anything. The network has two proxies beside the server that have the file before anybody asks. Server and proxies are models: they send each client all that it lacks, in turn.",
            "The bounds: Kurose and Ross, Computer Networking, section 2.5; for the swarm Mundinger, Weber and Weiss, 2008, theorem 1",
            BOUND,
        ),
        Experiment::Directory => (
            "Directories",
            "What does a directory still find when machines go?",
            "60 titles of two copies each are asked for once, among 48 peers. In one world so many directory machines go, in another so many random peers, from one moment to the next. What no peer has any more is not counted. Then each title is asked for again, once entries about the gone have expired.",
            "Kademlia with k of 20: Maymounkov and Mazières, IPTPS 2002. No paper measured these four beside one another",
            KADEMLIA,
        ),
        Experiment::Kademlia => (
            "Chord and Kademlia",
            "At the same bytes of upkeep, which one finds a key with fewer hops, messages and milliseconds?",
            "Both look 150 random keys up, from the same nodes over the same latencies. Chord stabilizes every ten seconds; the refresh of Kademlia’s buckets, k of 20 and alpha of 3, is set by runs so that both spend the same bytes, within 5 %.",
            "Kademlia: Maymounkov and Mazières, IPTPS 2002",
            KADEMLIA,
        ),
        Experiment::Freshness => (
            "Freshness",
            "How soon after a write does every read return it?",
            "The lesson’s ring keeps a name at three nodes; latencies are exponential, 30 ms in the mean. A random client gets the name some time after a put was confirmed, 200 times at each level for each time; again while the network is cut, from before the put until 4 s after its confirmation. First answers: the same messages of level one, had it waited for one replica of three at 4,000 writes and reads.",
            "Bailis et al., Probabilistically bounded staleness, VLDB 2012, section 4: the model WARS, without repeated messages and repair, which the ring has",
            PBS,
        ),
        Experiment::Fallacies => (
            "Fallacies",
            "What does each of the eight fallacies cost whoever believes it?",
            "One ring with lookups, values and a file of 2 MiB, a minute long, runs nine times from one seed: with all eight assumed, and with each one faced, at the values of the page of fallacies.",
            "The list is Deutsch’s, with Gosling’s eighth. No paper measured these beside one another",
            FALLACIES,
        ),
    };
    Description {
        title,
        asks,
        method,
        source,
        href,
    }
}

/// The name of a column, as a head of a table.
#[expect(clippy::too_many_lines, reason = "one arm a column")]
pub const fn head(column: Column) -> &'static str {
    match column {
        Column::Nodes => "Nodes",
        Column::MeanHops => "Mean hops",
        Column::P1 => "1st percentile",
        Column::P99 => "99th percentile",
        Column::Keys => "Keys",
        Column::Mean => "Mean",
        Column::Max => "Most",
        Column::VirtualNodes => "Positions",
        Column::FailedFraction => "Failed",
        Column::MeanTimeouts => "Mean timeouts",
        Column::LookupFailures => "Failed lookups",
        Column::Lookups => "Lookups",
        Column::Rate => "Joins a second",
        Column::SuccessorsPerFinger => "Nodes to choose from",
        Column::IterativeStretch => "Iterative stretch",
        Column::RecursiveStretch => "Recursive stretch",
        Column::Leechers => "Nodes that fetch",
        Column::Segments => "Segments",
        Column::OptimalRounds => "At best",
        Column::MakespanRounds => "Rarest first",
        Column::RandomRounds => "At random",
        Column::SequentialRounds => "In order",
        Column::ServerRounds => "One server",
        Column::SeedCopies => "Seed’s copies",
        Column::Clients => "Clients",
        Column::ServerSeconds => "One server, s",
        Column::ServerBound => "Server at best, s",
        Column::CdnSeconds => "CDN, s",
        Column::CdnBound => "CDN at best, s",
        Column::SwarmSeconds => "Swarm, s",
        Column::SwarmBound => "Swarm at best, s",
        Column::Gone => "Gone",
        Column::CentralFound => "One directory",
        Column::TrackersFound => "Trackers",
        Column::ChordFound => "Chord",
        Column::KademliaFound => "Kademlia",
        Column::ChordHealed => "Chord, healed",
        Column::KademliaHealed => "Kademlia, healed",
        Column::ChordHops => "Chord, hops",
        Column::KademliaHops => "Kademlia, hops",
        Column::ChordMessages => "Chord, messages",
        Column::KademliaMessages => "Kademlia, messages",
        Column::ChordMs => "Chord, ms",
        Column::KademliaMs => "Kademlia, ms",
        Column::ChordRight => "Chord, right",
        Column::KademliaRight => "Kademlia, right",
        Column::ChordContacts => "Chord, contacts",
        Column::KademliaContacts => "Kademlia, contacts",
        Column::ChordUpkeep => "Chord, bytes/s",
        Column::KademliaUpkeep => "Kademlia, bytes/s",
        Column::Refresh => "Refresh, s",
        Column::Ms => "After, ms",
        Column::OneFresh => "Level one, fresh",
        Column::OneModel => "Level one, by PBS",
        Column::QuorumFresh => "Level quorum, fresh",
        Column::FirstFresh => "First answer, fresh",
        Column::FirstModel => "First answer, by PBS",
        Column::CutOneFresh => "Cut: level one, fresh",
        Column::CutOneStale => "Cut: level one, stale",
        Column::CutQuorumFresh => "Cut: level quorum, fresh",
        Column::CutQuorumRefused => "Cut: level quorum, refused",
        Column::Fallacy => "Faced",
        Column::LookupsRight => "Lookups right",
        Column::P50Ms => "Median, ms",
        Column::P99Ms => "99 %, ms",
        Column::ValuesFailed => "Values failed",
        Column::StaleReads => "Stale reads",
        Column::FileSeconds => "File, s",
        Column::ClientsServed => "Clients served",
        Column::Megabytes => "MB sent",
        Column::Cents => "Cents",
        Column::Damage => "Damage",
        Column::PeersLost => "Peers lost",
        Column::WrongBy => "Wrong by, times",
    }
}

/// The row of this key, as a part of a sentence.
pub fn at(experiment: Experiment, key: f64) -> String {
    let plural = |one: &str, many: &str| {
        let word = if key == 1.0 { one } else { many };
        format!("{} {word}", grouped(key))
    };
    match experiment {
        Experiment::PathLength | Experiment::Swarm | Experiment::Kademlia => {
            plural("node", "nodes")
        }
        Experiment::Directory => plural("machine gone", "machines gone"),
        Experiment::Load => plural("key", "keys"),
        Experiment::VirtualNodes => plural("position a node", "positions a node"),
        Experiment::Failures => format!("{} failed", percent(key)),
        Experiment::Churn => format!("{key:.2} joins a second"),
        Experiment::Latency => plural("node to choose from", "nodes to choose from"),
        Experiment::SwarmCompare => plural("client", "clients"),
        Experiment::Freshness => format!("{} ms", grouped(key)),
        Experiment::Fallacies => faced(key as u32).to_owned(),
    }
}

/// The fallacy of a row.
fn faced(number: u32) -> &'static str {
    fallacy(number).map_or("None of them", Fallacy::sentence)
}

/// From one key to another one, as the beginning of a sentence.
pub fn from_to(experiment: Experiment, first: f64, last: f64) -> String {
    let first = match experiment {
        Experiment::Failures => percent(first),
        Experiment::Churn => format!("{first:.2}"),
        _ => grouped(first),
    };
    format!("From {first} to {}", at(experiment, last))
}

/// A cell of a table.
pub fn cell(column: Column, number: Number) -> String {
    match number {
        Number::Missing => "–".to_owned(),
        Number::Whole(number) if column == Column::Fallacy => faced(number).to_owned(),
        Number::Whole(count) => grouped(f64::from(count)),
        Number::Real(part) if column == Column::FailedFraction => percent(part),
        Number::Real(measure) => format!("{measure:.2}"),
    }
}

/// A part of one, in percent.
pub fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

/// A whole number, with a comma before each three digits.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A whole number, as a user may type it.
pub fn number(text: &str) -> Option<u64> {
    let plain: String = text.trim().chars().filter(|one| *one != ',').collect();
    let is_plain = plain.chars().all(|one| one.is_ascii_digit());
    plain.parse().ok().filter(|_| is_plain)
}

/// A number of nodes of one's own to begin with.
pub const fn example(experiment: Experiment) -> u32 {
    match experiment {
        Experiment::Swarm | Experiment::SwarmCompare => 4,
        Experiment::Churn => 100,
        Experiment::Directory | Experiment::Kademlia | Experiment::Fallacies => 24,
        Experiment::Freshness => 9,
        _ => 256,
    }
}

/// The usual numbers of nodes.
pub fn usual(experiment: Experiment) -> String {
    let usual = experiment.usual_nodes();
    let show = |nodes: Option<&u32>| nodes.map(|nodes| grouped(f64::from(*nodes)));
    let (first, last) = (show(usual.first()), show(usual.last()));
    let nodes = match experiment {
        Experiment::SwarmCompare => "clients",
        _ => "nodes",
    };
    match (first, last) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last} {nodes}"),
        (Some(only), _) => format!("{only} {nodes}"),
        (None, _) => String::new(),
    }
}

/// The error for a name that is no experiment's.
pub fn no_experiment(name: &str) -> String {
    format!("There is no experiment “{name}”: choose one of these.")
}

/// The error for a number of nodes that cannot be measured.
pub fn no_nodes(experiment: Experiment, text: &str) -> String {
    let (low, high) = (
        f64::from(*experiment.nodes().start()),
        f64::from(*experiment.nodes().end()),
    );
    let (low, high) = (grouped(low), grouped(high));
    format!("“{text}” is no number of nodes here: type a whole number from {low} to {high}.")
}

/// The error for a seed that is none.
pub fn no_seed(text: &str) -> String {
    format!(
        "“{text}” is no seed: type a whole number from 0 to {}.",
        u64::MAX
    )
}

/// The reason why no figures of a paper stand beside ours.
pub fn no_paper(experiment: Experiment, why: NoPaper) -> String {
    match why {
        NoPaper::NotMeasured => match experiment {
            Experiment::Swarm | Experiment::SwarmCompare => {
                "No paper has measured this: the optimum stands beside it.".to_owned()
            }
            Experiment::Freshness => {
                "No paper has measured this store: the model PBS stands beside it.".to_owned()
            }
            _ => "No paper has measured this.".to_owned(),
        },
        NoPaper::OtherRing(nodes) => {
            let nodes = grouped(f64::from(nodes));
            format!("The paper’s ring had {nodes} nodes: its figures stand beside a ring of that size only.")
        }
        NoPaper::ProperLeaves => {
            "In the paper nodes leave properly: its figures stand beside a run without crashes only."
                .to_owned()
        }
    }
}

/// A plan, as a line above its figures.
pub fn plan(plan: &Plan) -> String {
    let sizes = match plan.nodes {
        Some(1) => "1 node".to_owned(),
        Some(nodes) => format!("{} nodes", grouped(f64::from(nodes))),
        None => usual(plan.experiment),
    };
    let crash = if plan.crash { ", crashes" } else { "" };
    format!("{sizes}, seed {}{crash}", plan.seed)
}

/// Writes a duration for people.
pub fn time(milliseconds: f64) -> String {
    let seconds = milliseconds / 1_000.0;
    match seconds {
        under if under < 10.0 => format!("{under:.1} s"),
        under if under < 100.0 => format!("{under:.0} s"),
        over => format!("{:.0} min", over / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_people_read_and_type_them() {
        let read: Vec<_> = [0.0, 999.0, 1_000.0, 1_048_576.0].map(grouped).into();
        assert_eq!(read, ["0", "999", "1,000", "1,048,576"]);
        for (text, expected) in [("16,384", Some(16_384)), (" 7 ", Some(7)), ("+7", None)] {
            assert_eq!(number(text), expected, "{text}");
        }
        assert_eq!(number(""), None);
        assert_eq!(number(&u64::MAX.to_string()), Some(u64::MAX));
        let told: Vec<_> = [1_234.0, 45_678.0, 240_000.0].map(time).into();
        assert_eq!(told, ["1.2 s", "46 s", "4 min"]);
        assert_eq!(cell(Column::FailedFraction, Number::Real(0.3)), "30 %");
        assert_eq!(cell(Column::Max, Number::Missing), "–");
    }

    #[test]
    fn every_example_can_be_measured() {
        for experiment in Experiment::ALL {
            assert!(experiment.nodes().contains(&example(experiment)));
        }
    }

    #[test]
    fn a_range_of_sizes_is_told_by_its_ends() {
        assert_eq!(usual(Experiment::PathLength), "8 to 16,384 nodes");
        assert_eq!(usual(Experiment::Latency), "65,536 nodes");
    }
}
