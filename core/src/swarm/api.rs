//! Inputs and outputs of a [`Swarm`](super::Swarm) besides messages.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::choker::SLOTS;
use crate::swarm::collection::MAX_FILES;
use crate::swarm::message::{Block, Message};

/// An output: a task for the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Deliver this message; say [`Swarm::handle_gone`](super::Swarm::handle_gone) when it cannot be.
    Send(Id, Message),
    /// Deliver this block; say [`Swarm::handle_waiting`](super::Swarm::handle_waiting) while it waits at the link, and again
    /// when it does no more.
    SendBlock(Id, Block),
    /// Read a segment; say [`Swarm::handle_read`](super::Swarm::handle_read).
    Read(ContentId, u32),
    /// Keep a segment, which was checked and comes in pieces; say [`Swarm::handle_written`](super::Swarm::handle_written) when it is
    /// safe.
    Write(ContentId, u32, Vec<Bytes>),
    /// Find the providers of a content; call [`Swarm::add_source`](super::Swarm::add_source).
    Find {
        /// The content that is wanted.
        content: ContentId,
        /// The content whose providers to look for: the same one, or a folder that it is in.
        at: ContentId,
    },
    /// Let others find this node for the content: from now on, or (`false`) no more.
    Announce(ContentId, bool),
    /// An event, for the owner's information.
    Event(Event),
}

/// An event of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The content's length and the digests of its segments are known now.
    Described(ContentId),
    /// All of it is here.
    Complete(ContentId),
    /// The transfer has ended without that.
    Failed(ContentId, Failure),
    /// A node sent something else than it said; it is asked nothing any more.
    Banned(Id, ContentId, Fault),
}

/// The reason why a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A segment could not be written.
    Disk,
    /// The shared file is not any more what it was, or cannot be read.
    Changed,
}

/// The fault for which a node is banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The node sent a segment whose digest is wrong.
    Segment(u32),
    /// The node sent digests that are not this content's.
    Digests,
    /// The node named a length that is not the content's.
    Length,
}

/// The limits on a swarm's memory. What exceeds one is refused or waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders shared or being fetched by themselves.
    pub transfers: usize,
    /// Files of folders shared or being fetched.
    pub parts: usize,
    /// Files of folders that are announced: nodes that look for the others find them with the folder.
    pub announced_parts: usize,
    /// Nodes that are known to take part in one transfer.
    pub sources: usize,
    /// Bytes of segments that are arriving, or wait to be written.
    pub buffered: usize,
    /// Requests of one node that wait for their turn.
    pub requests: usize,
    /// Values of blocks that are remembered, of 32 bytes each, so that what is sent is not hashed each time.
    pub values: usize,
    /// Nodes that are remembered as banned.
    pub banned: usize,
    /// Members of one transfer that are sent to at a time (BEP 3): all but one slot go to those who give most, the last one to any. With
    /// none, nobody is sent anything: a free rider.
    pub slots: usize,
    /// Bytes a second that go out; `None` for no limit.
    pub up: Option<u64>,
    /// Bytes a second that come in; `None` for no limit.
    pub down: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transfers: 4_096,
            // Two of the largest folders.
            parts: 2 * MAX_FILES,
            announced_parts: 1_024,
            sources: 64,
            buffered: 32 << 20,
            requests: 64,
            values: 65_536,
            banned: 1_024,
            slots: SLOTS,
            up: None,
            down: None,
        }
    }
}

/// The reason why a transfer does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// The content is shared or being fetched already.
    Already,
    /// The node has so many files and folders already, and takes no more.
    TooMany(usize),
    /// The node has so many files of folders already, and takes no more.
    TooManyParts(usize),
}

/// The state of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferView {
    /// The content.
    pub content: ContentId,
    /// The content's length in bytes, once known.
    pub length: Option<u64>,
    /// The segments that are here.
    pub have: Bitfield,
    /// The segments that are asked for, in no order.
    pub asked: Vec<u32>,
    /// Bytes a second that come in.
    pub down: u64,
    /// Bytes a second that go out.
    pub up: u64,
    /// Bytes received in all.
    pub received: u64,
    /// Bytes sent in all.
    pub sent: u64,
    /// Bytes received in vain: a second time, or wrong.
    pub wasted: u64,
    /// The other members of the swarm.
    pub sources: Vec<SourceView>,
    /// The limit of its speed.
    pub limit: Limit,
}

/// Another member of the swarm, as a transfer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceView {
    /// The member's id.
    pub id: Id,
    /// The number of segments that it has.
    pub has: u32,
    /// Bytes a second that come from it.
    pub down: u64,
    /// Bytes a second that go to it.
    pub up: u64,
    /// True if the member chokes this node: it does not send now.
    pub chokes: bool,
    /// True if this node chokes the member: it does not send to it now.
    pub is_choked: bool,
    /// Segments that it was asked for.
    pub asked: u32,
}

/// A request for a segment, and the reason why it is this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The content.
    pub content: ContentId,
    /// The segment that is asked for.
    pub segment: u32,
    /// The member that is asked.
    pub source: Id,
    /// Copies of the segment among the members that this one knows.
    pub copies: u16,
    /// Segments that would have served as well, this one included: with more than one, it was drawn among them.
    pub among: u32,
    /// The reason.
    pub why: Why,
}

/// The reason why a segment is asked for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The last segment of a file: it proves the length.
    Proof,
    /// No other segment that the source has, and that is missing and not on its way, has fewer copies.
    Rarest,
    /// Any: the first few, and all where the order is [`Order::Random`](super::picker::Order::Random).
    Random,
    /// The next one for a reader.
    Next,
    /// The source offered it instead of another one.
    Offered,
    /// The endgame: nothing else is missing, and a second source is asked for it.
    Endgame,
}

/// The limit of a transfer's speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The content is complete: nothing is left to fetch.
    Complete,
    /// No source is known.
    NoSource,
    /// All sources choke this node now.
    Choked,
    /// The connected sources have nothing more that is missing.
    Rare,
    /// The rate that was set.
    Throttle,
    /// Segments wait to be written.
    Disk,
    /// The way from the others to here.
    Network,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "complete",
            Self::NoSource => "nobody found who has it",
            Self::Choked => "choked: waiting for a turn at the peers that have it",
            Self::Rare => "no connected peer has the missing segments",
            Self::Throttle => "the rate limit that was set",
            Self::Disk => "writing to disk",
            Self::Network => "the network, or the peers that send",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disk => "it could not be written to disk",
            Self::Changed => "what was shared has changed, or cannot be read",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(index) => write!(f, "sent a wrong segment {index}"),
            Self::Digests => f.write_str("sent digests of another content"),
            Self::Length => f.write_str("claimed a wrong length"),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Already => f.write_str("this is shared or being fetched already"),
            Self::TooMany(limit) => write!(
                f,
                "{limit} files and folders are shared or being fetched, which is as many as one peer takes: unshare some, or share files in a folder, where they do not count"
            ),
            Self::TooManyParts(limit) => write!(
                f,
                "{limit} files of folders are shared or being fetched, which is as many as one peer takes: unshare a folder"
            ),
        }
    }
}

impl core::error::Error for StartError {}
