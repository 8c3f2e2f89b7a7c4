//! The services that the parts of a node share: its identity, configuration, randomness, timers, requests and outputs.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::message::{Message, Request, Response};
use crate::node::api::{Event, Limit, Output, TimerKind};
use crate::node::backpressure::{Class, Load};
use crate::node::config::Config;
use crate::node::requests::{Asked, Ended, Expired, Purpose, Requests};
use crate::node::timers::Timers;

/// The context of every part. A part gets it with each call, and keeps nothing of it.
#[derive(Clone, Debug)]
pub(super) struct Services {
    pub(super) me: Identity,
    pub(super) config: Arc<Config>,
    pub(super) timers: Timers,
    pub(super) requests: Requests,
    pub(super) outbox: Outbox,
    pub(super) rng: Rng,
}

/// The node's own contact, and the key that signs for it.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) contact: Contact,
    pub(super) signer: Box<Signer>,
}

/// The orders to the node's owner that wait to be taken, and the numbers that they carry.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    pub(super) outputs: VecDeque<Output>,
    last_number: u64,
}

impl Services {
    pub(super) fn new(config: Arc<Config>, signer: Signer, contact: Contact, rng: Rng) -> Self {
        // Others remember lookups by number for a while: after a restart they are to be others than before.
        let last_number = rng.clone().next_u64() >> 48;
        Self {
            // These lists change all the time. Made one after the other, with room, they lie side by side in memory.
            timers: Timers::new(),
            requests: Requests::new(&config),
            outbox: Outbox {
                outputs: VecDeque::new(),
                last_number,
            },
            me: Identity {
                contact,
                signer: Box::new(signer),
            },
            config,
            rng,
        }
    }

    /// The node's position.
    pub(super) const fn id(&self) -> Id {
        self.me.contact.id()
    }

    pub(super) fn space(&self) -> Space {
        self.config.space
    }

    /// Returns the replica group of a key: its owner and the next successors, but no two positions of one peer.
    pub(super) fn group(&self, owner: &Contact, successors: &[Contact]) -> Vec<Contact> {
        let copies = usize::from(self.config.copies.max(1));
        Contact::of_each_peer(core::iter::once(owner).chain(successors), copies)
    }

    /// A new number for a lookup, an operation or a record on its way to the disk.
    pub(super) fn number(&mut self) -> u64 {
        self.outbox.last_number += 1;
        self.outbox.last_number
    }

    /// The number that the next lookup or operation will have.
    pub(super) const fn next_number(&self) -> u64 {
        self.outbox.last_number + 1
    }

    pub(super) fn event(&mut self, event: Event) {
        self.outbox
            .outputs
            .push_back(Output::Event(Box::new(event)));
    }

    pub(super) fn send(&mut self, to: Contact, message: Message) {
        self.outbox.outputs.push_back(Output::Send { to, message });
    }

    pub(super) fn respond(&mut self, to: Contact, number: u64, response: Response) {
        self.send(to, Message::Response(number, response));
    }

    /// Sets a periodic timer, its interval ahead, with jitter.
    pub(super) fn schedule(&mut self, now: Instant, kind: TimerKind, every: Option<Duration>) {
        self.timers.clear(kind);
        if let Some(every) = every {
            let jitter = every.saturating_mul(self.config.jitter_percent.min(100).into()) / 100;
            let wait = self
                .rng
                .duration(every - jitter, every.saturating_add(jitter));
            self.timers.set(now + wait, kind);
        }
    }

    // Requests.

    /// Asks a peer and remembers what for, once there is room for what the request moves.
    /// Gives it back at the limit on open requests: then it is over.
    #[must_use]
    pub(super) fn ask(
        &mut self,
        now: Instant,
        to: Contact,
        purpose: Purpose,
        request: Request,
    ) -> Option<Ended> {
        let asked = self
            .requests
            .ask(now, &to, purpose, request, &mut self.timers);
        self.carry_out(to, asked)
    }

    fn carry_out(&mut self, to: Contact, asked: Asked) -> Option<Ended> {
        match asked {
            Asked::Send(message) => self.send(to, message),
            Asked::Waits => {}
            Asked::Refused(purpose) => {
                self.event(Event::LimitReached(Limit::Requests));
                let load = None;
                return Some(Ended { to, purpose, load });
            }
        }
        None
    }

    /// Sends what waits for this room, as far as there is some. Gives back what cannot be asked.
    #[must_use]
    pub(super) fn make_room(&mut self, now: Instant, to: Id, load: Option<Load>) -> Vec<Ended> {
        let Some(load) = load else {
            return Vec::new();
        };
        let mut refused = Vec::new();
        self.requests.end(to, load);
        while let Some((to, asked)) =
            self.requests
                .next_waiting(now, to, load.class(), &mut self.timers)
        {
            refused.extend(self.carry_out(to, asked));
        }
        refused
    }

    /// Returns whether a further request of this class would be sent at once.
    pub(super) fn has_room(&self, to: Id, class: Class) -> bool {
        self.requests.has_room(to, class)
    }

    /// Takes a peer's answer to the request of this number, if it was sent one.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        from: &Contact,
        number: u64,
        response: &Response,
    ) -> Option<Ended> {
        self.requests
            .answered(now, from, number, response, &mut self.timers)
    }

    /// Sends an overdue request again, or ends it.
    pub(super) fn on_request_timer(&mut self, now: Instant, number: u64) -> Option<Ended> {
        match self.requests.expired(now, number, &mut self.timers) {
            Expired::Resend(to, message) => self.send(to, message),
            Expired::Failed(ended) => {
                self.event(Event::NoAnswer(ended.to.id()));
                return Some(ended);
            }
            Expired::Gone => {}
        }
        None
    }

    /// Closes every request to a node that cannot be reached.
    pub(super) fn unreachable(&mut self, node: Id) -> Vec<Ended> {
        self.requests.unreachable(node, &mut self.timers)
    }
}
