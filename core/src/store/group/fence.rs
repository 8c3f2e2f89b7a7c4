//! Fences: once a range was repaired by hand, nothing of an earlier generation is served in it any more.
//!
//! Whoever is in what came of a repair stores the fence together with the new group, and each node tells its neighbours, so that the
//! whole ring knows. A member that restarts asks first whoever may know. A group behind a fence is over, whatever a majority of its
//! members says, and its records are set aside.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next};
use crate::store::group::machine::After;
use crate::store::group::message::{Request, Response};
use crate::store::group::repair::RepairError;
use crate::store::group::{Effect, Groups, Held, MAX_GROUPS, Ticket, Token};
use crate::store::record::RecordError;

/// The limit on fences of a node. Adjoining ones of one generation are one.
pub const MAX_FENCES: usize = 64;
/// The limit on lost members that a fence names.
pub const MAX_LOST: usize = 16;
/// The limit on questions of a restarted member to a neighbour that lives and does not answer.
const MAX_TRIES: u8 = 5;

/// A range that was repaired by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// The lineage of its groups.
    pub lineage: u64,
    /// The range begins behind this key.
    pub after: Id,
    /// The range ends with this key.
    pub upto: Id,
    /// Groups of an earlier generation are over in the range.
    pub generation: u32,
    /// The members that were given up, with the incarnations of their stores.
    pub lost: Vec<(Id, u64)>,
}

impl Fence {
    /// The fence that comes with what follows a group, if that is a repair.
    pub(super) fn of(parent: &Configuration, next: &Next) -> Option<Self> {
        let is_repair = next.epoch.generation > parent.epoch.generation;
        let members = next.members();
        let stays = |node: Id| members.iter().any(|member| member.id() == node);
        let lost = parent.members.iter().filter(|member| !stays(member.id()));
        is_repair.then(|| Self {
            lost: lost
                .map(|member| (member.id(), member.incarnation))
                .collect(),
            ..Self::around(parent, next.epoch.generation)
        })
    }

    /// The fence of a group's range against what is earlier than a generation.
    pub(super) const fn around(group: &Configuration, generation: u32) -> Self {
        Self {
            lineage: group.lineage,
            after: group.after,
            upto: group.upto,
            generation,
            lost: Vec::new(),
        }
    }

    /// Whether a key is in its range.
    pub fn covers(&self, key: Id) -> bool {
        key.is_within(self.after, self.upto)
    }

    /// Whether a group is over because of it.
    pub fn bars(&self, group: &Configuration) -> bool {
        self.lineage == group.lineage
            && group.epoch.generation < self.generation
            && (self.covers(group.upto) || group.covers(self.upto))
    }

    /// Whether it says all that another one says.
    fn includes(&self, other: &Self) -> bool {
        let is_whole = self.after == self.upto;
        let begins =
            other.after == self.after || self.covers(other.after) && other.after != self.upto;
        let ends = other.upto == self.upto || other.upto.is_between(other.after, self.upto);
        let inside = other.after != other.upto && begins && ends && self.covers(other.upto);
        self.lineage == other.lineage && self.generation >= other.generation && (is_whole || inside)
    }

    /// The one fence for both, where the other's range follows this one's.
    fn join(&self, other: &Self) -> Option<Self> {
        let alike = self.lineage == other.lineage && self.generation == other.generation;
        let follows = other.after == self.upto && !self.covers(other.upto);
        let mut lost = self.lost.clone();
        lost.extend(other.lost.iter().filter(|who| !self.lost.contains(who)));
        (alike && follows && lost.len() <= MAX_LOST).then(|| Self {
            lost,
            upto: other.upto,
            ..self.clone()
        })
    }
}

/// The outcome of keeping a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Added {
    Known,
    New,
    Full,
}

/// The fences that a node knows, and who has been told of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fences {
    list: Vec<Fence>,
    /// The number of changes of the list.
    changes: u64,
    /// The neighbours that know the list as it is.
    told: BTreeSet<Id>,
}

impl Fences {
    /// Those that were saved.
    pub(super) fn restored(list: Vec<Fence>) -> Self {
        let mut fences = Self::default();
        for fence in list {
            fences.add(fence);
        }
        fences
    }

    pub(super) fn list(&self) -> &[Fence] {
        &self.list
    }

    pub(super) const fn is_full(&self) -> bool {
        self.list.len() >= MAX_FENCES
    }

    pub(super) fn bars(&self, group: &Configuration) -> bool {
        self.list.iter().any(|fence| fence.bars(group))
    }

    fn add(&mut self, mut fence: Fence) -> Added {
        fence.lost.truncate(MAX_LOST);
        if fence.generation == 0 || self.list.iter().any(|known| known.includes(&fence)) {
            return Added::Known;
        }
        let mut list = self.list.clone();
        list.retain(|known| !fence.includes(known));
        let join = |known: &Fence, fence: &Fence| known.join(fence).or_else(|| fence.join(known));
        while let Some(n) = list.iter().position(|known| join(known, &fence).is_some()) {
            let known = list.remove(n);
            fence = join(&known, &fence).unwrap_or(fence);
        }
        if list.len() >= MAX_FENCES {
            return Added::Full;
        }
        list.push(fence);
        self.list = list;
        self.changes += 1;
        self.told.clear();
        Added::New
    }
}

/// A restarted member's question to its neighbours and to the members of its groups: which fences stand? Until they have answered, or
/// are not there, it takes part in no change, and so leads no group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    open: BTreeSet<Id>,
    answered: BTreeSet<Id>,
    failed: BTreeMap<Id, u8>,
}

impl Survey {
    /// Whether a node needs no more asking.
    fn is_done_with(&self, node: Id, is_near: bool) -> bool {
        let tries = if is_near { MAX_TRIES } else { 1 };
        let failed = self.failed.get(&node).copied().unwrap_or_default();
        self.answered.contains(&node) || failed >= tries
    }
}

impl Groups {
    /// The ranges that were repaired by hand, as far as this node knows.
    pub fn fences(&self) -> &[Fence] {
        self.fences.list()
    }

    /// Whether a group is over because of a fence.
    pub(super) fn is_barred(&self, group: &Configuration) -> bool {
        self.settings.rules.fence && self.fences.bars(group)
    }

    /// Whether the asker, about a group that this node does not hold, has yet to hear of a fence.
    pub(super) fn warn(&mut self, ticket: &Ticket, id: GroupId) {
        let Ticket::Peer(asker, _) = ticket else {
            return;
        };
        let barred =
            |fence: &Fence| fence.covers(id.upto) && id.epoch.generation < fence.generation;
        if self.settings.rules.fence
            && !self.held.contains_key(&id)
            && self.fences.list.iter().any(barred)
        {
            let asker = asker.clone();
            self.tell_fences(&asker);
        }
    }

    fn tell_fences(&mut self, node: &Contact) {
        let fences = self.fences.list.clone();
        self.ask(
            Token::Fences(self.fences.changes),
            node,
            Request::Fence(fences),
        );
    }

    /// Tells the neighbours that do not know the fences yet.
    pub(super) fn spread_fences(&mut self, ring: &[Contact]) {
        let lives = |node: &Id| ring.iter().any(|other| other.id() == *node);
        self.fences.told.retain(lives);
        if self.fences.list.is_empty() || !self.settings.rules.fence {
            return;
        }
        let untold =
            |node: &&Contact| node.relays().is_empty() && !self.fences.told.contains(&node.id());
        let nodes: Vec<Contact> = ring.iter().filter(untold).cloned().collect();
        for node in nodes {
            self.tell_fences(&node);
        }
    }

    pub(super) fn on_fences_told(&mut self, changes: u64, from: Id, response: Option<&Response>) {
        // Who takes no part in groups says that it knows of none.
        let heard = matches!(response, Some(Response::Done | Response::Unknown));
        if heard && changes == self.fences.changes {
            self.fences.told.insert(from);
        }
    }

    /// Takes in what a neighbour or a member of this node's groups tells of fences. What anybody else tells is no reason to end a group:
    /// neighbours pass it on.
    pub(super) fn hear_fences(&mut self, ticket: Ticket, fences: Vec<Fence>) {
        if !self.is_acquainted_with(self.asker(&ticket)) {
            return self.answer(ticket, Response::Unknown);
        }
        let before = self.fences.changes;
        let mut kept = true;
        for fence in &fences {
            kept &= self.raise(fence.clone());
        }
        if !kept {
            let full = Response::Refused(RecordError::Full);
            return self.answer(ticket, full);
        }
        if self.fences.changes == before {
            return self.answer(ticket, Response::Done);
        }
        if self.fences.list == fences {
            let asker = self.asker(&ticket);
            self.fences.told.insert(asker);
        }
        self.save_control(vec![After::Answer(ticket, Response::Done)]);
    }

    /// Puts up a fence: groups of an earlier generation that overlap its range are over here. Whether there was room for it.
    pub(super) fn raise(&mut self, fence: Fence) -> bool {
        match self.fences.add(fence.clone()) {
            Added::Known => return true,
            Added::Full => return false,
            Added::New => {}
        }
        self.dirty = true;
        self.effects.push(Effect::LookSoon);
        if self.settings.rules.fence {
            self.end_groups_behind(&fence);
        }
        true
    }

    fn end_groups_behind(&mut self, fence: &Fence) {
        // A decision for the new generation is still to be told.
        let told = |next: &Next| next.epoch.generation >= fence.generation;
        let over =
            |held: &&Held| fence.bars(&held.group) && !held.decided.as_ref().is_some_and(told);
        let over: Vec<GroupId> = self
            .held
            .values()
            .filter(over)
            .map(|h| h.group.id())
            .collect();
        for id in over {
            self.held.remove(&id);
            self.end_watch(id);
            self.raise_floor(id.epoch);
            self.skip(id);
            self.end_repair(id, Err(RepairError::Moved));
        }
        let me = self.me.id();
        let ended: Vec<(GroupId, Epoch)> = self
            .staged
            .iter()
            .filter(|(_, staged)| {
                let groups = staged.next.groups(&staged.parent);
                let mut mine = groups.filter(|group| group.has(me));
                mine.all(|group| fence.bars(&group))
            })
            .map(|(name, _)| *name)
            .collect();
        for name in ended {
            self.unstage(name);
        }
        self.set_aside_behind(fence);
        self.tidy();
    }

    /// Gives up what is staged here: this node says nothing of what it would have become.
    fn unstage(&mut self, name: (GroupId, Epoch)) {
        let me = self.me.id();
        let Some(staged) = self.staged.remove(&name) else {
            return;
        };
        let groups = staged.next.groups(&staged.parent);
        for group in groups.filter(|group| group.has(me)) {
            self.skip(group.id());
        }
        self.dirty = true;
    }

    /// Nothing is known here of what became of a group.
    pub(super) fn skip(&mut self, id: GroupId) {
        if self.skipped.len() < MAX_GROUPS {
            self.skipped.insert(id);
        }
    }

    /// Sets aside the records of a range that no group of the fence's generation keeps here.
    pub(super) fn set_aside_behind(&mut self, fence: &Fence) {
        let own = self.lineage.is_some_and(|own| own.number == fence.lineage);
        if !own || !self.settings.rules.fence {
            return;
        }
        let me = self.me.id();
        let open = self.held.values().filter(|held| held.decided.is_none());
        let mut kept: Vec<Configuration> = open.map(|held| held.group.clone()).collect();
        for staged in self.staged.values() {
            kept.extend(
                staged
                    .next
                    .groups(&staged.parent)
                    .filter(|group| group.has(me)),
            );
        }
        kept.retain(|group| !fence.bars(group));
        let aside = self.table.retain(|key, row| {
            let older = row.stamp.epoch.generation < fence.generation;
            let behind = fence.covers(key) && older;
            !behind || kept.iter().any(|group| group.covers(key))
        });
        if !aside.is_empty() {
            for leading in self.leading.values_mut() {
                leading.drop(&aside);
            }
            self.effects.push(Effect::SetAside(aside));
        }
    }

    /// Before this node stages what would follow a group: what it has of the range in an earlier generation is no part of that.
    /// The epoch of a group that it holds and that has come after the parent, if there is one.
    pub(super) fn make_way(&mut self, parent: &Configuration, next: &Next) -> Option<Epoch> {
        if !self.settings.rules.fence {
            return None;
        }
        let generation = parent.epoch.generation;
        let earlier = Fence::around(parent, generation);
        let holds = |fence: &Fence| {
            let me = self.me.id();
            let mut staged = self.staged.values();
            let mut held = self.held.values();
            held.any(|held| fence.bars(&held.group))
                || staged.any(|staged| {
                    let mut groups = staged.next.groups(&staged.parent);
                    groups.any(|group| group.has(me) && fence.bars(&group))
                })
        };
        if generation > 0 && holds(&earlier) {
            self.raise(earlier);
        }
        let fence = Fence::of(parent, next)?;
        if self.held.contains_key(&parent.id()) {
            return None;
        }
        let newest = self.newest_of(parent.lineage, parent.after, parent.upto);
        if newest.is_some_and(|newest| newest > parent.epoch) {
            return newest;
        }
        // The repair is not decided: this node has no vote in what it gives up for it.
        let me = self.me.id();
        let barred = |group: &Configuration| group.has(me) && fence.bars(group);
        let staged = self.staged.iter().filter(|(_, staged)| {
            let mut groups = staged.next.groups(&staged.parent);
            groups.any(|group| barred(&group))
        });
        let names: Vec<(GroupId, Epoch)> = staged.map(|(name, _)| *name).collect();
        for name in names {
            self.unstage(name);
        }
        self.set_aside_behind(&fence);
        None
    }

    // Asking for fences.

    /// The newest epoch of a group that this node is in, or that has followed one of its own, and that overlaps a range.
    pub(super) fn newest_of(&self, lineage: u64, after: Id, upto: Id) -> Option<Epoch> {
        let covers = |key: Id| key.is_within(after, upto);
        let groups = self.held.values().filter(|held| {
            let group = &held.group;
            group.lineage == lineage && (covers(group.upto) || group.covers(upto))
        });
        let epochs = groups.map(|held| match &held.decided {
            Some(next) => next.epoch,
            None => held.group.epoch,
        });
        epochs.max()
    }

    pub(super) fn surveyed(&mut self, ticket: Ticket, lineage: u64, after: Id, upto: Id) {
        let newest = self.newest_of(lineage, after, upto);
        let fences = self.fences.list.iter();
        let fences = fences.filter(|fence| fence.lineage == lineage);
        let answer = Response::Surveyed(newest, fences.cloned().collect());
        self.answer(ticket, answer);
    }

    /// Whether this node has restarted, and does not know yet which fences stand.
    pub(super) const fn is_surveying(&self) -> bool {
        self.survey.is_some()
    }

    /// Asks for fences whoever may know and was not asked yet.
    pub(super) fn survey_ring(&mut self, ring: &[Contact]) {
        let me = self.me.id();
        let Some(lineage) = self.lineage.map(|own| own.number) else {
            self.survey = None;
            return;
        };
        let Some(survey) = &mut self.survey else {
            return;
        };
        let open = self.held.values().filter(|held| held.decided.is_none());
        let voters = open.flat_map(|held| held.group.voters().map(|member| &member.contact));
        let nodes: BTreeMap<Id, &Contact> = voters
            .chain(ring)
            .filter(|node| node.id() != me && node.relays().is_empty())
            .map(|node| (node.id(), node))
            .collect();
        let near = |node: Id| ring.iter().any(|other| other.id() == node);
        let wanted = nodes
            .iter()
            .filter(|(id, _)| !survey.is_done_with(**id, near(**id)));
        let wanted: Vec<Contact> = wanted.map(|(_, node)| (*node).clone()).collect();
        if wanted.is_empty() {
            self.survey = None;
            return;
        }
        let new = wanted
            .into_iter()
            .filter(|node| survey.open.insert(node.id()));
        let new: Vec<Contact> = new.collect();
        for node in new {
            self.ask(Token::Survey, &node, Request::Survey(lineage, me, me));
        }
    }

    pub(super) fn on_surveyed(&mut self, from: Id, response: Option<Response>) {
        if let Some(survey) = &mut self.survey {
            survey.open.remove(&from);
            match response {
                Some(_) => drop(survey.answered.insert(from)),
                None => *survey.failed.entry(from).or_default() += 1,
            }
            if survey.open.is_empty() {
                self.effects.push(Effect::LookSoon);
            }
        }
        if let Some(Response::Surveyed(_, fences)) = response {
            for fence in fences {
                self.raise(fence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(after: u64, upto: u64, generation: u32) -> Fence {
        let [after, upto] = [after, upto].map(Id::from_u64);
        Fence {
            lineage: 1,
            after,
            upto,
            generation,
            lost: Vec::new(),
        }
    }

    fn kept(all: &[Fence]) -> Vec<(u64, u64, u32)> {
        let fences = Fences::restored(all.to_vec());
        let plain = |fence: &Fence| {
            let [after, upto] = [fence.after, fence.upto].map(|id| id.to_u64().unwrap());
            (after, upto, fence.generation)
        };
        fences.list().iter().map(plain).collect()
    }

    #[test]
    fn adjoining_fences_of_a_generation_become_one_and_lesser_ones_go() {
        assert_eq!(kept(&[fence(10, 20, 1), fence(20, 30, 1)]), [(10, 30, 1)]);
        assert_eq!(kept(&[fence(20, 30, 1), fence(10, 20, 1)]), [(10, 30, 1)]);
        let around = [fence(10, 20, 1), fence(30, 10, 1), fence(20, 30, 1)];
        assert_eq!(kept(&around).len(), 1);
        let whole = kept(&around)[0];
        assert_eq!(whole.0, whole.1, "around the whole ring");
        let other = [fence(10, 20, 1), fence(20, 30, 2)];
        assert_eq!(kept(&other), [(10, 20, 1), (20, 30, 2)]);
        assert_eq!(
            kept(&[fence(10, 30, 1), fence(12, 30, 2), fence(8, 40, 2)]),
            [(8, 40, 2)]
        );
        assert_eq!(kept(&[fence(8, 40, 2), fence(10, 20, 1)]), [(8, 40, 2)]);
        assert_eq!(kept(&[fence(10, 20, 0)]), []);
    }

    #[test]
    fn a_fence_includes_what_lies_within_its_range_and_nothing_else() {
        for (outer, inner, included) in [
            ((10, 20), (10, 20), true),
            ((10, 20), (12, 18), true),
            ((10, 20), (9, 15), false),
            ((10, 20), (15, 21), false),
            ((10, 20), (18, 12), false),
            ((10, 20), (20, 10), false),
            ((10, 20), (15, 15), false),
            ((200, 20), (250, 10), true),
            ((200, 20), (10, 250), false),
            ((7, 7), (10, 20), true),
        ] {
            let of = |(after, upto)| fence(after, upto, 1);
            assert_eq!(
                of(outer).includes(&of(inner)),
                included,
                "{outer:?} {inner:?}"
            );
        }
    }

    #[test]
    fn a_node_keeps_so_many_fences_and_no_more() {
        let mut fences = Fences::default();
        for n in 0..MAX_FENCES as u64 {
            assert_eq!(fences.add(fence(10 * n, 10 * n + 5, 1)), Added::New);
        }
        assert!(fences.is_full());
        assert_eq!(fences.add(fence(7, 8, 1)), Added::Full);
        assert_eq!(fences.add(fence(1, 2, 1)), Added::Known);
        // One that takes the place of others has room.
        assert_eq!(fences.add(fence(0, 100, 2)), Added::New);
    }
}
