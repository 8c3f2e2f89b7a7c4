//! Requests, replies and notices between ring members.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::chord::route::{Routing, Step};
pub use crate::chord::successors::Neighbours;

/// The greatest number of nodes that a recursive lookup passes before it is dropped. A linear lookup may need as many as there are
/// nodes.
pub const MAX_PATH: usize = 1_024;
/// The greatest number of nodes that an iterative request may ask to leave out.
pub const MAX_AVOID: usize = 16;
/// The greatest number of successors that a node may name.
pub const MAX_SUCCESSORS: usize = 32;

/// A request to a ring member. Each gets one [`Response`].
///
/// Rare contents are boxed, so that the frequent ones are small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Asks for the node's neighbours: stabilize and join, Zave 2017 §III.
    Neighbours,
    /// Asks for a sign of life: rectify, Zave 2017 §III.
    Ping,
    /// Asks for the node's routing decision on this key: one hop of an iterative lookup.
    Step(Box<Question>),
    /// Take this lookup over. One hop of a recursive lookup. The sender keeps it until the receiver has it.
    Forward(Arc<Forward>),
}

/// The request of one hop of an iterative lookup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The origin's number for the lookup, so that an observer can tell lookups apart.
    pub lookup: u64,
    /// The key that is looked up.
    pub key: Id,
    /// Along fingers or along successors.
    pub routing: Routing,
    /// True if the node asked is thought to be the owner.
    pub arrived: bool,
    /// Nodes that did not answer; at most [`MAX_AVOID`].
    pub avoid: Vec<Id>,
}

/// A recursive lookup on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The origin's number for it.
    pub lookup: u64,
    /// The node that gets the answer.
    pub origin: Contact,
    /// The key that is looked up.
    pub key: Id,
    /// Along fingers or along successors.
    pub routing: Routing,
    /// True if the receiver is thought to be the owner.
    pub arrived: bool,
    /// The nodes visited so far, origin first; at most [`MAX_PATH`].
    pub path: Vec<Id>,
}

/// An answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To [`Request::Neighbours`].
    Neighbours(Neighbours),
    /// To [`Request::Ping`].
    Pong,
    /// To [`Request::Step`].
    Step(Box<NextHop>),
    /// To [`Request::Forward`]: the lookup is taken over.
    Forwarded,
    /// The node is up, but no member of the ring (yet).
    NotMember,
}

/// The answer to one hop of an iterative lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// The next step of the lookup.
    pub step: Step,
    /// The answering node's neighbours when it ends here.
    pub neighbours: Neighbours,
}

/// A message without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// I think that I am your predecessor. Rectify, Zave 2017 §III.
    Notify,
    /// To the origin of a recursive lookup, from the owner.
    Found(Box<Found>),
    /// I am leaving; these were my neighbours. Chord (ToN 2003) §IV-E.
    Leaving(Neighbours),
}

/// The answer to a recursive lookup; its sender is the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The origin's number for the lookup.
    pub lookup: u64,
    /// The nodes visited, origin first, owner last.
    pub path: Vec<Id>,
    /// The owner's neighbours: its successors hold the copies.
    pub neighbours: Neighbours,
}
