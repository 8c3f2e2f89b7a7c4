//! Level `quorum`: groups of members that keep ranges of the ring, one epoch after another. Linearizable per key.
//!
//! A pure machine for one node: input in, effects out. It has no timers, no randomness and no request numbers of others.
//! The idea is Scatter's (SOSP 2011), the change of a group is one single-decree Paxos (Lamport 1998) as in Etna (2005):
//!
//! - The ring's first node begins with one group for the whole ring. Every other group *follows* one: groups are
//!   never made from nothing, so that two halves of a broken network cannot both have a group for a key.
//! - In a group the first member, the primary, orders reads and writes. A write is done when a majority has stored it. A
//!   read is answered after a majority has confirmed the epoch, and after what it answers is stored at a majority.
//! - A change of the group is one Paxos instance among its members. The proposer first stages what is to follow at everybody
//!   who will be in it. A promise seals the group at that member: it keeps nothing more in this epoch. From a majority of
//!   sealed members the proposer collects the newest entry of every key, gives it to those who will follow, and only
//!   then proposes. So whatever is decided is already stored with all of its members, and can begin at once.
//! - The ballot of a change is the epoch of what it proposes. A member thus needs one number, the newest ballot that
//!   it promised: it takes part in an epoch as long as that number is the epoch itself.
//! - A member forgets a group when all members of what followed know that it was decided, or that is over as well. It
//!   remembers the greatest epoch it forgot (the floor), and never enters a group of an epoch below.
//!
//! Nothing depends on time, and nothing on who is thought dead: that only decides when a change is tried.
//! The life of a record is no operation: around its end it may be seen, be gone, and be seen again by members' clocks.

#[cfg(feature = "quorum")]
mod change;
pub mod configuration;
#[cfg(feature = "quorum")]
mod leading;
#[cfg(feature = "quorum")]
mod machine;
#[cfg(feature = "quorum")]
mod member;
#[cfg(feature = "quorum")]
pub mod message;
#[cfg(not(feature = "quorum"))]
#[path = "group/message_none.rs"]
pub mod message;
#[cfg(not(feature = "quorum"))]
mod none;
#[cfg(feature = "quorum")]
mod table;
#[cfg(feature = "quorum")]
mod transfer;
#[cfg(feature = "quorum")]
mod upkeep;

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};
use crate::base::identity::Scheme;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next, Stamp};
#[cfg(feature = "quorum")]
pub use crate::store::group::machine::Groups;
use crate::store::group::message::{Request, Response};
#[cfg(not(feature = "quorum"))]
pub use crate::store::group::none::Groups;
use crate::store::message::Copy;

/// How many groups a node takes part in, or is asked to. Staging of more is refused.
pub const MAX_GROUPS: usize = 256;
/// With how many groups a node splits no range any more.
pub const MAX_SPLIT: usize = 64;
/// How many reads and writes a primary has under way.
pub const MAX_ROUNDS: usize = 1_024;

/// What a machine is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address space.
    pub space: Space,
    /// How records are signed.
    pub scheme: Scheme,
    /// How many members a group should have.
    pub copies: u8,
    /// The most records.
    pub records: usize,
    /// The most bytes of records.
    pub record_bytes: usize,
    /// All of them, but in tests.
    pub rules: Rules,
}

/// What makes the level linearizable. Tests switch a rule off to see that it is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Those who follow are given the state of the group.
    pub hand_over: bool,
    /// A read stores what it answers at a majority first.
    pub write_back: bool,
    /// Members keep nothing for an epoch that does not stand.
    pub epoch_check: bool,
    /// Nothing is answered before what it says is stored.
    pub save_first: bool,
}

impl Rules {
    /// As it should be.
    pub const ALL: Self = Self {
        hand_over: true,
        write_back: true,
        epoch_check: true,
        save_first: true,
    };
}

/// All that a node remembers of groups besides the records. It is stored as one, since its parts belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// No group of this epoch or an older one is ever entered.
    pub floor: Epoch,
    /// The last round that this node used for a ballot.
    pub round: u64,
    /// The groups.
    pub held: Vec<Held>,
    /// What may come to follow a group.
    pub staged: Vec<Staged>,
}

/// A group at one of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The group.
    pub group: Configuration,
    /// The newest ballot heard; the group is sealed here when it is not the epoch.
    pub promised: Epoch,
    /// What was accepted to follow, and by which ballot.
    pub accepted: Option<(Epoch, Next)>,
    /// What follows.
    pub decided: Option<Next>,
}

/// What may come to follow a group, at a member of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The group that it would follow.
    pub parent: Configuration,
    /// What would follow.
    pub next: Next,
}

/// Who waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ticket {
    /// A peer, under its number.
    Peer(Contact, u64),
    /// An operation of this node's owner.
    Operation(u64),
    /// The machine itself, which is a member like others.
    Itself(Token),
}

/// What the machine asked something for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    /// A read or write under way.
    Round(u64),
    /// A step of a change, by its number.
    Change(GroupId, u64),
    /// To tell what was decided.
    Tell(GroupId),
    /// Whether the part of what followed, up to this key, is over, too.
    Over(GroupId, Id),
    /// What became of the group; whether this member lives.
    Check(GroupId),
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Begin a ring that has this number; nothing happens if the node knows groups already.
    Found(u64),
    /// Somebody asks.
    Asked(Ticket, Request),
    /// This node answered a question.
    Answered(Token, Id, Response),
    /// A question to this node got no answer. It may have arrived.
    Failed(Token, Id),
    /// What was to be saved is, or could not be.
    Saved(u64, bool),
    /// From time to time: these other nodes live, the predecessor and the successors; whether this one wants to leave.
    Look(Vec<Contact>, bool),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask, and report the answer.
    Ask(Token, Contact, Request),
    /// Answer.
    Answer(Ticket, Response),
    /// Save this, in order, and report.
    Save(u64, Save),
    /// Drop the saved entries under these keys.
    Drop(Vec<Id>),
    /// These records belong to no group any more, but are not to be lost.
    Release(Vec<Copy>),
    /// Give [`Input::Look`] soon.
    LookSoon,
}

/// Something to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Save {
    /// In the place of the last one.
    Control(Box<Control>),
    /// In the place of an older one of its key.
    Entry(Box<Entry>),
}

/// A record with its place in the history of its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place.
    pub stamp: Stamp,
    /// The record and its remaining life.
    pub copy: Copy,
}
