//! Changing a group: the proposer's side of one Paxos instance.
//!
//! The steps: meet the present members of the next group, stage it at them (so that a node that does not answer costs nothing), seal a
//! majority of this group, collect the newest entries from it, stage those, propose. A step that fails ends the attempt; the next look
//! begins another one with a greater ballot.
//!
//! (ours) The next group's state is stored at those of its members that are present, at least a majority, before the group is proposed;
//! the others have no vote in it. Scatter (SOSP 2011) and Etna (2005) decide first and install the state then. Here no decision waits for
//! a state that is lost, and the old group keeps none.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::Token;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Member, Next, votes};
use crate::store::group::fence::Fences;
use crate::store::group::message::{Introduction, Request, Response};
use crate::store::group::repair::RepairError;
use crate::store::group::shared::{Act, After, Shared};
use crate::store::group::transfer::{Handover, Turn, Walk};

/// A wish for what should follow a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) members: Vec<Contact>,
    /// The key at which the range should be split, and the members of the first part.
    pub(super) split: Option<(Id, Vec<Contact>)>,
    /// The nodes among all these that are away.
    pub(super) absent: BTreeSet<Id>,
    /// In a repair: the members that are given up.
    pub(super) lost: BTreeSet<Id>,
    /// In a repair: the nodes that may know of a later group.
    pub(super) around: Vec<Contact>,
}

/// The changes that this node tries to bring about, at most one a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    open: BTreeMap<GroupId, Change>,
}

/// An attempt to change a group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    ballot: Epoch,
    next: Next,
    /// In a repair: the members that are given up.
    lost: BTreeSet<Id>,
    /// In a repair: the nodes that may know of a later group.
    around: Vec<Contact>,
    /// Names the step; answers to an earlier one come too late.
    number: u64,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Waits for the ballot to be saved.
    Beginning,
    /// In a repair: waits for what is known of later groups of the range.
    Surveying { open: usize },
    /// Waits for the introductions of the next group's members.
    Meeting { open: usize },
    /// Gives the next group's members the entries that they lack, one member after another.
    Staging { sealed: bool, walk: Walk },
    /// Asks for promises.
    Preparing {
        asked: usize,
        promises: Vec<Contact>,
        accepted: Option<(Epoch, Next)>,
    },
    /// Gets from the members that promised the entries that this node lacks, one member after another.
    Collecting(Walk),
    /// Asks to accept.
    Proposing {
        asked: usize,
        accepted: BTreeSet<Id>,
    },
}

impl Changes {
    /// Returns whether a group is being changed.
    pub(super) fn contains(&self, id: GroupId) -> bool {
        self.open.contains_key(&id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Forgets a group that is over. What was staged for this attempt has lost.
    pub(super) fn end(&mut self, shared: &mut Shared, id: GroupId) {
        if let Some(change) = self.open.remove(&id) {
            withdraw(shared, id, &change);
        }
    }

    /// Begins to change a group. The ballot is saved first: no two attempts may have the same one.
    pub(super) fn start(&mut self, shared: &mut Shared, id: GroupId, wanted: Wanted) {
        let Some(promised) = shared.roster.get(id).map(|held| held.promised) else {
            return;
        };
        if self.contains(id) {
            return;
        }
        let ballot = Epoch {
            generation: id.epoch.generation + u32::from(!wanted.lost.is_empty()),
            round: shared.roster.next_round(promised.round),
            proposer: shared.id(),
        };
        // The incarnations of those who are there follow when they are met.
        let group = shared.roster.group(id);
        let places = |nodes: Vec<Contact>| {
            nodes
                .into_iter()
                .map(|contact| {
                    let before = group.and_then(|group| group.member(contact.id()));
                    Member {
                        incarnation: before.map_or(0, |member| member.incarnation),
                        votes: !wanted.absent.contains(&contact.id()),
                        contact,
                    }
                })
                .collect::<Vec<_>>()
        };
        let next = Next {
            epoch: ballot,
            members: places(wanted.members),
            split: wanted.split.map(|(at, nodes)| (at, places(nodes))),
        };
        let number = shared.outbox.number();
        let change = Change {
            ballot,
            next,
            lost: wanted.lost,
            around: wanted.around,
            number,
            step: Step::Beginning,
        };
        self.open.insert(id, change);
        shared.save_control(vec![After::Begin(id, number)]);
    }

    /// Takes the answer to a step, from a node or from the disk, or its failure. Fences that come with it are raised.
    pub(super) fn on_answer(
        &mut self,
        shared: &mut Shared,
        fences: &mut Fences,
        (id, number): (GroupId, u64),
        from: Id,
        response: Option<Response>,
    ) {
        let was_in = |who: u64| shared.roster.was_in(id, from, who);
        let gone = matches!(&response, Some(Response::Gone(who)) if was_in(*who));
        let Some(change) = self.open.get_mut(&id) else {
            return;
        };
        if change.number != number {
            return;
        }
        match (&mut change.step, response) {
            (_, Some(Response::Followed(next))) => shared.outbox.act(Act::Follow(id, next)),
            (_, Some(Response::Gone(_))) if gone => shared.forget(id),
            (Step::Beginning, Some(_)) if change.lost.is_empty() => self.meet(shared, id),
            (Step::Beginning, Some(_)) => self.survey_range(shared, id),
            (Step::Surveying { .. }, response) => {
                self.on_range_surveyed(shared, fences, id, from, response);
            }
            (Step::Meeting { .. }, Some(Response::Met(who))) => {
                self.on_introduced(shared, id, from, who);
            }
            (Step::Staging { .. } | Step::Collecting(_), response) => {
                if response == Some(Response::Unknown) {
                    ask_what_became_of(shared, id, from);
                }
                self.on_transferred(shared, id, response);
            }
            (Step::Preparing { .. }, response) => self.on_promise(shared, id, from, response),
            (Step::Proposing { .. }, response) => self.on_accepted(shared, id, from, response),
            // It is gone, or goes: the next attempt is without it.
            (Step::Meeting { .. }, response) => {
                match response {
                    Some(_) => shared.presence.goes(shared.own.now, from),
                    None => shared.presence.declines(shared.own.now, from),
                }
                self.end_attempt(shared, id);
                shared.outbox.act(Act::TryAgainSoon(id));
            }
            (_, response) => self.fail(shared, id, response.as_ref()),
        }
    }

    /// Ends an attempt for an answer that leads no further.
    fn fail(&mut self, shared: &mut Shared, id: GroupId, response: Option<&Response>) {
        learn_ballot(shared, response);
        self.end_attempt(shared, id);
        // The next attempt goes without a node that has no room.
        if response.is_none_or(Response::is_without_room) {
            shared.outbox.act(Act::TryAgainSoon(id));
        }
    }

    /// Gives up. What was staged and never proposed cannot come to be, and goes.
    pub(super) fn end_attempt(&mut self, shared: &mut Shared, id: GroupId) {
        let Some(change) = self.open.remove(&id) else {
            return;
        };
        shared.outbox.act(Act::AttemptEnded(id));
        withdraw(shared, id, &change);
    }

    /// Enters a step; answers to the one before come too late from now on.
    fn enter(
        &mut self,
        shared: &mut Shared,
        id: GroupId,
        step: Step,
    ) -> Option<(Configuration, Change, Token)> {
        let number = shared.outbox.number();
        let group = shared.roster.group(id)?.clone();
        let change = self.open.get_mut(&id)?;
        change.step = step;
        change.number = number;
        Some((group, change.clone(), Token::Change(id, number)))
    }

    /// Returns the members whose promises count in a change of a group, and the number that is needed: of a repair all.
    fn electors(&self, shared: &Shared, id: GroupId) -> (Vec<Member>, usize) {
        let Some(group) = shared.roster.group(id) else {
            return (Vec::new(), usize::MAX);
        };
        let lost = self.open.get(&id).map(|change| &change.lost);
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

    // Before what follows is staged.

    /// In a repair: asks the neighbours, and the members of a proposal that may have been decided already, for a later group of the range;
    /// and the members that are to be given up, which must not answer.
    fn survey_range(&mut self, shared: &mut Shared, id: GroupId) {
        let Some((group, change, token)) = self.enter(shared, id, Step::Surveying { open: 0 })
        else {
            return;
        };
        let held = shared.roster.get(id);
        let accepted = held.and_then(|held| held.accepted.clone());
        let followers = accepted.map_or_else(Vec::new, |(_, next)| next.members());
        let lost = group
            .members
            .iter()
            .filter(|member| change.lost.contains(&member.id()));
        let others = followers
            .iter()
            .chain(lost)
            .map(|member| member.contact.clone());
        let me = shared.id();
        let mut nodes: Vec<Contact> = Vec::new();
        for node in change.around.into_iter().chain(others) {
            let known = nodes.iter().any(|other| other.id() == node.id());
            if node.id() != me && node.relays().is_empty() && !known {
                nodes.push(node);
            }
        }
        if nodes.is_empty() {
            return self.meet(shared, id);
        }
        if let Some(change) = self.open.get_mut(&id) {
            change.step = Step::Surveying { open: nodes.len() };
        }
        for node in nodes {
            let survey = Request::Survey(group.lineage, group.after, group.upto);
            shared.ask(token, &node, survey);
        }
    }

    fn on_range_surveyed(
        &mut self,
        shared: &mut Shared,
        fences: &mut Fences,
        id: GroupId,
        from: Id,
        response: Option<Response>,
    ) {
        let change = self.open.get(&id);
        if response.is_some() && change.is_some_and(|change| change.lost.contains(&from)) {
            self.open.remove(&id);
            let present = RepairError::Present(from);
            return shared.outbox.act(Act::EndRepair(id, present));
        }
        if let Some(Response::Surveyed(newest, heard)) = response {
            for fence in heard {
                fences.raise(shared, fence);
            }
            let is_over = !shared.roster.holds(id);
            if is_over || newest.is_some_and(|newest| newest > id.epoch) {
                self.open.remove(&id);
                return shared.outbox.act(Act::EndRepair(id, RepairError::Moved));
            }
        }
        let Some(change) = self.open.get_mut(&id) else {
            return;
        };
        if let Step::Surveying { open } = &mut change.step {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.meet(shared, id);
            }
        }
    }

    /// Asks the next group's members that are not away for their introductions.
    fn meet(&mut self, shared: &mut Shared, id: GroupId) {
        let Some((_, change, token)) = self.enter(shared, id, Step::Meeting { open: 0 }) else {
            return;
        };
        let nodes = change.next.members().into_iter();
        let nodes = nodes.filter(|node| node.votes).map(|node| node.contact);
        let nodes: Vec<Contact> = nodes.collect();
        if let Some(change) = self.open.get_mut(&id) {
            change.step = Step::Meeting { open: nodes.len() };
        }
        shared.outbox.act(Act::Introduce(token, nodes));
    }

    fn on_introduced(&mut self, shared: &mut Shared, id: GroupId, from: Id, who: Introduction) {
        let lineage = shared.roster.group(id).map(|group| group.lineage);
        shared.presence.met(shared.own.now, from, who);
        if who.settled && who.lineage != lineage {
            shared.presence.declines(shared.own.now, from);
            return self.end_attempt(shared, id);
        }
        let Some(change) = self.open.get_mut(&id) else {
            return;
        };
        let next = &mut change.next;
        let split = next.split.iter_mut().flat_map(|(_, members)| members);
        for member in next.members.iter_mut().chain(split) {
            if member.id() == from {
                member.incarnation = who.incarnation;
            }
        }
        if let Step::Meeting { open } = &mut change.step {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.stage_all(shared, id, false);
            }
        }
    }

    // Moving what the group keeps.

    /// Stages what is to follow at each node that is there, with the records that it lacks.
    fn stage_all(&mut self, shared: &mut Shared, id: GroupId, sealed: bool) {
        let (Some(change), Some(group)) = (self.open.get(&id), shared.roster.group(id)) else {
            return;
        };
        let nodes = change.next.members().into_iter();
        let there = nodes.filter(|node| node.votes);
        let mut walk = Walk::new(there.map(|node| node.contact));
        let turn = walk.stage(Handover {
            group,
            next: &change.next,
            table: &shared.table,
            gives: shared.rules().hand_over,
        });
        self.enter(shared, id, Step::Staging { sealed, walk });
        self.go_on(shared, id, turn);
    }

    /// Collects the entries of the members that have promised.
    fn collect(&mut self, shared: &mut Shared, id: GroupId, mut promises: Vec<Contact>) {
        promises.retain(|member| member.id() != shared.id());
        if !shared.rules().hand_over {
            promises.clear();
        }
        let mut walk = Walk::new(promises);
        let turn = walk.list(id);
        self.enter(shared, id, Step::Collecting(walk));
        self.go_on(shared, id, turn);
    }

    fn on_transferred(&mut self, shared: &mut Shared, id: GroupId, response: Option<Response>) {
        let (Some(change), Some(group)) = (self.open.get_mut(&id), shared.roster.group(id)) else {
            return;
        };
        let to = Handover {
            group,
            next: &change.next,
            table: &shared.table,
            gives: shared.rules().hand_over,
        };
        let turn = match (&mut change.step, response) {
            (Step::Staging { walk, .. }, Some(Response::Done)) => match walk.is_answered() {
                true => walk.offer(to),
                false => Turn::Wait,
            },
            (Step::Staging { walk, .. }, Some(Response::Lacking(keys))) => {
                walk.give(to, shared.now(), &keys)
            }
            (Step::Collecting(walk), Some(Response::Page(page))) => {
                walk.fetch(id, &shared.table, &page)
            }
            (Step::Collecting(_), Some(Response::Entry(Some(entry)))) => {
                return shared.take_in(&entry, After::Fetched(id, change.number));
            }
            (Step::Collecting(walk), Some(Response::Done | Response::Entry(None))) => {
                match walk.is_answered() {
                    true => walk.list(id),
                    false => Turn::Wait,
                }
            }
            (_, response) => return self.fail(shared, id, response.as_ref()),
        };
        self.go_on(shared, id, turn);
    }

    /// Goes on with a transfer, or with what comes after it.
    fn go_on(&mut self, shared: &mut Shared, id: GroupId, turn: Turn) {
        let Some(change) = self.open.get(&id) else {
            return;
        };
        match (turn, &change.step) {
            (Turn::Ask(node, requests), _) => {
                let token = Token::Change(id, change.number);
                for request in requests {
                    shared.ask(token, &node, request);
                }
            }
            (Turn::End, Step::Staging { sealed: true, .. }) => self.propose(shared, id),
            (Turn::End, Step::Staging { .. }) => self.seek_promises(shared, id),
            (Turn::End, _) => self.stage_all(shared, id, true),
            (Turn::Wait, _) => {}
        }
    }

    // First phase.

    fn seek_promises(&mut self, shared: &mut Shared, id: GroupId) {
        let (voters, _) = self.electors(shared, id);
        let step = Step::Preparing {
            asked: voters.len(),
            promises: Vec::new(),
            accepted: None,
        };
        let Some((_, change, token)) = self.enter(shared, id, step) else {
            return;
        };
        for member in &voters {
            shared.ask(token, &member.contact, Request::Prepare(id, change.ballot));
        }
    }

    fn on_promise(
        &mut self,
        shared: &mut Shared,
        id: GroupId,
        from: Id,
        response: Option<Response>,
    ) {
        learn_ballot(shared, response.as_ref());
        let is_silent = response.is_none();
        let (voters, needed) = self.electors(shared, id);
        let from = voters.iter().find(|member| member.id() == from);
        let Some(change) = self.open.get_mut(&id) else {
            return;
        };
        let Step::Preparing {
            asked,
            promises,
            accepted,
        } = &mut change.step
        else {
            return;
        };
        *asked = asked.saturating_sub(1);
        if let (Some(Response::Promise(before)), Some(from)) = (response, from) {
            promises.push(from.contact.clone());
            // A proposal of an earlier generation is not taken up: if it was decided, no remaining member has entered the group that it begins.
            let generation = change.ballot.generation;
            if let Some(before) = before.filter(|it| it.1.epoch.generation >= generation)
                && accepted
                    .as_ref()
                    .is_none_or(|(ballot, _)| *ballot < before.0)
            {
                *accepted = Some(*before);
            }
        }
        if promises.len() >= needed {
            let promises = core::mem::take(promises);
            match accepted.take() {
                // It may have been decided already. It was staged before any member accepted it.
                Some((_, next)) => {
                    change.next = next;
                    self.propose(shared, id);
                }
                None => self.collect(shared, id, promises),
            }
        } else if promises.len() + *asked < needed {
            self.end_attempt(shared, id);
            if is_silent {
                shared.outbox.act(Act::TryAgainSoon(id));
            }
        }
    }

    // Second phase.

    fn propose(&mut self, shared: &mut Shared, id: GroupId) {
        let (voters, _) = self.electors(shared, id);
        let step = Step::Proposing {
            asked: voters.len(),
            accepted: BTreeSet::new(),
        };
        let Some((_, change, token)) = self.enter(shared, id, step) else {
            return;
        };
        for member in &voters {
            let next = Box::new(change.next.clone());
            let propose = Request::Propose(id, change.ballot, next);
            shared.ask(token, &member.contact, propose);
        }
    }

    fn on_accepted(
        &mut self,
        shared: &mut Shared,
        id: GroupId,
        from: Id,
        response: Option<Response>,
    ) {
        learn_ballot(shared, response.as_ref());
        let (voters, needed) = self.electors(shared, id);
        let Some(change) = self.open.get_mut(&id) else {
            return;
        };
        let Step::Proposing { asked, accepted } = &mut change.step else {
            return;
        };
        *asked = asked.saturating_sub(1);
        if response == Some(Response::Done) && votes(&voters, from) {
            accepted.insert(from);
        }
        let (yes, open) = (accepted.len(), *asked);
        if yes >= needed {
            let next = Box::new(change.next.clone());
            shared.outbox.act(Act::Follow(id, next));
            shared.outbox.act(Act::Tell(id));
        } else if yes + open < needed {
            self.open.remove(&id);
            if response.is_none() {
                shared.outbox.act(Act::TryAgainSoon(id));
            }
        }
    }
}

/// Withdraws what an attempt staged and never proposed: it cannot come to be.
fn withdraw(shared: &mut Shared, id: GroupId, change: &Change) {
    let unstaged = matches!(
        change.step,
        Step::Beginning | Step::Surveying { .. } | Step::Meeting { .. }
    );
    let proposed = matches!(change.step, Step::Proposing { .. });
    if unstaged || proposed || change.next.epoch != change.ballot {
        return;
    }
    let nodes = change.next.members().into_iter();
    for node in nodes.filter(|node| node.votes) {
        // Nobody waits for the answer.
        let withdraw = Request::Withdraw(id, change.ballot);
        shared.ask(Token::Round(0), &node.contact, withdraw);
    }
}

/// The next attempt must be above what refused this one.
fn learn_ballot(shared: &mut Shared, response: Option<&Response>) {
    if let Some(Response::Closed(newer)) = response {
        shared.roster.learn_round(newer.round);
        shared.look_soon();
    }
}

/// Asks a member that does not take part in a change of a group what became of it: the group may be over, and all that followed it may lie
/// elsewhere on the ring, so that this node is a stranger there.
fn ask_what_became_of(shared: &mut Shared, id: GroupId, member: Id) {
    let group = shared.roster.group(id);
    let member = group.and_then(|group| group.member(member));
    if let Some(contact) = member.map(|member| member.contact.clone()) {
        shared.ask(Token::Check(id), &contact, Request::Check(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::group::Effect;
    use crate::store::group::fence::Fence;
    use crate::store::group::testing::{self, asked, contact, entry, epoch, group, id, shared};

    /// A change under way, of a group of nodes 1, 2 and 3 by node 1.
    struct Attempt {
        shared: Shared,
        fences: Fences,
        changes: Changes,
        id: GroupId,
    }

    impl Attempt {
        fn begin(members: &[u64], lost: &[u64]) -> Self {
            let group = group((0, 0), 1, &[1, 2, 3]);
            let mut shared = shared(1, core::slice::from_ref(&group));
            let mut changes = Changes::default();
            let wanted = Wanted {
                members: members.iter().copied().map(contact).collect(),
                split: None,
                absent: BTreeSet::new(),
                lost: lost.iter().copied().map(id).collect(),
                around: Vec::new(),
            };
            changes.start(&mut shared, group.id(), wanted);
            let id = group.id();
            let number = changes.open[&id].number;
            let begin = After::Begin(id, number);
            assert_eq!(shared.outbox.take_acts(), [Act::SaveControl(vec![begin])]);
            Self {
                shared,
                fences: Fences::default(),
                changes,
                id,
            }
        }

        /// Answers the step that the change is at, and returns what comes of it.
        fn answer(&mut self, from: u64, response: Option<Response>) -> Vec<Act> {
            let number = self.changes.open[&self.id].number;
            let name = (self.id, number);
            self.changes
                .on_answer(&mut self.shared, &mut self.fences, name, id(from), response);
            self.shared.outbox.take_acts()
        }

        /// The requests that follow an answer, by node.
        fn asks(&mut self, from: u64, response: Response) -> Vec<(Id, Request)> {
            let acts = self.answer(from, Some(response));
            let asked = asked(&self.shared, acts).into_iter();
            asked.map(|(node, _, request)| (node, request)).collect()
        }

        fn introduce(&mut self, node: u64) -> Vec<(Id, Request)> {
            let who = Introduction {
                incarnation: node + 100,
                lineage: Some(testing::LINEAGE),
                settled: true,
            };
            self.asks(node, Response::Met(who))
        }

        /// All that comes before the promises: the new members are met, and expect the group.
        fn stage(&mut self, members: &[u64]) -> Vec<(Id, Request)> {
            let met = self.answer(1, Some(Response::Done));
            assert!(matches!(&met[..], [Act::Introduce(..)]), "{met:?}");
            for node in members {
                self.introduce(*node);
            }
            let staged = members.iter().map(|node| self.asks(*node, Response::Done));
            staged.last().unwrap_or_default()
        }

        /// Promises of these nodes, of which none has accepted anything.
        fn promise(&mut self, nodes: &[u64]) -> Vec<(Id, Request)> {
            let promise = Response::Promise(None);
            let promises = nodes.iter().map(|node| self.asks(*node, promise.clone()));
            promises.last().unwrap_or_default()
        }
    }

    #[test]
    fn a_change_is_staged_sealed_collected_staged_again_and_proposed() {
        let mut attempt = Attempt::begin(&[1, 4], &[]);
        let ballot = epoch(0, 2);
        let prepared = attempt.stage(&[1, 4]);
        let prepare = Request::Prepare(attempt.id, ballot);
        let all = [1, 2, 3].map(|node| (id(node), prepare.clone()));
        assert_eq!(prepared, all);
        // What a majority keeps is collected, but for what this node has itself.
        let collected = attempt.promise(&[1, 3]);
        assert_eq!(collected, [(id(3), Request::List(attempt.id, None))]);
        let newer = entry("a", epoch(0, 1), 1);
        let key = attempt.shared.table.key(&newer.copy.record);
        let fetched = attempt.asks(3, Response::Page(vec![(key, newer.stamp)]));
        assert_eq!(fetched, [(id(3), Request::Fetch(attempt.id, key))]);
        attempt.answer(3, Some(Response::Entry(Some(Box::new(newer)))));
        assert!(attempt.shared.table.get(key).is_some());
        // It is safe; nobody else has promised.
        let staged = attempt.asks(1, Response::Done);
        assert!(
            matches!(&staged[..], [(_, Request::Stage(_))]),
            "{staged:?}"
        );
        for node in [1, 4] {
            assert!(matches!(
                attempt.asks(node, Response::Done)[..],
                [(_, Request::Offer(..))]
            ));
            let on = attempt.asks(node, Response::Lacking(Vec::new()));
            match on.as_slice() {
                [(_, Request::Stage(_))] => assert_eq!(node, 1),
                [(_, Request::Propose(_, epoch, next)), ..] => {
                    assert_eq!((node, on.len(), *epoch), (4, 3, ballot));
                    let incarnations = next.members.iter().map(|member| member.incarnation);
                    assert_eq!(incarnations.collect::<Vec<_>>(), [101, 104]);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(attempt.answer(2, Some(Response::Done)), []);
        assert_eq!(attempt.answer(9, Some(Response::Done)), [], "a stranger");
        let decided = attempt.answer(1, Some(Response::Done));
        let follows = matches!(&decided[..], [Act::Follow(..), Act::Tell(_)]);
        assert!(follows, "{decided:?}");
    }

    #[test]
    fn a_member_that_does_not_take_part_is_asked_what_became_of_the_group() {
        for (members, asked) in [([1, 2], vec![id(2)]), ([1, 4], vec![])] {
            let mut attempt = Attempt::begin(&members, &[]);
            attempt.answer(1, Some(Response::Done));
            for node in members {
                attempt.introduce(node);
            }
            let answers = attempt.asks(members[1], Response::Unknown);
            let check = Request::Check(attempt.id);
            let checks = answers.into_iter().filter(|(_, request)| *request == check);
            assert_eq!(checks.map(|(node, _)| node).collect::<Vec<_>>(), asked);
            assert!(attempt.changes.is_empty());
        }
    }

    #[test]
    fn what_was_accepted_before_is_proposed_instead_and_is_not_collected_for() {
        let mut attempt = Attempt::begin(&[1, 4], &[]);
        attempt.stage(&[1, 4]);
        let before = testing::next(epoch(0, 2), &[2, 3]);
        attempt.promise(&[1]);
        let accepted = Some(Box::new((epoch(0, 2), before.clone())));
        let proposed = attempt.asks(2, Response::Promise(accepted));
        let propose = Request::Propose(attempt.id, epoch(0, 2), Box::new(before));
        assert_eq!(proposed, [1, 2, 3].map(|node| (id(node), propose.clone())));
    }

    #[test]
    fn a_refused_change_is_withdrawn_and_the_next_ballot_is_above_what_refused_it() {
        let mut attempt = Attempt::begin(&[1, 4], &[]);
        attempt.stage(&[1, 4]);
        attempt.answer(1, Some(Response::Closed(epoch(0, 9))));
        let acts = attempt.answer(2, None);
        let withdraw = Request::Withdraw(attempt.id, epoch(0, 2));
        let withdrawn = asked(&attempt.shared, acts.clone()).into_iter();
        let withdrawn: Vec<_> = withdrawn.map(|(node, _, it)| (node, it)).collect();
        assert_eq!(withdrawn, [1, 4].map(|node| (id(node), withdraw.clone())));
        assert_eq!(acts.first(), Some(&Act::AttemptEnded(attempt.id)));
        assert_eq!(acts.last(), Some(&Act::TryAgainSoon(attempt.id)));
        assert!(attempt.changes.is_empty());
        assert_eq!(attempt.shared.roster.next_round(0), 10);
    }

    #[test]
    fn who_stays_in_another_lineage_ends_the_attempt_and_is_not_asked_again_soon() {
        let mut attempt = Attempt::begin(&[1, 4], &[]);
        attempt.answer(1, Some(Response::Done));
        let who = Introduction {
            incarnation: 4,
            lineage: Some(testing::LINEAGE + 1),
            settled: true,
        };
        let acts = attempt.answer(4, Some(Response::Met(who)));
        assert_eq!(acts, [Act::AttemptEnded(attempt.id)]);
        assert!(attempt.shared.presence.has_declined(id(4)));
    }

    #[test]
    fn what_was_staged_is_withdrawn_when_another_decision_ends_the_group_unless_it_was_proposed() {
        let withdraw = |attempt: &Attempt| Request::Withdraw(attempt.id, epoch(0, 2));
        for proposed in [false, true] {
            let mut attempt = Attempt::begin(&[1, 4], &[]);
            attempt.stage(&[1, 4]);
            if proposed {
                let change = attempt.changes.open.get_mut(&attempt.id).unwrap();
                change.step = Step::Proposing {
                    asked: 3,
                    accepted: BTreeSet::new(),
                };
            }
            attempt.changes.end(&mut attempt.shared, attempt.id);
            let acts = attempt.shared.outbox.take_acts();
            let asked = asked(&attempt.shared, acts).into_iter();
            let asked: Vec<_> = asked.map(|(node, _, it)| (node, it)).collect();
            let withdrawn = [1, 4].map(|node| (id(node), withdraw(&attempt)));
            assert_eq!(asked, if proposed { &[][..] } else { &withdrawn[..] });
        }
    }

    #[test]
    fn who_leaves_or_does_not_answer_ends_the_attempt_and_the_next_one_follows_soon() {
        for (response, is_going) in [(Some(Response::Unknown), true), (None, false)] {
            let mut attempt = Attempt::begin(&[1, 4], &[]);
            attempt.answer(1, Some(Response::Done));
            let acts = attempt.answer(4, response);
            let id_of = attempt.id;
            assert_eq!(acts, [Act::AttemptEnded(id_of), Act::TryAgainSoon(id_of)]);
            assert!(attempt.shared.presence.has_declined(id(4)));
            assert_eq!(attempt.shared.presence.is_going(id(4)), is_going);
        }
    }

    #[test]
    fn an_answer_to_an_earlier_step_comes_too_late() {
        let mut attempt = Attempt::begin(&[1, 4], &[]);
        let early = (attempt.id, attempt.changes.open[&attempt.id].number);
        attempt.answer(1, Some(Response::Done));
        let before = attempt.changes.clone();
        let (shared, fences) = (&mut attempt.shared, &mut attempt.fences);
        attempt
            .changes
            .on_answer(shared, fences, early, id(1), None);
        assert_eq!(attempt.changes, before);
    }

    #[test]
    fn a_repair_asks_for_later_groups_first_and_needs_all_who_are_left() {
        let mut attempt = Attempt::begin(&[1, 4], &[2, 3]);
        let surveyed = attempt.asks(1, Response::Done);
        let survey = Request::Survey(testing::LINEAGE, id(0), id(0));
        assert_eq!(surveyed, [2, 3].map(|node| (id(node), survey.clone())));
        // None of the lost answers.
        assert_eq!(attempt.answer(2, None), []);
        let met = attempt.answer(3, None);
        assert!(matches!(&met[..], [Act::Introduce(..)]), "{met:?}");
        attempt.introduce(1);
        attempt.introduce(4);
        attempt.asks(1, Response::Done);
        let prepared = attempt.asks(4, Response::Done);
        let prepare = Request::Prepare(attempt.id, epoch(1, 2));
        assert_eq!(prepared, [(id(1), prepare)], "of the next generation");
    }

    #[test]
    fn a_repair_ends_where_a_lost_member_answers_or_the_range_has_a_later_group() {
        let present = Response::Surveyed(None, Vec::new());
        let mut attempt = Attempt::begin(&[1, 4], &[2, 3]);
        attempt.answer(1, Some(Response::Done));
        let ended = attempt.answer(2, Some(present));
        let error = RepairError::Present(id(2));
        assert_eq!(ended, [Act::EndRepair(attempt.id, error)]);
        assert!(attempt.changes.is_empty());
        // A fence that comes with an answer ends the group itself.
        for (newest, fence) in [(Some(epoch(0, 9)), None), (None, Some(1))] {
            let mut attempt = Attempt::begin(&[1], &[2]);
            attempt.answer(1, Some(Response::Done));
            let around = group((0, 0), 1, &[]);
            let fences = fence.map(|generation| Fence::around(&around, generation));
            let heard = Response::Surveyed(newest, fences.into_iter().collect());
            let ended = attempt.answer(9, Some(heard));
            let moved = Act::EndRepair(attempt.id, RepairError::Moved);
            assert_eq!(ended.last(), Some(&moved));
            assert_eq!(
                ended.contains(&Act::Effect(Effect::LookSoon)),
                fence.is_some()
            );
            assert!(attempt.changes.is_empty());
        }
    }
}
