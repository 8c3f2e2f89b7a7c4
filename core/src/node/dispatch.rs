//! What each message comes to at a node.

use alloc::boxed::Box;

use crate::base::contact::Contact;
use crate::base::time::Instant;
use crate::chord::membership::Input;
use crate::chord::message::{NextHop, Notice, Request as Ask, Response as Answer};
use crate::chord::route::{Step, Turn};
use crate::message::{Request, Response};
use crate::node::Node;
use crate::node::api::{Event, Standing};
use crate::node::requests::Purpose;

impl Node {
    pub(super) fn on_request(
        &mut self,
        now: Instant,
        from: Contact,
        number: u64,
        request: Request,
    ) {
        if !self.membership.is_member() && !matches!(request, Request::Chord(Ask::Ping)) {
            self.services
                .respond(from, number, Response::Chord(Answer::NotMember));
            return;
        }
        match request {
            // (ours) Also while this node waits for an answer of its own. In Zave 2017 §III it would answer "response pending",
            // so that each step sees one state of the ring. Answers in flight count as lists in the invariant instead, and
            // the search in tests/exhaustive finds no state that needs the wait.
            Request::Chord(Ask::Neighbours) => {
                let neighbours = Answer::Neighbours(self.membership.neighbours());
                self.services
                    .respond(from, number, Response::Chord(neighbours));
            }
            Request::Chord(Ask::Ping) => {
                self.services
                    .respond(from, number, Response::Chord(Answer::Pong));
            }
            Request::Chord(Ask::Step(question)) => {
                let origin = (from.id(), question.lookup);
                let turn = Turn {
                    key: question.key,
                    routing: question.routing,
                    arrived: question.arrived,
                    avoid: &question.avoid,
                };
                let services = &mut self.services;
                let step = self.routes.decide(services, &self.membership, origin, turn);
                let neighbours = match step {
                    Step::Here => self.membership.neighbours(),
                    _ => crate::chord::message::Neighbours::default(),
                };
                let hop = Box::new(NextHop { step, neighbours });
                self.services
                    .respond(from, number, Response::Chord(Answer::Step(hop)));
            }
            Request::Chord(Ask::Forward(forward)) => {
                self.services
                    .respond(from, number, Response::Chord(Answer::Forwarded));
                self.with_lookups(now, |lookups, services, pointers| {
                    lookups.on_forward(services, pointers, now, &forward)
                });
            }
            Request::Store(request) => self.on_store_request(now, from, number, request),
            Request::Group(request) => self.on_group_request(now, from, number, *request),
        }
    }

    pub(super) fn on_answer(
        &mut self,
        now: Instant,
        from: Contact,
        purpose: Purpose,
        answer: Response,
    ) {
        match (purpose, answer) {
            (Purpose::Probe, Response::Chord(Answer::NotMember)) => {
                self.services.event(Event::Probed(from, Standing::Outside));
            }
            (purpose, Response::Chord(Answer::NotMember)) => self.on_failure(now, &from, purpose),
            (Purpose::Membership(query), Response::Chord(Answer::Neighbours(neighbours))) => {
                self.on_neighbours(now, query, from, neighbours);
            }
            (Purpose::Probe, Response::Chord(Answer::Neighbours(neighbours))) => {
                let standing = match neighbours.successors.is_empty() {
                    true => Standing::Alone,
                    false => Standing::Member,
                };
                self.services.event(Event::Probed(from, standing));
            }
            (Purpose::Membership(query), Response::Chord(Answer::Pong)) => {
                let nothing = crate::chord::message::Neighbours::default();
                let effects = self.membership.step(Input::Answered(query, from, nothing));
                self.run_effects(now, effects);
            }
            (Purpose::Candidate(finger), Response::Chord(Answer::Pong)) => {
                self.routes.candidates.adopt(finger, from.id());
            }
            (Purpose::Hop(lookup), Response::Chord(Answer::Step(hop))) => {
                self.with_lookups(now, |lookups, services, pointers| {
                    lookups.on_step(services, pointers, now, &from, (lookup, *hop))
                });
            }
            (Purpose::Forward(_), Response::Chord(Answer::Forwarded)) => {}
            (purpose, Response::Store(answer)) => self.on_store_answer(now, &from, purpose, answer),
            (purpose, Response::Group(answer)) => self.on_group_answer(now, &from, purpose, answer),
            (Purpose::Quorum(operation), Response::Unsupported) => {
                self.on_quorum_unsupported(now, &from, operation);
            }
            // An answer to another question than was asked, or that the question is unknown, is as good as none.
            (purpose, Response::Chord(_) | Response::Unsupported) => {
                self.on_failure(now, &from, purpose);
            }
        }
    }

    pub(super) fn on_failure(&mut self, now: Instant, to: &Contact, purpose: Purpose) {
        match purpose {
            Purpose::Membership(query) => {
                self.lose(to);
                let effects = self.membership.step(Input::Failed(query, to.clone()));
                self.run_effects(now, effects);
            }
            Purpose::Hop(lookup) => {
                self.lose(to);
                self.with_lookups(now, |lookups, services, pointers| {
                    lookups.on_hop_failed(services, pointers, now, to.id(), lookup)
                });
            }
            Purpose::Forward(pending) => {
                self.lose(to);
                self.with_lookups(now, |lookups, services, pointers| {
                    lookups.forward_elsewhere(services, pointers, now, to.id(), pending)
                });
            }
            Purpose::Candidate(finger) if finger == to.id() => self.lose(to),
            Purpose::Candidate(_) | Purpose::Probe => {}
            Purpose::Group(token) => self.on_group_failure(now, to.id(), *token),
            Purpose::Quorum(operation) => self.on_quorum_answer(now, to, operation, None),
            purpose => self.on_store_failure(now, to, purpose),
        }
    }

    pub(super) fn on_notice(&mut self, now: Instant, from: Contact, notice: Notice) {
        match notice {
            Notice::Notify => {
                self.on_notified(now, from);
            }
            Notice::Found(found) => self.with_lookups(now, |lookups, services, _| {
                lookups.on_found(services, from, *found)
            }),
            Notice::Leaving(neighbours) => {
                self.routes.forget(&mut self.services, from.id());
                let effects = self.membership.step(Input::Left(from, neighbours));
                self.run_effects(now, effects);
            }
        }
    }
}
