//! Inputs' and outputs' types of a [`Peer`](super::Peer).

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::base::contact::{Address, Contact};
use crate::base::content::ContentId;
use crate::base::features::Features;
use crate::base::id::Id;
pub use crate::link::LinkId;
use crate::link::reason::{CloseReason, Goodbye};
use crate::link::session::Role;
use crate::node::api as node;
use crate::peer::finding::Known;
use crate::store::group::Save;
use crate::store::message::StoredRecord;
use crate::swarm::api as swarm;

/// An order of a peer, to be carried out by its owner in the order in which it was polled.
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
        /// The reason to tell the other side.
        reason: CloseReason,
    },
    /// Keep this record; say [`Peer::handle_storage`](super::Peer::handle_storage) when that is done.
    StoreRecord {
        /// Names the request.
        token: u64,
        /// The record's key.
        key: Id,
        /// The record and its remaining life.
        copy: StoredRecord,
    },
    /// Drop the record under this key.
    DropRecord(Id),
    /// Save this for level `quorum`, in order; say [`Peer::handle_storage`](super::Peer::handle_storage) when it is safe.
    StoreGroups {
        /// Names the request.
        token: u64,
        /// The change to save.
        save: Save,
    },
    /// Drop the entries of level `quorum` under these keys.
    DropEntries(Vec<Id>),
    /// Keep the entries of level `quorum` under these keys apart for the user to look at, then drop them: their range was repaired
    /// without this peer.
    SetAside(Vec<Id>),
    /// Read a segment of a content that is shared; say
    /// [`Peer::handle_segment_read`](super::Peer::handle_segment_read).
    ReadSegment {
        /// The content.
        content: ContentId,
        /// The segment.
        index: u32,
    },
    /// Keep a segment, which was checked and comes in pieces; say
    /// [`Peer::handle_segment_written`](super::Peer::handle_segment_written).
    WriteSegment {
        /// The content.
        content: ContentId,
        /// The segment.
        index: u32,
        /// The segment's bytes: these pieces, one after another.
        pieces: Vec<Bytes>,
    },
    /// An event, for the owner's information.
    Event(Event),
}

/// An event at a peer, for its owner's information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An event of its node.
    Node(node::Event),
    /// The other end of a link, or of a circuit, has proved its identity.
    LinkUp {
        /// The link, or the one that carries the circuit.
        link: LinkId,
        /// The node at the other end.
        contact: Contact,
        /// The relay at the other end of the link that carries the circuit.
        via: Option<Id>,
    },
    /// A link or a circuit has ended.
    LinkDown {
        /// The link, or the one that carried the circuit.
        link: LinkId,
        /// The node that was at the other end, if that was known.
        id: Option<Id>,
        /// The reason.
        reason: CloseReason,
        /// The other side's words, if it was the one to close it.
        said: Option<Goodbye>,
    },
    /// An address on the list of those to join is this peer's own: it is ignored.
    OwnAddress(Address),
    /// Neighbours to remember for a later run.
    Known(Vec<Known>),
    /// The relays of this peer have changed; [`Peer::relays`](super::Peer::relays) tells them.
    Relays,
    /// Bytes have come that another peer sent with [`Peer::send_data`](super::Peer::send_data).
    Data {
        /// The sender.
        from: Id,
        /// The bytes.
        body: Vec<u8>,
    },
    /// After [`DataError::Full`]: there is room for data to this node again.
    Room(Id),
    /// An event of a transfer.
    Swarm(swarm::Event),
}

/// The reason why data cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataError {
    /// The peer has no link to the node. [`Peer::reach`](super::Peer::reach) makes one.
    NotLinked,
    /// Too much waits already; [`Event::Room`] follows.
    Full,
    /// The bytes are longer than a data frame may be.
    TooLong,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotLinked => "there is no link to the node",
            Self::Full => "too many bytes wait for the node already",
            Self::TooLong => "a data frame holds at most 64 KiB",
        })
    }
}

impl core::error::Error for DataError {}

/// The reason why the peer wants to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKind {
    /// For its node.
    Node(node::TimerKind),
    /// A handshake is overdue.
    Handshake,
    /// For transfers.
    Swarm,
    /// For the leases and circuits it relays.
    Relay,
    /// For its own leases.
    Lease,
    /// To look for a ring.
    Join,
}

/// A relay of this peer, as its owner may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayView {
    /// The relay.
    pub contact: Contact,
    /// True if the relay has granted a lease, false if it was asked for one.
    pub leased: bool,
}

/// A link or a circuit as its owner may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// The link, or the one that carries the circuit.
    pub link: LinkId,
    /// The relay at the other end of the link that carries the circuit.
    pub via: Option<Id>,
    /// The side that this one is: the opener or the other.
    pub role: Role,
    /// The node at the other end, once proved.
    pub contact: Option<Contact>,
    /// The features of the other end.
    pub features: Features,
    /// Bytes of frames sent.
    pub sent: u64,
    /// Bytes of frames received.
    pub received: u64,
}
