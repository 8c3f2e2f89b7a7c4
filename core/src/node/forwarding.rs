//! Recursive lookups on their way: each node hands them on, and the owner answers the origin.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::message::{Forward, Found, MAX_AVOID, MAX_PATH, Notice, Request as Ask};
use crate::message::{Message, Request};
use crate::node::Node;
use crate::node::api::Event;
use crate::node::requests::{Forwarding, Purpose};

impl Node {
    /// Decides a lookup at this node and hands it on, or answers its origin.
    pub(super) fn take_over(&mut self, now: Instant, mut forward: Forward) {
        if forward.path.len() >= MAX_PATH {
            self.event(Event::LimitReached("nodes on a lookup's path"));
            return;
        }
        forward.path.push(self.contact.id());
        let pending = Forwarding {
            forward,
            avoid: Vec::new(),
        };
        self.hand_on(now, pending);
    }

    /// The node that a lookup was handed to is silent: try the next best.
    pub(super) fn forward_elsewhere(&mut self, now: Instant, dead: Id, mut pending: Forwarding) {
        if pending.avoid.len() >= MAX_AVOID {
            return;
        }
        pending.avoid.push(dead);
        self.hand_on(now, pending);
    }

    fn hand_on(&mut self, now: Instant, pending: Forwarding) {
        let forward = &pending.forward;
        let step = self.decide(
            (forward.origin.id(), forward.lookup),
            forward.key,
            forward.routing,
            forward.arrived,
            &pending.avoid,
        );
        let Some(next) = step.next().cloned() else {
            self.answer_origin(now, pending.forward);
            return;
        };
        let request = Request::Chord(Ask::Forward(Box::new(Forward {
            arrived: step.arrives(),
            ..forward.clone()
        })));
        let purpose = Purpose::Forward(Box::new(pending));
        self.ask(now, next, purpose, request);
    }

    fn answer_origin(&mut self, now: Instant, forward: Forward) {
        let found = Found {
            lookup: forward.lookup,
            path: forward.path,
            neighbours: self.membership.neighbours(),
        };
        if forward.origin.id() == self.contact.id() {
            let me = self.contact.clone();
            self.on_found(now, me, found);
        } else {
            let notice = Message::Notice(Notice::Found(found));
            self.send(forward.origin, notice);
        }
    }
}
