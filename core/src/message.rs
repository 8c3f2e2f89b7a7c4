//! What one node says to another: the vocabularies of the ring and of the store, with request numbers, and of
//! the swarm.
//!
//! It stands below `node`, which speaks it, and `wire`, which writes it.

use alloc::boxed::Box;

use crate::base::features::Features;
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
    /// The request is unknown here.
    Unsupported,
}

impl Message {
    /// The features of a receiver that understands it: it is not sent to others.
    pub fn needs(&self) -> Features {
        let with_fences = Features::LINEAGE | Features::FENCES;
        match self {
            Self::Response(_, Response::Unsupported) => Features::UNSUPPORTED,
            Self::Request(_, Request::Group(ask)) if !ask.is_without_fences() => with_fences,
            Self::Response(_, Response::Group(answer)) if !answer.is_without_fences() => {
                with_fences
            }
            Self::Request(_, Request::Group(ask)) if matches!(**ask, group::Request::Touch(_)) => {
                Features::LINEAGE | Features::TOUCH
            }
            Self::Request(_, Request::Group(_)) | Self::Response(_, Response::Group(_)) => {
                Features::LINEAGE
            }
            Self::Request(..) | Self::Response(..) | Self::Notice(_) | Self::Swarm(_) => {
                Features::NONE
            }
        }
    }
}
