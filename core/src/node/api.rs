//! Inputs and outputs of a [`Node`](super::Node) besides messages.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::fingers::Change;
use crate::chord::route::{Mode, Routing, Step};
use crate::message::Message;
use crate::node::adopting::{Adoption, Conflicting};
use crate::store::group::Save;
use crate::store::group::fence::Fence;
use crate::store::group::repair::RepairError;
use crate::store::message::StoredRecord;
use crate::store::record::{Record, RecordError};
use crate::store::renewal::Renewal;

/// The deadline of a repair of a range at level `quorum`: its records may have to move.
pub const REPAIR_DEADLINE: Duration = Duration::from_secs(60);

/// An output: a task for the owner. Nearly always it sends something, so the others are boxed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Deliver this message; say [`Node::handle_unreachable`](super::Node::handle_unreachable) when it cannot be.
    Send {
        /// The receiver.
        to: Contact,
        /// The message.
        message: Message,
    },
    /// Keep this record, replacing any older one of its key; say [`StorageEvent`] when that is done.
    StoreRecord {
        /// Names the request.
        token: u64,
        /// The record's key.
        key: Id,
        /// The record and its remaining life.
        copy: Box<StoredRecord>,
    },
    /// Drop the record under this key.
    DropRecord(Id),
    /// Save this for level `quorum`, in order; say [`StorageEvent`] when it is safe.
    StoreGroups {
        /// Names the request.
        token: u64,
        /// The data to save.
        save: Save,
    },
    /// Drop the entries of level `quorum` under these keys.
    DropEntries(Vec<Id>),
    /// Keep the entries of level `quorum` under these keys apart for the user to look at, then drop them: their range was repaired
    /// without this node.
    SetAside(Vec<Id>),
    /// An event, for the owner's information.
    Event(Box<Event>),
}

/// The consistency level of a put or get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Any member of the key's replica group accepts it; all of them have it in the end. Always available.
    #[default]
    One,
    /// A majority of the key's group has it, in one order that all see. Fails where no majority can be reached. Each level keeps
    /// its own records.
    Quorum,
}

impl Level {
    /// The level that a renewed record was put at.
    pub const fn of(renewal: &Renewal) -> Self {
        match renewal.quorum {
            true => Self::Quorum,
            false => Self::One,
        }
    }
}

/// The outcome of an [`Output::StoreRecord`] or an [`Output::StoreGroups`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageEvent {
    /// The record is safe.
    Stored(u64),
    /// The data could not be kept.
    Failed(u64),
}

/// The reason why the node wants to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKind {
    /// Check the successor.
    Stabilize,
    /// Refresh a finger.
    Fingers,
    /// Look oneself up from elsewhere.
    RingMerge,
    /// Compare records with the successors.
    Repair,
    /// Send the next of the records that others lack.
    Walks,
    /// Compare groups with the ring.
    Groups,
    /// Stop waiting for the hand-over and leave.
    Leave,
    /// A request is overdue.
    Request(u64),
    /// A lookup's patience or deadline is over.
    Lookup(u64),
    /// An operation at level `quorum` tries again, or its deadline is over.
    Operation(u64),
    /// Say again what content this node has.
    Announce,
    /// Renew the records that this node put.
    Renew,
    /// Bring the next records into the lineage that is being adopted.
    Adopt,
    /// Hand records off to owners that did not answer.
    Handoff,
}

/// The number of a lookup that this node began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupId(pub u64);

/// The number of a put, get or delete that this node began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

/// The standing of a node: in a ring, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The node is in no ring.
    Outside,
    /// The node is in a ring of one.
    Alone,
    /// The node is in a ring with others.
    Member,
}

/// An event at a node, for its owner's information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The node is a member of a ring.
    Joined,
    /// The node found no place; its owner may try again, or elsewhere.
    JoinFailed,
    /// The node is no member any more.
    Left,
    /// The node lost every neighbour it knew and is a ring of one; its owner may want it to join again.
    Alone,
    /// A node that [`Node::probe`](super::Node::probe) asked has answered.
    Probed(Contact, Standing),
    /// The node's predecessor changed.
    Predecessor {
        /// Before.
        old: Option<Contact>,
        /// After.
        new: Option<Contact>,
    },
    /// The node's successor list changed to this.
    Successors(Vec<Contact>),
    /// A row of its finger table changed.
    Finger(Change),
    /// The node decided the next hop of a lookup.
    Routed {
        /// The lookup: its origin and the origin's number.
        lookup: (Id, u64),
        /// The key looked up.
        key: Id,
        /// The decision.
        step: Step,
        /// The predecessor by which it decided.
        predecessor: Option<Id>,
    },
    /// A lookup that [`Node::lookup`](super::Node::lookup) began has ended.
    LookupEnded(LookupId, Result<Report, LookupError>),
    /// A put or delete has ended.
    PutEnded(OperationId, Result<Written, StoreError>),
    /// A get has ended; `None` when there is no such record.
    GetEnded(OperationId, Result<Option<Record>, StoreError>),
    /// The result of [`Node::providers`](super::Node::providers): the contacts of the nodes that announce the content, in no
    /// particular order; this node among them if it does.
    ProvidersFound(OperationId, Result<Vec<Contact>, StoreError>),
    /// The ring has been told that this node has a content, or has it no more.
    Announced {
        /// The content.
        content: ContentId,
        /// True if the node has withdrawn the content, false if it has announced it.
        withdrawn: bool,
        /// The number of nodes that keep the entry. What failed is tried again; a withdrawal is not, the entry then runs out.
        outcome: Result<u8, StoreError>,
    },
    /// The number of seconds for which the record of a put or get that ends now is held, unless it is renewed.
    Lifetime(OperationId, u32),
    /// The node renews a record that it put; to be kept for a later run.
    Renewing(Renewal),
    /// The outcome of [`Node::repair_range`](super::Node::repair_range).
    RangeRepaired(OperationId, Result<Fence, RepairError>),
    /// The record under this key at this level is renewed no more: there is a newer version, it is gone, or it was put without renewal.
    RenewalEnded(Id, Level),
    /// The record under this key at this level was renewed at so many nodes.
    Renewed(Id, Level, u8),
    /// The record under this key at this level could not be renewed now. It is tried again.
    RenewalFailed(Id, Level, StoreError),
    /// A record of the lineage that is given up cannot be brought into the one that is adopted, since something else is there: to be
    /// exported, and then [`Node::conflict_exported`](super::Node::conflict_exported) said.
    LineageConflict(Box<Conflicting>),
    /// The adoption of a lineage has ended.
    AdoptionEnded(Box<Adoption>),
    /// Two authors wrote the same sequence number under this key at level `one`, each without knowing of the other; the
    /// greater version stays.
    Conflict(Id),
    /// The node keeps a new record, or a newer version of one.
    RecordKept(Id),
    /// The node dropped a record: expired, or handed over.
    RecordDropped(Id),
    /// A peer did not answer in time.
    NoAnswer(Id),
    /// A limit was reached, and what came was refused.
    LimitReached(Limit),
}

/// A bounded resource of a node: see [`Event::LimitReached`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Lookups of this node under way.
    Lookups,
    /// Puts and gets of this node under way.
    Operations,
    /// Requests of this node without an answer yet.
    Requests,
    /// Nodes on the path of a lookup.
    Path,
    /// Records that wait to be stored.
    Storing,
    /// Contents that the node announces.
    Announced,
    /// Connections that are being opened.
    Dials,
    /// Records that the node renews.
    Renewals,
    /// Bytes of messages that wait for a link.
    Messages,
    /// Records that wait to be handed off to their owners.
    Handoffs,
}

/// The path and the result of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The key.
    pub key: Id,
    /// Along fingers or successors.
    pub routing: Routing,
    /// The mode in which the lookup ended.
    pub mode: Mode,
    /// The node responsible for the key.
    pub owner: Contact,
    /// The owner and the next successors: where replicas are kept.
    pub group: Vec<Contact>,
    /// Every node visited, origin first, owner last.
    pub path: Vec<Visit>,
    /// The duration of the lookup.
    pub took: Duration,
}

impl Report {
    /// The number of hops: one less than the nodes on the path.
    pub const fn hops(&self) -> usize {
        self.path.len().saturating_sub(1)
    }
}

/// One node on a lookup's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The node.
    pub id: Id,
    /// The node's contact, where the origin asked it itself.
    pub contact: Option<Contact>,
    /// The round trip to this node, where the origin asked it itself.
    pub rtt: Option<Duration>,
}

/// The result of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The record's key.
    pub key: Id,
    /// The record's sequence number.
    pub sequence: u64,
    /// The number of nodes that have stored it.
    pub copies: u8,
    /// At level `quorum`, the number of members of the record's group, if its primary says it.
    pub members: Option<u8>,
    /// At level `one`, whether no earlier version was found while all nodes that may have one were away ([`StoreError::Away`]). If one of them
    /// has one that is newer by its sequence number, that stays once the node is back, and what was written here is lost.
    pub may_be_lost: bool,
}

/// The reason why a node does not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// The node is a member.
    Already,
    /// The node was told to join via itself.
    Itself,
}

/// The reason why a lookup does not begin, or ended without an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// The node is no member of a ring.
    NotMember,
    /// Too many lookups are under way.
    Busy,
    /// The deadline passed.
    Deadline,
}

/// The reason why a put or get does not begin, or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The node is no member of a ring.
    NotMember,
    /// Too many operations are under way.
    Busy,
    /// No node responsible for the key answered. A write may still take effect, now or later.
    Unavailable,
    /// No node that is there has the record, and as many as keep one have gone from before the key's owner lately: one of them may
    /// have it.
    Away,
    /// No group keeps the key at level `quorum` yet.
    NoGroup,
    /// No majority of the key's group at level `quorum` answered; these members are awaited, as far as they are known. A write may
    /// still take effect, now or later.
    NoMajority(Vec<Contact>),
    /// No majority of the key's group at level `quorum` could store what had to be stored. A write may still take effect, now or
    /// later.
    Unstored {
        /// The members that could not, and why.
        refused: Vec<(Contact, RecordError)>,
        /// The members that are awaited, as far as they are known.
        awaited: Vec<Contact>,
    },
    /// A write may have taken effect at level `quorum`; if so, another one has replaced it since.
    UnknownOutcome,
    /// Not written: the record has another sequence number, namely this; 0 when there is no such record.
    Mismatch(u64),
    /// The record was refused.
    Record(RecordError),
    /// The primary of the key's group at level `quorum` is of a release that cannot let records live longer.
    Unsupported,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lookups => "lookups",
            Self::Operations => "puts and gets",
            Self::Requests => "outstanding requests",
            Self::Path => "nodes on a lookup's path",
            Self::Storing => "records that wait to be stored",
            Self::Announced => "announced contents",
            Self::Dials => "dials",
            Self::Renewals => "records to renew",
            Self::Messages => "bytes of messages that wait for a link",
            Self::Handoffs => "records to hand off",
        })
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Already => "the node is in a ring already",
            Self::Itself => "a node cannot join a ring via itself",
        })
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotMember => "the node is in no ring yet",
            Self::Busy => "too many lookups are under way",
            Self::Deadline => "no answer before the lookup's deadline",
        })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMember => f.write_str("the node is in no ring yet"),
            Self::Busy => f.write_str("too many puts and gets are under way"),
            Self::Unavailable => f.write_str("no node responsible for the name answered"),
            Self::Away => f.write_str(
                "no peer that is there has it, and those that may have it went lately: ask again when they are back, or in half a minute",
            ),
            Self::NoGroup => f.write_str("no group keeps the name at level quorum yet"),
            Self::NoMajority(awaited) => {
                f.write_str("the name's group at level quorum has no majority or no primary now")?;
                name_awaited(f, awaited)
            }
            Self::Unstored { refused, awaited } => {
                f.write_str(
                    "the name's group at level quorum has no majority that can store it now",
                )?;
                for (member, error) in refused {
                    f.write_str("; ")?;
                    name(f, member)?;
                    match error {
                        RecordError::Storage => f.write_str(": its disk refuses")?,
                        error => write!(f, ": {error}")?,
                    }
                }
                name_awaited(f, awaited)
            }
            Self::UnknownOutcome => f.write_str(
                "the write may have taken effect and been replaced since: its outcome is unknown",
            ),
            Self::Mismatch(0) => f.write_str("there is no such record"),
            Self::Mismatch(sequence) => write!(f, "the record has version {sequence}"),
            Self::Record(error) => error.fmt(f),
            Self::Unsupported => f.write_str(
                "the primary of the record's group is of a release that cannot renew at level quorum",
            ),
        }
    }
}

fn name_awaited(f: &mut fmt::Formatter<'_>, awaited: &[Contact]) -> fmt::Result {
    for (n, member) in awaited.iter().enumerate() {
        f.write_str(if n == 0 { "; awaited: " } else { ", " })?;
        name(f, member)?;
    }
    Ok(())
}

/// Names a node by its id first: at its address another node may listen by now.
fn name(f: &mut fmt::Formatter<'_>, node: &Contact) -> fmt::Result {
    write!(f, "{:?}", node.id())?;
    match node.addresses().first() {
        Some(address) => write!(f, " ({address})"),
        None => Ok(()),
    }
}

impl core::error::Error for JoinError {}
impl core::error::Error for LookupError {}
impl core::error::Error for StoreError {}

impl From<RecordError> for StoreError {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl TimerKind {
    /// Returns the purpose of the timer, in a few words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Stabilize => "stabilize",
            Self::Fingers => "fix fingers",
            Self::RingMerge => "look for lost nodes",
            Self::Repair => "repair",
            Self::Walks => "repair goes on",
            Self::Leave => "leave",
            Self::Request(_) => "request timeout",
            Self::Lookup(_) => "lookup timeout",
            Self::Groups => "groups",
            Self::Operation(_) => "operation timeout",
            Self::Announce => "announce",
            Self::Renew => "renew",
            Self::Adopt => "adopt a lineage",
            Self::Handoff => "hinted hand-off",
        }
    }
}

/// A deadline, and the timer that is due then.
pub type Timeout = (Instant, TimerKind);

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;
    use crate::base::contact::Address;
    use crate::base::id::Space;
    use crate::base::identity::Signer;

    #[test]
    fn who_is_awaited_is_named_by_its_id_and_by_where_it_was() {
        let signer = Signer::ed25519([7; 32]);
        let address = Address::parse_url("ws://127.0.0.1:7600/ws").unwrap();
        let somewhere = Contact::sign(Space::FULL, &signer, 0, 1, vec![address]).unwrap();
        let nowhere = Contact::sign(Space::FULL, &signer, 1, 1, vec![]).unwrap();
        let [one, other] = [&somewhere, &nowhere].map(|contact| Space::FULL.show(contact.id()));
        let error = StoreError::NoMajority(vec![somewhere.clone(), nowhere.clone()]);
        let text = error.to_string();
        let named = alloc::format!("; awaited: {one} (ws://127.0.0.1:7600/ws), {other}");
        assert!(text.ends_with(&named), "{text}");
        let unstored = StoreError::Unstored {
            refused: vec![(somewhere, RecordError::Storage)],
            awaited: vec![nowhere],
        };
        let text = unstored.to_string();
        let named =
            alloc::format!("; {one} (ws://127.0.0.1:7600/ws): its disk refuses; awaited: {other}");
        assert!(text.ends_with(&named), "{text}");
    }
}
