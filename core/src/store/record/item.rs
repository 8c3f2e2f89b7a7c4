//! Records that their author signs and may write again: named and signed ones.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::identity::{PublicKey, Purpose, Scheme, Signature, Signer};
use crate::store::record::{DEFAULT_LIFETIME, Label, MAX_VALUE, RecordError};

/// A named or a signed record. The last writer wins, by sequence number, then author, then value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The label, which makes the record named or signed.
    pub label: Label,
    /// The value; `None` marks a deleted record.
    #[serde(with = "crate::base::bytes::optional")]
    pub value: Option<Vec<u8>>,
    /// Counts the writes, from 1.
    pub sequence: u64,
    /// The author of the record.
    pub author: PublicKey,
    /// The lifetime from the writing on, in seconds.
    pub lifetime: u32,
    /// The author's signature over all of the above.
    pub signature: Signature,
}

impl Item {
    /// Writes and signs a record.
    ///
    /// # Errors
    /// [`RecordError::Value`] when the value is longer than 64 KiB.
    pub fn sign(
        signer: &Signer,
        label: Label,
        value: Option<Vec<u8>>,
        sequence: u64,
        lifetime: Duration,
    ) -> Result<Self, RecordError> {
        if value.as_ref().is_some_and(|value| value.len() > MAX_VALUE) {
            return Err(RecordError::Value);
        }
        let mut item = Self {
            label,
            value,
            sequence,
            author: signer.public_key(),
            lifetime: u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX),
            signature: Signature::from_bytes([0; 64]),
        };
        let (purpose, bytes) = item.signed_bytes();
        item.signature = signer.sign(purpose, &bytes);
        Ok(item)
    }

    pub(super) fn verify(&self, scheme: Scheme) -> Result<(), RecordError> {
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
        let (purpose, bytes) = self.signed_bytes();
        if !scheme.verify(self.author, purpose, &bytes, &self.signature) {
            return Err(RecordError::Signature);
        }
        Ok(())
    }

    /// The canonical bytes that the signature covers, and what it says of them.
    fn signed_bytes(&self) -> (Purpose, Vec<u8>) {
        let (purpose, label) = match &self.label {
            Label::Name(name) => (Purpose::Record, name.as_str().as_bytes()),
            Label::Salt(salt) => (Purpose::Signed, salt.as_bytes()),
        };
        let value = self.value.as_deref().unwrap_or_default();
        let mut bytes = Vec::with_capacity(64 + label.len() + value.len());
        bytes.extend_from_slice(&(label.len() as u64).to_le_bytes());
        bytes.extend_from_slice(label);
        bytes.push(u8::from(self.value.is_some()));
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.author.0);
        bytes.extend_from_slice(&self.lifetime.to_le_bytes());
        (purpose, bytes)
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.label {
            Label::Name(name) => write!(f, "{:?}", name.as_str())?,
            Label::Salt(salt) => write!(f, "{:?}'s {:?}", self.author, salt.as_bytes())?,
        }
        write!(f, ", version {}", self.sequence)?;
        match &self.value {
            Some(value) => write!(f, " ({} bytes)", value.len()),
            None => f.write_str(" (deleted)"),
        }
    }
}
