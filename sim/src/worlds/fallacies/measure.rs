//! The measures of one run, each by its definition, from counts that the run made.

use alloc::collections::BTreeSet;
use core::time::Duration;

use crate::worlds::fallacies::network::NetworkCounts;
use crate::worlds::fallacies::work::{Lookups, Values};

/// A measure of a run. Of each, less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Lookups that did not name the key's owner, among all whose peer stayed: no answer, or a wrong one.
    LookupsFailed,
    /// Hops of a lookup that named the owner, in the mean: nodes on its path without the origin.
    Hops,
    /// The time that half of these lookups did not exceed.
    P50,
    /// The time that 99 in a hundred of them did not exceed.
    P99,
    /// Gets and puts that came to nothing, among all whose peer stayed.
    ValuesFailed,
    /// Gets that returned an older value than was acknowledged before they began, or none, among those that were answered.
    StaleReads,
    /// The time from the beginning of the fetch until the last honest client had the file.
    FileTime,
    /// Bytes that all peers' lines have sent.
    Bytes,
    /// The price of the bytes that were sent and received.
    Money,
    /// Damage by liars: lookups that believed one, and wrong segments that came.
    Damage,
    /// Peers that refused another one something, by a rule of their administrator or since their release does not know it.
    PeersLost,
}

/// The unit of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeasureUnit {
    /// Thousandths of all.
    PerMille,
    /// Thousandths of a hop.
    MilliHops,
    /// Microseconds.
    Microseconds,
    /// Bytes.
    Bytes,
    /// Nanocents: 10^-9 cents.
    Nanocents,
    /// A number of them.
    Count,
}

/// The value of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// The amount, in the measure's unit.
    pub amount: u64,
    /// True if it is at least that: the run ended before.
    pub is_least: bool,
}

impl Measure {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 11] = [
        Self::LookupsFailed,
        Self::Hops,
        Self::P50,
        Self::P99,
        Self::ValuesFailed,
        Self::StaleReads,
        Self::FileTime,
        Self::Bytes,
        Self::Money,
        Self::Damage,
        Self::PeersLost,
    ];

    /// The name in tables of numbers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LookupsFailed => "lookups_failed",
            Self::Hops => "hops",
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::ValuesFailed => "values_failed",
            Self::StaleReads => "stale_reads",
            Self::FileTime => "file_time",
            Self::Bytes => "bytes",
            Self::Money => "money",
            Self::Damage => "damage",
            Self::PeersLost => "peers_lost",
        }
    }

    /// The unit.
    pub const fn unit(self) -> MeasureUnit {
        match self {
            Self::LookupsFailed | Self::ValuesFailed | Self::StaleReads => MeasureUnit::PerMille,
            Self::Hops => MeasureUnit::MilliHops,
            Self::P50 | Self::P99 | Self::FileTime => MeasureUnit::Microseconds,
            Self::Bytes => MeasureUnit::Bytes,
            Self::Money => MeasureUnit::Nanocents,
            Self::Damage | Self::PeersLost => MeasureUnit::Count,
        }
    }
}

/// The state of the transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileState {
    /// Honest peers that fetch the file.
    pub clients: u16,
    /// Those of them that have had it whole.
    pub served: u16,
    /// The time since the beginning of the fetch at which the last of them had it; as long as one lacks it, the time that has passed.
    pub took: Duration,
    /// Bytes of segments that the first seed has sent, in thousandths of the file.
    pub seed_copies: u32,
}

/// The damage by liars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Lookups that took a liar for the owner.
    pub deceived: u64,
    /// Wrong segments that came and were caught by their digests.
    pub caught: u64,
    /// Wrong segments that were kept. The digests see to it that there are none.
    pub kept: u64,
}

/// The peers that refused something to another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusers {
    /// By a rule of their administrator.
    pub by_policy: BTreeSet<u16>,
    /// Since their release does not know the message.
    pub by_version: BTreeSet<u16>,
    /// For want of room.
    pub by_room: BTreeSet<u16>,
}

/// The measures of a run up to a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The lookups.
    pub lookups: Lookups,
    /// The time in microseconds that half of the right ones did not exceed.
    pub p50: Option<u64>,
    /// The time in microseconds that 99 in a hundred did not exceed.
    pub p99: Option<u64>,
    /// Gets and puts.
    pub values: Values,
    /// The file; `None` where there is none.
    pub file: Option<FileState>,
    /// The bytes of the network.
    pub network: NetworkCounts,
    /// Bytes that all lines have sent: those of the network's counts, without what still waits.
    pub sent: u64,
    /// Nanocents that all peers pay.
    pub nanocents: u64,
    /// The damage by liars.
    pub damage: Damage,
    /// The peers that refused something.
    pub refusers: Refusers,
}

impl Measured {
    /// Returns a measure; `None` where nothing was measured.
    pub fn value(&self, of: Measure) -> Option<Value> {
        let exact = |amount| Value {
            amount,
            is_least: false,
        };
        let part = |some: u64, all: u64| (all > 0).then(|| exact(some * 1_000 / all));
        let (lookups, values) = (&self.lookups, &self.values);
        match of {
            Measure::LookupsFailed => part(lookups.all() - lookups.right, lookups.all()),
            Measure::Hops => part(lookups.hops, lookups.right),
            Measure::P50 => self.p50.map(exact),
            Measure::P99 => self.p99.map(exact),
            Measure::ValuesFailed => part(values.failed(), values.all()),
            Measure::StaleReads => part(values.stale + values.missing, values.answered()),
            Measure::FileTime => self.file.as_ref().map(|file| Value {
                amount: u64::try_from(file.took.as_micros()).unwrap_or(u64::MAX),
                is_least: file.served < file.clients,
            }),
            Measure::Bytes => Some(exact(self.sent)),
            Measure::Money => Some(exact(self.nanocents)),
            Measure::Damage => Some(exact(self.damage.deceived + self.damage.caught)),
            Measure::PeersLost => {
                let refusers = &self.refusers;
                let all = refusers.by_policy.union(&refusers.by_version);
                Some(exact(all.count() as u64))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_parts_of_what_was_asked_and_nothing_of_nothing() {
        let mut measured = Measured {
            lookups: Lookups::default(),
            p50: None,
            p99: None,
            values: Values::default(),
            file: None,
            network: NetworkCounts::default(),
            sent: 0,
            nanocents: 0,
            damage: Damage::default(),
            refusers: Refusers::default(),
        };
        let amount = |measured: &Measured, of| measured.value(of).map(|value| value.amount);
        let counted = Measure::ALL.map(|of| amount(&measured, of).is_some());
        assert_eq!(counted.iter().filter(|is| **is).count(), 4);
        measured.lookups = Lookups {
            right: 150,
            wrong: 10,
            deceived: 30,
            failed: 10,
            hops: 375,
        };
        assert_eq!(amount(&measured, Measure::LookupsFailed), Some(250));
        assert_eq!(amount(&measured, Measure::Hops), Some(2_500));
        measured.values.fresh = 6;
        measured.values.stale = 1;
        measured.values.missing = 1;
        measured.values.gets_failed = 2;
        assert_eq!(amount(&measured, Measure::StaleReads), Some(250));
        assert_eq!(amount(&measured, Measure::ValuesFailed), Some(200));
        measured.refusers.by_policy.extend([1, 2]);
        measured.refusers.by_version.extend([2, 3]);
        assert_eq!(amount(&measured, Measure::PeersLost), Some(3));
        measured.file = Some(FileState {
            clients: 3,
            served: 2,
            took: Duration::from_secs(5),
            seed_copies: 0,
        });
        let file = measured.value(Measure::FileTime).unwrap();
        assert_eq!((file.amount, file.is_least), (5_000_000, true));
    }
}
