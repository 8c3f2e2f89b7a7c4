//! Fences: once a range was repaired by hand, nothing of an earlier generation is served in it any more.
//!
//! Every member of the group that came of a repair stores the fence together with the new group, and each node tells its
//! neighbours, so that the whole ring knows. A member that restarts takes part in no change before it has asked its neighbours and the
//! other members. A group behind a fence is over, whatever a majority of its members says: nothing in it is promised, kept or served,
//! and its records are set aside.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::contact::Contact;
use crate::base::gather::gather;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next};
use crate::store::group::message::{Request, Response};
use crate::store::group::shared::{Act, Shared};
use crate::store::group::{Effect, Rules, Ticket, Token};
use crate::store::record::RecordError;

/// The limit on fences of a node. Adjoining ones of one generation are one.
pub const MAX_FENCES: usize = 64;
/// The limit on lost members that a fence names.
pub const MAX_LOST: usize = 16;
/// The limit on requests of a restarted member to a neighbour that lives and does not answer.
const MAX_TRIES: u8 = 5;

/// A range that was repaired by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// The lineage of its groups.
    pub lineage: u64,
    /// The key behind which the range begins.
    pub after: Id,
    /// The last key of the range.
    pub upto: Id,
    /// The first generation whose groups are not over in the range.
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

    /// Returns whether a key is in its range.
    pub fn covers(&self, key: Id) -> bool {
        key.is_within(self.after, self.upto)
    }

    /// Returns whether a group is over because of it.
    pub fn bars(&self, group: &Configuration) -> bool {
        self.lineage == group.lineage
            && group.epoch.generation < self.generation
            && (self.covers(group.upto) || group.covers(self.upto))
    }

    /// Returns whether another fence is redundant beside this one: its range and generation are included.
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

/// The fences that a node knows, and the neighbours that were told of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fences {
    list: Vec<Fence>,
    /// The number of changes of the list.
    changes: u64,
    /// The neighbours that know the list as it is.
    told: BTreeSet<Id>,
    /// The request for fences since a restart, until it is done.
    survey: Option<Survey>,
}

/// A restarted member's request to its neighbours and to the members of its groups: which fences stand? Until they have answered, or
/// are not there, it takes part in no change, and so leads no group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Survey {
    open: BTreeSet<Id>,
    answered: BTreeSet<Id>,
    failed: BTreeMap<Id, u8>,
}

impl Survey {
    /// Returns whether a node needs no more asking.
    fn is_done_with(&self, node: Id, is_near: bool) -> bool {
        let tries = if is_near { MAX_TRIES } else { 1 };
        let failed = self.failed.get(&node).copied().unwrap_or_default();
        self.answered.contains(&node) || failed >= tries
    }
}

impl Fences {
    /// Restores the fences that were saved.
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

    /// Returns whether a group is over because of a fence.
    pub(super) fn bars(&self, rules: Rules, group: &Configuration) -> bool {
        rules.fence && self.list.iter().any(|fence| fence.bars(group))
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

    // Telling of fences.

    /// Warns a node that asks about a group that may be behind a fence, or may turn out to be.
    pub(super) fn on_asked(&self, shared: &mut Shared, ticket: &Ticket, request: &Request) {
        match request {
            Request::Keep(id, _) | Request::Propose(id, ..) | Request::Check(id) => {
                self.warn(shared, ticket, *id);
            }
            Request::Prepare(id, _) => {
                self.warn(shared, ticket, *id);
                if self.is_surveying() {
                    shared.look_soon();
                }
            }
            Request::Stage(staged) => self.warn(shared, ticket, staged.0.id()),
            _ => {}
        }
    }

    /// Warns a requester about a group that this node does not hold, if it has yet to hear of a fence.
    fn warn(&self, shared: &mut Shared, ticket: &Ticket, id: GroupId) {
        let Ticket::Peer(asker, _) = ticket else {
            return;
        };
        let barred =
            |fence: &Fence| fence.covers(id.upto) && id.epoch.generation < fence.generation;
        if shared.rules().fence && !shared.roster.holds(id) && self.list.iter().any(barred) {
            self.tell(shared, asker);
        }
    }

    fn tell(&self, shared: &mut Shared, node: &Contact) {
        let fences = self.list.clone();
        shared.ask(Token::Fences(self.changes), node, Request::Fence(fences));
    }

    /// Tells the neighbours that do not know the fences yet.
    pub(super) fn spread(&mut self, shared: &mut Shared, ring: &[Contact]) {
        let lives = |node: &Id| ring.iter().any(|other| other.id() == *node);
        self.told.retain(lives);
        if self.list.is_empty() || !shared.rules().fence {
            return;
        }
        let untold = |node: &&Contact| node.relays().is_empty() && !self.told.contains(&node.id());
        for node in ring.iter().filter(untold) {
            self.tell(shared, node);
        }
    }

    pub(super) fn on_told(&mut self, changes: u64, from: Id, response: Option<&Response>) {
        // Who takes no part in groups says that it knows of none.
        let heard = matches!(response, Some(Response::Done | Response::Unknown));
        if heard && changes == self.changes {
            self.told.insert(from);
        }
    }

    /// Takes in what a neighbour or a member of this node's groups tells of fences. Fences of other nodes end no group:
    /// neighbours pass them on.
    pub(super) fn hear(&mut self, shared: &mut Shared, ticket: Ticket, fences: &[Fence]) {
        let asker = shared.asker(&ticket);
        if !shared.is_acquainted_with(asker) {
            return shared.answer(ticket, Response::Unknown);
        }
        let before = self.changes;
        let mut kept = true;
        for fence in fences {
            kept &= self.raise(shared, fence.clone());
        }
        if !kept {
            let full = Response::Refused(RecordError::Full);
            return shared.answer(ticket, full);
        }
        if self.changes == before {
            return shared.answer(ticket, Response::Done);
        }
        if self.list == fences {
            self.told.insert(asker);
        }
        shared.answer_once_saved(ticket, Response::Done);
    }

    // Ending what is behind them.

    /// Stores a fence: groups of an earlier generation that overlap its range are over here. Returns whether there was room for it.
    pub(super) fn raise(&mut self, shared: &mut Shared, fence: Fence) -> bool {
        match self.add(fence.clone()) {
            Added::Known => return true,
            Added::Full => return false,
            Added::New => {}
        }
        shared.roster.note_change();
        shared.look_soon();
        if shared.rules().fence {
            for id in shared.roster.end_behind(&fence) {
                shared.outbox.act(Act::Ended(id));
            }
            set_aside_behind(shared, &fence);
            shared.tidy();
        }
        true
    }

    /// Sets aside what was to be before a restart, and may have stayed.
    pub(super) fn set_aside(&self, shared: &mut Shared) {
        for fence in &self.list {
            set_aside_behind(shared, fence);
        }
    }

    /// Before this node stages what would follow a group: what it has of the range in an earlier generation is no part of that.
    /// The epoch of a group that it holds and that has come after the parent, if there is one.
    pub(super) fn make_way(
        &mut self,
        shared: &mut Shared,
        parent: &Configuration,
        next: &Next,
    ) -> Option<Epoch> {
        if !shared.rules().fence {
            return None;
        }
        let generation = parent.epoch.generation;
        let earlier = Fence::around(parent, generation);
        if generation > 0 && shared.roster.has_behind(&earlier) {
            self.raise(shared, earlier);
        }
        let fence = Fence::of(parent, next)?;
        if shared.roster.holds(parent.id()) {
            return None;
        }
        let newest = shared
            .roster
            .newest_of(parent.lineage, parent.after, parent.upto);
        if newest.is_some_and(|newest| newest > parent.epoch) {
            return newest;
        }
        // The repair is not decided: this node has no vote in what it gives up for it.
        shared.roster.unstage_behind(&fence);
        set_aside_behind(shared, &fence);
        None
    }

    // Asking for fences.

    /// Answers which group of a range is the newest here, and which fences of the lineage stand.
    pub(super) fn surveyed(
        &self,
        shared: &mut Shared,
        ticket: Ticket,
        lineage: u64,
        (after, upto): (Id, Id),
    ) {
        let newest = shared.roster.newest_of(lineage, after, upto);
        let fences = self.list.iter();
        let fences = fences.filter(|fence| fence.lineage == lineage);
        let answer = Response::Surveyed(newest, fences.cloned().collect());
        shared.answer(ticket, answer);
    }

    /// Begins to ask, after a restart, which fences stand.
    pub(super) fn begin_survey(&mut self) {
        self.survey = Some(Survey::default());
    }

    /// Returns whether this node has restarted, and does not know yet which fences stand.
    pub(super) const fn is_surveying(&self) -> bool {
        self.survey.is_some()
    }

    /// Asks for fences all nodes that may know some and were not asked yet.
    pub(super) fn survey_ring(&mut self, shared: &mut Shared, ring: &[Contact]) {
        let me = shared.id();
        let Some(lineage) = shared.roster.lineage_number() else {
            self.survey = None;
            return;
        };
        let Some(survey) = &mut self.survey else {
            return;
        };
        let open = shared.roster.open();
        let voters = open.flat_map(|held| held.group.voters().map(|member| &member.contact));
        let voters = voters.chain(ring);
        let nodes = voters.filter(|node| node.id() != me && node.relays().is_empty());
        let nodes: BTreeMap<Id, &Contact> = gather(nodes.map(|node| (node.id(), node)));
        let near = |node: Id| ring.iter().any(|other| other.id() == node);
        let wanted = nodes
            .iter()
            .filter(|(id, _)| !survey.is_done_with(**id, near(**id)));
        let wanted: Vec<Contact> = wanted.map(|(_, node)| (*node).clone()).collect();
        if wanted.is_empty() {
            self.survey = None;
            return;
        }
        for node in wanted {
            if survey.open.insert(node.id()) {
                shared.ask(Token::Survey, &node, Request::Survey(lineage, me, me));
            }
        }
    }

    pub(super) fn on_surveyed(
        &mut self,
        shared: &mut Shared,
        from: Id,
        response: Option<Response>,
    ) {
        if let Some(survey) = &mut self.survey {
            survey.open.remove(&from);
            match response {
                Some(_) => drop(survey.answered.insert(from)),
                None => *survey.failed.entry(from).or_default() += 1,
            }
            if survey.open.is_empty() {
                shared.look_soon();
            }
        }
        if let Some(Response::Surveyed(_, fences)) = response {
            for fence in fences {
                self.raise(shared, fence);
            }
        }
    }
}

/// Sets aside the records of a range that no group of the fence's generation keeps here.
fn set_aside_behind(shared: &mut Shared, fence: &Fence) {
    let own = shared.roster.lineage_number() == Some(fence.lineage);
    if !own || !shared.rules().fence {
        return;
    }
    let open = shared.roster.open().map(|held| held.group.clone());
    let groups = open.chain(shared.roster.staged_groups());
    let kept: Vec<Configuration> = groups.filter(|group| !fence.bars(group)).collect();
    let aside = shared.table.retain(|key, row| {
        let older = row.stamp.epoch.generation < fence.generation;
        let behind = fence.covers(key) && older;
        !behind || kept.iter().any(|group| group.covers(key))
    });
    if !aside.is_empty() {
        shared.outbox.effect(Effect::SetAside(aside));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::group::shared::After;
    use crate::store::group::testing;
    use alloc::vec;

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
        crate::page::must_say(&alloc::format!("A node keeps {MAX_FENCES} fences"));
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

    /// Returns the nodes that are asked for fences by a node 1 with these neighbours.
    fn surveyed(fences: &mut Fences, shared: &mut Shared, ring: &[u64]) -> Vec<Id> {
        let ring: Vec<Contact> = ring.iter().copied().map(testing::contact).collect();
        fences.survey_ring(shared, &ring);
        let acts = shared.outbox.take_acts();
        let asked = testing::asked(shared, acts);
        asked.into_iter().map(|(node, ..)| node).collect()
    }

    #[test]
    fn a_restarted_member_surveys_until_all_who_may_know_have_answered() {
        let [near, far] = [2, 9].map(Id::from_u64);
        let mut shared = testing::shared(1, &[testing::group((0, 100), 1, &[1, 2, 9])]);
        let mut fences = Fences::default();
        assert!(!fences.is_surveying());
        fences.begin_survey();
        assert!(fences.is_surveying());
        assert_eq!(surveyed(&mut fences, &mut shared, &[2]), [near, far]);
        assert_eq!(
            surveyed(&mut fences, &mut shared, &[2]),
            [],
            "asked already"
        );
        let heard = fence(110, 120, 3);
        let answer = Response::Surveyed(None, vec![heard.clone()]);
        fences.on_surveyed(&mut shared, near, Some(answer));
        assert_eq!(fences.list(), [heard]);
        assert_eq!(surveyed(&mut fences, &mut shared, &[2]), []);
        assert!(fences.is_surveying(), "one has not answered");
        // A member that is no neighbour is asked once.
        fences.on_surveyed(&mut shared, far, None);
        assert!(fences.is_surveying(), "until the next look");
        assert!(
            shared
                .outbox
                .take_acts()
                .contains(&Act::Effect(Effect::LookSoon))
        );
        assert_eq!(surveyed(&mut fences, &mut shared, &[2]), []);
        assert!(!fences.is_surveying());
    }

    #[test]
    fn a_neighbour_that_lives_and_does_not_answer_is_asked_so_often_and_no_more() {
        let mut shared = testing::shared(1, &[]);
        let mut fences = Fences::default();
        fences.begin_survey();
        for _ in 0..MAX_TRIES {
            assert_eq!(surveyed(&mut fences, &mut shared, &[2]), [Id::from_u64(2)]);
            assert!(fences.is_surveying());
            fences.on_surveyed(&mut shared, Id::from_u64(2), None);
            shared.outbox.take_acts();
        }
        assert_eq!(surveyed(&mut fences, &mut shared, &[2]), []);
        assert!(!fences.is_surveying());
    }

    #[test]
    fn while_it_surveys_a_member_asked_to_prepare_looks_soon() {
        let group = testing::group((0, 100), 1, &[1, 2]);
        let mut shared = testing::shared(1, core::slice::from_ref(&group));
        let mut fences = Fences::default();
        let prepare = Request::Prepare(group.id(), testing::epoch(0, 2));
        fences.on_asked(&mut shared, &testing::from(2), &prepare);
        assert_eq!(shared.outbox.take_acts(), []);
        fences.begin_survey();
        fences.on_asked(&mut shared, &testing::from(2), &prepare);
        assert_eq!(shared.outbox.take_acts(), [Act::Effect(Effect::LookSoon)]);
    }

    #[test]
    fn a_fence_ends_the_groups_behind_it_and_sets_their_records_aside() {
        let old = testing::group((0, 100), 1, &[1, 2]);
        let mut shared = testing::shared(1, core::slice::from_ref(&old));
        let kept = testing::entry("a", old.epoch, 1);
        shared.table.insert(shared.now(), &kept).unwrap();
        let key = shared.table.key(&kept.copy.record);
        let mut fences = Fences::default();
        let mut fence = fence(0, 100, 1);
        fence.lineage = testing::LINEAGE;
        assert!(fences.raise(&mut shared, fence.clone()));
        assert!(shared.roster.is_free() && shared.roster.is_dirty());
        assert_eq!(shared.roster.unknown(old.id()), Response::Unknown);
        let (aside, gone) = match fence.covers(key) {
            true => (vec![Act::Effect(Effect::SetAside(vec![key]))], vec![]),
            false => (vec![], vec![Act::Effect(Effect::Drop(vec![key]))]),
        };
        let mut wanted = vec![Act::Effect(Effect::LookSoon), Act::Ended(old.id())];
        wanted.extend(aside.into_iter().chain(gone));
        assert_eq!(shared.outbox.take_acts(), wanted);
        assert!(fences.raise(&mut shared, fence), "known");
        assert_eq!(shared.outbox.take_acts(), []);
    }

    #[test]
    fn a_strangers_fence_is_not_heard_and_a_members_is_saved_before_the_answer() {
        let group = testing::group((0, 50), 1, &[1, 2]);
        let mut shared = testing::shared(1, core::slice::from_ref(&group));
        let mut fences = Fences::default();
        let told = [fence(60, 80, 1)];
        fences.hear(&mut shared, testing::from(9), &told);
        assert_eq!(fences.list(), []);
        let refused = Effect::Answer(testing::from(9), Response::Unknown);
        assert_eq!(shared.outbox.take_acts(), [Act::Effect(refused)]);
        fences.hear(&mut shared, testing::from(2), &told);
        assert_eq!(fences.list(), told);
        let saved = After::Answer(testing::from(2), Response::Done);
        let acts = shared.outbox.take_acts();
        assert_eq!(acts.last(), Some(&Act::SaveControl(vec![saved])));
        // Whoever told knows; others are told.
        let ring = [2, 3].map(testing::contact);
        fences.spread(&mut shared, &ring);
        let acts = shared.outbox.take_acts();
        let asked = testing::asked(&shared, acts);
        let fence = Request::Fence(told.to_vec());
        assert_eq!(asked, [(Id::from_u64(3), Token::Fences(1), fence)]);
    }
}
