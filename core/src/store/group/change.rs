//! Changing a group: what a member does that proposes what is to follow.
//!
//! Meet all who would be in it and are not away, stage at them (so that a node that does not answer costs nothing), seal a
//! majority, collect what it keeps, stage that, propose. Whatever fails ends the attempt; the next look makes another with a
//! greater ballot.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Member, Next, votes};
use crate::store::group::machine::After;
use crate::store::group::message::{Introduction, MAX_PAGE, Request, Response};
use crate::store::group::transfer::Walk;
use crate::store::group::upkeep::Wanted;
use crate::store::group::{Effect, Groups, Token};

/// A change that this node tries to bring about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) ballot: Epoch,
    pub(super) next: Next,
    /// In a repair: the members that are given up.
    pub(super) lost: BTreeSet<Id>,
    /// In a repair: who may know of a later group.
    pub(super) around: Vec<Contact>,
    /// Names the step; answers to an earlier one come too late.
    number: u64,
    pub(super) step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Waits for the ballot to be saved.
    Beginning,
    /// In a repair: waits for what is known of later groups of the range.
    Surveying { open: usize },
    /// Waits for the introductions of those who would follow.
    Meeting { open: usize },
    /// Gives those who would follow what they lack, one after another.
    Staging { sealed: bool, walk: Walk },
    /// Asks for promises.
    Preparing {
        asked: usize,
        promises: Vec<Contact>,
        accepted: Option<(Epoch, Next)>,
    },
    /// Gets from those who promised what this node lacks, one after another.
    Collecting(Walk),
    /// Asks to accept.
    Proposing {
        asked: usize,
        accepted: BTreeSet<Id>,
    },
}

impl Groups {
    /// Begins to change a group. The ballot is saved first: no two attempts may have the same one.
    pub(super) fn start_change(&mut self, id: GroupId, wanted: Wanted) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        if self.changes.contains_key(&id) {
            return;
        }
        let round = self.round.max(self.floor.round).max(held.promised.round);
        self.round = round + 1;
        let ballot = Epoch {
            generation: id.epoch.generation + u32::from(!wanted.lost.is_empty()),
            round: self.round,
            proposer: self.me.id(),
        };
        // The incarnations of those who are there follow when they are met.
        let places = |nodes: Vec<Contact>| {
            nodes
                .into_iter()
                .map(|contact| {
                    let before = held.group.member(contact.id());
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
        self.next += 1;
        let number = self.next;
        let change = Change {
            ballot,
            next,
            lost: wanted.lost,
            around: wanted.around,
            number,
            step: Step::Beginning,
        };
        self.changes.insert(id, change);
        self.save_control(vec![After::Begin(id, number)]);
    }

    pub(super) fn on_change_answer(
        &mut self,
        id: GroupId,
        number: u64,
        from: Id,
        response: Option<Response>,
    ) {
        let gone = matches!(&response, Some(Response::Gone(who)) if self.was_in(id, from, *who));
        let Some(change) = self.changes.get_mut(&id) else {
            return;
        };
        if change.number != number {
            return;
        }
        match (&mut change.step, response) {
            (_, Some(Response::Followed(next))) => self.follow(id, &next),
            (_, Some(Response::Gone(_))) if gone => self.forget(id),
            (Step::Beginning, Some(_)) if change.lost.is_empty() => self.meet(id),
            (Step::Beginning, Some(_)) => self.survey_range(id),
            (Step::Surveying { .. }, response) => self.on_range_surveyed(id, from, response),
            (Step::Meeting { .. }, Some(Response::Met(who))) => self.on_introduced(id, from, who),
            (Step::Staging { walk, .. }, Some(Response::Done)) => {
                walk.open = walk.open.saturating_sub(1);
                if walk.open == 0 {
                    self.stage_page(id);
                }
            }
            (Step::Staging { walk, .. }, Some(Response::Lacking(keys))) => {
                walk.open = 0;
                self.give(id, &keys);
            }
            (Step::Collecting(walk), Some(Response::Page(page))) => {
                walk.last = page.last().map(|(key, _)| *key);
                walk.ended = page.len() < MAX_PAGE;
                walk.open = 0;
                self.fetch(id, &page);
            }
            (Step::Collecting(_), Some(Response::Entry(Some(entry)))) => {
                self.take_in(&entry, After::Fetched(id, number));
            }
            (Step::Collecting(walk), Some(Response::Done | Response::Entry(None))) => {
                walk.open = walk.open.saturating_sub(1);
                if walk.open == 0 {
                    self.collect_page(id);
                }
            }
            (Step::Preparing { .. }, response) => self.on_promise(id, from, response),
            (Step::Proposing { .. }, response) => self.on_accepted(id, from, response),
            // It is gone, or goes.
            (Step::Meeting { .. }, _) => {
                self.presence.declines(self.now, from);
                self.end_attempt(id);
            }
            (_, response) => {
                self.learn_ballot(response.as_ref());
                self.end_attempt(id);
                if response.is_none() {
                    self.try_again_soon(id);
                }
            }
        }
    }

    /// Asks those who would follow and are not away who they are.
    pub(super) fn meet(&mut self, id: GroupId) {
        let Some((_, change, token)) = self.enter(id, Step::Meeting { open: 0 }) else {
            return;
        };
        let nodes = change.next.members().into_iter();
        let nodes: Vec<Member> = nodes.filter(|node| node.votes).collect();
        if let Some(change) = self.changes.get_mut(&id) {
            change.step = Step::Meeting { open: nodes.len() };
        }
        let me = self.introduction();
        for node in nodes {
            self.ask(token, &node.contact, Request::Meet(me));
        }
    }

    fn on_introduced(&mut self, id: GroupId, from: Id, who: Introduction) {
        let lineage = self.held.get(&id).map(|held| held.group.lineage);
        self.presence.met(self.now, from, who);
        if who.settled && who.lineage != lineage {
            self.presence.declines(self.now, from);
            return self.end_attempt(id);
        }
        let Some(change) = self.changes.get_mut(&id) else {
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
                self.stage_all(id, false);
            }
        }
    }

    /// The next attempt must be above what refused this one.
    fn learn_ballot(&mut self, response: Option<&Response>) {
        if let Some(Response::Closed(newer)) = response {
            self.round = self.round.max(newer.round);
            self.effects.push(Effect::LookSoon);
        }
    }

    /// Gives up. What was staged and never proposed cannot come to be, and goes.
    pub(super) fn end_attempt(&mut self, id: GroupId) {
        let Some(change) = self.changes.remove(&id) else {
            return;
        };
        if let Some(watch) = self.watching.get_mut(&id) {
            // The ring may have changed.
            watch.middle = None;
        }
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
            self.ask(Token::Round(0), &node.contact, withdraw);
        }
    }

    /// Enters a step; answers to the one before come too late from now on.
    pub(super) fn enter(
        &mut self,
        id: GroupId,
        step: Step,
    ) -> Option<(Configuration, Change, Token)> {
        self.next += 1;
        let number = self.next;
        let group = self.held.get(&id)?.group.clone();
        let change = self.changes.get_mut(&id)?;
        change.step = step;
        change.number = number;
        Some((group, change.clone(), Token::Change(id, number)))
    }

    pub(super) fn token(&self, id: GroupId) -> Token {
        let number = self.changes.get(&id).map_or(0, |change| change.number);
        Token::Change(id, number)
    }

    // First phase.

    pub(super) fn seek_promises(&mut self, id: GroupId) {
        let step = Step::Preparing {
            asked: 0,
            promises: Vec::new(),
            accepted: None,
        };
        let Some((_, change, token)) = self.enter(id, step) else {
            return;
        };
        let (voters, _) = self.electors(id);
        if let Some(Change {
            step: Step::Preparing { asked, .. },
            ..
        }) = self.changes.get_mut(&id)
        {
            *asked = voters.len();
        }
        for member in &voters {
            self.ask(token, &member.contact, Request::Prepare(id, change.ballot));
        }
    }

    fn on_promise(&mut self, id: GroupId, from: Id, response: Option<Response>) {
        self.learn_ballot(response.as_ref());
        let is_silent = response.is_none();
        let (voters, needed) = self.electors(id);
        let from = voters.iter().find(|member| member.id() == from);
        let Some(change) = self.changes.get_mut(&id) else {
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
            // What was accepted in an earlier generation is not repaired: if it was decided, nobody who is left has begun it.
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
                // It may have been decided already. It was staged before anybody accepted it.
                Some((_, next)) => {
                    change.next = next;
                    self.propose(id);
                }
                None => self.collect(id, promises),
            }
        } else if promises.len() + *asked < needed {
            self.end_attempt(id);
            if is_silent {
                self.try_again_soon(id);
            }
        }
    }

    // Second phase.

    pub(super) fn propose(&mut self, id: GroupId) {
        let step = Step::Proposing {
            asked: 0,
            accepted: BTreeSet::new(),
        };
        let Some((_, change, token)) = self.enter(id, step) else {
            return;
        };
        let (voters, _) = self.electors(id);
        if let Some(Change {
            step: Step::Proposing { asked, .. },
            ..
        }) = self.changes.get_mut(&id)
        {
            *asked = voters.len();
        }
        for member in &voters {
            let next = Box::new(change.next.clone());
            self.ask(
                token,
                &member.contact,
                Request::Propose(id, change.ballot, next),
            );
        }
    }

    fn on_accepted(&mut self, id: GroupId, from: Id, response: Option<Response>) {
        self.learn_ballot(response.as_ref());
        let (voters, needed) = self.electors(id);
        let Some(change) = self.changes.get_mut(&id) else {
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
            let next = change.next.clone();
            self.follow(id, &next);
            self.tell(id);
        } else if yes + open < needed {
            self.changes.remove(&id);
            if response.is_none() {
                self.try_again_soon(id);
            }
        }
    }
}
