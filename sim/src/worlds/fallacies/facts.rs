//! The means of the ring against a fallacy, and their limits, as facts that were counted in a run.

use alloc::vec;
use alloc::vec::Vec;

use crate::worlds::fallacies::lever::Fallacy;
use crate::worlds::fallacies::measure::Measured;

/// Counts of the protocol's own means, since the beginning of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were sent again under the same number.
    pub retried: u64,
    /// Waits for an answer that ended without one.
    pub timeouts: u64,
    /// Those of them in which the silent peer was up: a lost message looks like a dead peer.
    pub suspected: u64,
    /// Peers that were banned for a wrong segment, each by one other.
    pub banned: u64,
    /// Times that a swarm heard that bytes wait for its line, so that it gives out no more of them.
    pub held_back: u64,
    /// Messages of the ring that belong to no lookup of a user.
    pub upkeep: u64,
    /// Replicas that peers took in.
    pub kept: u64,
    /// Replicas that peers dropped: their life was over, or they were handed over.
    pub dropped: u64,
    /// Peers that came to be members.
    pub joined: u64,
    /// Peers that went.
    pub departed: u64,
    /// Messages that were replaced by plainer ones for an older release.
    pub plainer: u64,
    /// Messages that an older release would not know, and that were not sent.
    pub unknown: u64,
    /// Refusals to pass a lookup on.
    pub not_relayed: u64,
    /// Refusals to keep a record, by a rule.
    pub not_stored: u64,
    /// Refusals to keep a record, for want of room.
    pub no_room: u64,
    /// Times that a peer was told that a client wants segments, and will give it none.
    pub not_given: u64,
    /// Limits of the core that were reached.
    pub limits: u64,
    /// Reads to which a liar said that there is nothing.
    pub denied: u64,
}

/// A kind of fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// Requests that were sent again.
    Retries,
    /// Waits that ended without an answer.
    Timeouts,
    /// Packets that streams sent again.
    Retransmissions,
    /// Peers that were taken for dead and were up.
    WrongSuspicions,
    /// Lookups without an answer.
    LookupsUnanswered,
    /// Thousandths of a hop that a lookup takes in the mean.
    MilliHops,
    /// Thousandths of the hops that it would take along successors: half of the peers.
    MilliHopsLinear,
    /// The median of lookups, in microseconds.
    MedianMicros,
    /// Messages that left ahead of segments.
    Overtakings,
    /// Copies of the file that its first seed sent, in thousandths.
    SeedMilliCopies,
    /// The most bytes that waited for one line.
    LongestQueue,
    /// Microseconds that a message of ring or records waited for its line, in the mean.
    MeanWaitMicros,
    /// Wrong segments that were caught by their digests.
    SegmentsCaught,
    /// Senders of wrong segments that were banned, each by one other.
    Bans,
    /// Wrong segments that were kept.
    SegmentsKept,
    /// Lookups that believed a liar.
    Deceived,
    /// Reads that a liar denied.
    Denied,
    /// Messages of upkeep.
    UpkeepMessages,
    /// Replicas that were made.
    Replicas,
    /// Replicas that were dropped, expired ones among them.
    Expired,
    /// Lookups that named a peer that is not the owner.
    WrongOwners,
    /// Gets that found nothing or something old.
    StaleReads,
    /// Refusals to pass a lookup on.
    RelayRefusals,
    /// Refusals to keep a record by a rule.
    StoreRefusals,
    /// Interest in segments that a peer gives to nobody.
    GiveRefusals,
    /// Gets and puts that came to nothing.
    ValuesFailed,
    /// Thousandths of all bytes that are those of the ring.
    RingShare,
    /// Times that a sender of segments was held back, since bytes waited for its line.
    HeldBack,
    /// Nanocents in all.
    Nanocents,
    /// Messages that were replaced by plainer ones.
    PlainerMessages,
    /// Messages that an older release would not know.
    VersionRefusals,
    /// Records for which a small peer had no room.
    RoomRefusals,
    /// The 99th percentile of lookups, in microseconds.
    P99Micros,
}

/// A fact of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The kind.
    pub kind: FactKind,
    /// The amount, in the unit of the kind.
    pub amount: u64,
}

/// The facts of a run about one fallacy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The means of the ring against it: three at most.
    pub does: Vec<Fact>,
    /// The limits of these means: three at most.
    pub cannot: Vec<Fact>,
}

impl Facts {
    /// The facts of a run among so many peers.
    pub fn of(fallacy: Fallacy, counts: &Counts, measured: &Measured, peers: u16) -> Self {
        let facts = |facts: &[(FactKind, u64)]| {
            let facts = facts.iter();
            let facts = facts.map(|(kind, amount)| Fact {
                kind: *kind,
                amount: *amount,
            });
            facts.collect()
        };
        Self {
            does: facts(&does(fallacy, counts, measured, peers)),
            cannot: facts(&cannot(fallacy, counts, measured)),
        }
    }
}

fn does(
    fallacy: Fallacy,
    counts: &Counts,
    measured: &Measured,
    peers: u16,
) -> Vec<(FactKind, u64)> {
    use FactKind as Kind;
    let (network, lookups) = (&measured.network, &measured.lookups);
    let seed_copies = measured.file.unwrap_or_default().seed_copies.into();
    match fallacy {
        Fallacy::Reliable => vec![
            (Kind::Retries, counts.retried),
            (Kind::Timeouts, counts.timeouts),
            (Kind::Retransmissions, network.resent),
        ],
        Fallacy::Latency => vec![
            (Kind::MilliHops, lookups.hops * 1_000 / lookups.right.max(1)),
            (Kind::MilliHopsLinear, u64::from(peers) * 500),
        ],
        Fallacy::Bandwidth => vec![
            (Kind::Overtakings, network.overtook),
            (Kind::HeldBack, counts.held_back),
            (Kind::SeedMilliCopies, seed_copies),
        ],
        Fallacy::Secure => vec![
            (Kind::SegmentsCaught, measured.damage.caught),
            (Kind::Bans, counts.banned),
            (Kind::SegmentsKept, measured.damage.kept),
        ],
        Fallacy::Topology => vec![
            (Kind::UpkeepMessages, counts.upkeep),
            (Kind::Replicas, counts.kept),
            (Kind::Expired, counts.dropped),
        ],
        Fallacy::Administrator => vec![
            (Kind::RelayRefusals, counts.not_relayed),
            (Kind::StoreRefusals, counts.not_stored),
            (Kind::GiveRefusals, counts.not_given),
        ],
        Fallacy::Cost => vec![(Kind::SeedMilliCopies, seed_copies)],
        Fallacy::Homogeneous => vec![
            (Kind::PlainerMessages, counts.plainer),
            (Kind::VersionRefusals, counts.unknown),
            (Kind::RoomRefusals, counts.no_room),
        ],
    }
}

fn cannot(fallacy: Fallacy, counts: &Counts, measured: &Measured) -> Vec<(FactKind, u64)> {
    use FactKind as Kind;
    let (network, lookups, values) = (&measured.network, &measured.lookups, &measured.values);
    let small = (network.ring.messages + network.records.messages).max(1);
    let waited = u64::try_from(network.waited.as_micros()).unwrap_or(u64::MAX) / small;
    match fallacy {
        Fallacy::Reliable => vec![
            (Kind::WrongSuspicions, counts.suspected),
            (Kind::LookupsUnanswered, lookups.failed),
        ],
        Fallacy::Latency => vec![(Kind::MedianMicros, measured.p50.unwrap_or(0))],
        Fallacy::Bandwidth => vec![
            (Kind::LongestQueue, network.longest_queue),
            (Kind::MeanWaitMicros, waited),
        ],
        Fallacy::Secure => vec![
            (Kind::Deceived, lookups.deceived),
            (Kind::Denied, counts.denied),
        ],
        Fallacy::Topology => vec![
            (Kind::WrongOwners, lookups.wrong),
            (Kind::LookupsUnanswered, lookups.failed),
            (Kind::StaleReads, values.stale + values.missing),
        ],
        Fallacy::Administrator => vec![
            (Kind::LookupsUnanswered, lookups.failed),
            (Kind::ValuesFailed, values.failed()),
        ],
        Fallacy::Cost => vec![
            (
                Kind::RingShare,
                network.ring.bytes * 1_000 / measured.sent.max(1),
            ),
            (Kind::Nanocents, measured.nanocents),
        ],
        Fallacy::Homogeneous => vec![
            (Kind::P99Micros, measured.p99.unwrap_or(0)),
            (Kind::ValuesFailed, values.failed()),
        ],
    }
}
