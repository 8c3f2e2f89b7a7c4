//! The roster: the groups that this node is in, their possible successors, and its memory of groups that are over.
//!
//! The control record stores all of it, and the fences besides.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::gather::gather;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Member, Next, votes};
use crate::store::group::fence::Fence;
use crate::store::group::message::{Request, Response};
use crate::store::group::{Control, Held, Lineage, MAX_GROUPS, Staged};

/// Names what is staged: the group that it would follow, and the ballot.
pub(super) type StagedName = (GroupId, Epoch);

/// The groups of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Roster {
    me: Id,
    incarnation: u64,
    floor: Epoch,
    round: u64,
    lineage: Option<Lineage>,
    held: BTreeMap<GroupId, Held>,
    staged: BTreeMap<StagedName, Staged>,
    skipped: BTreeSet<GroupId>,
    /// True if the control state has changed since it was saved.
    dirty: bool,
}

/// The outcome of a decision at a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Followed {
    /// True if the group was open at this node.
    pub(super) ends: bool,
    /// The fence that comes with a repair.
    pub(super) fence: Option<Fence>,
    /// The groups that begin with this node as their primary.
    pub(super) leads: Vec<GroupId>,
}

impl Roster {
    /// Makes the roster of a node without groups.
    pub(super) const fn new(me: Id, incarnation: u64) -> Self {
        Self {
            me,
            incarnation,
            floor: Epoch {
                generation: 0,
                round: 0,
                proposer: Id::ZERO,
            },
            round: 0,
            lineage: None,
            held: BTreeMap::new(),
            staged: BTreeMap::new(),
            skipped: BTreeSet::new(),
            dirty: false,
        }
    }

    // The control record.

    /// Takes up what was saved; with `keeps_groups` unset only what holds of another store of this node as well.
    pub(super) fn restore(&mut self, control: Control, keeps_groups: bool) {
        self.round = control.round;
        self.lineage = control.lineage;
        if !keeps_groups {
            self.dirty = true;
            return;
        }
        self.floor = control.floor;
        self.skipped = gather(control.skipped);
        let held = control.held.into_iter();
        self.held = gather(held.map(|held| (held.group.id(), held)));
        let staged = control.staged.into_iter();
        self.staged =
            gather(staged.map(|staged| ((staged.parent.id(), staged.next.epoch), staged)));
    }

    /// The control record as of now.
    pub(super) fn control(&self, fences: &[Fence]) -> Control {
        Control {
            incarnation: self.incarnation,
            floor: self.floor,
            round: self.round,
            lineage: self.lineage,
            held: self.held.values().cloned().collect(),
            staged: self.staged.values().cloned().collect(),
            skipped: self.skipped.iter().copied().collect(),
            fences: fences.to_vec(),
        }
    }

    /// Notes that the control record is to be saved.
    pub(super) const fn note_change(&mut self) {
        self.dirty = true;
    }

    /// Notes that the control record is being saved.
    pub(super) const fn note_saving(&mut self) {
        self.dirty = false;
    }

    pub(super) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    // The lineage.

    pub(super) const fn lineage(&self) -> Option<Lineage> {
        self.lineage
    }

    /// The number of the lineage, once it is known.
    pub(super) fn lineage_number(&self) -> Option<u64> {
        self.lineage.map(|lineage| lineage.number)
    }

    /// The groups of this node's ring descend from this founding.
    pub(super) fn enter_lineage(&mut self, number: u64) {
        if self.lineage.is_none_or(|lineage| lineage.number != number) {
            let written = false;
            self.lineage = Some(Lineage { number, written });
            self.dirty = true;
        }
    }

    /// Gives the lineage up for one that was chosen.
    pub(super) const fn adopt_lineage(&mut self, number: u64) {
        self.lineage = Some(Lineage {
            number,
            // It was chosen, and is not given up for whichever comes next.
            written: true,
        });
        // Repairs of the one say nothing of the other.
        self.floor.generation = 0;
    }

    /// Takes note of writes of the lineage that are stored here, if there are any.
    pub(super) const fn recall_writes(&mut self, any: bool) {
        if let Some(lineage) = self.lineage.as_mut() {
            lineage.written |= any;
        }
    }

    /// Takes note that a write of the lineage is stored here: it is never given up from now on.
    pub(super) fn note_write(&mut self) {
        if let Some(lineage) = self.lineage.as_mut().filter(|lineage| !lineage.written) {
            lineage.written = true;
            self.dirty = true;
        }
    }

    /// Returns whether this node would not give its lineage up: something was written, others are in its groups, or count on it for one that
    /// may have been decided.
    pub(super) fn is_settled(&self) -> bool {
        let shared = |held: &Held| held.group.members.len() > 1;
        let written = self.lineage.is_some_and(|lineage| lineage.written);
        written || !self.staged.is_empty() || self.held.values().any(shared)
    }

    // Ballots.

    /// A ballot's round that this node has not used, above one that was promised.
    pub(super) fn next_round(&mut self, promised: u64) -> u64 {
        self.round = self.round.max(self.floor.round).max(promised) + 1;
        self.round
    }

    /// Learns of a ballot's round: the next one must be above it.
    pub(super) fn learn_round(&mut self, round: u64) {
        self.round = self.round.max(round);
    }

    // The groups that this node is in.

    pub(super) fn held(&self) -> impl Iterator<Item = &Held> {
        self.held.values()
    }

    /// The groups that nothing is known to follow.
    pub(super) fn open(&self) -> impl Iterator<Item = &Held> {
        self.held.values().filter(|held| held.decided.is_none())
    }

    pub(super) fn ids(&self) -> Vec<GroupId> {
        self.held.keys().copied().collect()
    }

    pub(super) fn get(&self, id: GroupId) -> Option<&Held> {
        self.held.get(&id)
    }

    pub(super) fn group(&self, id: GroupId) -> Option<&Configuration> {
        self.held.get(&id).map(|held| &held.group)
    }

    pub(super) fn holds(&self, id: GroupId) -> bool {
        self.held.contains_key(&id)
    }

    /// Returns whether no group needs this node any more.
    pub(super) fn is_free(&self) -> bool {
        self.held.is_empty() && self.staged.is_empty()
    }

    pub(super) fn has_groups(&self) -> bool {
        !self.held.is_empty()
    }

    /// The number of groups that this node is in.
    pub(super) fn count(&self) -> usize {
        self.held.len()
    }

    /// Returns whether there is room for one more group or for what may come to follow one.
    pub(super) fn has_room(&self) -> bool {
        self.held.len() + self.staged.len() < MAX_GROUPS
    }

    /// Enters a group: this node is a member from now on.
    pub(super) fn hold(&mut self, group: Configuration) {
        let held = Held {
            promised: group.epoch,
            group,
            accepted: None,
            decided: None,
        };
        self.held.insert(held.group.id(), held);
        self.dirty = true;
    }

    /// Seals a group by a promise to hear no ballot below this one.
    pub(super) fn promise(&mut self, id: GroupId, ballot: Epoch) {
        if let Some(held) = self.held.get_mut(&id) {
            held.promised = ballot;
        }
    }

    /// Accepts what is to follow a group.
    pub(super) fn accept(&mut self, id: GroupId, ballot: Epoch, next: Next) {
        if let Some(held) = self.held.get_mut(&id) {
            held.promised = ballot;
            held.accepted = Some((ballot, next));
        }
    }

    /// A newer contact of a member, after its addresses changed.
    pub(super) fn refresh(&mut self, contact: &Contact) {
        let groups = self.held.values_mut().map(|held| &mut held.group);
        for member in groups.flat_map(|group| &mut group.members) {
            if contact.supersedes(&member.contact) {
                member.contact = contact.clone();
            }
        }
    }

    /// Returns whether a node is in the group.
    pub(super) fn is_member(&self, node: Id, id: GroupId) -> bool {
        self.group(id).is_some_and(|group| group.has(node))
    }

    /// Returns whether this incarnation of a node was in the group, so that it can know what became of it.
    pub(super) fn was_in(&self, id: GroupId, node: Id, incarnation: u64) -> bool {
        let group = self.group(id).or_else(|| self.parent(id));
        let member = group.and_then(|group| group.member(node));
        let same = |member: &Member| member.votes && member.incarnation == incarnation;
        member.is_some_and(same)
    }

    /// Returns whether a node shares a group with this one, or is in the parent of what is staged here.
    pub(super) fn shares_group_with(&self, node: Id) -> bool {
        let mut parents = self.staged.values().map(|staged| &staged.parent);
        let mut groups = self.held.values().map(|held| &held.group);
        groups.any(|group| group.has(node)) || parents.any(|group| group.has(node))
    }

    /// Returns whether this node is in another group of the range, which a stranger's word would end.
    pub(super) fn is_held_against(&self, parent: &Configuration) -> bool {
        let own = |held: &Held| held.group.lineage == parent.lineage && held.decided.is_none();
        let other = |held: &Held| held.group.id() != parent.id() && held.group.overlaps(parent);
        self.held.values().any(|held| own(held) && other(held))
    }

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

    /// The ranges of the groups that this node keeps, or may come to keep.
    pub(super) fn ranges(&self) -> Vec<(Id, Id)> {
        let open = self.open().map(|held| (held.group.after, held.group.upto));
        let mut ranges: Vec<(Id, Id)> = open.collect();
        ranges.extend(self.staged_groups().map(|group| (group.after, group.upto)));
        ranges
    }

    // What may come to follow a group.

    pub(super) fn staged(&self, name: StagedName) -> Option<&Staged> {
        self.staged.get(&name)
    }

    /// The groups that are staged here and would have this node as a member.
    pub(super) fn staged_groups(&self) -> impl Iterator<Item = Configuration> {
        self.staged.values().flat_map(|staged| self.own(staged))
    }

    /// The groups whose successors are staged here, and which this node is not in itself.
    pub(super) fn foreign_parents(&self) -> Vec<Configuration> {
        let staged = self.staged.values();
        let staged = staged.filter(|staged| !self.held.contains_key(&staged.parent.id()));
        staged.map(|staged| staged.parent.clone()).collect()
    }

    /// The group of this name, whose successor is staged here.
    pub(super) fn parent(&self, id: GroupId) -> Option<&Configuration> {
        let mut parents = self.staged.values().map(|staged| &staged.parent);
        parents.find(|parent| parent.id() == id)
    }

    fn own(&self, staged: &Staged) -> impl Iterator<Item = Configuration> + use<> {
        let me = self.me;
        let groups = staged.next.groups(&staged.parent);
        groups.filter(move |group| group.has(me))
    }

    pub(super) fn stage(&mut self, parent: Configuration, next: Next) {
        let name = (parent.id(), next.epoch);
        self.staged.insert(name, Staged { parent, next });
    }

    /// Forgets a group that a member of the parent had staged here. Returns whether there was one.
    pub(super) fn withdraw(&mut self, name: StagedName, asker: Id) -> bool {
        let staged = self.staged.get(&name);
        let found = staged.is_some_and(|staged| staged.parent.has(asker));
        if found {
            self.staged.remove(&name);
            self.dirty = true;
        }
        found
    }

    /// Gives up what is staged here: this node says nothing of what it would have become.
    fn unstage(&mut self, name: StagedName) {
        let Some(staged) = self.staged.remove(&name) else {
            return;
        };
        for group in self.own(&staged) {
            self.skip(group.id());
        }
        self.dirty = true;
    }

    /// Gives up what is staged here and would bring this node into a group behind the fence.
    pub(super) fn unstage_behind(&mut self, fence: &Fence) {
        let barred = |staged: &Staged| self.own(staged).any(|group| fence.bars(&group));
        let staged = self.staged.iter().filter(|(_, staged)| barred(staged));
        let names: Vec<StagedName> = staged.map(|(name, _)| *name).collect();
        for name in names {
            self.unstage(name);
        }
    }

    /// Returns whether this node is in a group behind the fence, or may come to be.
    pub(super) fn has_behind(&self, fence: &Fence) -> bool {
        self.held.values().any(|held| fence.bars(&held.group))
            || self.staged_groups().any(|group| fence.bars(&group))
    }

    /// A decision that a request implies, with the group that it follows. If the group that the request is about is staged here it was
    /// decided, since members only send requests about decided groups. Those of other nodes prove nothing.
    pub(super) fn learned(&self, asker: Id, request: &Request) -> Option<(GroupId, Next)> {
        let (Request::Keep(id, _)
        | Request::Prepare(id, _)
        | Request::Propose(id, ..)
        | Request::Check(id)) = request
        else {
            return None;
        };
        if self.holds(*id) {
            return None;
        }
        let mut staged = self.staged.values();
        let staged = staged.find(|staged| {
            let may_know = |group: &Configuration| group.has(asker) || staged.parent.has(asker);
            let mut mine = self.own(staged).filter(|group| group.id() == *id);
            mine.any(|group| may_know(&group))
        });
        staged.map(|staged| (staged.parent.id(), staged.next.clone()))
    }

    // After a group.

    /// Follows a decision: what follows the group begins here, unless it is barred, and the group is over.
    pub(super) fn follow(
        &mut self,
        parent: GroupId,
        next: &Next,
        is_barred: impl Fn(&Configuration) -> bool,
    ) -> Followed {
        let staged = self.staged.remove(&(parent, next.epoch));
        let before = self
            .group(parent)
            .or_else(|| staged.as_ref().map(|staged| &staged.parent));
        let fence = before.and_then(|before| Fence::of(before, next));
        // What was staged besides has lost.
        let before = self.staged.len();
        self.staged.retain(|(other, _), _| *other != parent);
        self.dirty |= staged.is_some() || self.staged.len() != before;
        let held = self.held.get_mut(&parent);
        let open = held.filter(|held| held.decided.is_none());
        let ends = open.is_some();
        if let Some(held) = open {
            held.decided = Some(next.clone());
            self.dirty = true;
        }
        let mut leads = Vec::new();
        // Who is in what follows has it staged until it is decided. Without that it is over here, or was never here.
        for group in staged.iter().flat_map(|staged| next.groups(&staged.parent)) {
            if is_barred(&group) {
                self.skip(group.id());
            } else if votes(&group.members, self.me) {
                if group.primary().map(Member::id) == Some(self.me) {
                    leads.push(group.id());
                }
                self.hold(group);
            }
        }
        Followed { ends, fence, leads }
    }

    /// Returns whether a decision is not known to its end: this node is in what follows, which is not here and never was.
    pub(super) fn lacks(&self, next: &Next) -> bool {
        let is_in = votes(&next.members(), self.me);
        let open = self
            .held
            .values()
            .any(|held| held.group.epoch == next.epoch);
        is_in && !open && !self.is_below_floor(next.epoch)
    }

    /// Forgets a group that is over and that no node needs to hear of any more; returns whether this node was in it.
    pub(super) fn forget(&mut self, id: GroupId) -> bool {
        let found = self.held.remove(&id).is_some();
        if found {
            self.raise_floor(id.epoch);
            self.dirty = true;
            self.skip_what_follows(id);
        }
        found
    }

    /// Ends the groups behind a fence, and what is staged there. The groups that this node was in.
    pub(super) fn end_behind(&mut self, fence: &Fence) -> Vec<GroupId> {
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
        for id in &over {
            self.held.remove(id);
            self.dirty = true;
            self.raise_floor(id.epoch);
            self.skip(*id);
        }
        let ended = self
            .staged
            .iter()
            .filter(|(_, staged)| self.own(staged).all(|group| fence.bars(&group)));
        let ended: Vec<StagedName> = ended.map(|(name, _)| *name).collect();
        for name in ended {
            self.unstage(name);
        }
        over
    }

    /// Notes that nothing is known here of what became of a group.
    fn skip(&mut self, id: GroupId) {
        if self.skipped.len() < MAX_GROUPS {
            self.skipped.insert(id);
        }
    }

    /// Skips what is staged here to follow a group that is gone: it was decided and is over as well, or was not decided.
    pub(super) fn skip_what_follows(&mut self, parent: GroupId) {
        let staged = self.staged.iter();
        let staged = staged.filter(|((group, _), _)| *group == parent);
        let mine = staged.flat_map(|(_, staged)| self.own(staged));
        let room = MAX_GROUPS - self.skipped.len().min(MAX_GROUPS);
        let skipped: Vec<GroupId> = mine.map(|group| group.id()).take(room).collect();
        self.skipped.extend(skipped);
        self.staged.retain(|(group, _), _| *group != parent);
    }

    /// The answer about a group that this node is not in.
    pub(super) fn unknown(&self, id: GroupId) -> Response {
        // A node that has skipped too many groups to remember which answers `Gone` about none.
        let was_in = !self.skipped.contains(&id) && self.skipped.len() < MAX_GROUPS;
        // A group that is staged here may begin, and be below the floor by then.
        let may_come = self.staged_groups().any(|group| group.id() == id);
        match self.is_below_floor(id.epoch) && was_in && !may_come {
            true => Response::Gone(self.incarnation),
            false => Response::Unknown,
        }
    }

    /// The answer about a group that this node has voted in and forgotten, [`Response::Gone`]; `None` about others.
    pub(super) fn forgotten(&self, group: &Configuration) -> Option<Response> {
        let id = group.id();
        let place = group.member(self.me);
        let voted = place.is_some_and(|it| it.votes && it.incarnation == self.incarnation);
        let answer = (voted && !self.holds(id)).then(|| self.unknown(id));
        answer.filter(|answer| matches!(answer, Response::Gone(_)))
    }

    /// The greatest epoch that was forgotten.
    pub(super) const fn floor(&self) -> Epoch {
        self.floor
    }

    /// Returns whether a group of this epoch may have been here and be forgotten.
    pub(super) fn is_below_floor(&self, epoch: Epoch) -> bool {
        epoch.attempt() <= self.floor.attempt()
    }

    fn raise_floor(&mut self, epoch: Epoch) {
        if !self.is_below_floor(epoch) {
            self.floor = epoch;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::group::testing::{self, epoch, group, id, next, shared};
    use alloc::boxed::Box;
    use alloc::vec;

    fn roster(me: u64, groups: &[Configuration]) -> Roster {
        shared(me, groups).roster
    }

    #[test]
    fn a_decision_without_this_node_changes_the_control_record_where_what_has_lost_was_staged() {
        let parent = group((0, 100), 1, &[1, 2]);
        let (won, lost) = (next(epoch(0, 2), &[1, 2]), next(epoch(0, 3), &[2, 3]));
        let mut roster = roster(3, &[]);
        roster.stage(parent.clone(), lost);
        roster.note_saving();
        for is_changed in [true, false] {
            roster.follow(parent.id(), &won, |_| false);
            assert_eq!(roster.is_dirty(), is_changed);
            assert!(roster.staged.is_empty());
            roster.note_saving();
        }
    }

    #[test]
    fn what_is_staged_begins_once_it_is_decided_and_what_was_staged_besides_has_lost() {
        let parent = group((0, 100), 1, &[1, 2]);
        let mut roster = roster(2, core::slice::from_ref(&parent));
        let (won, lost) = (next(epoch(0, 2), &[2, 3]), next(epoch(0, 3), &[1, 2]));
        roster.stage(parent.clone(), won.clone());
        roster.stage(parent.clone(), lost);
        let followed = roster.follow(parent.id(), &won, |_| false);
        let begun = group((0, 100), 2, &[2, 3]);
        assert_eq!(
            followed,
            Followed {
                ends: true,
                fence: None,
                leads: vec![begun.id()],
            }
        );
        assert!(roster.staged.is_empty() && roster.is_dirty());
        let open: Vec<GroupId> = roster.open().map(|held| held.group.id()).collect();
        assert_eq!(open, [begun.id()]);
        let decided = roster
            .get(parent.id())
            .and_then(|held| held.decided.as_ref());
        assert_eq!(decided, Some(&won));
        // Told again it changes nothing.
        let again = roster.follow(parent.id(), &won, |_| false);
        assert!(!again.ends && again.leads.is_empty());
    }

    #[test]
    fn a_group_behind_a_fence_does_not_begin_and_nothing_is_said_of_it() {
        let parent = group((0, 100), 1, &[1, 2]);
        let mut roster = roster(2, core::slice::from_ref(&parent));
        let next = next(epoch(0, 2), &[2, 1]);
        roster.stage(parent.clone(), next.clone());
        let followed = roster.follow(parent.id(), &next, |_| true);
        assert!(followed.ends && followed.leads.is_empty());
        let barred = group((0, 100), 2, &[2, 1]).id();
        roster.forget(group((0, 100), 9, &[]).id());
        assert!(!roster.holds(barred));
        assert_eq!(roster.unknown(barred), Response::Unknown);
    }

    #[test]
    fn a_forgotten_group_is_gone_and_one_that_was_only_staged_is_unknown() {
        let parent = group((0, 100), 5, &[1, 2]);
        let mut roster = roster(2, core::slice::from_ref(&parent));
        let staged = group((0, 100), 6, &[1, 2]).id();
        assert_eq!(roster.unknown(staged), Response::Unknown);
        roster.stage(parent.clone(), next(epoch(0, 6), &[1, 2]));
        assert!(roster.forget(parent.id()) && roster.staged.is_empty());
        assert_eq!(roster.unknown(parent.id()), Response::Gone(2));
        assert_eq!(roster.unknown(staged), Response::Unknown, "above the floor");
        let later = group((0, 100), 7, &[1, 2]);
        roster.hold(later.clone());
        assert!(roster.forget(later.id()));
        assert_eq!(roster.unknown(staged), Response::Unknown, "skipped");
        assert!(!roster.forget(later.id()));
        assert!(roster.next_round(3) > 7, "above the floor");
    }

    #[test]
    fn a_group_is_gone_for_who_voted_in_it_and_forgot_it_and_not_where_it_may_still_come() {
        let first = group((0, 100), 1, &[1, 2]);
        let mut roster = roster(2, core::slice::from_ref(&first));
        assert_eq!(roster.forgotten(&first), None, "it is here");
        assert!(roster.forget(first.id()));
        assert_eq!(roster.forgotten(&first), Some(Response::Gone(2)));
        let others = group((0, 100), 1, &[1, 3]);
        assert_eq!(roster.forgotten(&others), None, "it was not in it");
        roster.stage(group((0, 100), 3, &[1]), next(epoch(0, 4), &[1, 2]));
        let later = group((100, 200), 7, &[1, 2]);
        roster.hold(later.clone());
        assert!(roster.forget(later.id()));
        let staged = group((0, 100), 4, &[1, 2]);
        assert!(roster.is_below_floor(staged.epoch));
        assert_eq!(roster.unknown(staged.id()), Response::Unknown);
        assert_eq!(roster.forgotten(&staged), None);
    }

    #[test]
    fn a_member_that_speaks_of_a_staged_group_tells_that_it_was_decided_and_a_stranger_does_not() {
        let parent = group((0, 100), 1, &[1]);
        let mut roster = roster(2, &[]);
        let next = next(epoch(0, 2), &[3, 2]);
        roster.stage(parent.clone(), next.clone());
        let staged = group((0, 100), 2, &[3, 2]).id();
        let keep = Request::Keep(staged, None);
        for knows in [1, 3] {
            let learned = roster.learned(id(knows), &keep);
            assert_eq!(learned, Some((parent.id(), next.clone())));
        }
        assert_eq!(roster.learned(id(4), &keep), None);
        let other = Request::Keep(parent.id(), None);
        assert_eq!(roster.learned(id(3), &other), None, "of another group");
        let decided = Request::Decided(staged, Box::new(next.clone()));
        assert_eq!(roster.learned(id(3), &decided), None, "it says so itself");
        roster.follow(parent.id(), &next, |_| false);
        assert_eq!(roster.learned(id(3), &keep), None, "known");
    }

    #[test]
    fn what_is_withdrawn_by_a_member_of_the_parent_goes_and_the_record_is_saved() {
        let parent = group((0, 100), 1, &[1]);
        let mut roster = roster(2, &[]);
        roster.stage(parent.clone(), next(epoch(0, 2), &[1, 2]));
        let name = (parent.id(), epoch(0, 2));
        assert!(!roster.withdraw(name, id(3)) && !roster.is_dirty());
        assert!(roster.withdraw(name, id(1)) && roster.is_dirty());
        assert!(roster.is_free());
    }

    #[test]
    fn another_store_of_the_node_keeps_the_lineage_and_the_ballots_and_no_group() {
        let parent = group((0, 100), 4, &[1, 2]);
        let mut before = roster(2, core::slice::from_ref(&parent));
        before.note_write();
        before.next_round(8);
        let control = before.control(&[]);
        let mut same = roster(2, &[]);
        same.restore(control.clone(), true);
        same.note_change();
        assert_eq!(same, before);
        let mut other = roster(2, &[]);
        other.restore(control, false);
        assert!(other.is_free() && other.is_dirty());
        assert_eq!(other.lineage_number(), Some(testing::LINEAGE));
        assert_eq!(other.next_round(0), 10);
    }

    #[test]
    fn there_is_room_for_so_many_groups_held_and_staged_and_no_more() {
        crate::page::must_say(&alloc::format!("by a node in {MAX_GROUPS} groups"));
        let mut roster = roster(2, &[]);
        for round in 1..MAX_GROUPS as u64 {
            roster.hold(group((0, 100), round, &[2]));
        }
        assert!(roster.has_room());
        roster.stage(group((0, 100), 1, &[1]), next(epoch(0, 2), &[2]));
        assert!(!roster.has_room());
    }
}
