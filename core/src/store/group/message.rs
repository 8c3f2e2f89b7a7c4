//! The messages to the members of groups, and between them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next, Stamp};
use crate::store::group::fence::Fence;
use crate::store::group::{Entry, OperationTag};
use crate::store::message::{Bulk, StoredRecord};
use crate::store::record::{RecordError, Version};

/// The number of keys that a page of a range lists.
pub const MAX_PAGE: usize = 64;

/// A request to a node about a group. Each gets one [`Response`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Asks the primary, in the requester's lineage if it has one, for the record under this key.
    Read(Id, Option<u64>),
    /// Asks the primary to write this in the place of a version.
    Write(Box<Write>),
    /// Asks the members, for the primary, to keep this, if the epoch still stands. Without an entry, only whether it stands.
    Keep(GroupId, Option<Box<Entry>>),
    /// Paxos, first phase: do nothing more in this group, and promise to hear no older ballot.
    Prepare(GroupId, Epoch),
    /// Asks a member of a sealed group for the keys that it keeps behind this key.
    List(GroupId, Option<Id>),
    /// Asks a member of a sealed group for the entry under this key.
    Fetch(GroupId, Id),
    /// Paxos, second phase: let this follow the group.
    Propose(GroupId, Epoch, Box<Next>),
    /// Asks a future member to keep what it is given for a group that may come.
    Stage(Box<(Configuration, Next)>),
    /// Tells a future member what belongs to it, and asks for what it lacks.
    Offer(GroupId, Epoch, Vec<(Id, Stamp)>),
    /// Gives a future member one of them.
    Give(GroupId, Epoch, Box<Entry>),
    /// Tells a future member that the change was given up before any member was asked to accept it.
    Withdraw(GroupId, Epoch),
    /// Tells those concerned what was decided to follow the group.
    Decided(GroupId, Box<Next>),
    /// Asks a member what became of this group.
    Check(GroupId),
    /// An introduction: the requester's; the answer is that of the node asked.
    Meet(Introduction),
    /// The requester stops and will be back.
    Stopping,
    /// Tells of ranges that were repaired by hand.
    Fence(Vec<Fence>),
    /// Asks for the newest group of this lineage behind the first key and up to the second, and for the fences that stand.
    Survey(u64, Id, Id),
    /// Asks the primary to let this version live on, if it is still the newest.
    Touch(Box<Touch>),
    /// Asks the primary in this lineage for the entry under this key, as a read, to bring it into another lineage.
    Gather(Id, u64),
    /// Asks the primary to keep what another lineage had.
    Bring(Box<Bring>),
}

/// A write of one record in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The record.
    pub copy: StoredRecord,
    /// The version that it replaces, `None` where nothing was.
    pub expected: Option<Version>,
    /// The operation, the same in all its attempts.
    pub operation: OperationTag,
    /// The requester's lineage, if it has one.
    pub lineage: Option<u64>,
}

/// A longer life for a record that is to stay as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The key of the record.
    pub key: Id,
    /// The version that is to live on.
    pub version: Version,
    /// The seconds for which it lives on at least; the record's own lifetime at most.
    pub remaining: u32,
    /// The requester's lineage, if it has one.
    pub lineage: Option<u64>,
}

/// An entry of a lineage that is given up, for the one that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bring {
    /// The key.
    pub key: Id,
    /// The lineage that is given up.
    pub from: u64,
    /// The lineage that is taken.
    pub lineage: u64,
    /// The entry with its place in the lineage that is given up. Without one, only whether the other lineage takes any.
    pub entry: Option<Box<Entry>>,
}

/// The introduction of a node before it becomes a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The incarnation of its store.
    pub incarnation: u64,
    /// The lineage of its ring, as far as it knows.
    pub lineage: Option<u64>,
    /// True if the node would not give that lineage up for another one.
    pub settled: bool,
}

fn plain(entry: &Entry) -> Box<Entry> {
    Box::new(Entry {
        origin: None,
        ..entry.clone()
    })
}

/// An answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To a read: what is there.
    Value(Option<Box<StoredRecord>>),
    /// To a write or touch: it is done.
    Written(Acknowledged),
    /// To a write: not done, since this is there instead.
    Mismatch(Option<Box<StoredRecord>>),
    /// To a write: not done.
    Refused(RecordError),
    /// To a read or another operation: ask this node.
    Elsewhere(Contact),
    /// To a read, write or touch: no majority can be reached; these members are awaited. A write may still take effect.
    Unavailable(Vec<Contact>),
    /// The answering node knows nothing of this group or key.
    Unknown,
    /// The group is over, and the one that followed is known to all of its members or is over, too. The incarnation of who
    /// answers: only the one that was in the group can know.
    Gone(u64),
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
    /// The decision of what follows the group.
    Followed(Box<Next>),
    /// To [`Request::Meet`]: the introduction of the node that answers. To [`Request::Stage`]: not done, since its store is another one.
    Met(Introduction),
    /// To [`Request::Survey`]: the epoch of the newest group of the range that the answering node is in, or that followed one of its own,
    /// and the lineage's fences.
    Surveyed(Option<Epoch>, Vec<Fence>),
    /// To a touch: not done, since another version is there, or none any more. To [`Request::Bring`]: not done, since the same is there, or a later
    /// entry of the same lineage.
    Superseded,
    /// To a read, write or touch: no majority has stored what had to be stored. A write may still take effect.
    Unstored(Box<Unstored>),
    /// To [`Request::Bring`]: not done, since this lineage is itself being given up for that one.
    GivenUp(u64),
}

/// The members of a group that have stored something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The number of those that are known to have stored it.
    pub by: u8,
    /// The number of all members of the group, if the primary says it.
    pub members: Option<u8>,
}

/// The members of a group without which it has no majority, because some could not store what they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unstored {
    /// The members that could not store it, and why.
    pub refused: Vec<(Contact, RecordError)>,
    /// The members that have not answered.
    pub awaited: Vec<Contact>,
    /// True if a retry soon does not help: the members that are present and could store the record are no majority.
    pub is_final: bool,
}

impl Unstored {
    /// The answer for those that do not know this one.
    pub(crate) fn plainer(&self) -> Response {
        match self.refused.first() {
            Some((_, error)) if self.is_final => Response::Refused(*error),
            _ => {
                let refused = self.refused.iter().map(|(member, _)| member);
                Response::Unavailable(refused.chain(&self.awaited).cloned().collect())
            }
        }
    }
}

impl Request {
    /// Returns whether it is of an operation of a node's owner, and not between members.
    pub const fn is_operation(&self) -> bool {
        matches!(
            self,
            Self::Read(..) | Self::Write(..) | Self::Touch(_) | Self::Gather(..) | Self::Bring(_)
        )
    }

    /// Returns whether only a peer that knows the origins of entries understands it.
    pub fn is_with_origins(&self) -> bool {
        match self {
            Self::Gather(..) | Self::Bring(_) => true,
            Self::Keep(_, Some(entry)) | Self::Give(_, _, entry) => entry.origin.is_some(),
            _ => false,
        }
    }

    /// The request without the origin of its entry, for those that know none.
    pub(crate) fn without_origin(&self) -> Option<Self> {
        match self {
            Self::Keep(group, Some(entry)) => Some(Self::Keep(*group, Some(plain(entry)))),
            Self::Give(group, epoch, entry) => Some(Self::Give(*group, *epoch, plain(entry))),
            _ => None,
        }
    }

    /// Returns whether a peer without fences understands it.
    pub const fn is_without_fences(&self) -> bool {
        !matches!(self, Self::Fence(_) | Self::Survey(..))
    }

    /// Returns whether the answer comes from memory.
    pub const fn is_quick(&self) -> bool {
        matches!(self, Self::Survey(..))
    }

    /// Returns whether the request is a `Check`: what became of a group.
    pub const fn is_check(&self) -> bool {
        matches!(self, Self::Check(_))
    }

    /// The value that it moves.
    pub fn bulk(&self) -> Option<Bulk> {
        match self {
            Self::Read(..) | Self::Fetch(..) | Self::Gather(..) => Some(Bulk::Asked),
            Self::Write(write) => Some(Bulk::Sent(write.copy.record.size())),
            Self::Bring(bring) => {
                let entry = bring.entry.as_ref()?;
                Some(Bulk::Sent(entry.copy.record.size()))
            }
            Self::Keep(_, Some(entry)) | Self::Give(_, _, entry) => {
                Some(Bulk::Sent(entry.copy.record.size()))
            }
            _ => None,
        }
    }

    /// Returns whether it moves a group's entries to the members of the next one.
    pub const fn is_transfer(&self) -> bool {
        matches!(self, Self::Fetch(..) | Self::Give(..))
    }
}

impl Response {
    /// Returns whether a peer without fences understands it.
    pub const fn is_without_fences(&self) -> bool {
        !matches!(self, Self::Surveyed(..))
    }

    /// Returns whether only a peer that knows the origins of entries understands it.
    pub fn is_with_origins(&self) -> bool {
        match self {
            Self::GivenUp(_) => true,
            Self::Entry(Some(entry)) => entry.origin.is_some(),
            _ => false,
        }
    }

    /// The answer without the origin of its entry, for those that know none.
    pub(crate) fn without_origin(&self) -> Option<Self> {
        match self {
            Self::Entry(Some(entry)) => Some(Self::Entry(Some(plain(entry)))),
            _ => None,
        }
    }

    /// Returns whether it says that its sender could not store what it was given.
    pub(in crate::store::group) const fn is_without_room(&self) -> bool {
        matches!(
            self,
            Self::Refused(RecordError::Storage | RecordError::Full)
        )
    }

    /// About how many bytes of a value it brings, where it is an answer that may bring one.
    pub fn brings(&self) -> Option<usize> {
        match self {
            Self::Value(copy) => Some(copy.as_ref().map_or(0, |copy| copy.record.size())),
            Self::Entry(entry) => Some(entry.as_ref().map_or(0, |entry| entry.copy.record.size())),
            _ => None,
        }
    }
}
