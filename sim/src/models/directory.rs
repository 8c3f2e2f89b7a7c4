//! A directory machine and its clients: Napster's one directory, or a BitTorrent tracker. The protocol is the same; a tracker knows some of the
//! contents only.
//!
//! Peers register what they have, again and again; what is not registered again expires. A query is answered with all peers that are
//! registered. The state is soft: a machine that comes back knows nothing until its clients register again.

pub mod client;
pub mod server;

use alloc::vec::Vec;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;

/// The greatest number of contents in one registration.
pub const MAX_CONTENTS: usize = 1_024;
/// The greatest number of peers in one answer.
pub const MAX_PEERS: usize = 64;

/// A message between a client and a directory machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The client's number of the question; the answer repeats it.
    pub number: u64,
    /// The content of the message.
    pub body: Body,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The sender has these contents; at most [`MAX_CONTENTS`].
    Register(Vec<ContentId>),
    /// The sender has these no more.
    Unregister(Vec<ContentId>),
    /// To [`Body::Register`] and [`Body::Unregister`]: the number of entries that were refused, at a limit.
    Registered {
        /// The number of entries that were refused.
        refused: u32,
    },
    /// Asks for the peers that have a content.
    Query(ContentId),
    /// To [`Body::Query`]: peers, at most [`MAX_PEERS`].
    Peers(Vec<Id>),
}

/// The bytes of a question's number, and of a content's id.
const NUMBER: u64 = 4;
const CONTENT: u64 = 32;

impl Body {
    /// The number that stands for its kind in digests.
    pub const fn number(&self) -> u8 {
        match self {
            Self::Register(_) => 0,
            Self::Unregister(_) => 1,
            Self::Registered { .. } => 2,
            Self::Query(_) => 3,
            Self::Peers(_) => 4,
        }
    }

    /// The name of its kind in a log.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Unregister(_) => "unregister",
            Self::Registered { .. } => "registered",
            Self::Query(_) => "query",
            Self::Peers(_) => "peers",
        }
    }

    /// Returns whether it is about a query, and not about registrations.
    pub const fn is_about_query(&self) -> bool {
        matches!(self, Self::Query(_) | Self::Peers(_))
    }
}

impl Message {
    /// The bytes of the message without its frame: a kind, the question's number, and its content. A peer's contact is counted as `contact`
    /// bytes.
    pub fn bytes(&self, contact: u64) -> u64 {
        let content = match &self.body {
            // The sender's contact came with its link.
            Body::Register(contents) | Body::Unregister(contents) => {
                2 + contents.len() as u64 * CONTENT
            }
            Body::Registered { .. } => 4,
            Body::Query(_) => CONTENT,
            Body::Peers(peers) => 1 + peers.len() as u64 * contact,
        };
        1 + NUMBER + content
    }
}
