//! Requests and replies between holders of records.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::id::Id;
use crate::store::life::{self, tombstone};
use crate::store::record::{Record, RecordError, Version};

/// The greatest number of entries in an offer.
pub const MAX_OFFER: usize = 256;

/// A record on its way, with how long it has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRecord {
    /// The record.
    pub record: Record,
    /// The remaining life, in seconds; in its last one 0. Below 0 the replica is a [tombstone](crate::store::life): the life of the
    /// record has been over for so long.
    #[serde(with = "remaining")]
    pub remaining: i32,
}

/// On the wire a remaining life is unsigned, as in release 0.1: below 0, its two's complement.
mod remaining {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        remaining: &i32,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        remaining.cast_unsigned().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
        u32::deserialize(deserializer).map(u32::cast_signed)
    }
}

impl StoredRecord {
    /// A record as it is put, with all of its life before it.
    pub fn whole(record: Record) -> Self {
        let remaining = life::remaining(record.lifetime());
        Self { record, remaining }
    }

    /// The replica with so much life left instead; `None` when nothing of it is kept then.
    pub fn lasting(self, remaining: i32) -> Option<Self> {
        let record = self.record;
        let copy = Self { record, remaining };
        (remaining > 0 || copy.is_tombstone()).then_some(copy)
    }

    /// Returns whether it may be read.
    pub const fn is_live(&self) -> bool {
        self.remaining >= 0
    }

    /// Returns whether it only says that nothing older is to be read any more.
    pub fn is_tombstone(&self) -> bool {
        self.remaining < 0 && self.remaining.unsigned_abs() < tombstone(&self.record)
    }

    /// The seconds that it has left; none as a tombstone.
    pub fn left(&self) -> u32 {
        u32::try_from(self.remaining).unwrap_or(0)
    }

    /// The record, where it may be read and was not deleted.
    pub fn visible(&self) -> Option<&Record> {
        let is_visible = self.is_live() && self.record.value().is_some();
        is_visible.then_some(&self.record)
    }

    /// Merges this replica with another one of the same record. Both are checked.
    #[must_use]
    pub fn join(self: Box<Self>, other: &Self) -> Box<Self> {
        match self
            .record
            .join(self.remaining, &other.record, other.remaining)
        {
            Some((record, remaining)) => Box::new(Self { record, remaining }),
            None => self,
        }
    }
}

/// A request about records. Each gets one [`Response`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Asks for the record under this key.
    Read(Id),
    /// Keep this.
    Write(Box<StoredRecord>),
    /// I hold these; which do you lack? At most [`MAX_OFFER`] entries.
    Offer(Vec<(Id, Version)>),
}

/// An answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To [`Request::Read`].
    Value(Option<Box<StoredRecord>>),
    /// To [`Request::Write`]: kept, or a newer version is there already.
    Written,
    /// To [`Request::Write`]: not kept.
    Refused(RecordError),
    /// To [`Request::Offer`].
    Wanted {
        /// Keys of which the answering node lacks this version.
        lacking: Vec<Id>,
        /// Keys of which it holds a newer one.
        newer: Vec<Id>,
    },
}

/// The bulk data that a request moves besides itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulk {
    /// The request carries a value of about so many bytes.
    Sent(usize),
    /// The request asks for a value of a size that only the answer shows.
    Asked,
}

impl Request {
    /// The value that it moves.
    pub fn bulk(&self) -> Option<Bulk> {
        match self {
            Self::Read(_) => Some(Bulk::Asked),
            Self::Write(copy) => Some(Bulk::Sent(copy.record.size())),
            Self::Offer(_) => None,
        }
    }
}

impl Response {
    /// About how many bytes of a value it brings, where it is an answer that may bring one.
    pub fn brings(&self) -> Option<usize> {
        match self {
            Self::Value(copy) => Some(copy.as_ref().map_or(0, |copy| copy.record.size())),
            Self::Written | Self::Refused(_) | Self::Wanted { .. } => None,
        }
    }
}
