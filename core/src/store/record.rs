//! A record: a name, its value and its author's signature.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::digest::name_key;
use crate::base::id::{Id, Space};
use crate::base::identity::{PublicKey, Purpose, Scheme, Signature, Signer};

/// The largest value, in bytes.
pub const MAX_VALUE: usize = 64 * 1024;
/// The longest name, in bytes of UTF-8.
pub const MAX_NAME: usize = 255;
/// How far a sequence number may run ahead of the one a node holds.
pub const MAX_SEQUENCE_JUMP: u64 = 1 << 16;
/// How long a record lives unless its author says otherwise, in seconds: a day.
pub const DEFAULT_LIFETIME: u32 = 24 * 60 * 60;

/// A name of 1 to 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Name(String);

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

    /// Where the name lies on the ring.
    pub fn key(&self, space: Space) -> Id {
        name_key(space, &self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A named record: the last writer wins, by sequence number, then author, then value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub name: Name,
    /// Its value; `None` marks a deleted name.
    pub value: Option<Vec<u8>>,
    /// Counts the writes to the name, from 1.
    pub sequence: u64,
    /// Who wrote it.
    pub author: PublicKey,
    /// How long it lives from its writing on, in seconds.
    pub lifetime: u32,
    /// The author's signature over all of the above.
    pub signature: Signature,
}

/// Which of two records of one name is the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The sequence number.
    pub sequence: u64,
    /// Ties between authors go to the greater key.
    pub author: PublicKey,
    /// Ties of one author with itself go to the greater digest of the value.
    pub digest: [u8; 8],
}

impl Record {
    /// Writes and signs a record.
    ///
    /// # Errors
    /// [`RecordError::Value`] when the value is longer than 64 KiB.
    pub fn sign(
        signer: &Signer,
        name: Name,
        value: Option<Vec<u8>>,
        sequence: u64,
        lifetime: Duration,
    ) -> Result<Self, RecordError> {
        if value.as_ref().is_some_and(|value| value.len() > MAX_VALUE) {
            return Err(RecordError::Value);
        }
        let mut record = Self {
            name,
            value,
            sequence,
            author: signer.public_key(),
            lifetime: u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX),
            signature: Signature::from_bytes([0; 64]),
        };
        record.signature = signer.sign(Purpose::Record, &record.signed_bytes());
        Ok(record)
    }

    /// Checks a record that came from outside.
    ///
    /// # Errors
    /// [`RecordError`] names what is wrong with it.
    pub fn verify(&self, scheme: Scheme) -> Result<(), RecordError> {
        if self
            .value
            .as_ref()
            .is_some_and(|value| value.len() > MAX_VALUE)
        {
            return Err(RecordError::Value);
        }
        if self.lifetime > DEFAULT_LIFETIME {
            return Err(RecordError::Lifetime);
        }
        let bytes = self.signed_bytes();
        if !scheme.verify(self.author, Purpose::Record, &bytes, &self.signature) {
            return Err(RecordError::Signature);
        }
        Ok(())
    }

    /// Its version.
    pub fn version(&self) -> Version {
        let mut digest = [0; 8];
        let value = self.value.as_deref().unwrap_or_default();
        digest.copy_from_slice(&blake3::hash(value).as_bytes()[..8]);
        Version {
            sequence: self.sequence,
            author: self.author,
            digest,
        }
    }

    /// Roughly how much memory it takes, in bytes.
    pub fn size(&self) -> usize {
        self.name.as_str().len() + self.value.as_ref().map_or(0, Vec::len) + size_of::<Self>()
    }

    /// The canonical bytes that the signature covers.
    fn signed_bytes(&self) -> Vec<u8> {
        let name = self.name.as_str().as_bytes();
        let value = self.value.as_deref().unwrap_or_default();
        let mut bytes = Vec::with_capacity(64 + name.len() + value.len());
        bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
        bytes.extend_from_slice(name);
        bytes.push(u8::from(self.value.is_some()));
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.author.0);
        bytes.extend_from_slice(&self.lifetime.to_le_bytes());
        bytes
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} #{} ({})",
            self.name.as_str(),
            self.sequence,
            self.value
                .as_ref()
                .map_or_else(|| "deleted".into(), |v| alloc::format!("{} bytes", v.len()))
        )
    }
}

/// Why a record is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RecordError {
    /// The name is empty or too long.
    Name,
    /// The value is too long.
    Value,
    /// It wants to live longer than a day.
    Lifetime,
    /// The signature is not its author's.
    Signature,
    /// Its sequence number runs too far ahead.
    SequenceJump,
    /// The node has no room for it.
    Full,
    /// The node could not keep it.
    Storage,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "a name has 1 to 255 bytes",
            Self::Value => "a value has at most 64 KiB (65536 bytes)",
            Self::Lifetime => "a record lives for at most a day",
            Self::Signature => "the record's signature is not its author's",
            Self::SequenceJump => "the record's sequence number runs too far ahead",
            Self::Full => "the peer has no room for another record",
            Self::Storage => "the peer could not keep the record",
        })
    }
}

impl core::error::Error for RecordError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn record(value: Option<Vec<u8>>, sequence: u64) -> Record {
        let signer = Signer::ed25519([1; 32]);
        let name = Name::new("greeting").unwrap();
        Record::sign(&signer, name, value, sequence, Duration::from_secs(60)).unwrap()
    }

    #[test]
    fn a_record_that_was_changed_is_refused() {
        let good = record(Some(b"hello".to_vec()), 1);
        assert_eq!(good.verify(Scheme::Ed25519), Ok(()));
        let changes: [fn(&mut Record); 5] = [
            |record| record.value = Some(b"hullo".to_vec()),
            |record| record.value = None,
            |record| record.sequence += 1,
            |record| record.lifetime += 1,
            |record| record.name = Name::new("greetings").unwrap(),
        ];
        for change in changes {
            let mut bad = good.clone();
            change(&mut bad);
            assert_eq!(bad.verify(Scheme::Ed25519), Err(RecordError::Signature));
        }
    }

    #[test]
    fn names_and_values_have_limits() {
        assert_eq!(Name::new(""), Err(RecordError::Name));
        assert!(Name::new("n".repeat(MAX_NAME)).is_ok());
        assert_eq!(Name::new("n".repeat(MAX_NAME + 1)), Err(RecordError::Name));
        let signer = Signer::ed25519([1; 32]);
        let write = |length| {
            let name = Name::new("n").unwrap();
            let value = Some(vec![0; length]);
            Record::sign(&signer, name, value, 1, Duration::from_secs(1)).map(|_| ())
        };
        assert_eq!(write(MAX_VALUE), Ok(()));
        assert_eq!(write(MAX_VALUE + 1), Err(RecordError::Value));
    }

    #[test]
    fn the_later_write_is_the_newer_version() {
        let (first, second) = (record(Some(vec![1]), 1), record(None, 2));
        assert!(second.version() > first.version());
        assert_ne!(
            record(Some(vec![1]), 1).version(),
            record(Some(vec![2]), 1).version()
        );
    }
}
