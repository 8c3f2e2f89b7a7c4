//! One ring member: membership, fingers, lookups and records behind one set of calls.
//!
//! A [`Node`] speaks typed messages and does nothing by itself. Its owner
//! 1. tells it what happened: [`Node::handle_message`], [`Node::handle_unreachable`], [`Node::handle_storage`],
//!    [`Node::handle_timeout`]; none of these fails,
//! 2. asks it to do things: [`Node::create`], [`Node::join`], [`Node::lookup`], [`Node::put`], [`Node::get`],
//!    [`Node::announce`], [`Node::providers`], [`Node::leave`],
//! 3. then drains [`Node::poll_output`] until it is empty and asks [`Node::poll_timeout`] when to call again.
//!
//! Time must not run backwards between calls. A node is plain data: a clone is a checkpoint.
//!
//! The node is a router: each message, answer and timer goes to the part that it concerns. `Ring` knows the neighbours, fingers
//! and lookups; `Upkeep` and `RingMerge` look after them; `Records` is level `one`, `QuorumLevel` level `quorum`; both are
//! given a `Context`. The owner's commands are in `commands`, the views of its state in [`view`].

pub mod adopting;
pub mod api;
pub mod config;
pub mod renewal;
pub mod view;

mod announcements;
mod anti_entropy;
mod backpressure;
mod commands;
mod context;
mod departure;
mod gone;
mod handoff;
mod lookups;
mod numbered;
mod operations;
mod putting;
mod quorum;
mod records;
mod requests;
mod ring;
mod ring_merge;
mod round_trips;
mod routes;
mod seen;
mod services;
mod storing;
#[cfg(test)]
mod tests;
mod timers;
mod upkeep;
mod walks;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::chord::membership::{Effect, Input, Query};
use crate::chord::message::{Neighbours, NextHop, Notice, Request as Ask, Response as Answer};
use crate::chord::route::{Step, Turn};
use crate::message::{Message, Request, Response};
use crate::node::anti_entropy::AntiEntropy;
use crate::node::api::{
    Event, Level, LookupError, LookupId, Output, Report, Standing, StorageEvent, TimerKind,
};
use crate::node::config::Config;
use crate::node::context::Context;
use crate::node::departure::Handover;
use crate::node::lookups::{Goal, Lookup, Lookups, Outcome, Pointers};
use crate::node::quorum::QuorumLevel;
use crate::node::records::Records;
use crate::node::renewal::{BREATH, Renewals};
use crate::node::requests::{Ended, Purpose};
use crate::node::ring::Ring;
use crate::node::ring_merge::RingMerge;
use crate::node::services::Services;
use crate::node::upkeep::Upkeep;
use crate::store::group::{Rules, Settings};
use crate::store::replica::Replica;

/// A ring member as a state machine.
#[derive(Clone, Debug)]
// In this order in memory, from the start of a cache line.
#[repr(C, align(64))]
pub struct Node {
    services: Services,
    ring: Ring,
    upkeep: Upkeep,
    ring_merge: RingMerge,
    records: Records,
    renewals: Renewals,
    quorum: QuorumLevel,
    handover: Handover,
}

impl Node {
    /// A node outside any ring. `contact` must be signed by `signer`; `rng` is its own stream of randomness.
    pub fn new(config: impl Into<Arc<Config>>, signer: Signer, contact: Contact, rng: Rng) -> Self {
        let config = config.into();
        let limits = &config.limits;
        let replica = Replica::new(
            config.space,
            signer.scheme(),
            limits.records,
            limits.record_bytes,
        );
        let settings = Settings {
            space: config.space,
            scheme: signer.scheme(),
            copies: config.copies,
            records: limits.records,
            record_bytes: limits.record_bytes,
            incarnation: config.incarnation,
            patience: config.patience,
            rules: Rules::ALL,
        };
        let groups = config
            .quorum
            .map(|quorum| quorum.begin(contact.clone(), settings));
        Self {
            ring: Ring::new(&config, contact.id()),
            upkeep: Upkeep::default(),
            ring_merge: RingMerge::new(limits.lost),
            records: Records::new(replica),
            renewals: Renewals::default(),
            quorum: QuorumLevel::new(groups),
            handover: Handover::default(),
            services: Services::new(config, signer, contact, rng),
        }
    }

    // Inputs and outputs.

    /// Handles a message from a peer whose identity the transport has proved.
    pub fn handle_message(&mut self, now: Instant, from: Contact, message: Message) {
        self.ring.membership.refresh(&from);
        match message {
            Message::Request(number, request) => self.on_request(now, from, number, request),
            Message::Response(number, response) => {
                let ended = self.services.answered(now, &from, number, &response);
                if let Some(Ended { purpose, load, .. }) = ended {
                    for refused in self.services.make_room(now, from.id(), load) {
                        self.on_ended(now, refused);
                    }
                    self.on_answer(now, from, purpose, response);
                }
            }
            Message::Notice(notice) => self.on_notice(now, from, notice),
            // The owner that has joined a swarm to the node takes these out.
            Message::Swarm(_) => {}
        }
        self.go_on_leaving(now);
    }

    /// A peer cannot be reached: all requests to it have failed.
    pub fn handle_unreachable(&mut self, now: Instant, node: Id) {
        for ended in self.services.unreachable(node) {
            self.on_ended(now, ended);
        }
        self.give_up_waiting(now, node);
        self.go_on_leaving(now);
    }

    /// An [`Output::StoreRecord`] or [`Output::StoreGroups`] was carried out, or could not be.
    pub fn handle_storage(&mut self, now: Instant, event: StorageEvent) {
        let (token, stored) = match event {
            StorageEvent::Stored(token) => (token, true),
            StorageEvent::Failed(token) => (token, false),
        };
        let (quorum, mut cx) = self.quorum_at(now);
        if !quorum.on_stored(&mut cx, token, stored) {
            let (records, mut cx) = self.records_at(now);
            records.on_stored(&mut cx, token, stored);
        }
        self.go_on_leaving(now);
    }

    /// Handles all that is due. Calling early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.services.timers.pop_due(now) {
            self.on_timer(now, timer);
            self.go_on_leaving(now);
        }
    }

    fn on_timer(&mut self, now: Instant, timer: TimerKind) {
        let (services, ring) = (&mut self.services, &mut self.ring);
        match timer {
            TimerKind::Stabilize => {
                self.upkeep.schedule_stabilization(services, now);
                self.step(now, Input::Stabilize);
            }
            TimerKind::Fingers => self.upkeep.on_fingers_timer(services, ring, now),
            TimerKind::RingMerge => self.ring_merge.on_timer(services, ring, now),
            TimerKind::Lookup(number) => self.with_lookups(now, |lookups, services, pointers| {
                lookups.on_timer(services, pointers, now, number)
            }),
            TimerKind::Request(number) => self.on_request_timer(now, number),
            TimerKind::Renew => self.on_renew_timer(now),
            TimerKind::Leave => self.on_leave_timer(now),
            TimerKind::Repair | TimerKind::Walks | TimerKind::Announce | TimerKind::Handoff => {
                let (records, mut cx) = self.records_at(now);
                match timer {
                    TimerKind::Repair => records.on_repair_timer(&mut cx),
                    TimerKind::Walks => records.on_walks_timer(&mut cx),
                    TimerKind::Announce => records.on_announce_timer(&mut cx),
                    _ => records.on_handoff_timer(&mut cx),
                }
            }
            TimerKind::Groups | TimerKind::Adopt | TimerKind::Operation(_) => {
                let (quorum, mut cx) = self.quorum_at(now);
                match timer {
                    TimerKind::Groups => quorum.on_groups_timer(&mut cx),
                    TimerKind::Operation(number) => quorum.on_operation_timer(&mut cx, number),
                    _ => quorum.on_adopt_timer(&mut cx),
                }
            }
        }
    }

    /// Returns the next output, which the owner must carry out in order, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.services.outbox.outputs.pop_front()
    }

    /// Returns all that [`Node::poll_output`] would give, at once, in exchange for another list. An owner of many nodes lends each
    /// an empty one before a call and takes it back after it, so that one list serves them all.
    pub fn swap_outputs(&mut self, outputs: &mut VecDeque<Output>) {
        core::mem::swap(&mut self.services.outbox.outputs, outputs);
    }

    /// Returns the time to call [`Node::handle_timeout`] next, and the purpose. May change with every other call.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerKind)> {
        self.services.timers.first()
    }

    // The parts, with what they are given.

    fn records_at(&mut self, now: Instant) -> (&mut Records, Context<'_>) {
        let cx = Context {
            now,
            services: &mut self.services,
            ring: &mut self.ring,
            renewals: &mut self.renewals,
            groups: self.quorum.groups(),
        };
        (&mut self.records, cx)
    }

    const fn quorum_at(&mut self, now: Instant) -> (&mut QuorumLevel, Context<'_>) {
        let cx = Context {
            now,
            services: &mut self.services,
            ring: &mut self.ring,
            renewals: &mut self.renewals,
            groups: None,
        };
        (&mut self.quorum, cx)
    }

    fn with_lookups(
        &mut self,
        now: Instant,
        deed: impl FnOnce(&mut Lookups, &mut Services, Pointers<'_>) -> Option<Outcome>,
    ) {
        let (lookups, pointers) = self.ring.split();
        let outcome = deed(lookups, &mut self.services, pointers);
        self.on_outcome(now, outcome);
    }

    // Messages.

    fn on_request(&mut self, now: Instant, from: Contact, number: u64, request: Request) {
        if !self.ring.is_member() && !matches!(request, Request::Chord(Ask::Ping)) {
            let outside = Response::Chord(Answer::NotMember);
            self.services.respond(from, number, outside);
            return;
        }
        let answer = match request {
            // (ours) Also while this node waits for an answer of its own. In Zave 2017 §III it would answer "response pending",
            // so that each step sees one state of the ring. Answers in flight count as lists in the invariant instead, and
            // the search in tests/exhaustive finds no state that needs the wait.
            Request::Chord(Ask::Neighbours) => {
                Answer::Neighbours(self.ring.membership.neighbours())
            }
            Request::Chord(Ask::Ping) => Answer::Pong,
            Request::Chord(Ask::Step(question)) => {
                let origin = (from.id(), question.lookup);
                let turn = Turn {
                    key: question.key,
                    routing: question.routing,
                    arrived: question.arrived,
                    avoid: &question.avoid,
                };
                let (_, pointers) = self.ring.split();
                let step = pointers.decide(&mut self.services, origin, turn);
                let neighbours = match step {
                    Step::Here => pointers.membership.neighbours(),
                    _ => Neighbours::default(),
                };
                Answer::Step(Box::new(NextHop { step, neighbours }))
            }
            Request::Chord(Ask::Forward(forward)) => {
                let taken = Response::Chord(Answer::Forwarded);
                self.services.respond(from, number, taken);
                self.with_lookups(now, |lookups, services, pointers| {
                    lookups.on_forward(services, pointers, now, &forward)
                });
                return;
            }
            Request::Store(request) => {
                let (records, mut cx) = self.records_at(now);
                records.on_request(&mut cx, from, number, request);
                return;
            }
            Request::Group(request) => {
                let (quorum, mut cx) = self.quorum_at(now);
                quorum.on_request(&mut cx, from, number, *request);
                return;
            }
        };
        self.services.respond(from, number, Response::Chord(answer));
    }

    fn on_answer(&mut self, now: Instant, from: Contact, purpose: Purpose, answer: Response) {
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
                self.step(now, Input::Answered(query, from, Neighbours::default()));
            }
            (Purpose::Candidate(finger), Response::Chord(Answer::Pong)) => {
                self.ring.routes.candidates.adopt(finger, from.id());
            }
            (Purpose::Hop(lookup), Response::Chord(Answer::Step(hop))) => {
                self.with_lookups(now, |lookups, services, pointers| {
                    lookups.on_step(services, pointers, now, &from, (lookup, *hop))
                });
            }
            (Purpose::Forward(_), Response::Chord(Answer::Forwarded)) => {}
            (purpose, Response::Store(answer)) => {
                let (records, mut cx) = self.records_at(now);
                records.on_answer(&mut cx, &from, purpose, answer);
            }
            (purpose, Response::Group(answer)) => {
                let (quorum, mut cx) = self.quorum_at(now);
                quorum.on_answer(&mut cx, &from, purpose, answer);
            }
            (Purpose::Quorum(operation), Response::Unsupported) => {
                let (quorum, mut cx) = self.quorum_at(now);
                quorum.on_unsupported(&mut cx, &from, operation);
            }
            // An answer to another request than was asked, or that the request is unknown, is as good as none.
            (purpose, Response::Chord(_) | Response::Unsupported) => {
                self.on_failure(now, &from, purpose);
            }
        }
    }

    fn on_failure(&mut self, now: Instant, to: &Contact, purpose: Purpose) {
        match purpose {
            Purpose::Membership(query) => {
                self.lose(now, to);
                self.step(now, Input::Failed(query, to.clone()));
            }
            Purpose::Hop(lookup) => {
                self.lose(now, to);
                self.with_lookups(now, |lookups, services, pointers| {
                    lookups.on_hop_failed(services, pointers, now, to.id(), lookup)
                });
            }
            Purpose::Forward(pending) => {
                self.lose(now, to);
                self.with_lookups(now, |lookups, services, pointers| {
                    lookups.forward_elsewhere(services, pointers, now, to.id(), pending)
                });
            }
            Purpose::Candidate(finger) if finger == to.id() => self.lose(now, to),
            Purpose::Candidate(_) | Purpose::Probe => {}
            Purpose::Group(_) | Purpose::Quorum(_) => {
                let (quorum, mut cx) = self.quorum_at(now);
                quorum.on_failure(&mut cx, to, purpose);
            }
            purpose => {
                let (records, mut cx) = self.records_at(now);
                records.on_failure(&mut cx, to.id(), &purpose);
            }
        }
    }

    fn on_notice(&mut self, now: Instant, from: Contact, notice: Notice) {
        match notice {
            Notice::Notify => self.on_notified(now, from),
            Notice::Found(found) => self.with_lookups(now, |lookups, services, _| {
                lookups.on_found(services, from, *found)
            }),
            Notice::Leaving(neighbours) => {
                self.ring.routes.forget(&mut self.services, from.id());
                self.ring.gone.note(now, from.id());
                self.step(now, Input::Left(from, neighbours));
            }
        }
    }

    // Requests that are not answered.

    /// Handles a request that was not answered.
    fn on_ended(&mut self, now: Instant, ended: Ended) {
        if let Some(load) = ended.load {
            self.services.requests.end(ended.to.id(), load);
        }
        self.on_failure(now, &ended.to, ended.purpose);
    }

    /// Drops what waits for a node that does not answer.
    fn give_up_waiting(&mut self, now: Instant, to: Id) {
        for ended in self.services.requests.give_up(to) {
            self.on_ended(now, ended);
        }
    }

    fn on_request_timer(&mut self, now: Instant, number: u64) {
        if let Some(ended) = self.services.on_request_timer(now, number) {
            let to = ended.to.id();
            let is_bulk = ended.load.is_some();
            self.on_ended(now, ended);
            if is_bulk {
                self.give_up_waiting(now, to);
            }
        }
    }

    /// Takes a node that does not answer out of the finger table; it is asked after from time to time.
    fn lose(&mut self, now: Instant, node: &Contact) {
        self.ring.routes.forget(&mut self.services, node.id());
        self.ring.gone.note(now, node.id());
        self.ring_merge.lose(node);
    }

    // Membership.

    /// Takes one step of the membership machine, and carries out its effects.
    fn step(&mut self, now: Instant, input: Input) {
        for effect in self.ring.membership.step(input) {
            match effect {
                Effect::Ask(query, to) => {
                    let ask = match query {
                        Query::Liveness => Ask::Ping,
                        Query::Join | Query::FromSuccessor | Query::FromPredecessor => {
                            Ask::Neighbours
                        }
                    };
                    let (purpose, ask) = (Purpose::Membership(query), Request::Chord(ask));
                    // The next round asks again; the node that could not be asked is not dead.
                    let _ = self.services.ask(now, to, purpose, ask);
                }
                Effect::Notify(to) => self.services.send(to, Message::Notice(Notice::Notify)),
                Effect::Farewell(to, neighbours) => {
                    let leaving = Message::Notice(Notice::Leaving(neighbours));
                    self.services.send(to, leaving);
                }
                Effect::Joined => self.on_joined(now),
                Effect::JoinFailed => self.services.event(Event::JoinFailed),
                Effect::SuccessorsChanged => self.on_successors_changed(now),
                Effect::PredecessorChanged(old) => self.on_predecessor_changed(now, old),
                Effect::Stranded => self.on_stranded(now),
            }
        }
    }

    /// A node's answer to a request of the membership machine. A node that this one's successor takes for its predecessor, and
    /// behind which this one lies, is told.
    fn on_neighbours(&mut self, now: Instant, query: Query, from: Contact, theirs: Neighbours) {
        let stabilizes = matches!(query, Query::FromSuccessor | Query::FromPredecessor);
        let tells = self.services.config.tell_predecessor && stabilizes;
        let before = theirs.predecessor.as_ref().filter(|_| tells);
        let passed = |before: &&Contact| self.services.id().is_between(before.id(), from.id());
        let told = before.filter(passed).cloned();
        self.step(now, Input::Answered(query, from, theirs));
        if let Some(told) = told {
            self.services.send(told, Message::Notice(Notice::Notify));
        }
    }

    /// Handles a node that takes this one for its successor; if it is nearer than this one's own, it may be that one's instead.
    fn on_notified(&mut self, now: Instant, from: Contact) {
        let head = self.ring.membership.successors().head();
        let me = self.services.id();
        let is_nearer = head.is_some_and(|head| from.id().is_between(me, head.id()));
        let candidate = is_nearer.then(|| from.clone());
        self.step(now, Input::Notified(from));
        if let Some(candidate) = candidate {
            self.step(now, Input::Candidate(candidate));
        }
    }

    /// Starts the periodic work of a new member.
    fn start_upkeep(&mut self, now: Instant, fill_fingers: bool) {
        let (services, ring) = (&mut self.services, &mut self.ring);
        self.upkeep.start(services, ring, now, fill_fingers);
        self.announce_and_renew(now);
    }

    /// Announces what the node has, and renews what is due, as a member, perhaps of a new ring.
    fn announce_and_renew(&mut self, now: Instant) {
        let (records, mut cx) = self.records_at(now);
        records.announce_all(&mut cx);
        self.renewals.wait(&mut self.services, &self.ring, now);
    }

    fn on_joined(&mut self, now: Instant) {
        self.services.event(Event::Joined);
        self.ring.gone.joined(now);
        self.start_upkeep(now, !self.ring.is_alone());
        // All members of groups of an earlier run may be away: a requester is told at once which are awaited.
        if !self.quorum.is_free() {
            self.quorum.look_soon(&mut self.services, now);
        }
        // The node before the newcomer learns of it by the newcomer's successor, so that one is told at once.
        self.step(now, Input::Stabilize);
    }

    fn on_successors_changed(&mut self, now: Instant) {
        let entries = self.ring.membership.successors().entries().to_vec();
        let services = &mut self.services;
        if let Some((head, behind)) = entries.split_first() {
            self.ring.routes.learn(services, 1, head);
            self.ring.routes.look_behind(services, now, head, behind);
        }
        services.event(Event::Successors(entries));
        self.upkeep.stabilize_briskly(services, now);
        self.repair_soon(now);
    }

    fn on_predecessor_changed(&mut self, now: Instant, old: Option<Contact>) {
        let new = self.ring.membership.predecessor().cloned();
        self.services.event(Event::Predecessor {
            old: old.clone(),
            new: new.clone(),
        });
        if let Some(new) = new {
            let (records, mut cx) = self.records_at(now);
            if records.on_predecessor(&mut cx, old.as_ref(), &new) {
                self.repair_soon(now);
            }
        }
        self.upkeep.stabilize_briskly(&mut self.services, now);
        // A ring of one has its first companion: records are safer as soon as both know of each other.
        if self.ring.is_alone() {
            self.step(now, Input::Stabilize);
        }
    }

    /// The neighbours changed: copies and groups are compared with the ring soon.
    fn repair_soon(&mut self, now: Instant) {
        AntiEntropy::repair_soon(&mut self.services, now);
        self.quorum.look_soon(&mut self.services, now);
    }

    /// Makes the nearest finger that answers the successor, since every successor is gone.
    fn on_stranded(&mut self, now: Instant) {
        let me = self.services.id();
        let fingers = &self.ring.routes.fingers;
        let nearest = fingers.nodes().find(|node| node.id() != me).cloned();
        match nearest {
            Some(nearest) => self.step(now, Input::Candidate(nearest)),
            None => self.services.event(Event::Alone),
        }
    }

    // Lookups.

    /// Passes the outcome of a lookup of this node's own, if it is over, to the part that began it.
    fn on_outcome(&mut self, now: Instant, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else {
            return;
        };
        let (services, ring) = (&mut self.services, &mut self.ring);
        match outcome.lookup.search.goal {
            Goal::Owner => self.report(now, outcome),
            Goal::Place => self.on_place_found(now, &outcome.lookup, outcome.found),
            Goal::RingMerge => {
                let via = outcome.lookup.path.get(1).map(|visit| visit.id);
                let found = outcome.found.map(|(owner, neighbours)| {
                    let before = neighbours.predecessor.as_ref().map(Contact::id);
                    (owner, before)
                });
                let membership = &self.ring.membership;
                let candidate =
                    found.and_then(|found| self.ring_merge.on_looked_round(membership, via, found));
                if let Some(candidate) = candidate {
                    self.step(now, Input::Candidate(candidate));
                }
            }
            Goal::Finger(row) => self.upkeep.on_lookup(services, ring, now, (row, outcome)),
            Goal::Operation(_) | Goal::Unclaimed(_) => {
                let (records, mut cx) = self.records_at(now);
                records.on_lookup(&mut cx, outcome);
            }
            Goal::Quorum(_) | Goal::Middle => {
                let (quorum, mut cx) = self.quorum_at(now);
                quorum.on_lookup(&mut cx, outcome);
            }
        }
    }

    /// Tells the node's owner what its lookup came to.
    fn report(&mut self, now: Instant, outcome: Outcome) {
        let (number, lookup) = (outcome.number, outcome.lookup);
        let report = outcome.found.map(|(owner, neighbours)| Report {
            key: lookup.search.key,
            routing: lookup.search.routing,
            mode: lookup.search.mode,
            group: self.services.group(&owner, &neighbours.successors),
            owner,
            path: lookup.path,
            took: now - lookup.started,
        });
        let report = report.ok_or(LookupError::Deadline);
        self.services
            .event(Event::LookupEnded(LookupId(number), report));
    }

    fn on_place_found(
        &mut self,
        now: Instant,
        lookup: &Lookup,
        found: Option<(Contact, Neighbours)>,
    ) {
        let Some((owner, neighbours)) = found else {
            self.services.event(Event::JoinFailed);
            return;
        };
        // Another search was sooner: a node that has its place must not look for one.
        if self.ring.is_member() {
            return;
        }
        let me = self.services.id();
        // The owner may still take this node for its predecessor, from before a restart.
        let before = neighbours.predecessor.filter(|before| before.id() != me);
        let last_hop = || lookup.path.iter().rev().nth(1)?.contact.clone();
        let last_hop = || last_hop().filter(|hop| hop.id() != me);
        let behind = before.or_else(last_hop).unwrap_or(owner);
        self.step(now, Input::Join(behind));
    }

    // Renewal.

    fn on_renew_timer(&mut self, now: Instant) {
        for renewal in self.renewals.due(now) {
            // A node that is too busy tries again as after any failure.
            let _ = match Level::of(&renewal) {
                Level::One => {
                    let (records, mut cx) = self.records_at(now);
                    records.renew(&mut cx, renewal)
                }
                Level::Quorum => {
                    let (quorum, mut cx) = self.quorum_at(now);
                    quorum.touch(&mut cx, renewal)
                }
            };
        }
        let soonest = now + BREATH;
        self.renewals.wait(&mut self.services, &self.ring, soonest);
    }
}
