//! Records: values that the ring keeps under keys, each with the proof that it belongs there.
//!
//! | kind | key | writers | of two replicas |
//! |---|---|---|---|
//! | *immutable* | digest of the value | any peer: the key proves the value | any is as good |
//! | *signed* | digest of the author's key and a salt | the author | the newer version stays |
//! | *named* | digest of the name | any peer | the newer version stays |
//! | *providers* | digest of a content's name | each author its own entry | they merge |
//!
//! A named and a signed record are both an [`Item`]: what it is [called](Label) tells which.

pub mod item;
pub mod label;
pub mod providers;

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::{Id, Space};
use crate::base::identity::{PublicKey, Scheme, Signer};
use crate::store::life;
pub use crate::store::record::item::Item;
pub use crate::store::record::label::{Label, MAX_NAME, MAX_SALT, Name, Salt, Subject};
use crate::store::record::label::{providers_key, value_key};
pub use crate::store::record::providers::{MAX_PROVIDERS, PROVIDER_LIFETIME, Provider, Providers};

/// The largest value, in bytes.
pub const MAX_VALUE: usize = 64 * 1024;
/// The greatest distance by which a sequence number runs ahead of the one that a node holds.
pub const MAX_SEQUENCE_JUMP: u64 = 1 << 16;
/// The lifetime of a record unless its author says otherwise, in seconds: a day.
pub const DEFAULT_LIFETIME: u32 = 24 * 60 * 60;
/// The shortest life that a record is put with, in seconds: in its last second no other node takes it in.
pub const SHORTEST_LIFETIME: u32 = 2;

/// The content of one key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A value that is its own proof. It cannot be changed or deleted; it expires unless it is put again.
    Immutable(#[serde(with = "crate::base::bytes")] Vec<u8>),
    /// A named or a signed record.
    Item(Item),
    /// The providers of a content.
    Providers(Providers),
}

/// The version of a record, by which the newer one of two under one key is found; of immutable records and providers, only whether
/// they are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The sequence number; 0 where there is none.
    pub sequence: u64,
    /// Ties between authors go to the greater key; zeros where there is no author.
    pub author: PublicKey,
    /// Ties of one author with itself go to the greater digest of the value; zeros for a deleted one.
    pub digest: [u8; 8],
}

impl Record {
    /// An immutable record.
    ///
    /// # Errors
    /// [`RecordError::Value`] when the value is longer than 64 KiB.
    pub fn immutable(value: Vec<u8>) -> Result<Self, RecordError> {
        let record = Self::Immutable(value);
        record.check_value().map(|()| record)
    }

    /// Writes and signs a named or a signed record.
    ///
    /// # Errors
    /// [`RecordError::Value`] when the value is longer than 64 KiB.
    pub fn sign(
        signer: &Signer,
        label: impl Into<Label>,
        value: Option<Vec<u8>>,
        sequence: u64,
        lifetime: Duration,
    ) -> Result<Self, RecordError> {
        Item::sign(signer, label.into(), value, sequence, lifetime).map(Self::Item)
    }

    /// Returns the record's key on the ring.
    pub fn key(&self, space: Space) -> Id {
        match self {
            Self::Immutable(value) => value_key(space, value),
            Self::Item(item) => item.label.key(space, item.author),
            Self::Providers(providers) => providers_key(space, providers.content),
        }
    }

    /// The value; `None` for a deleted record, and for providers.
    pub fn value(&self) -> Option<&[u8]> {
        match self {
            Self::Immutable(value) => Some(value),
            Self::Item(item) => item.value.as_deref(),
            Self::Providers(_) => None,
        }
    }

    /// As [`Record::value`], without a copy.
    pub fn into_value(self) -> Option<Vec<u8>> {
        match self {
            Self::Immutable(value) => Some(value),
            Self::Item(item) => item.value,
            Self::Providers(_) => None,
        }
    }

    /// The named or signed record.
    pub const fn item(&self) -> Option<&Item> {
        match self {
            Self::Item(item) => Some(item),
            Self::Immutable(_) | Self::Providers(_) => None,
        }
    }

    /// Returns the sequence number, which counts the writes; 0 where they are not counted.
    pub fn sequence(&self) -> u64 {
        self.item().map_or(0, |item| item.sequence)
    }

    /// Returns the lifetime from the writing on, in seconds.
    pub fn lifetime(&self) -> u32 {
        match self {
            Self::Immutable(_) => DEFAULT_LIFETIME,
            Self::Item(item) => item.lifetime,
            Self::Providers(_) => PROVIDER_LIFETIME,
        }
    }

    /// Checks a record that came from outside. What is `known` of it already is not checked again.
    ///
    /// # Errors
    /// [`RecordError`] names what is wrong with it.
    pub fn verify(
        &self,
        space: Space,
        scheme: Scheme,
        known: Option<&Self>,
    ) -> Result<(), RecordError> {
        match (self, known) {
            (Self::Immutable(_), _) => self.check_value(),
            (Self::Item(item), _) => item.verify(scheme),
            (Self::Providers(providers), Some(Self::Providers(known))) => {
                providers.verify(space, scheme, Some(known))
            }
            (Self::Providers(providers), _) => providers.verify(space, scheme, None),
        }
    }

    /// Merges this record, with so many seconds left, with another replica of it, and returns the result and the seconds that it has
    /// left; `None` when the other adds nothing. Both are checked. Below 0 seconds it is a tombstone.
    pub fn join(&self, mine: i32, other: &Self, theirs: i32) -> Option<(Self, i32)> {
        let theirs = other.at_most_whole(theirs);
        match (self, other) {
            (Self::Providers(own), Self::Providers(others)) if own.content == others.content => {
                let mut both = own.clone();
                let life = both.merge(left(mine), others, left(theirs)).cast_signed();
                (both.digest() != own.digest()).then_some((Self::Providers(both), life))
            }
            // Who puts a value again wants it to live longer.
            (Self::Immutable(own), Self::Immutable(others)) if own == others => {
                (theirs > mine).then(|| (other.clone(), theirs))
            }
            // Who put it renews it.
            (Self::Item(own), Self::Item(others)) if own == others => {
                (theirs > mine).then(|| (other.clone(), theirs))
            }
            _ => (other.version() > self.version()).then(|| (other.clone(), theirs)),
        }
    }

    /// The record as a holder takes it in, with so many seconds left.
    pub(crate) fn taken(&self, remaining: i32) -> (Self, i32) {
        match self {
            Self::Providers(providers) => {
                let mut own = Providers::new(providers.content);
                let life = own.merge(0, providers, left(remaining)).cast_signed();
                (Self::Providers(own), life)
            }
            _ => (self.clone(), self.at_most_whole(remaining)),
        }
    }

    /// A remaining life of at most the record's lifetime.
    pub(crate) fn at_most_whole(&self, remaining: i32) -> i32 {
        remaining.min(life::remaining(self.lifetime()))
    }

    /// Leaves out what is over when so many seconds are left.
    pub(crate) fn prune(&mut self, remaining: i32) {
        if let Self::Providers(providers) = self {
            providers.prune(left(remaining));
        }
    }

    /// Returns the record's version.
    pub fn version(&self) -> Version {
        let (sequence, author, whole) = match self {
            Self::Immutable(value) => (0, PublicKey([0; 32]), *blake3::hash(value).as_bytes()),
            Self::Item(item) => {
                // A deleted value is not an empty one.
                let value = item.value.as_deref();
                let digest = value.map_or([0; 32], |value| *blake3::hash(value).as_bytes());
                (item.sequence, item.author, digest)
            }
            Self::Providers(providers) => (0, PublicKey([0; 32]), providers.digest()),
        };
        let mut digest = [0; 8];
        digest.copy_from_slice(&whole[..8]);
        Version {
            sequence,
            author,
            digest,
        }
    }

    /// Roughly how much memory it takes, in bytes.
    pub fn size(&self) -> usize {
        let variable = match self {
            Self::Providers(providers) => providers.size(),
            Self::Immutable(_) => 0,
            Self::Item(item) => match &item.label {
                Label::Name(name) => name.as_str().len(),
                Label::Salt(salt) => salt.as_bytes().len(),
            },
        };
        variable + self.value().map_or(0, <[u8]>::len) + size_of::<Self>()
    }

    fn check_value(&self) -> Result<(), RecordError> {
        match self.value() {
            Some(value) if value.len() > MAX_VALUE => Err(RecordError::Value),
            _ => Ok(()),
        }
    }
}

/// The seconds of a remaining life; none of a tombstone's.
fn left(remaining: i32) -> u32 {
    u32::try_from(remaining).unwrap_or(0)
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Immutable(value) => write!(f, "immutable ({} bytes)", value.len()),
            Self::Item(item) => item.fmt(f),
            Self::Providers(providers) => {
                let count = providers.entries.len();
                write!(f, "{count} providers of {:?}", providers.content)
            }
        }
    }
}

/// The reason why a record is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RecordError {
    /// The name is empty or too long.
    Name,
    /// The value is too long.
    Value,
    /// The lifetime is shorter than two seconds, or longer than a day, or a provider's longer than half an hour.
    Lifetime,
    /// The signature is not its author's.
    Signature,
    /// The record's sequence number runs too far ahead.
    SequenceJump,
    /// The node has no room for it.
    Full,
    /// The disk refused it. The node may still hold it, and write it later: the outcome of a put that ends so is unknown.
    Storage,
    /// The salt is too long.
    Salt,
    /// No providers, too many, or not in order.
    Providers,
    /// Level `quorum` keeps no records of this kind.
    Level,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "a name has 1 to 255 bytes",
            Self::Value => "a value has at most 64 KiB (65536 bytes)",
            Self::Lifetime => "a record lives for two seconds at least and a day at most, a provider for half an hour at most",
            Self::Signature => "the record's signature is not its author's",
            Self::SequenceJump => "the record's version runs too far ahead",
            Self::Full => "the peer has no room for another record",
            Self::Storage => "the peer could not keep the record",
            Self::Salt => "a salt has at most 64 bytes",
            Self::Providers => "a list of providers has 1 to 64 entries in order",
            Self::Level => "level quorum keeps named and signed records only",
        })
    }
}

impl core::error::Error for RecordError {}

#[cfg(test)]
mod tests;
