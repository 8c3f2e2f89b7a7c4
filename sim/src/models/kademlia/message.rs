//! The four questions of Kademlia and their answers. §2.3.

use alloc::vec::Vec;

use chordscope_core::base::id::Id;

/// A message: a question or the answer to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The asker's number of the question; its answer repeats it.
    pub rpc: u64,
    /// The content of the message.
    pub body: Body,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Asks for a sign of life.
    Ping,
    /// To [`Body::Ping`].
    Pong,
    /// Asks for the k nodes closest to an id that the receiver knows.
    FindNode(Id),
    /// To [`Body::FindNode`], and to [`Body::FindValue`] where there is none: nodes, the closest first.
    Nodes(Vec<Id>),
    /// As [`Body::FindNode`], unless the receiver has entries under this key.
    FindValue(Id),
    /// To [`Body::FindValue`]: the providers under the key.
    Values(Vec<Id>),
    /// Asks to keep an entry under this key: its sender is a provider.
    Store(Id),
    /// To [`Body::Store`]: whether the entry is kept.
    Stored(bool),
}

/// The bytes of a question's number. §2.3: 160 bits, drawn at random, so that answers cannot be forged.
const RPC: u64 = 20;
/// The bytes of an id.
const ID: u64 = 20;

impl Body {
    /// Returns whether it is a question.
    pub const fn is_question(&self) -> bool {
        matches!(
            self,
            Self::Ping | Self::FindNode(_) | Self::FindValue(_) | Self::Store(_)
        )
    }

    /// The name of the paper.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Ping => "PING",
            Self::Pong => "pong",
            Self::FindNode(_) => "FIND_NODE",
            Self::Nodes(_) => "nodes",
            Self::FindValue(_) => "FIND_VALUE",
            Self::Values(_) => "value",
            Self::Store(_) => "STORE",
            Self::Stored(_) => "stored",
        }
    }

    /// The number that stands for its kind in digests.
    pub const fn number(&self) -> u8 {
        match self {
            Self::Ping => 0,
            Self::Pong => 1,
            Self::FindNode(_) => 2,
            Self::Nodes(_) => 3,
            Self::FindValue(_) => 4,
            Self::Values(_) => 5,
            Self::Store(_) => 6,
            Self::Stored(_) => 7,
        }
    }
}

impl Message {
    /// The bytes of the message without its frame: a kind, the question's number, and its content. A contact is counted as `contact` bytes;
    /// an entry brings its sender's contact and a signature, as in the ring.
    pub fn bytes(&self, contact: u64, entry: u64) -> u64 {
        let list = |len: usize, each: u64| 1 + len as u64 * each;
        let content = match &self.body {
            Body::Ping | Body::Pong => 0,
            Body::FindNode(_) | Body::FindValue(_) => ID,
            Body::Nodes(nodes) => list(nodes.len(), contact),
            Body::Values(providers) => list(providers.len(), entry),
            Body::Store(_) => ID + entry,
            Body::Stored(_) => 1,
        };
        1 + RPC + content
    }
}
