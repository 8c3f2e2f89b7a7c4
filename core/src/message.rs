//! What one node says to another: the vocabularies of the ring and of the store, with request numbers, and of
//! the swarm.
//!
//! It stands below `node`, which speaks it, and `wire`, which writes it.

use alloc::boxed::Box;

use crate::chord::message as chord;
use crate::store::group::message as group;
use crate::store::message as store;
use crate::swarm::message as swarm;

/// One message between nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A question under the asker's number.
    Request(u64, Request),
    /// The answer to the question of that number.
    Response(u64, Response),
    /// Something that needs no answer.
    Notice(chord::Notice),
    /// Something about a content that is being transferred.
    Swarm(swarm::Message),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// About the ring.
    Chord(chord::Request),
    /// About records.
    Store(store::Request),
    /// About records at level `quorum`, or between the members of their groups.
    Group(Box<group::Request>),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// About the ring.
    Chord(chord::Response),
    /// About records.
    Store(store::Response),
    /// About records at level `quorum`, or between the members of their groups.
    Group(group::Response),
}

impl Message {
    /// What the message is called in a log.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Request(_, Request::Chord(request)) => request.label(),
            Self::Request(_, Request::Store(request)) => request.label(),
            Self::Request(_, Request::Group(request)) => request.label(),
            Self::Response(_, Response::Chord(response)) => response.label(),
            Self::Response(_, Response::Store(response)) => response.label(),
            Self::Response(_, Response::Group(response)) => response.label(),
            Self::Notice(notice) => notice.label(),
            Self::Swarm(message) => message.said.label(),
        }
    }

    /// Whether it answers a question.
    pub const fn is_answer(&self) -> bool {
        matches!(self, Self::Response(..))
    }
}
