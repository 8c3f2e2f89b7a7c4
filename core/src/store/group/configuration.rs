//! The groups of a ring: their members, ranges and epochs, and what may follow them.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::contact::Contact;
use crate::base::id::Id;

/// The most members that a group may have.
pub const MAX_MEMBERS: usize = 8;

/// A ballot, the number of an attempt to change a group, and an epoch, the number of the group that came of it: an attempt's
/// ballot becomes the epoch of what it decides. Rounds only grow; no node uses one twice.
///
/// (ours) Ballot and epoch are one number, so that one number of each member serves as its promise and as its epoch check.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Epoch {
    /// The number of repairs of the range by hand, without a majority of the members before. It fences off whatever is of an
    /// earlier generation.
    pub generation: u32,
    /// The round of the ballot: greater than that of anything it follows.
    pub round: u64,
    /// The node that made the attempt.
    pub proposer: Id,
}

impl Epoch {
    /// The attempt that it comes from, whatever the generation: these grow along a history, too, and one number thus stands for all
    /// ranges at a node, those that were repaired and those that were not.
    pub const fn attempt(self) -> (u64, Id) {
        (self.round, self.proposer)
    }
}

/// The place of a write in the history of its key: the first member of each epoch counts its writes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp {
    /// The epoch.
    pub epoch: Epoch,
    /// The number of the write within the epoch.
    pub index: u64,
}

/// The place that an entry had in the lineage it was brought from, when that was given up for another one.
///
/// It orders all that is brought from there, whichever member brings it and however late: of two entries of one key the later in the
/// history of the key stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The lineage that it was brought from.
    pub lineage: u64,
    /// Its place in the history of the key there.
    pub stamp: Stamp,
}

/// Names a group: no two that were ever decided in one ring have the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupId {
    /// The last key of its range.
    pub upto: Id,
    /// The group's epoch.
    pub epoch: Epoch,
}

/// A member of a group: a node, and the incarnation of its store that the group's state is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The node.
    pub contact: Contact,
    /// The random number of its store. A node that has lost its store has another, and no vote as this member.
    pub incarnation: u64,
    /// True if the member was given the group's state before the group began. Otherwise it was away: it keeps its place, and is asked
    /// nothing before a later change has given it the state.
    pub votes: bool,
}

impl Member {
    /// The node's id.
    pub fn id(&self) -> Id {
        self.contact.id()
    }
}

/// A group: the members that keep a range of keys during one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// The random number of the founding that all groups of a ring descend from. Groups of two lineages have nothing in common.
    pub lineage: u64,
    /// The range begins behind this key.
    pub after: Id,
    /// The range ends with this key.
    pub upto: Id,
    /// The epoch.
    pub epoch: Epoch,
    /// The members. The first, the primary, orders what is done.
    pub members: Vec<Member>,
}

/// The successor of a group: one group, or two when the range is split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The epoch of what follows.
    pub epoch: Epoch,
    /// The members for the range, or for the part behind the split.
    pub members: Vec<Member>,
    /// The last key of the first part, and that part's members.
    pub split: Option<(Id, Vec<Member>)>,
}

impl Configuration {
    /// Returns the group's name.
    pub const fn id(&self) -> GroupId {
        GroupId {
            upto: self.upto,
            epoch: self.epoch,
        }
    }

    /// Returns whether a key is in its range.
    pub fn covers(&self, key: Id) -> bool {
        key.is_within(self.after, self.upto)
    }

    /// Returns whether the two have a key in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other.upto) || other.covers(self.upto)
    }

    /// Returns whether a node is a member.
    pub fn has(&self, node: Id) -> bool {
        has(&self.members, node)
    }

    /// The first member.
    pub fn primary(&self) -> Option<&Member> {
        self.members.first()
    }

    /// A node as a member.
    pub fn member(&self, node: Id) -> Option<&Member> {
        self.members.iter().find(|member| member.id() == node)
    }

    /// The members that were given the group's state.
    pub fn voters(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.votes)
    }

    /// Returns the size of a quorum: more than half of the members; those without a vote count.
    pub const fn majority(&self) -> usize {
        self.members.len() / 2 + 1
    }
}

impl Next {
    /// The groups that follow `parent`.
    pub fn groups(&self, parent: &Configuration) -> impl Iterator<Item = Configuration> + use<> {
        let middle = self.split.as_ref().map(|(at, _)| *at);
        let group = |after, upto, members: &Vec<Member>| Configuration {
            lineage: parent.lineage,
            after,
            upto,
            epoch: self.epoch,
            members: members.clone(),
        };
        let first = self
            .split
            .as_ref()
            .map(|(at, members)| group(parent.after, *at, members));
        let last = group(middle.unwrap_or(parent.after), parent.upto, &self.members);
        first.into_iter().chain([last])
    }

    /// Returns all members of the group that follows, each once.
    pub fn members(&self) -> Vec<Member> {
        let split = self.split.iter().flat_map(|(_, members)| members);
        let mut all: Vec<Member> = Vec::new();
        for member in self.members.iter().chain(split) {
            if !has(&all, member.id()) {
                all.push(member.clone());
            }
        }
        all
    }

    /// Returns whether it may follow `parent`: later, with members, and split within the range.
    pub fn fits(&self, parent: &Configuration) -> bool {
        let lists = core::iter::once(&self.members).chain(self.split.iter().map(|(_, list)| list));
        let mut lists = lists.map(Vec::len);
        let inside = |at: Id| parent.covers(at) && at != parent.upto;
        self.epoch > parent.epoch
            && lists.all(|length| (1..=MAX_MEMBERS).contains(&length))
            && self.split.as_ref().is_none_or(|(at, _)| inside(*at))
    }
}

/// Returns whether a node votes in a list of members.
pub(super) fn votes(members: &[Member], node: Id) -> bool {
    let mut members = members.iter();
    members.any(|member| member.id() == node && member.votes)
}

pub(super) fn has(members: &[Member], node: Id) -> bool {
    members.iter().any(|member| member.id() == node)
}
