//! What is said to the members of groups, and between them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::Entry;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next, Stamp};
use crate::store::message::Copy;
use crate::store::record::{RecordError, Version};

/// How many keys a page of a range lists.
pub const MAX_PAGE: usize = 64;

/// A question to a node about a group. Each gets one [`Response`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// To the primary: what is under this key?
    Read(Id),
    /// To the primary: put this in the place of that version, `None` where nothing was.
    Write(Box<Copy>, Option<Version>),
    /// From the primary to the members: keep this, if the epoch still stands. Without an entry, only whether it stands.
    Keep(GroupId, Option<Box<Entry>>),
    /// Paxos, first phase: do nothing more in this group, and promise to hear no older ballot.
    Prepare(GroupId, Epoch),
    /// Of a sealed group: what do you keep behind this key?
    List(GroupId, Option<Id>),
    /// Of a sealed group: the entry under this key.
    Fetch(GroupId, Id),
    /// Paxos, second phase: let this follow the group.
    Propose(GroupId, Epoch, Box<Next>),
    /// To who would be a member: keep what you are given for a group that may come.
    Stage(Box<(Configuration, Next)>),
    /// To who would be a member: these belong to it; which do you lack?
    Offer(GroupId, Epoch, Vec<(Id, Stamp)>),
    /// To who would be a member: one of them.
    Give(GroupId, Epoch, Box<Entry>),
    /// To who would be a member: the change was given up before anybody was asked to accept it.
    Withdraw(GroupId, Epoch),
    /// It is decided what follows the group.
    Decided(GroupId, Box<Next>),
    /// What became of this group?
    Check(GroupId),
}

/// An answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To a read: what is there.
    Value(Option<Box<Copy>>),
    /// To a write: it is done; so many members are known to have stored it.
    Written(u8),
    /// To a write: not done, since this is there instead.
    Mismatch(Option<Box<Copy>>),
    /// To a write: not done.
    Refused(RecordError),
    /// To a read or write: ask this node.
    Elsewhere(Contact),
    /// To a read or write: no majority can be reached. A write may still take effect.
    Unavailable,
    /// The answerer knows nothing of this group or key.
    Unknown,
    /// The group is over, and the one that followed is known to all of its members or is over, too.
    Gone,
    /// The epoch does not stand, or a later ballot was promised: at least this one.
    Closed(Epoch),
    /// Done: kept, staged, accepted, or noted.
    Done,
    /// To [`Request::Prepare`]: what was accepted before.
    Promise(Option<Box<(Epoch, Next)>>),
    /// To [`Request::List`]: keys and stamps; fewer than [`MAX_PAGE`] are the last.
    Page(Vec<(Id, Stamp)>),
    /// To [`Request::Fetch`].
    Entry(Option<Box<Entry>>),
    /// To [`Request::Offer`].
    Lacking(Vec<Id>),
    /// What follows the group was decided.
    Followed(Box<Next>),
}

impl Request {
    /// What the message is called in a log.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Read(_) => "quorum read",
            Self::Write(..) => "quorum write",
            Self::Keep(_, Some(_)) => "keep",
            Self::Keep(_, None) => "confirm",
            Self::Prepare(..) => "prepare",
            Self::List(..) => "list",
            Self::Fetch(..) => "fetch",
            Self::Propose(..) => "propose",
            Self::Stage(_) => "stage",
            Self::Offer(..) => "group offer",
            Self::Give(..) => "give",
            Self::Withdraw(..) => "withdraw",
            Self::Decided(..) => "decided",
            Self::Check(_) => "check group",
        }
    }
}

impl Request {
    /// Whether it is a read or write of somebody's.
    pub const fn is_operation(&self) -> bool {
        matches!(self, Self::Read(_) | Self::Write(..))
    }
}

impl Response {
    /// What the message is called in a log.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Value(Some(_)) => "value",
            Self::Value(None) => "no value",
            Self::Written(_) => "written",
            Self::Mismatch(_) => "mismatch",
            Self::Refused(_) => "refused",
            Self::Elsewhere(_) => "elsewhere",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown group",
            Self::Gone => "gone",
            Self::Closed(_) => "closed",
            Self::Done => "done",
            Self::Promise(_) => "promise",
            Self::Page(_) => "page",
            Self::Entry(_) => "entry",
            Self::Lacking(_) => "lacking",
            Self::Followed(_) => "followed",
        }
    }
}
