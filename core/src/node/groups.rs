//! The node's part in level `quorum`: it runs the group machine, as it is, and carries out what that wants.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::message::{Request, Response};
use crate::node::Node;
use crate::node::api::{Output, TimerKind};
use crate::node::lookups::Goal;
use crate::node::requests::Purpose;
use crate::store::group::configuration::Configuration;
use crate::store::group::message::{Request as Ask, Response as Answer};
use crate::store::group::repair::RepairError;
use crate::store::group::{Control, Effect, Entry, Groups, Input, Look, Ticket, Token};

/// How long a node waits before it compares its groups with a ring that has changed: others may be about to.
const LOOK_SOON: Duration = Duration::from_millis(200);

impl Node {
    /// Takes up what was saved of groups in an earlier run. They outlive it: without them the node must not come back.
    pub fn restore_groups(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        if let Some(groups) = &mut self.groups {
            groups.restore(now, control, entries);
        }
    }

    /// A member of this group at once: for worlds that start stable.
    pub fn assign(&mut self, group: Configuration) {
        if let Some(groups) = &mut self.groups {
            groups.assign(group);
        }
    }

    /// A newer contact of this node or another.
    pub(super) fn refresh_groups(&mut self, contact: &Contact) {
        if let Some(groups) = &mut self.groups {
            groups.refresh(contact);
        }
    }

    /// Whether no group needs this node any more.
    pub(super) fn is_free_of_groups(&self) -> bool {
        self.groups().is_none_or(Groups::is_free)
    }

    /// One step of the group machine.
    pub(super) fn step_groups(&mut self, now: Instant, input: Input) {
        let effects = match &mut self.groups {
            Some(groups) => groups.step(now, input),
            None => decline(input),
        };
        for effect in effects {
            match effect {
                Effect::Ask(token, to, request) => {
                    self.ask(
                        now,
                        to,
                        Purpose::Group(Box::new(token)),
                        Request::Group(Box::new(request)),
                    );
                }
                Effect::Answer(Ticket::Peer(to, number), answer) => {
                    self.services.respond(to, number, Response::Group(answer));
                }
                Effect::Answer(Ticket::Operation(number), answer) => {
                    let me = self.services.me.contact.clone();
                    self.on_quorum_answer(now, &me, number, Some(answer));
                }
                Effect::Answer(Ticket::Itself(_), _) => {}
                Effect::Save(number, save) => {
                    let token = self.services.number();
                    self.saving_groups.insert(token, number);
                    self.services
                        .outbox
                        .outputs
                        .push_back(Output::StoreGroups { token, save });
                }
                Effect::Drop(keys) => self
                    .services
                    .outbox
                    .outputs
                    .push_back(Output::DropEntries(keys)),
                Effect::SetAside(keys) => self
                    .services
                    .outbox
                    .outputs
                    .push_back(Output::SetAside(keys)),
                Effect::Repaired(number, outcome) => self.on_range_repaired(number, outcome),
                Effect::LookSoon => self.look_soon(now),
                Effect::Adopted(_) => self.on_adopted(now),
                Effect::Locate(key) => {
                    if self.look_up(now, key, Goal::Middle).is_err() {
                        self.on_located(now, key, Vec::new());
                    }
                }
            }
        }
        self.leave_when_handed_over(now);
    }

    pub(super) fn on_group_request(
        &mut self,
        now: Instant,
        from: Contact,
        number: u64,
        request: Ask,
    ) {
        self.refresh_groups(&from);
        let ticket = Ticket::Peer(from, number);
        self.step_groups(now, Input::Asked(ticket, request));
    }

    pub(super) fn on_group_answer(
        &mut self,
        now: Instant,
        from: &Contact,
        purpose: Purpose,
        answer: Answer,
    ) {
        self.refresh_groups(from);
        match purpose {
            Purpose::Group(token) => {
                self.step_groups(now, Input::Answered(*token, from.id(), answer));
            }
            Purpose::Quorum(operation) => {
                self.on_quorum_answer(now, from, operation, Some(answer));
            }
            _ => {}
        }
    }

    pub(super) fn on_group_failure(&mut self, now: Instant, to: Id, token: Token) {
        self.step_groups(now, Input::Failed(token, to));
    }

    /// The nodes at the middle of a range are known; none when they were not found.
    pub(super) fn on_located(&mut self, now: Instant, key: Id, nodes: Vec<Contact>) {
        self.step_groups(now, Input::Located(key, nodes));
    }

    /// Compares the groups with the ring.
    pub(super) fn look_at_groups(&mut self, now: Instant) {
        if !self.membership.is_member() || self.groups.is_none() {
            return;
        }
        let successors = self.membership.successors().entries();
        let before = self.membership.predecessor();
        let ring: Vec<Contact> = successors.iter().chain(before).cloned().collect();
        let before = before.map(Contact::id);
        let is_whole = successors.iter().any(|node| Some(node.id()) == before);
        let begin = before.unwrap_or_else(|| self.services.me.contact.id());
        let last = successors.last().filter(|_| !is_whole);
        let arc = last.map(|last| (begin, last.id()));
        let leaving = self.leaves_for_good();
        let look = Look { ring, arc, leaving };
        self.step_groups(now, Input::Look(look));
    }

    /// Tells the other members that this node stops for a while.
    pub(super) fn stop_groups(&mut self, now: Instant) {
        if self.groups.is_some() {
            self.step_groups(now, Input::Stop);
        }
    }

    pub(super) fn on_groups_timer(&mut self, now: Instant) {
        self.services
            .schedule(now, TimerKind::Groups, self.services.config.repair);
        self.look_at_groups(now);
    }

    /// The neighbours have changed, or a change of a group has to be tried again.
    pub(super) fn look_soon(&mut self, now: Instant) {
        if self.services.config.repair.is_some() && self.groups.is_some() {
            let wait = self.services.rng.duration(LOOK_SOON / 2, LOOK_SOON);
            self.services
                .timers
                .bring_forward(now + wait, TimerKind::Groups);
        }
    }
}

/// The effects of an input at a node without groups: it declines.
fn decline(input: Input) -> Vec<Effect> {
    match input {
        Input::Asked(ticket, _) => vec![Effect::Answer(ticket, Answer::Unknown)],
        Input::Repair(number, ..) => vec![Effect::Repaired(number, Err(RepairError::NoGroup))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_how_soon_groups_are_looked_at() {
        let soon = LOOK_SOON.as_millis();
        crate::page::must_say(&alloc::format!(
            "and within {soon} ms after its neighbours have changed"
        ));
    }
}
