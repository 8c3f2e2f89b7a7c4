//! Messages between nodes: the vocabularies of the ring and of the store, with request numbers, and of the swarm.
//!
//! The module lies below `node`, which sends and handles the messages, and `wire`, which encodes them.

use alloc::boxed::Box;

use crate::base::features::Features;
use crate::chord::message as chord;
use crate::store::group::message as group;
use crate::store::message as store;
use crate::swarm::message as swarm;

/// One message between nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request under the requester's number, which its response repeats.
    Request(u64, Request),
    /// The response to the request of that number.
    Response(u64, Response),
    /// A message without a response.
    Notice(chord::Notice),
    /// A message about a content that is being transferred.
    Swarm(swarm::Message),
}

/// A request to one node, which answers it with one [`Response`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// About the ring.
    Chord(chord::Request),
    /// About records.
    Store(store::Request),
    /// About records at level `quorum`, or between the members of their groups.
    Group(Box<group::Request>),
}

/// The response to a [`Request`].
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
        // A group whose members forget at different times would read what has been replaced.
        let groups = Features::LINEAGE | Features::TOMBSTONES;
        let with_fences = groups | Features::FENCES;
        match self {
            _ if self.carries_a_tombstone() => Features::TOMBSTONES,
            Self::Response(_, Response::Unsupported) => Features::UNSUPPORTED,
            Self::Request(_, Request::Group(ask)) if !ask.is_without_fences() => with_fences,
            Self::Response(_, Response::Group(answer)) if !answer.is_without_fences() => {
                with_fences
            }
            Self::Request(_, Request::Group(ask)) if ask.is_with_origins() => {
                groups | Features::ORIGINS
            }
            Self::Response(_, Response::Group(answer)) if answer.is_with_origins() => {
                groups | Features::ORIGINS
            }
            Self::Request(_, Request::Group(ask)) if matches!(**ask, group::Request::Touch(_)) => {
                groups | Features::TOUCH
            }
            Self::Response(_, Response::Group(group::Response::Unstored(_))) => {
                groups | Features::REFUSALS
            }
            Self::Response(_, Response::Group(group::Response::Written(done)))
                if done.members.is_some() =>
            {
                groups | Features::MEMBERS
            }
            Self::Request(_, Request::Group(_)) | Self::Response(_, Response::Group(_)) => groups,
            Self::Request(..) | Self::Response(..) | Self::Notice(_) | Self::Swarm(_) => {
                Features::NONE
            }
        }
    }

    /// Returns whether it is a message of level `one` with a tombstone in it.
    fn carries_a_tombstone(&self) -> bool {
        match self {
            Self::Request(_, Request::Store(store::Request::Write(copy)))
            | Self::Response(_, Response::Store(store::Response::Value(Some(copy)))) => {
                !copy.is_live()
            }
            _ => false,
        }
    }

    /// Returns the message that replaces this one for a receiver without the features that it [needs](Message::needs), if there is
    /// one: of a tombstone that there is no record, or one in the last second of its life; of refusals that there is no majority; of a write
    /// how many have stored it, not of how many; of an entry not where it was brought from.
    pub fn plainer(&self) -> Option<Self> {
        if let Self::Response(number, Response::Group(group::Response::Unstored(unstored))) = self {
            return Some(Self::Response(*number, Response::Group(unstored.plainer())));
        }
        if let Self::Response(number, Response::Group(group::Response::Written(done))) = self
            && done.members.is_some()
        {
            let members = None;
            let by = done.by;
            let plainer = group::Response::Written(group::Acknowledged { by, members });
            return Some(Self::Response(*number, Response::Group(plainer)));
        }
        match self {
            Self::Request(number, Request::Group(ask)) if ask.is_with_origins() => {
                let ask = ask.without_origin()?;
                return Some(Self::Request(*number, Request::Group(Box::new(ask))));
            }
            Self::Response(number, Response::Group(answer)) if answer.is_with_origins() => {
                return Some(Self::Response(
                    *number,
                    Response::Group(answer.without_origin()?),
                ));
            }
            _ => {}
        }
        if !self.carries_a_tombstone() {
            return None;
        }
        match self {
            Self::Request(number, Request::Store(store::Request::Write(copy))) => {
                let mut copy = copy.clone();
                copy.remaining = 0;
                let write = store::Request::Write(copy);
                Some(Self::Request(*number, Request::Store(write)))
            }
            Self::Response(number, _) => {
                let nothing = Response::Store(store::Response::Value(None));
                Some(Self::Response(*number, nothing))
            }
            _ => None,
        }
    }
}
