//! Repair by hand: what a member does that is told to go on with a range whose majority is gone for good.
//!
//! A repair is a change into the next generation, and its quorum are all voters that are not given up. Before it begins the
//! neighbours are asked whether they know of a later group of the range: then nothing is to be repaired here. What the members that
//! were given up have alone acknowledged is lost.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::change::Step;
use crate::store::group::configuration::{GroupId, MAX_MEMBERS, Member};
use crate::store::group::fence::Fence;
use crate::store::group::message::{Request, Response};
use crate::store::group::upkeep::Wanted;
use crate::store::group::{Effect, Groups, Held, Look};

/// Why a range is not repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepairError {
    /// This node holds no group of the range.
    NoGroup,
    /// This node has no vote in the group: its store is not the one that the group counts on.
    NoVote,
    /// A node that is to be given up is no member of the group.
    NotMember(Id),
    /// The range is repaired already, without that node: it is of this generation.
    Repaired(Id, u32),
    /// A node was told to give itself up.
    Itself,
    /// A majority is left without those who are to be given up.
    NotNeeded,
    /// A member that is to be given up is there.
    Present(Id),
    /// A member that is not to be given up is away.
    Away(Id),
    /// A later group of the range exists, or has come about meanwhile.
    Moved,
    /// A repair of the range is under way.
    Busy,
    /// The node keeps as many fences as it can.
    Full,
    /// The members did not all answer in time.
    Unfinished,
    /// The decision could not be stored.
    Storage,
}

impl fmt::Display for RepairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoGroup => "this peer holds no group of the range: ask one of its members",
            Self::NoVote => {
                "this peer has lost its store since it entered the group, and has no vote in it"
            }
            Self::NotMember(id) => return write!(f, "{id:?} is no member of the group"),
            Self::Repaired(id, generation) => {
                return write!(
                    f,
                    "the range is repaired already: generation {generation} stands, and {id:?} was given up"
                );
            }
            Self::Itself => "this peer cannot give up itself",
            Self::NotNeeded => {
                "no repair is needed: a majority of the group is left without the lost"
            }
            Self::Present(id) => return write!(f, "{id:?} is there, and not lost"),
            Self::Away(id) => {
                return write!(f, "{id:?} is away: start it, or give it up as well");
            }
            Self::Moved => "the range has a later group: ask one of its members",
            Self::Busy => "a repair of the range is under way",
            Self::Full => "too many ranges were repaired by hand",
            Self::Unfinished => "the members that are left did not all answer in time",
            Self::Storage => "the range is repaired, but this peer could not store it",
        })
    }
}

impl core::error::Error for RepairError {}

/// A repair that was ordered and is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repair {
    number: u64,
    lost: BTreeSet<Id>,
}

impl Groups {
    /// Begins to repair the group of a key; [`Effect::Repaired`] follows.
    pub(super) fn begin_repair(&mut self, number: u64, key: Id, lost: &[Id]) {
        match self.repairable(key, lost) {
            Ok(id) => {
                // An attempt to change the group as usual cannot succeed.
                self.end_attempt(id);
                let lost = lost.iter().copied().collect();
                self.repairs.insert(id, Repair { number, lost });
                self.effects.push(Effect::LookSoon);
            }
            Err(error) => self.effects.push(Effect::Repaired(number, Err(error))),
        }
    }

    fn repairable(&self, key: Id, lost: &[Id]) -> Result<GroupId, RepairError> {
        let me = self.me.id();
        let open = |held: &&Held| held.decided.is_none() && held.group.covers(key);
        let newest = self.held.values().filter(open);
        let newest = newest.max_by_key(|held| held.group.epoch);
        let group = &newest.ok_or(RepairError::NoGroup)?.group;
        let own = group.member(me).ok_or(RepairError::NoGroup)?;
        if !own.votes || own.incarnation != self.settings.incarnation {
            return Err(RepairError::NoVote);
        }
        for id in lost {
            if *id == me {
                return Err(RepairError::Itself);
            }
            if !group.has(*id) {
                let fences = self.fences.list().iter();
                let mut over = fences.filter(|fence| fence.lineage == group.lineage);
                let repaired = over.any(|fence| {
                    fence.covers(key) && fence.lost.iter().any(|(lost, _)| lost == id)
                });
                return Err(match repaired {
                    true => RepairError::Repaired(*id, group.epoch.generation),
                    false => RepairError::NotMember(*id),
                });
            }
        }
        let left = group.voters().map(Member::id);
        let left: Vec<Id> = left.filter(|id| !lost.contains(id)).collect();
        if left.len() >= group.majority() {
            return Err(RepairError::NotNeeded);
        }
        // Who is no neighbour is asked before the change begins.
        if let Some(there) = lost.iter().find(|id| !self.presence.is_unseen(**id)) {
            return Err(RepairError::Present(*there));
        }
        if let Some(away) = left.iter().find(|id| self.presence.is_away(**id)) {
            return Err(RepairError::Away(*away));
        }
        if self.fences.is_full() {
            return Err(RepairError::Full);
        }
        match self.repairs.contains_key(&group.id()) {
            true => Err(RepairError::Busy),
            false => Ok(group.id()),
        }
    }

    /// Nobody waits for a repair any more.
    pub(super) fn give_up_repair(&mut self, number: u64) {
        let mut repairs = self.repairs.iter();
        let found = repairs.find(|(_, repair)| repair.number == number);
        if let Some(id) = found.map(|(id, _)| *id) {
            self.end_attempt(id);
            self.end_repair(id, Err(RepairError::Unfinished));
        }
    }

    pub(super) fn end_repair(&mut self, id: GroupId, outcome: Result<Fence, RepairError>) {
        if let Some(repair) = self.repairs.remove(&id) {
            self.effects.push(Effect::Repaired(repair.number, outcome));
        }
    }

    /// The number of the repair that a decision ends, unless the decision was another one.
    pub(super) fn repaired(&mut self, id: GroupId, fence: Option<&Fence>) -> Option<u64> {
        if fence.is_none() {
            self.end_repair(id, Err(RepairError::Moved));
        }
        self.repairs.remove(&id).map(|repair| repair.number)
    }

    /// Tries to repair a group, if that was ordered: all members that are left stay, and neighbours take the places of others.
    pub(super) fn attempt_repair(&mut self, id: GroupId, look: &Look) -> bool {
        let Some(lost) = self.repairs.get(&id).map(|repair| repair.lost.clone()) else {
            return false;
        };
        let Some(held) = self.held.get(&id) else {
            return false;
        };
        let space = self.settings.space;
        let left = held.group.voters().map(|member| &member.contact);
        let mut nodes: Vec<Contact> = left.filter(|n| !lost.contains(&n.id())).cloned().collect();
        let places = usize::from(self.settings.copies.max(1)).max(nodes.len());
        let mut others = self.candidates(look);
        let stays = |node: Id| nodes.iter().any(|other| other.id() == node);
        others.retain(|node| !stays(node.id()) && !lost.contains(&node.id()));
        others.sort_by_key(|node| space.distance(id.upto, node.id()));
        nodes = Contact::of_each_peer(nodes.iter().chain(&others), places);
        nodes.truncate(MAX_MEMBERS);
        nodes.sort_by_key(|node| space.distance(id.upto, node.id()));
        let wanted = Wanted {
            members: nodes,
            split: None,
            absent: BTreeSet::new(),
            lost,
            around: look.ring.clone(),
        };
        self.start_change(id, wanted);
        true
    }

    /// Asks the neighbours, and those who would be in what may have followed already, for a later group of the range; and those who are to be
    /// given up, who must not answer.
    pub(super) fn survey_range(&mut self, id: GroupId) {
        let Some((group, change, token)) = self.enter(id, Step::Surveying { open: 0 }) else {
            return;
        };
        let accepted = self.held.get(&id).and_then(|held| held.accepted.clone());
        let followers = accepted.map_or_else(Vec::new, |(_, next)| next.members());
        let lost = group
            .members
            .iter()
            .filter(|member| change.lost.contains(&member.id()));
        let others = followers
            .iter()
            .chain(lost)
            .map(|member| member.contact.clone());
        let me = self.me.id();
        let mut nodes: Vec<Contact> = Vec::new();
        for node in change.around.into_iter().chain(others) {
            let known = nodes.iter().any(|other| other.id() == node.id());
            if node.id() != me && node.relays().is_empty() && !known {
                nodes.push(node);
            }
        }
        if nodes.is_empty() {
            return self.meet(id);
        }
        if let Some(change) = self.changes.get_mut(&id) {
            change.step = Step::Surveying { open: nodes.len() };
        }
        for node in nodes {
            let survey = Request::Survey(group.lineage, group.after, group.upto);
            self.ask(token, &node, survey);
        }
    }

    pub(super) fn on_range_surveyed(&mut self, id: GroupId, from: Id, response: Option<Response>) {
        let change = self.changes.get(&id);
        if response.is_some() && change.is_some_and(|change| change.lost.contains(&from)) {
            self.changes.remove(&id);
            return self.end_repair(id, Err(RepairError::Present(from)));
        }
        if let Some(Response::Surveyed(newest, fences)) = response {
            for fence in fences {
                self.raise(fence);
            }
            if newest.is_some_and(|newest| newest > id.epoch) {
                self.changes.remove(&id);
                return self.end_repair(id, Err(RepairError::Moved));
            }
        }
        let Some(change) = self.changes.get_mut(&id) else {
            return;
        };
        if let Step::Surveying { open } = &mut change.step {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.meet(id);
            }
        }
    }

    /// Those whose promises count in a change of a group, and how many are needed: of a repair all.
    pub(super) fn electors(&self, id: GroupId) -> (Vec<Member>, usize) {
        let Some(group) = self.held.get(&id).map(|held| &held.group) else {
            return (Vec::new(), usize::MAX);
        };
        let lost = self.changes.get(&id).map(|change| &change.lost);
        let lost = lost.filter(|lost| !lost.is_empty());
        let is_lost = |member: &&Member| lost.is_some_and(|lost| lost.contains(&member.id()));
        let voters = group.voters().filter(|member| !is_lost(member));
        let voters: Vec<Member> = voters.cloned().collect();
        let needed = match lost {
            Some(_) => voters.len().max(1),
            None => group.majority(),
        };
        (voters, needed)
    }
}
