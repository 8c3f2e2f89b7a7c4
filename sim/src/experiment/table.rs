//! The figures of all experiments in one form: rows of named numbers, ours and the papers'.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::experiment::churn::ChurnRow;
use crate::experiment::directory::DirectoryRow;
use crate::experiment::failures::FailureRow;
use crate::experiment::fallacies::FallacyRow;
use crate::experiment::freshness::FreshnessRow;
use crate::experiment::kademlia::KademliaRow;
use crate::experiment::latency::LatencyRow;
use crate::experiment::load::{LoadRow, VirtualRow};
use crate::experiment::path_length::PathRow;
use crate::experiment::swarm::SwarmRow;
use crate::experiment::swarm_compare::CompareRow;

/// A column of an experiment's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Column {
    /// Nodes in the ring.
    Nodes,
    /// Mean number of hops of a lookup.
    MeanHops,
    /// First percentile.
    P1,
    /// 99th percentile.
    P99,
    /// Keys in the ring.
    Keys,
    /// Keys of a node in the mean.
    Mean,
    /// The most keys that any node had.
    Max,
    /// Positions of each node on the ring.
    VirtualNodes,
    /// The part of all nodes that has failed.
    FailedFraction,
    /// Mean number of nodes that a lookup asked and that were gone.
    MeanTimeouts,
    /// Lookups that did not find the key's successor.
    LookupFailures,
    /// Lookups in all.
    Lookups,
    /// Nodes that join in a second, and nodes that leave in a second.
    Rate,
    /// The number of nodes that each finger chooses from.
    SuccessorsPerFinger,
    /// Time of a lookup in round trips to the owner, when the origin asks each hop.
    IterativeStretch,
    /// The same, when each hop hands the lookup on.
    RecursiveStretch,
    /// Nodes that fetch a file.
    Leechers,
    /// Segments of the file.
    Segments,
    /// Rounds until everybody has the file, at best.
    OptimalRounds,
    /// Rounds of a swarm that picks the rarest segment first.
    MakespanRounds,
    /// Rounds of a swarm that picks at random.
    RandomRounds,
    /// Rounds of a swarm that picks in order.
    SequentialRounds,
    /// Rounds of one server that sends everything to all.
    ServerRounds,
    /// The number of times that the first seed sent the file, in the swarm.
    SeedCopies,
    /// Clients that fetch a file, all at once.
    Clients,
    /// Seconds until all have the file from one server.
    ServerSeconds,
    /// The least that one server can take.
    ServerBound,
    /// Seconds until all have it from a content delivery network.
    CdnSeconds,
    /// The least that such a network can take.
    CdnBound,
    /// Seconds until all have it by a swarm.
    SwarmSeconds,
    /// The least that a swarm can take.
    SwarmBound,
    /// Machines that are gone: directory machines of the machines' kinds, peers of the peers'.
    Gone,
    /// The part of titles found at a central directory.
    CentralFound,
    /// The part found at trackers.
    TrackersFound,
    /// The part found in the ring, at once.
    ChordFound,
    /// The part found in Kademlia, at once.
    KademliaFound,
    /// The part found in the ring once it has healed.
    ChordHealed,
    /// The part found in Kademlia once it has healed.
    KademliaHealed,
    /// Mean number of hops of a lookup in Chord.
    ChordHops,
    /// The same in Kademlia.
    KademliaHops,
    /// Mean number of messages of a lookup in Chord.
    ChordMessages,
    /// The same in Kademlia.
    KademliaMessages,
    /// Median time of a lookup in Chord, in milliseconds.
    ChordMs,
    /// The same in Kademlia.
    KademliaMs,
    /// The part of lookups in Chord that reached the key's owner.
    ChordRight,
    /// The part of lookups in Kademlia that reached the closest node.
    KademliaRight,
    /// Contacts that a node keeps in Chord, in the mean.
    ChordContacts,
    /// The same in Kademlia.
    KademliaContacts,
    /// Upkeep of a node in Chord, in bytes a second.
    ChordUpkeep,
    /// The same in Kademlia.
    KademliaUpkeep,
    /// The refresh of buckets at which both are equal, in seconds.
    Refresh,
    /// Milliseconds from the confirmation of a write to a read.
    Ms,
    /// The part of fresh reads at level `one`, in a whole network.
    OneFresh,
    /// The same by the model WARS, where reads and writes wait for all replicas.
    OneModel,
    /// The part of fresh reads at level `quorum`, in a whole network.
    QuorumFresh,
    /// The part of fresh reads, had writes and reads waited for the first replica only.
    FirstFresh,
    /// The same by the model.
    FirstModel,
    /// The part of fresh reads at level `one` around a cut.
    CutOneFresh,
    /// The part of stale ones.
    CutOneStale,
    /// The part of fresh reads at level `quorum` around a cut.
    CutQuorumFresh,
    /// The part of refused ones.
    CutQuorumRefused,
    /// The number of a fallacy, from 1; 0 for the run in which all are assumed.
    Fallacy,
    /// The part of lookups that named the key's owner.
    LookupsRight,
    /// The median time of a lookup, in milliseconds.
    P50Ms,
    /// The time that 99 lookups in a hundred do not exceed, in milliseconds.
    P99Ms,
    /// The part of gets and puts that came to nothing.
    ValuesFailed,
    /// The part of gets that returned something old.
    StaleReads,
    /// Seconds until the last client had the file.
    FileSeconds,
    /// Clients that had the file at the end.
    ClientsServed,
    /// Megabytes sent.
    Megabytes,
    /// The price of all bytes, in cents.
    Cents,
    /// Lookups that believed a liar, and wrong segments.
    Damage,
    /// Peers that refused something, by policy or release.
    PeersLost,
    /// The faced value over the assumed one, of the measure that is hit hardest.
    WrongBy,
}

impl Column {
    /// The name in JSON and CSV.
    #[expect(clippy::too_many_lines, reason = "one arm a column")]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::MeanHops => "mean_hops",
            Self::P1 => "p1",
            Self::P99 => "p99",
            Self::Keys => "keys",
            Self::Mean => "mean",
            Self::Max => "max",
            Self::VirtualNodes => "virtual_nodes",
            Self::FailedFraction => "failed_fraction",
            Self::MeanTimeouts => "mean_timeouts",
            Self::LookupFailures => "lookup_failures",
            Self::Lookups => "lookups",
            Self::Rate => "rate",
            Self::SuccessorsPerFinger => "successors_per_finger",
            Self::IterativeStretch => "iterative_stretch",
            Self::RecursiveStretch => "recursive_stretch",
            Self::Leechers => "leechers",
            Self::Segments => "segments",
            Self::OptimalRounds => "optimal_rounds",
            Self::MakespanRounds => "makespan_rounds",
            Self::RandomRounds => "random_rounds",
            Self::SequentialRounds => "sequential_rounds",
            Self::ServerRounds => "server_rounds",
            Self::SeedCopies => "seed_copies",
            Self::Clients => "clients",
            Self::ServerSeconds => "server_seconds",
            Self::ServerBound => "server_bound",
            Self::CdnSeconds => "cdn_seconds",
            Self::CdnBound => "cdn_bound",
            Self::SwarmSeconds => "swarm_seconds",
            Self::SwarmBound => "swarm_bound",
            Self::Gone => "gone",
            Self::CentralFound => "central_found",
            Self::TrackersFound => "trackers_found",
            Self::ChordFound => "chord_found",
            Self::KademliaFound => "kademlia_found",
            Self::ChordHealed => "chord_healed",
            Self::KademliaHealed => "kademlia_healed",
            Self::ChordHops => "chord_hops",
            Self::KademliaHops => "kademlia_hops",
            Self::ChordMessages => "chord_messages",
            Self::KademliaMessages => "kademlia_messages",
            Self::ChordMs => "chord_ms",
            Self::KademliaMs => "kademlia_ms",
            Self::ChordRight => "chord_right",
            Self::KademliaRight => "kademlia_right",
            Self::ChordContacts => "chord_contacts",
            Self::KademliaContacts => "kademlia_contacts",
            Self::ChordUpkeep => "chord_upkeep",
            Self::KademliaUpkeep => "kademlia_upkeep",
            Self::Refresh => "refresh",
            Self::Ms => "ms",
            Self::OneFresh => "one_fresh",
            Self::OneModel => "one_model",
            Self::QuorumFresh => "quorum_fresh",
            Self::FirstFresh => "first_fresh",
            Self::FirstModel => "first_model",
            Self::CutOneFresh => "cut_one_fresh",
            Self::CutOneStale => "cut_one_stale",
            Self::CutQuorumFresh => "cut_quorum_fresh",
            Self::CutQuorumRefused => "cut_quorum_refused",
            Self::Fallacy => "fallacy",
            Self::LookupsRight => "lookups_right",
            Self::P50Ms => "p50_ms",
            Self::P99Ms => "p99_ms",
            Self::ValuesFailed => "values_failed",
            Self::StaleReads => "stale_reads",
            Self::FileSeconds => "file_seconds",
            Self::ClientsServed => "clients_served",
            Self::Megabytes => "megabytes",
            Self::Cents => "cents",
            Self::Damage => "damage",
            Self::PeersLost => "peers_lost",
            Self::WrongBy => "wrong_by",
        }
    }
}

/// A number of a table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Number {
    /// A count.
    Whole(u32),
    /// A measure.
    Real(f64),
    /// The figure is not told.
    Missing,
}

impl Number {
    /// The number, unless it is missing.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Whole(count) => Some(f64::from(count)),
            Self::Real(measure) => Some(measure),
            Self::Missing => None,
        }
    }
}

/// A row: numbers in the order of their columns. The first one names the row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row(Vec<(Column, Number)>);

impl Row {
    /// The columns and their numbers, in order.
    pub fn cells(&self) -> &[(Column, Number)] {
        &self.0
    }

    /// The number of a column; `None` where the row has none.
    pub fn get(&self, column: Column) -> Option<f64> {
        let cell = self.0.iter().find(|(other, _)| *other == column)?;
        cell.1.value()
    }

    /// The number by which the row is named: that of the first column.
    pub fn key(&self) -> Option<f64> {
        self.0.first()?.1.value()
    }
}

const fn whole(column: Column, count: u32) -> (Column, Number) {
    (column, Number::Whole(count))
}

const fn real(column: Column, measure: f64) -> (Column, Number) {
    (column, Number::Real(measure))
}

impl From<PathRow> for Row {
    fn from(row: PathRow) -> Self {
        Self(vec![
            whole(Column::Nodes, row.nodes),
            real(Column::MeanHops, row.mean_hops),
            whole(Column::P1, row.p1),
            whole(Column::P99, row.p99),
        ])
    }
}

impl From<LoadRow> for Row {
    fn from(row: LoadRow) -> Self {
        Self::of_load(row.keys, row.mean, row.p1, row.p99, Some(row.max))
    }
}

impl Row {
    /// A row about load. A paper may not tell the maximum.
    pub(super) fn of_load(keys: u32, mean: f64, p1: u32, p99: u32, max: Option<u32>) -> Self {
        Self(vec![
            whole(Column::Keys, keys),
            real(Column::Mean, mean),
            whole(Column::P1, p1),
            whole(Column::P99, p99),
            (Column::Max, max.map_or(Number::Missing, Number::Whole)),
        ])
    }
}

impl From<VirtualRow> for Row {
    fn from(row: VirtualRow) -> Self {
        Self(vec![
            whole(Column::VirtualNodes, row.virtual_nodes),
            whole(Column::P1, row.p1),
            whole(Column::P99, row.p99),
        ])
    }
}

impl From<FailureRow> for Row {
    fn from(row: FailureRow) -> Self {
        Self(vec![
            real(Column::FailedFraction, row.failed_fraction),
            real(Column::MeanHops, row.mean_hops),
            real(Column::MeanTimeouts, row.mean_timeouts),
            whole(Column::LookupFailures, row.lookup_failures),
            whole(Column::Lookups, row.lookups),
        ])
    }
}

impl From<ChurnRow> for Row {
    fn from(row: ChurnRow) -> Self {
        Self(vec![
            real(Column::Rate, row.rate),
            real(Column::MeanHops, row.mean_hops),
            real(Column::MeanTimeouts, row.mean_timeouts),
            whole(Column::LookupFailures, row.lookup_failures),
            whole(Column::Lookups, row.lookups),
        ])
    }
}

impl From<LatencyRow> for Row {
    fn from(row: LatencyRow) -> Self {
        Self(vec![
            whole(Column::SuccessorsPerFinger, row.successors_per_finger),
            real(Column::IterativeStretch, row.iterative_stretch),
            real(Column::RecursiveStretch, row.recursive_stretch),
        ])
    }
}

impl From<SwarmRow> for Row {
    fn from(row: SwarmRow) -> Self {
        Self(vec![
            whole(Column::Leechers, row.leechers),
            whole(Column::Segments, row.segments),
            whole(Column::OptimalRounds, row.optimal_rounds),
            real(Column::MakespanRounds, row.makespan_rounds),
            real(Column::RandomRounds, row.random_rounds),
            real(Column::SequentialRounds, row.sequential_rounds),
            real(Column::ServerRounds, row.server_rounds),
            real(Column::SeedCopies, row.seed_copies),
        ])
    }
}

impl From<CompareRow> for Row {
    fn from(row: CompareRow) -> Self {
        Self(vec![
            whole(Column::Clients, row.clients),
            real(Column::ServerSeconds, row.server_seconds),
            real(Column::ServerBound, row.server_bound),
            real(Column::CdnSeconds, row.cdn_seconds),
            real(Column::CdnBound, row.cdn_bound),
            real(Column::SwarmSeconds, row.swarm_seconds),
            real(Column::SwarmBound, row.swarm_bound),
            real(Column::SeedCopies, row.seed_copies),
        ])
    }
}

impl From<DirectoryRow> for Row {
    fn from(row: DirectoryRow) -> Self {
        Self(vec![
            whole(Column::Gone, row.gone),
            real(Column::CentralFound, row.central_found),
            real(Column::TrackersFound, row.trackers_found),
            real(Column::ChordFound, row.chord_found),
            real(Column::KademliaFound, row.kademlia_found),
            real(Column::ChordHealed, row.chord_healed),
            real(Column::KademliaHealed, row.kademlia_healed),
        ])
    }
}

impl From<KademliaRow> for Row {
    fn from(row: KademliaRow) -> Self {
        Self(vec![
            whole(Column::Nodes, row.nodes),
            real(Column::ChordHops, row.chord_hops),
            real(Column::KademliaHops, row.kademlia_hops),
            real(Column::ChordMessages, row.chord_messages),
            real(Column::KademliaMessages, row.kademlia_messages),
            real(Column::ChordMs, row.chord_ms),
            real(Column::KademliaMs, row.kademlia_ms),
            real(Column::ChordRight, row.chord_right),
            real(Column::KademliaRight, row.kademlia_right),
            real(Column::ChordContacts, row.chord_contacts),
            real(Column::KademliaContacts, row.kademlia_contacts),
            real(Column::ChordUpkeep, row.chord_upkeep),
            real(Column::KademliaUpkeep, row.kademlia_upkeep),
            real(Column::Refresh, row.refresh),
        ])
    }
}

/// A measure that may not have been taken.
fn measured(column: Column, measure: Option<f64>) -> (Column, Number) {
    (column, measure.map_or(Number::Missing, Number::Real))
}

impl From<FreshnessRow> for Row {
    fn from(row: FreshnessRow) -> Self {
        Self(vec![
            whole(Column::Ms, row.ms),
            real(Column::OneFresh, row.one_fresh),
            real(Column::OneModel, row.one_model),
            real(Column::QuorumFresh, row.quorum_fresh),
            measured(Column::FirstFresh, row.first_fresh),
            measured(Column::FirstModel, row.first_model),
            real(Column::CutOneFresh, row.cut_one_fresh),
            real(Column::CutOneStale, row.cut_one_stale),
            real(Column::CutQuorumFresh, row.cut_quorum_fresh),
            real(Column::CutQuorumRefused, row.cut_quorum_refused),
        ])
    }
}

impl From<FallacyRow> for Row {
    fn from(row: FallacyRow) -> Self {
        Self(vec![
            whole(Column::Fallacy, row.fallacy),
            measured(Column::LookupsRight, row.lookups_right),
            measured(Column::MeanHops, row.mean_hops),
            measured(Column::P50Ms, row.p50_ms),
            measured(Column::P99Ms, row.p99_ms),
            measured(Column::ValuesFailed, row.values_failed),
            measured(Column::StaleReads, row.stale_reads),
            measured(Column::FileSeconds, row.file_seconds),
            whole(Column::ClientsServed, row.clients_served),
            measured(Column::Megabytes, row.megabytes),
            measured(Column::Cents, row.cents),
            measured(Column::Damage, row.damage),
            measured(Column::PeersLost, row.peers_lost),
            measured(Column::WrongBy, row.wrong_by),
        ])
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::string::String;

    use serde_json::{Map, Value};

    use super::*;
    use crate::experiment::{churn, failures, latency, load, path_length, swarm};

    /// The row in its own form, as JSON, and the table's.
    fn compare<R: Serialize + Copy + Into<Row>>(row: R) {
        let own = serde_json::to_value(row).unwrap();
        let cell = |(column, number): &(Column, Number)| {
            let number = match number {
                Number::Whole(count) => Value::from(*count),
                Number::Real(measure) => Value::from(*measure),
                Number::Missing => Value::Null,
            };
            (column.name().to_owned(), number)
        };
        let cells: Map<String, Value> = row.into().cells().iter().map(cell).collect();
        assert_eq!(own, Value::Object(cells));
    }

    #[test]
    fn a_row_of_the_table_has_the_names_and_numbers_of_the_experiments_own_row() {
        let mut on = |_: f64| true;
        compare(path_length::PAPER[3]);
        compare(LoadRow {
            keys: 100,
            mean: 10.0,
            p1: 0,
            p99: 46,
            max: 50,
        });
        compare(load::VIRTUAL_PAPER[2]);
        compare(failures::run(1, 16, &mut on)[5]);
        compare(churn::PAPER[7]);
        compare(latency::PAPER[4]);
        compare(swarm::run(1, &[2], 4, &mut on)[0]);
        compare(CompareRow {
            clients: 8,
            server_seconds: 128.02,
            server_bound: 128.0,
            cdn_seconds: 48.02,
            cdn_bound: 42.7,
            swarm_seconds: 18.0,
            swarm_bound: 16.75,
            seed_copies: 1.1,
        });
        compare(DirectoryRow {
            gone: 4,
            central_found: 0.0,
            trackers_found: 0.1,
            chord_found: 0.8,
            kademlia_found: 0.9,
            chord_healed: 1.0,
            kademlia_healed: 0.95,
        });
        compare(KademliaRow {
            nodes: 16,
            chord_hops: 2.1,
            kademlia_hops: 1.2,
            chord_messages: 6.0,
            kademlia_messages: 20.0,
            chord_ms: 250.0,
            kademlia_ms: 180.0,
            chord_right: 1.0,
            kademlia_right: 0.9,
            chord_contacts: 9.0,
            kademlia_contacts: 15.0,
            chord_upkeep: 120.0,
            kademlia_upkeep: 121.0,
            refresh: 3.5,
        });
    }

    #[test]
    fn a_measure_that_was_not_taken_is_missing_in_both() {
        compare(FreshnessRow {
            ms: 10,
            one_fresh: 1.0,
            one_model: 0.9,
            quorum_fresh: 0.8,
            first_fresh: Some(0.7),
            first_model: None,
            cut_one_fresh: 0.6,
            cut_one_stale: 0.5,
            cut_quorum_fresh: 0.4,
            cut_quorum_refused: 0.3,
        });
        compare(FallacyRow {
            fallacy: 2,
            lookups_right: Some(0.9),
            mean_hops: Some(2.5),
            p50_ms: Some(180.0),
            p99_ms: None,
            values_failed: Some(0.1),
            stale_reads: Some(0.2),
            file_seconds: Some(9.5),
            clients_served: 7,
            megabytes: Some(17.5),
            cents: Some(0.25),
            damage: Some(3.0),
            peers_lost: Some(4.0),
            wrong_by: Some(60.5),
        });
    }

    #[test]
    fn a_number_is_found_by_its_column() {
        let row = Row::from(path_length::PAPER[0]);
        assert_eq!(row.key(), Some(8.0));
        assert_eq!(row.get(Column::MeanHops), Some(1.72));
        assert_eq!(row.get(Column::Max), None);
        assert_eq!(
            Row::of_load(1, 1.0, 0, 1, None).get(Column::Max),
            None,
            "what a paper does not tell"
        );
    }
}
