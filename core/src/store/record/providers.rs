//! Providers of a content: entries that their authors sign, and that any holder may merge.
//!
//! Entries of one content merge: of each author the newest stays, 64 at most, whatever the order in which they come. A holder thus
//! needs to know of no other holder, and two that differ send each other their entries.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::contact::{Card, Contact};
use crate::base::content::ContentId;
use crate::base::id::Space;
use crate::base::identity::{Purpose, Scheme, Signature, Signer};
use crate::store::record::RecordError;

/// The greatest number of providers of a content that are kept: of more, those that end last.
pub const MAX_PROVIDERS: usize = 64;
/// The greatest number of bytes of a content's providers, so that they fit in one message. Of more, those that end last.
pub const MAX_PROVIDERS_BYTES: usize = 64 * 1024;
/// The longest lifetime of an entry, in seconds: half an hour.
pub const PROVIDER_LIFETIME: u32 = 30 * 60;

/// The providers of a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Providers {
    /// The content.
    pub content: ContentId,
    /// At most [`MAX_PROVIDERS`], one of an author, by their keys.
    pub entries: Vec<Provider>,
}

/// The statement that its author has a content, or has it no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// The card of the author, with its addresses.
    pub card: Card,
    /// Counts what the author says under this version of its card, which is a greater one after each start.
    pub sequence: u64,
    /// True if the author has the content no more. The entry stays until older ones cannot come back.
    pub withdrawn: bool,
    /// The lifetime from the writing on, in seconds.
    pub lifetime: u32,
    /// The number of seconds by which its life ends before that of the entry that lives longest.
    pub behind: u32,
    /// The author's signature over content, key, index and version of the card, sequence, withdrawn and lifetime.
    pub signature: Signature,
}

impl Provider {
    /// Says that the signer, at this contact, has the content, or has it no more.
    pub fn sign(
        signer: &Signer,
        contact: &Contact,
        content: ContentId,
        sequence: u64,
        withdrawn: bool,
        lifetime: u32,
    ) -> Self {
        let mut provider = Self {
            card: contact.card().clone(),
            sequence,
            withdrawn,
            lifetime: lifetime.min(PROVIDER_LIFETIME),
            behind: 0,
            signature: Signature::from_bytes([0; 64]),
        };
        provider.signature = signer.sign(Purpose::Provider, &provider.signed_bytes(content));
        provider
    }

    /// Checks an entry that came from outside.
    ///
    /// # Errors
    /// [`RecordError`] names what is wrong with it.
    pub fn check(
        &self,
        space: Space,
        scheme: Scheme,
        content: ContentId,
    ) -> Result<Contact, RecordError> {
        if self.lifetime > PROVIDER_LIFETIME {
            return Err(RecordError::Lifetime);
        }
        let bytes = self.signed_bytes(content);
        if !scheme.verify(self.card.key, Purpose::Provider, &bytes, &self.signature) {
            return Err(RecordError::Signature);
        }
        Contact::verify(space, scheme, self.card.clone()).map_err(|_| RecordError::Signature)
    }

    /// The canonical bytes that the signature covers. The card has a signature of its own.
    fn signed_bytes(&self, content: ContentId) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        bytes.extend_from_slice(&content.0);
        self.put_version(&mut bytes);
        bytes.push(self.card.index);
        bytes.extend_from_slice(&self.lifetime.to_le_bytes());
        bytes
    }

    /// Appends the fields that tell this entry from others.
    fn put_version(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.card.key.0);
        bytes.extend_from_slice(&self.card.version.to_le_bytes());
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.push(u8::from(self.withdrawn));
    }

    /// Returns whether the author said this after the other.
    fn supersedes(&self, other: &Self) -> bool {
        (self.card.version, self.sequence) > (other.card.version, other.sequence)
    }

    /// Returns whether it is the same entry, however long it has left.
    fn is(&self, other: &Self) -> bool {
        let said = |entry: &Self| {
            (
                entry.sequence,
                entry.withdrawn,
                entry.lifetime,
                entry.signature,
            )
        };
        said(self) == said(other) && self.card == other.card
    }

    /// The most bytes that it takes in a message.
    fn size(&self) -> usize {
        let urls = |addresses: &[crate::base::contact::Address]| {
            let lengths = addresses.iter().map(|address| 3 + address.url().len());
            lengths.sum::<usize>()
        };
        let relays = self.card.relays.iter();
        let relays: usize = relays.map(|relay| 108 + urls(&relay.addresses)).sum();
        194 + urls(&self.card.addresses) + relays
    }
}

impl Providers {
    /// Makes an empty list of providers.
    pub const fn new(content: ContentId) -> Self {
        Self {
            content,
            entries: Vec::new(),
        }
    }

    /// Returns the contacts of the nodes that have the content.
    pub fn contacts(&self, space: Space, scheme: Scheme) -> Vec<Contact> {
        let offering = self.entries.iter().filter(|entry| !entry.withdrawn);
        offering
            .filter_map(|entry| entry.check(space, scheme, self.content).ok())
            .collect()
    }

    /// As [`Record::verify`](super::Record::verify). Entries that are `known` already are not checked again.
    pub(super) fn verify(
        &self,
        space: Space,
        scheme: Scheme,
        known: Option<&Self>,
    ) -> Result<(), RecordError> {
        let ordered = |pair: &[Provider]| pair[0].card.key < pair[1].card.key;
        let count = self.entries.len();
        if !(1..=MAX_PROVIDERS).contains(&count)
            || self.size() > MAX_PROVIDERS_BYTES
            || !self.entries.windows(2).all(ordered)
        {
            return Err(RecordError::Providers);
        }
        let known = known.filter(|known| known.content == self.content);
        for entry in &self.entries {
            let mine = known.and_then(|known| Some(&known.entries[known.find(entry).ok()?]));
            if !mine.is_some_and(|mine| mine.is(entry)) {
                entry.check(space, scheme, self.content)?;
            }
        }
        Ok(())
    }

    /// Takes in what another holder has. `mine` and `theirs` are how many seconds the two have left; gives how many they
    /// have together.
    pub(super) fn merge(&mut self, mine: u32, other: &Self, theirs: u32) -> u32 {
        let life = mine.max(theirs.min(PROVIDER_LIFETIME));
        for entry in &mut self.entries {
            entry.behind = entry.behind.saturating_add(life - mine);
        }
        for entry in &other.entries {
            let left = theirs.saturating_sub(entry.behind).min(entry.lifetime);
            let mut entry = entry.clone();
            entry.behind = life.saturating_sub(left);
            match self.find(&entry) {
                Ok(at) if entry.supersedes(&self.entries[at]) => self.entries[at] = entry,
                Ok(_) => {}
                Err(at) => self.entries.insert(at, entry),
            }
        }
        self.prune(life);
        while self.entries.len() > MAX_PROVIDERS || self.size() > MAX_PROVIDERS_BYTES {
            let oldest = self.entries.iter().enumerate();
            let oldest = oldest.max_by_key(|(_, entry)| (entry.behind, entry.card.key));
            let Some((at, _)) = oldest else { break };
            self.entries.remove(at);
        }
        let first = self.entries.iter().map(|entry| entry.behind).min();
        let first = first.unwrap_or(life);
        for entry in &mut self.entries {
            entry.behind -= first;
        }
        life - first
    }

    /// Leaves out whose life is over when so many seconds are left.
    pub(super) fn prune(&mut self, remaining: u32) {
        self.entries.retain(|entry| entry.behind < remaining);
    }

    /// Tells sets with different entries apart, however long these have left.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(self.entries.len() * 49);
        for entry in &self.entries {
            entry.put_version(&mut bytes);
        }
        *blake3::hash(&bytes).as_bytes()
    }

    pub(super) fn size(&self) -> usize {
        self.entries.iter().map(Provider::size).sum()
    }

    /// Returns the place of the same author's entry, or the place where it belongs.
    fn find(&self, entry: &Provider) -> Result<usize, usize> {
        let key = entry.card.key;
        self.entries.binary_search_by(|own| own.card.key.cmp(&key))
    }
}
