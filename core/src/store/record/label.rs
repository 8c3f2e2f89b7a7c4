//! Labels of records, and their keys on the ring.
//!
//! Kinds never share a key: each but the named has a digest domain of its own.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::content::ContentId;
use crate::base::digest::{Digest, first20, name_key};
use crate::base::id::{Id, Space};
use crate::base::identity::PublicKey;
use crate::store::record::{Record, RecordError};

/// The longest name, in bytes of UTF-8.
pub const MAX_NAME: usize = 255;
/// The longest salt, in bytes.
pub const MAX_SALT: usize = 64;

/// A name of 1 to 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Name(String);

/// The salt that tells the signed records of one author apart: 0 to 64 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Salt(Vec<u8>);

/// An author's label of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Label {
    /// A name that every node may write: a *named* record.
    Name(Name),
    /// A name that is the author's own: a *signed* record.
    Salt(Salt),
}

/// The subject of a get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The record of a name.
    Name(Name),
    /// The signed record of this author and salt.
    Signed(PublicKey, Salt),
    /// The immutable, signed or named record under this key: what is in it proves that it belongs there.
    Key(Id),
}

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// [`RecordError::Name`] when it is empty or longer than 255 bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, RecordError> {
        let text = text.into();
        if text.is_empty() || text.len() > MAX_NAME {
            return Err(RecordError::Name);
        }
        Ok(Self(text))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name's key on the ring.
    pub fn key(&self, space: Space) -> Id {
        name_key(space, &self.0)
    }
}

impl Salt {
    /// Checks a salt.
    ///
    /// # Errors
    /// [`RecordError::Salt`] when it is longer than 64 bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, RecordError> {
        let bytes = bytes.into();
        if bytes.len() > MAX_SALT {
            return Err(RecordError::Salt);
        }
        Ok(Self(bytes))
    }

    /// The salt's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl From<Name> for Label {
    fn from(name: Name) -> Self {
        Self::Name(name)
    }
}

impl From<Salt> for Label {
    fn from(salt: Salt) -> Self {
        Self::Salt(salt)
    }
}

impl From<Name> for Subject {
    fn from(name: Name) -> Self {
        Self::Name(name)
    }
}

impl Label {
    /// Returns the subject of a get of this author's record.
    pub fn subject(self, author: PublicKey) -> Subject {
        match self {
            Self::Name(name) => Subject::Name(name),
            Self::Salt(salt) => Subject::Signed(author, salt),
        }
    }

    /// Returns the key of this author's record on the ring.
    pub fn key(&self, space: Space, author: PublicKey) -> Id {
        match self {
            Self::Name(name) => name.key(space),
            Self::Salt(salt) => signed_key(space, author, salt),
        }
    }
}

impl Subject {
    /// Returns the subject's key on the ring.
    pub fn key(&self, space: Space) -> Id {
        match self {
            Self::Name(name) => name.key(space),
            Self::Signed(author, salt) => signed_key(space, *author, salt),
            Self::Key(key) => *key,
        }
    }

    /// Returns whether a record is what was asked for.
    pub fn is_met_by(&self, record: &Record, space: Space) -> bool {
        match (self, record) {
            (Self::Name(name), Record::Item(item)) => item.label == Label::Name(name.clone()),
            (Self::Signed(author, salt), Record::Item(item)) => {
                item.author == *author && item.label == Label::Salt(salt.clone())
            }
            (Self::Key(key), Record::Item(_) | Record::Immutable(_)) => record.key(space) == *key,
            _ => false,
        }
    }
}

// Each kind but the named has a domain of its own, so that records of two kinds never have the same key: a name under which a
// record lies where a value does would keep the value from being stored.

/// Returns the key of an immutable value on the ring.
pub fn value_key(space: Space, value: &[u8]) -> Id {
    key(
        space,
        Digest::new("chordscope v1 immutable record key").part(value),
    )
}

fn signed_key(space: Space, author: PublicKey, salt: &Salt) -> Id {
    let digest = Digest::new("chordscope v1 signed record key");
    key(space, digest.part(&author.0).part(&salt.0))
}

/// Returns the key under which the providers of a content are kept.
pub fn providers_key(space: Space, content: ContentId) -> Id {
    key(
        space,
        Digest::new("chordscope v1 providers key").part(&content.0),
    )
}

fn key(space: Space, digest: Digest) -> Id {
    space.truncate(first20(digest.finish()))
}
