//! Messages between the members of a swarm. Everything is about one content.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use blake3::hazmat::ChainingValue;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::base::content::ContentId;
use crate::swarm::manifest::block_value;

/// A message about a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The content.
    pub content: ContentId,
    /// The statement or request.
    pub said: Said,
}

/// A statement or request of a member. The order of the variants is the protocol: new ones go to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// The sender takes part, and has this much; the receiver answers with its own. The first message each way, sent again when the length
    /// has become known.
    Hello(Standing),
    /// The sender does not take part, or takes part no more.
    Absent,
    /// The sender has this segment now.
    Have(u32),
    /// True if the receiver has a segment that the sender wants.
    Interested(bool),
    /// True if the sender does not serve the receiver's requests (choke), false if it does.
    Choked(bool),
    /// Requests this segment.
    Request(u32),
    /// Cancels the request of this segment.
    Cancel(u32),
    /// Rejects the request of this segment; the receiver may request the second one instead, if one is named.
    Reject(u32, Option<u32>),
    /// Requests the digests of the segments from this byte of their list on: as many as fit into one block.
    Digests(u32),
}

/// The part of a content that a member has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Nothing of it, not even the length.
    Nothing,
    /// All of so many bytes.
    Whole(u64),
    /// The segments in this set, of a content of so many bytes.
    Part(u64, Vec<u8>),
}

/// The place of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the content, from this byte of it on.
    Content(u64),
    /// In the list of digests, from this byte of it on.
    Digests(u32),
}

/// A piece of a content on its way out. The bytes are shared with the rest of their segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The content.
    pub content: ContentId,
    /// The place of the block.
    pub place: Place,
    /// The segment, or the list.
    pub whole: Arc<Vec<u8>>,
    /// The bytes of it that are sent.
    pub range: Range<usize>,
    /// The chaining value of the bytes in the content's Merkle tree, if it is known already.
    pub value: Option<ChainingValue>,
}

impl Block {
    /// The bytes of the block, at most 64 KiB.
    pub fn bytes(&self) -> &[u8] {
        self.whole.get(self.range.clone()).unwrap_or_default()
    }
}

/// A piece of a content that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The place of the block.
    pub(crate) place: Place,
    /// The bytes.
    pub(crate) bytes: Bytes,
    /// The chaining value of the bytes in the content's Merkle tree, if they can have one there.
    pub(crate) value: Option<ChainingValue>,
}

impl Arrived {
    /// Bytes of which nothing is known yet.
    pub fn new(place: Place, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let value = match place {
            Place::Content(at) => block_value(at, &bytes),
            Place::Digests(_) => None,
        };
        Self {
            place,
            bytes,
            value,
        }
    }
}
