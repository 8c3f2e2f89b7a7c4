//! What goes in and out of a [`Peer`](super::Peer).

use alloc::vec::Vec;

use crate::base::contact::{Address, Contact};
use crate::base::id::Id;
use crate::link::reason::CloseReason;
use crate::link::session::Role;
use crate::node::api as node;
use crate::store::message::Copy;

/// A connection, numbered by the owner. A number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// What the owner must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this frame as one binary message.
    Send {
        /// Over this link.
        link: LinkId,
        /// The frame.
        frame: Vec<u8>,
    },
    /// Open a connection; say [`Peer::handle_dialed`](super::Peer::handle_dialed) or
    /// [`Peer::handle_dial_failed`](super::Peer::handle_dial_failed).
    Dial(Address),
    /// Close a connection. The link is forgotten already.
    Close {
        /// The link.
        link: LinkId,
        /// What to tell the other side.
        reason: CloseReason,
    },
    /// Keep this record; say [`Peer::handle_storage`](super::Peer::handle_storage) when that is done.
    StoreRecord {
        /// Names the request.
        token: u64,
        /// The record's key.
        key: Id,
        /// The record and its remaining life.
        copy: Copy,
    },
    /// Drop the record under this key.
    DropRecord(Id),
    /// Something to know.
    Event(Event),
}

/// What happened at a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// At its node.
    Node(node::Event),
    /// The other end of a link has proved who it is.
    LinkUp {
        /// The link.
        link: LinkId,
        /// Who is at the other end.
        contact: Contact,
    },
    /// A link has ended.
    LinkDown {
        /// The link.
        link: LinkId,
        /// Who was at the other end, if that was known.
        id: Option<Id>,
        /// Why.
        reason: CloseReason,
    },
}

/// Why the peer wants to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKind {
    /// For its node.
    Node(node::TimerKind),
    /// A handshake is overdue.
    Handshake(LinkId),
}

/// A link as its owner may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// The link.
    pub link: LinkId,
    /// Who opened it.
    pub role: Role,
    /// Who is at the other end, once proved.
    pub contact: Option<Contact>,
    /// Bytes of frames sent.
    pub sent: u64,
    /// Bytes of frames received.
    pub received: u64,
}
