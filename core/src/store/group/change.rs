//! Changing a group: what a member does that proposes what is to follow.
//!
//! Stage at all who would be in it (so that a node that does not answer costs nothing), seal a majority, collect what it
//! keeps, stage that, propose. Whatever fails ends the attempt; the next look makes another with a greater ballot.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next};
use crate::store::group::machine::After;
use crate::store::group::message::{MAX_PAGE, Request, Response};
use crate::store::group::transfer::Walk;
use crate::store::group::{Effect, Groups, Token};

/// A change that this node tries to bring about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) ballot: Epoch,
    pub(super) next: Next,
    /// Names the step; answers to an earlier one come too late.
    number: u64,
    pub(super) step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Waits for the ballot to be saved.
    Beginning,
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
    pub(super) fn start_change(
        &mut self,
        id: GroupId,
        members: Vec<Contact>,
        split: Option<(Id, Vec<Contact>)>,
    ) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        if self.changes.contains_key(&id) {
            return;
        }
        let round = self.round.max(self.floor.round).max(held.promised.round);
        self.round = round + 1;
        let ballot = Epoch {
            round: self.round,
            proposer: self.me.id(),
        };
        self.next += 1;
        let number = self.next;
        let change = Change {
            ballot,
            next: Next {
                epoch: ballot,
                members,
                split,
            },
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
        let Some(change) = self.changes.get_mut(&id) else {
            return;
        };
        if change.number != number {
            return;
        }
        match (&mut change.step, response) {
            (_, Some(Response::Followed(next))) => self.follow(id, &next),
            (_, Some(Response::Gone)) => self.forget(id),
            (Step::Beginning, Some(_)) => self.stage_all(id, false),
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
            (_, response) => {
                self.learn_ballot(response.as_ref());
                self.end_attempt(id);
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
    fn end_attempt(&mut self, id: GroupId) {
        let Some(change) = self.changes.remove(&id) else {
            return;
        };
        let proposed = matches!(change.step, Step::Proposing { .. } | Step::Beginning);
        if proposed || change.next.epoch != change.ballot {
            return;
        }
        for node in change.next.members() {
            // Nobody waits for the answer.
            let withdraw = Request::Withdraw(id, change.ballot);
            self.ask(Token::Round(0), &node, withdraw);
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
        let Some((group, change, token)) = self.enter(id, step) else {
            return;
        };
        if let Some(Change {
            step: Step::Preparing { asked, .. },
            ..
        }) = self.changes.get_mut(&id)
        {
            *asked = group.members.len();
        }
        for member in &group.members {
            self.ask(token, member, Request::Prepare(id, change.ballot));
        }
    }

    fn on_promise(&mut self, id: GroupId, from: Id, response: Option<Response>) {
        self.learn_ballot(response.as_ref());
        let Some(group) = self.held.get(&id).map(|held| &held.group) else {
            return;
        };
        let majority = group.majority();
        let from = group.members.iter().find(|member| member.id() == from);
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
            promises.push(from.clone());
            if let Some(before) = before
                && accepted
                    .as_ref()
                    .is_none_or(|(ballot, _)| *ballot < before.0)
            {
                *accepted = Some(*before);
            }
        }
        if promises.len() >= majority {
            let promises = core::mem::take(promises);
            match accepted.take() {
                // It may have been decided already. It was staged before anybody accepted it.
                Some((_, next)) => {
                    change.next = next;
                    self.propose(id);
                }
                None => self.collect(id, promises),
            }
        } else if promises.len() + *asked < majority {
            self.end_attempt(id);
        }
    }

    // Second phase.

    pub(super) fn propose(&mut self, id: GroupId) {
        let step = Step::Proposing {
            asked: 0,
            accepted: BTreeSet::new(),
        };
        let Some((group, change, token)) = self.enter(id, step) else {
            return;
        };
        if let Some(Change {
            step: Step::Proposing { asked, .. },
            ..
        }) = self.changes.get_mut(&id)
        {
            *asked = group.members.len();
        }
        for member in &group.members {
            let next = Box::new(change.next.clone());
            self.ask(token, member, Request::Propose(id, change.ballot, next));
        }
    }

    fn on_accepted(&mut self, id: GroupId, from: Id, response: Option<Response>) {
        self.learn_ballot(response.as_ref());
        let Some(group) = self.held.get(&id).map(|held| &held.group) else {
            return;
        };
        let majority = group.majority();
        let Some(change) = self.changes.get_mut(&id) else {
            return;
        };
        let Step::Proposing { asked, accepted } = &mut change.step else {
            return;
        };
        *asked = asked.saturating_sub(1);
        if response == Some(Response::Done) {
            accepted.insert(from);
        }
        let (yes, open) = (accepted.len(), *asked);
        if yes >= majority {
            let next = change.next.clone();
            self.follow(id, &next);
            self.tell(id);
        } else if yes + open < majority {
            self.changes.remove(&id);
        }
    }
}
