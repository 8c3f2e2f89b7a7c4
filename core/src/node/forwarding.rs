//! Recursive lookups on their way: each node hands them on, and the owner answers the origin.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::message::{Forward, Found, MAX_AVOID, MAX_PATH, Notice, Request as Ask};
use crate::message::{Message, Request};
use crate::node::Node;
use crate::node::api::{Event, Limit};
use crate::node::requests::{Forwarding, Purpose};

impl Node {
    /// Decides a lookup at this node and hands it on, or answers its origin.
    pub(super) fn take_over(&mut self, now: Instant, forward: &Forward) {
        if forward.path.len() >= MAX_PATH {
            self.event(Event::LimitReached(Limit::Path));
            return;
        }
        let mut path = Vec::with_capacity(forward.path.len() + 1);
        path.extend_from_slice(&forward.path);
        path.push(self.contact.id());
        let forward = Forward {
            origin: forward.origin.clone(),
            path,
            ..*forward
        };
        self.hand_on(now, forward, Box::default());
    }

    /// The node that a lookup was handed to is silent: try the next best.
    pub(super) fn forward_elsewhere(&mut self, now: Instant, dead: Id, pending: Forwarding) {
        if pending.avoid.len() >= MAX_AVOID {
            return;
        }
        let forward = Forward {
            arrived: pending.arrived,
            ..Arc::unwrap_or_clone(pending.forward)
        };
        let mut avoid = pending.avoid.into_vec();
        avoid.push(dead);
        self.hand_on(now, forward, avoid.into());
    }

    fn hand_on(&mut self, now: Instant, mut forward: Forward, avoid: Box<[Id]>) {
        let arrived = forward.arrived;
        let step = self.decide(
            (forward.origin.id(), forward.lookup),
            forward.key,
            forward.routing,
            arrived,
            &avoid,
        );
        let Some(next) = step.next().cloned() else {
            self.answer_origin(now, forward);
            return;
        };
        forward.arrived = step.arrives();
        let forward = Arc::new(forward);
        let request = Request::Chord(Ask::Forward(Arc::clone(&forward)));
        let purpose = Purpose::Forward(Forwarding {
            forward,
            arrived,
            avoid,
        });
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
            let notice = Message::Notice(Notice::Found(Box::new(found)));
            self.send(forward.origin, notice);
        }
    }
}
