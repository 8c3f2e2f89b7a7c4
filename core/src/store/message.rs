//! What holders of records say to one another.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::id::Id;
use crate::store::record::{Record, RecordError, Version};

/// How many entries an offer may list.
pub const MAX_OFFER: usize = 256;

/// A record on its way, with how long it has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// The record.
    pub record: Record,
    /// Its remaining life, in seconds.
    pub remaining: u32,
}

impl Copy {
    /// What this copy and another one of the same record come to together. Both are checked.
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

/// A question about records. Each gets one [`Response`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// What do you hold under this key?
    Read(Id),
    /// Keep this.
    Write(Box<Copy>),
    /// I hold these; which do you lack? At most [`MAX_OFFER`] entries.
    Offer(Vec<(Id, Version)>),
}

/// An answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To [`Request::Read`].
    Value(Option<Box<Copy>>),
    /// To [`Request::Write`]: kept, or a newer version is there already.
    Written,
    /// To [`Request::Write`]: not kept.
    Refused(RecordError),
    /// To [`Request::Offer`].
    Wanted {
        /// Keys of which the answerer lacks this version.
        lacking: Vec<Id>,
        /// Keys of which it holds a newer one.
        newer: Vec<Id>,
    },
}

/// What a question moves besides itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulk {
    /// It carries a value of about so many bytes.
    Sent(usize),
    /// It asks for a value of a size that only the answer shows.
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
