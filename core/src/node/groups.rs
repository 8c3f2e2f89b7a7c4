//! The node's part in level `quorum`: it runs the group machine, as it is, and carries out what that wants.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::message::{Request, Response};
use crate::node::Node;
use crate::node::api::{Output, TimerKind};
use crate::node::operations::Waiting;
use crate::node::repair::REPAIR_SOON;
use crate::node::requests::Purpose;
use crate::store::group::configuration::Configuration;
use crate::store::group::message::{Request as Ask, Response as Answer};
use crate::store::group::{Control, Effect, Entry, Input, Ticket, Token};

impl Node {
    /// Takes up what was saved of groups in an earlier run. They outlive it: without them the node must not come back.
    pub fn restore_groups(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        self.groups.restore(now, control, entries);
    }

    /// A member of this group at once: for worlds that start stable.
    pub fn assign(&mut self, group: Configuration) {
        self.groups.assign(group);
    }

    /// One step of the group machine.
    pub(super) fn step_groups(&mut self, now: Instant, input: Input) {
        for effect in self.groups.step(now, input) {
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
                    self.respond(to, number, Response::Group(answer));
                }
                Effect::Answer(Ticket::Operation(number), answer) => {
                    let me = self.contact.clone();
                    self.on_quorum_answer(now, &me, number, Some(answer));
                }
                Effect::Answer(Ticket::Itself(_), _) => {}
                Effect::Save(number, save) => {
                    let token = self.number();
                    self.saving_groups.insert(token, number);
                    self.outputs.push_back(Output::StoreGroups { token, save });
                }
                Effect::Drop(keys) => self.outputs.push_back(Output::DropEntries(keys)),
                Effect::Release(copies) => {
                    for copy in copies {
                        self.keep(now, copy, Waiting::Nobody);
                    }
                }
                Effect::LookSoon => self.look_soon(now),
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
        if !self.config.quorum {
            self.respond(from, number, Response::Group(Answer::Unknown));
            return;
        }
        self.groups.refresh(&from);
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
        self.groups.refresh(from);
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

    /// Compares the groups with the ring.
    pub(super) fn look_at_groups(&mut self, now: Instant) {
        if !self.membership.is_member() || !self.config.quorum {
            return;
        }
        let successors = self.membership.successors().entries().iter();
        let ring: Vec<Contact> = successors
            .chain(self.membership.predecessor())
            .cloned()
            .collect();
        let leaving = self.upkeep.leaving;
        self.step_groups(now, Input::Look(ring, leaving));
    }

    pub(super) fn on_groups_timer(&mut self, now: Instant) {
        self.schedule(now, TimerKind::Groups, self.config.repair);
        self.look_at_groups(now);
    }

    /// The neighbours have changed, or a change of a group has to be tried again.
    pub(super) fn look_soon(&mut self, now: Instant) {
        if self.config.repair.is_some() && self.config.quorum {
            self.timers.clear(TimerKind::Groups);
            let wait = self.rng.duration(REPAIR_SOON / 2, REPAIR_SOON);
            self.timers.set(now + wait, TimerKind::Groups);
        }
    }
}
