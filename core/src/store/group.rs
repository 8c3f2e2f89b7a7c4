//! Level `quorum`: groups of members that keep ranges of the ring, one epoch after another. Linearizable per key.
//!
//! A pure state machine for one node: input in, effects out. It has no timers, no randomness and no request numbers of others.
//! The idea is Scatter's (SOSP 2011), the change of a group is one single-decree Paxos (Lamport 1998) as in Etna (2005):
//!
//! - The ring's first node begins with one group for the whole ring. Every other group *follows* one: no other
//!   group is founded, so that two sides of a partition cannot both have a group for a key.
//! - In a group the first member, the primary, orders reads and writes. A write is done when a majority has stored it. A
//!   read is answered after a majority has confirmed the epoch, and after what it answers is stored at a majority.
//! - A change of the group is one Paxos instance among its members. The proposer first stages the next group at all of
//!   its members. A promise seals the group at that member: it keeps nothing more in this epoch. From a majority of
//!   sealed members the proposer collects the newest entry of every key, gives it to the members of the next group, and only
//!   then proposes. So a decided group is already stored at all of its members, and can begin at once.
//! - The ballot of a change is the epoch of what it proposes. A member thus needs one number, the newest ballot that
//!   it promised: it takes part in an epoch as long as that number is the epoch itself.
//! - A member forgets a group when all members of what followed know that it was decided, or that is over as well. It
//!   remembers the greatest epoch it forgot (the floor), and never enters a group of an epoch below.
//! - All groups of a ring descend from one founding and carry its lineage. A node stores the lineage of its ring, founds only
//!   while it has none, and never gives up one in which it has stored a write.
//! - A member that is away keeps its place until a node that is there takes it: a group gets smaller only when a member
//!   leaves. The state is given to those members of the next group that are there, a majority; one that is away has no vote before it
//!   has been given the state, by a later change.
//! - A range whose majority is gone for good is repaired by hand: by a change into the next generation, which leaves the lost out. A
//!   fence, kept by all nodes that hear of it, ends all groups of an earlier generation there.
//! - A configuration names the incarnation of each member's store. A node that has lost its store is the same node with another
//!   incarnation: it is told of groups that name the old one, but does not enter them.
//!
//! Safety depends neither on time nor on failure detection: these only decide when a change is tried.
//! The life of a record is no operation: around its end it may be seen, be gone, and be seen again by members' clocks.

mod adopting;
mod change;
pub mod configuration;
pub mod fence;
mod leading;
mod machine;
mod member;
pub mod message;
pub mod part;
mod presence;
pub mod repair;
mod roster;
mod shared;
mod table;
mod telling;
#[cfg(test)]
mod testing;
mod transfer;
mod upkeep;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};
use crate::base::identity::Scheme;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next, Origin, Stamp};
use crate::store::group::fence::Fence;
pub(crate) use crate::store::group::leading::is_no_conflict;
pub use crate::store::group::machine::Groups;
use crate::store::group::message::{Request, Response};
use crate::store::group::repair::RepairError;
use crate::store::message::StoredRecord;

/// The limit on groups that a node takes part in, or is asked to. Staging of more is refused.
pub const MAX_GROUPS: usize = 256;
/// The number of groups from which on a node splits no range any more.
pub const MAX_SPLIT: usize = 64;
/// The limit on reads and writes that a primary has under way.
pub const MAX_ROUNDS: usize = 1_024;

/// The configuration of a node's part in level `quorum`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address space.
    pub space: Space,
    /// The scheme that records are signed by.
    pub scheme: Scheme,
    /// The number of members that a group should have.
    pub copies: u8,
    /// The greatest number of records that it keeps.
    pub records: usize,
    /// The greatest number of bytes of records that it keeps.
    pub record_bytes: usize,
    /// The random number of this node's store: another one after the store was lost.
    pub incarnation: u64,
    /// The patience of groups: the time after which a member that is away loses its place to a node that is there.
    pub patience: Patience,
    /// The rules that apply: all, but in tests.
    pub rules: Rules,
}

/// The time for which a member that is away keeps its place in a group although another node could take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// After it fell silent.
    pub silent: Duration,
    /// After it said that it stops, and will be back.
    pub stopped: Duration,
    /// The time for which a node is not asked again that has said that it stays in another lineage.
    pub declined: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silent: Duration::from_secs(30),
            stopped: Duration::from_secs(10 * 60),
            declined: Duration::from_secs(30),
        }
    }
}

/// The rules that make the level linearizable. Tests switch a rule off to see that it is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A group that follows is given the state of its predecessor.
    pub hand_over: bool,
    /// A read stores what it answers at a majority first.
    pub write_back: bool,
    /// Members keep nothing for an epoch that does not stand.
    pub epoch_check: bool,
    /// A node answers only after what the answer says is stored.
    pub save_first: bool,
    /// A node whose store was lost or damaged has no vote in groups that name its earlier incarnation.
    pub incarnation: bool,
    /// A node that has a lineage founds no other one.
    pub lineage: bool,
    /// Two writes of the same record are two operations.
    pub operation: bool,
    /// After a repair by hand groups of an earlier generation are over.
    pub fence: bool,
    /// A touch lets only the version live on that it names.
    pub touch_newest: bool,
}

impl Rules {
    /// All rules: the configuration of every peer.
    pub const ALL: Self = Self {
        hand_over: true,
        write_back: true,
        epoch_check: true,
        save_first: true,
        incarnation: true,
        lineage: true,
        operation: true,
        fence: true,
        touch_newest: true,
    };
}

/// The control record: all that a node remembers of groups besides the records. It is stored as one, since its parts belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// The incarnation of the store that it was saved in.
    pub incarnation: u64,
    /// The greatest epoch that is over: no group of this epoch or an older one is ever entered.
    pub floor: Epoch,
    /// The last round that this node used for a ballot.
    pub round: u64,
    /// The founding that all its groups descend from, once it is in a ring that has groups.
    pub lineage: Option<Lineage>,
    /// The groups.
    pub held: Vec<Held>,
    /// The staged successors of groups, one of which may be decided.
    pub staged: Vec<Staged>,
    /// Groups that were staged here, and were over before this node entered them if they ever began. It knows nothing of what became of
    /// them, although the floor is above them.
    pub skipped: Vec<GroupId>,
    /// The ranges that were repaired by hand.
    pub fences: Vec<Fence>,
}

/// The founding that all groups of a ring descend from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// Random, drawn by the founder.
    pub number: u64,
    /// True if this node has stored a write of the lineage: then the lineage is never given up.
    pub written: bool,
}

/// The identity of an operation through all its attempts: random, drawn when a put begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OperationTag(pub [u8; 16]);

/// A group at one of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The group.
    pub group: Configuration,
    /// The greatest ballot promised; the group is sealed here when it is not the epoch.
    pub promised: Epoch,
    /// The ballot and the successor that were accepted.
    pub accepted: Option<(Epoch, Next)>,
    /// The successor that was decided.
    pub decided: Option<Next>,
}

/// A successor that may be decided to follow a group, at a member of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The group that it would follow.
    pub parent: Configuration,
    /// The successor.
    pub next: Next,
}

/// The requester that waits for a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ticket {
    /// A peer, under its number.
    Peer(Contact, u64),
    /// An operation of this node's owner.
    Operation(u64),
    /// The machine itself, which is a member like others.
    Itself(Token),
}

/// The purpose of a request of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    /// A read or write under way.
    Round(u64),
    /// A step of a change, by its number.
    Change(GroupId, u64),
    /// To tell a decision.
    Tell(GroupId),
    /// To learn whether the part of the next group up to this key is over, too.
    Over(GroupId, Id),
    /// To learn the state of a group, and whether a member answers.
    Check(GroupId),
    /// The lineage of this node's ring.
    Meet,
    /// To tell of fences, after the list has changed so often.
    Fences(u64),
    /// To learn which fences stand.
    Survey,
}

/// An input of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Found the first group of a ring, with this lineage; nothing happens if the node has one already.
    Found(u64),
    /// A request was received.
    Asked(Ticket, Request),
    /// The response of this node to a request.
    Answered(Token, Id, Response),
    /// A request to this node got no response. It may have arrived.
    Failed(Token, Id),
    /// A save has succeeded, or failed.
    Saved(u64, bool),
    /// The ring as it is now: given every few seconds, and soon after a change.
    Look(Look),
    /// A key was located: the node that is responsible for it, and those that follow it on the ring; none where it was not found.
    Located(Id, Vec<Contact>),
    /// The node stops for a while: the other members need not replace it soon.
    Stop,
    /// The order to go on with this key's range without these members, which are gone for good, under this number.
    Repair(u64, Id, Vec<Id>),
    /// The repair of this number is no longer awaited.
    EndRepair(u64),
    /// Give this node's lineage up for this one, once all that it keeps has been taken care of.
    Adopt(u64),
    /// The record under this key has been taken care of, as it was at this place.
    Settled(Id, Settled),
    /// The other lineage still takes records, and is not itself being given up: this node's own one may end with it.
    LetGo,
    /// The lineage is not given up.
    KeepLineage,
}

/// The ring as a node sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The node's neighbours that live: the predecessor and the successors.
    pub ring: Vec<Contact>,
    /// The bounds of the part of the ring whose nodes are all known, which is from the predecessor to the last successor; `None`
    /// where that is all of it.
    pub arc: Option<(Id, Id)>,
    /// True if the node wants to leave for good.
    pub leaving: bool,
}

impl Look {
    /// Returns whether a node would be in the ring that is seen, if it lived.
    pub(in crate::store::group) fn knows_around(&self, node: Id) -> bool {
        self.arc
            .is_none_or(|(after, before)| node.is_between(after, before))
    }
}

/// An effect of the machine, to be carried out by the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this request, and report the response.
    Ask(Token, Contact, Request),
    /// Send this response.
    Answer(Ticket, Response),
    /// Save this, in order, and report by [`Input::Saved`] with the same number.
    Save(u64, Save),
    /// Drop the saved entries under these keys.
    Drop(Vec<Id>),
    /// Set the saved entries under these keys aside, then drop them: they are of before a repair.
    SetAside(Vec<Id>),
    /// The outcome of the repair of this number.
    Repaired(u64, Result<Fence, RepairError>),
    /// Give [`Input::Look`] soon.
    LookSoon,
    /// Look up the node responsible for this key, the middle of a range, and give [`Input::Located`].
    Locate(Id),
    /// The lineage that is the node's own now.
    Adopted(u64),
}

/// The entry of a key that an adoption has taken care of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The place of this node's own entry.
    pub own: Stamp,
    /// The place of what the group had, and what was brought: an earlier one where no majority ever had this node's entry, and the
    /// least where the group had nothing.
    pub brought: Stamp,
}

/// Data to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Save {
    /// The control record, in the place of the last one.
    Control(Box<Control>),
    /// An entry, in the place of an older one of its key.
    Entry(Box<Entry>),
}

/// A record with its place in the history of its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The entry's place in the history of its key.
    pub stamp: Stamp,
    /// The operation that wrote it.
    pub operation: OperationTag,
    /// The record and its remaining life.
    pub copy: StoredRecord,
    /// Its place in the lineage that it was brought from, until it is written anew. Behind all else where an entry is serialized.
    #[serde(skip)]
    pub origin: Option<Origin>,
}
