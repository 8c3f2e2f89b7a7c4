//! Repair by hand: orders to go on with a range whose majority is gone for good.
//!
//! A repair is a change into the next generation, and its quorum are all voters that are not given up. Before it begins the
//! neighbours are asked whether they know of a later group of the range: then nothing is to be repaired here. What the members that
//! were given up have alone acknowledged is lost.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::change::Wanted;
use crate::store::group::configuration::{GroupId, MAX_MEMBERS, Member};
use crate::store::group::fence::{Fence, Fences};
use crate::store::group::shared::{Act, Shared};
use crate::store::group::{Effect, Look};

/// The reason why a range is not repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepairError {
    /// The node holds no group of the range.
    NoGroup,
    /// The node has no vote in the group: its store is not the one that the group counts on.
    NoVote,
    /// A node that is to be given up is no member of the group.
    NotMember(Id),
    /// The range is repaired already, without that node: it is of this generation.
    Repaired(Id, u32),
    /// A node was told to give itself up.
    Itself,
    /// A majority is left without the members that are to be given up.
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

/// The repairs that were ordered and are not done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Repairs {
    open: BTreeMap<GroupId, Repair>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Repair {
    number: u64,
    lost: BTreeSet<Id>,
}

impl Repairs {
    /// Begins to repair the group of a key; [`Effect::Repaired`] follows.
    pub(super) fn begin(
        &mut self,
        shared: &mut Shared,
        fences: &Fences,
        number: u64,
        key: Id,
        lost: &[Id],
    ) {
        match self.repairable(shared, fences, key, lost) {
            Ok(id) => {
                // An attempt to change the group as usual cannot succeed.
                shared.outbox.act(Act::EndAttempt(id));
                let lost = lost.iter().copied().collect();
                self.open.insert(id, Repair { number, lost });
                shared.look_soon();
            }
            Err(error) => shared.outbox.effect(Effect::Repaired(number, Err(error))),
        }
    }

    fn repairable(
        &self,
        shared: &Shared,
        fences: &Fences,
        key: Id,
        lost: &[Id],
    ) -> Result<GroupId, RepairError> {
        let me = shared.id();
        let open = shared.roster.open();
        let newest = open.filter(|held| held.group.covers(key));
        let newest = newest.max_by_key(|held| held.group.epoch);
        let group = &newest.ok_or(RepairError::NoGroup)?.group;
        let own = group.member(me).ok_or(RepairError::NoGroup)?;
        if !own.votes || own.incarnation != shared.own.settings.incarnation {
            return Err(RepairError::NoVote);
        }
        for id in lost {
            if *id == me {
                return Err(RepairError::Itself);
            }
            if !group.has(*id) {
                let fences = fences.list().iter();
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
        if let Some(there) = lost.iter().find(|id| !shared.presence.is_unseen(**id)) {
            return Err(RepairError::Present(*there));
        }
        if let Some(away) = left.iter().find(|id| shared.presence.is_away(**id)) {
            return Err(RepairError::Away(*away));
        }
        if fences.is_full() {
            return Err(RepairError::Full);
        }
        match self.open.contains_key(&group.id()) {
            true => Err(RepairError::Busy),
            false => Ok(group.id()),
        }
    }

    /// Forgets a repair that is no longer awaited.
    pub(super) fn give_up(&mut self, shared: &mut Shared, number: u64) {
        let mut repairs = self.open.iter();
        let found = repairs.find(|(_, repair)| repair.number == number);
        if let Some(id) = found.map(|(id, _)| *id) {
            shared.outbox.act(Act::EndAttempt(id));
            self.end(shared, id, RepairError::Unfinished);
        }
    }

    /// The repair of a group cannot be done, if one was ordered.
    pub(super) fn end(&mut self, shared: &mut Shared, id: GroupId, error: RepairError) {
        if let Some(repair) = self.open.remove(&id) {
            let outcome = Effect::Repaired(repair.number, Err(error));
            shared.outbox.effect(outcome);
        }
    }

    /// The number of the repair that a decision ends, unless the decision was another one.
    pub(super) fn on_decided(
        &mut self,
        shared: &mut Shared,
        id: GroupId,
        fence: Option<&Fence>,
    ) -> Option<u64> {
        if fence.is_none() {
            self.end(shared, id, RepairError::Moved);
        }
        self.open.remove(&id).map(|repair| repair.number)
    }

    /// The change that repairs a group, if that was ordered: all members that are left stay, and neighbours take the places of others.
    pub(super) fn wanted(&self, shared: &Shared, id: GroupId, look: &Look) -> Option<Wanted> {
        let lost = self.open.get(&id)?.lost.clone();
        let group = shared.roster.group(id)?;
        let settings = &shared.own.settings;
        let space = settings.space;
        let left = group.voters().map(|member| &member.contact);
        let nodes: Vec<Contact> = left.filter(|n| !lost.contains(&n.id())).cloned().collect();
        let places = usize::from(settings.copies.max(1)).max(nodes.len());
        let mut others = shared.candidates(look);
        let stays = |node: Id| nodes.iter().any(|other| other.id() == node);
        others.retain(|node| !stays(node.id()) && !lost.contains(&node.id()));
        let others = Contact::clockwise(space, id.upto, others.iter());
        let mut nodes = Contact::of_each_peer(nodes.iter().chain(others), places);
        nodes.truncate(MAX_MEMBERS);
        let members = Contact::clockwise(space, id.upto, nodes.iter());
        Some(Wanted {
            members: members.into_iter().cloned().collect(),
            split: None,
            absent: BTreeSet::new(),
            lost,
            around: look.ring.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::group::testing::{self, contact, group, id};
    use alloc::vec;

    /// Node 1 of a group of three, where only these are still on the ring and the others did not answer.
    fn shared(there: &[u64]) -> Shared {
        let mut shared = testing::shared(1, &[group((0, 0), 1, &[1, 2, 3])]);
        let look = Look {
            ring: there.iter().copied().map(contact).collect(),
            ..Look::default()
        };
        let members = [2, 3].map(id).into_iter().collect();
        let (now, patience) = (shared.now(), shared.own.settings.patience);
        shared.presence.look(now, &members, &look, patience, None);
        shared
    }

    fn begun(repairs: &mut Repairs, shared: &mut Shared, lost: &[u64]) -> Vec<Act> {
        let lost: Vec<Id> = lost.iter().copied().map(id).collect();
        repairs.begin(shared, &Fences::default(), 5, id(9), &lost);
        shared.outbox.take_acts()
    }

    fn refused(error: RepairError) -> [Act; 1] {
        [Act::Effect(Effect::Repaired(5, Err(error)))]
    }

    #[test]
    fn only_what_is_lost_for_good_is_repaired() {
        let cases: [(&[u64], &[u64], RepairError); 6] = [
            (&[], &[1, 2], RepairError::Itself),
            (&[], &[2, 4], RepairError::NotMember(id(4))),
            (&[2], &[3], RepairError::NotNeeded),
            (&[3], &[2, 3], RepairError::Present(id(3))),
            (&[], &[], RepairError::NotNeeded),
            (&[], &[2], RepairError::NotNeeded),
        ];
        for (there, lost, error) in cases {
            let acts = begun(&mut Repairs::default(), &mut shared(there), lost);
            assert_eq!(acts, refused(error), "{there:?} {lost:?}");
        }
        let mut other = testing::shared(1, &[]);
        let acts = begun(&mut Repairs::default(), &mut other, &[2, 3]);
        assert_eq!(acts, refused(RepairError::NoGroup));
        let mut lapsed = shared(&[]);
        lapsed.own.settings.incarnation = 99;
        let acts = begun(&mut Repairs::default(), &mut lapsed, &[2, 3]);
        assert_eq!(acts, refused(RepairError::NoVote));
    }

    #[test]
    fn a_repair_is_ordered_once_and_ends_with_one_outcome() {
        let (mut repairs, mut shared) = (Repairs::default(), shared(&[]));
        let group = group((0, 0), 1, &[]).id();
        let acts = begun(&mut repairs, &mut shared, &[2, 3]);
        let soon = Act::Effect(Effect::LookSoon);
        assert_eq!(acts, [Act::EndAttempt(group), soon]);
        let again = begun(&mut repairs, &mut shared, &[2, 3]);
        assert_eq!(again, refused(RepairError::Busy));
        repairs.give_up(&mut shared, 6);
        assert_eq!(shared.outbox.take_acts(), [], "another one");
        repairs.give_up(&mut shared, 5);
        let ended = Act::Effect(Effect::Repaired(5, Err(RepairError::Unfinished)));
        assert_eq!(shared.outbox.take_acts(), [Act::EndAttempt(group), ended]);
        repairs.end(&mut shared, group, RepairError::Moved);
        assert_eq!(shared.outbox.take_acts(), []);
    }

    #[test]
    fn a_decision_without_a_fence_is_another_one_than_was_ordered() {
        let group = group((0, 0), 1, &[]);
        for is_repair in [true, false] {
            let (mut repairs, mut shared) = (Repairs::default(), shared(&[]));
            begun(&mut repairs, &mut shared, &[2, 3]);
            let fence = Fence::around(&group, 1);
            let fence = is_repair.then_some(&fence);
            let number = repairs.on_decided(&mut shared, group.id(), fence);
            assert_eq!(number, is_repair.then_some(5));
            let acts = shared.outbox.take_acts();
            assert_eq!(acts.is_empty(), is_repair, "{acts:?}");
        }
    }

    #[test]
    fn who_is_left_stays_and_neighbours_take_the_places_of_the_lost() {
        let (mut repairs, mut shared) = (Repairs::default(), shared(&[]));
        let group = group((0, 0), 1, &[]).id();
        let look = Look {
            ring: vec![contact(6), contact(3), contact(8)],
            ..Look::default()
        };
        assert_eq!(repairs.wanted(&shared, group, &look), None);
        begun(&mut repairs, &mut shared, &[2, 3]);
        let wanted = repairs.wanted(&shared, group, &look).unwrap();
        assert_eq!(wanted.members, [1, 6, 8].map(contact));
        assert_eq!(wanted.lost, [2, 3].map(id).into_iter().collect());
        assert_eq!(wanted.around, look.ring);
    }
}
