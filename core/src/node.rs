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

pub mod adopting;
pub mod api;
pub mod config;
pub mod renewal;
pub mod view;

mod bulk;
mod choosing;
mod forwarding;
mod groups;
mod handoff;
mod lookups;
mod messages;
mod numbered;
mod operations;
mod providing;
mod putting;
mod quorum;
mod range_repair;
mod repair;
mod requests;
mod reunion;
mod round_trips;
mod seen;
mod storing;
mod timers;
mod upkeep;
mod walks;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::chord::candidates::Candidates;
use crate::chord::fingers::FingerTable;
use crate::chord::membership::{Input, Membership, Phase};
use crate::chord::message::Request as Ask;
use crate::chord::route::{Routing, Step, Turn, route};
use crate::message::{Message, Request, Response};
use crate::node::adopting::Adopting;
use crate::node::api::{Event, JoinError, Limit, Output, StorageEvent, TimerKind};
use crate::node::bulk::{Bulk, Load, Waiting};
use crate::node::config::Config;
use crate::node::handoff::Handoffs;
use crate::node::lookups::Lookup;
use crate::node::numbered::Numbered;
use crate::node::operations::Operation;
use crate::node::providing::Announcements;
use crate::node::quorum::QuorumOperation;
use crate::node::renewal::Renewals;
use crate::node::requests::{Ended, Purpose, Question, Requests, Room};
use crate::node::reunion::Reunion;
use crate::node::seen::Seen;
use crate::node::storing::Storing;
use crate::node::timers::Timers;
use crate::node::upkeep::{Departure, Upkeep};
use crate::node::walks::Walks;
use crate::store::group::part::Part;
use crate::store::group::{Input as GroupInput, Rules, Settings};
use crate::store::message::Copy;
use crate::store::replica::Replica;

/// A ring member as a state machine.
#[derive(Clone, Debug)]
// In this order in memory, from the start of a cache line.
#[repr(C, align(64))]
pub struct Node {
    // What nearly every call needs, side by side.
    contact: Contact,
    membership: Membership,
    config: Arc<Config>,
    timers: Timers,
    requests: Requests,
    fingers: FingerTable,
    outputs: VecDeque<Output>,
    lookups: Numbered<Lookup>,
    seen: Seen,
    next_number: u64,
    candidates: Candidates,
    upkeep: Upkeep,
    rng: Rng,
    // What few calls need.
    operations: BTreeMap<u64, Operation>,
    quorum: BTreeMap<u64, QuorumOperation>,
    /// Repairs of ranges under way, with their deadlines.
    range_repairs: BTreeMap<u64, Instant>,
    announcements: Announcements,
    renewals: Renewals,
    handoffs: Handoffs,
    adopting: Option<Box<Adopting>>,
    bulk: Bulk,
    walks: Walks,
    storing: Storing,
    replica: Replica,
    /// None where the node takes no part in level `quorum`: it then asks the groups of others.
    groups: Option<Box<dyn Part>>,
    /// What the group machine has saved, by the token that the owner answers with.
    saving_groups: BTreeMap<u64, u64>,
    reunion: Reunion,
    signer: Box<Signer>,
}

impl Node {
    /// A node outside any ring. `contact` must be signed by `signer`; `rng` is its own stream of randomness.
    pub fn new(config: impl Into<Arc<Config>>, signer: Signer, contact: Contact, rng: Rng) -> Self {
        let config = config.into();
        let me = contact.id();
        let limits = &config.limits;
        let replica = Replica::new(
            config.space,
            signer.scheme(),
            limits.records,
            limits.record_bytes,
        );
        let membership = Membership::new(me, config.successors).under(config.membership);
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
        // Others remember lookups by number for a while: after a restart they are to be others than before.
        let next_number = rng.clone().next_u64() >> 48;
        Self {
            // These lists change all the time. Made one after the other, with room, they lie side by side in memory.
            timers: Timers::new(),
            requests: Requests::new(limits.requests, limits.neighbours, config.shortest_wait),
            fingers: FingerTable::new(config.space, me),
            lookups: Numbered::new(1),
            seen: Seen::new(),
            membership,
            outputs: VecDeque::new(),
            next_number,
            candidates: Candidates::new(config.successors_per_finger),
            upkeep: Upkeep::default(),
            operations: BTreeMap::new(),
            quorum: BTreeMap::new(),
            range_repairs: BTreeMap::new(),
            announcements: Announcements::default(),
            renewals: Renewals::default(),
            handoffs: Handoffs::default(),
            adopting: None,
            bulk: Bulk::default(),
            walks: Walks::default(),
            storing: Storing::default(),
            replica,
            groups: config
                .quorum
                .map(|quorum| quorum.begin(contact.clone(), settings)),
            saving_groups: BTreeMap::new(),
            reunion: Reunion::new(limits.lost),
            config,
            signer: Box::new(signer),
            contact,
            rng,
        }
    }

    /// Begins a ring of one, and founds its first group of level `quorum`.
    pub fn create(&mut self, now: Instant) {
        self.create_again(now);
        self.found_group(now);
    }

    /// Founds the first group of level `quorum` in this node's ring, unless the node knows that there is one, or was.
    pub fn found_group(&mut self, now: Instant) {
        if self.groups.is_some() {
            let lineage = self.rng.next_u64();
            self.step_groups(now, GroupInput::Found(lineage));
        }
    }

    /// Begins a ring of one again, after one that this node, or another, was in before: no group is founded.
    pub fn create_again(&mut self, now: Instant) {
        let effects = self.membership.step(Input::Create);
        self.run_effects(now, effects);
    }

    /// Joins the ring of a known member. [`Event::Joined`] or [`Event::JoinFailed`] follows.
    ///
    /// # Errors
    /// [`JoinError::Already`] for a member, [`JoinError::Itself`] when told to join via itself.
    pub fn join(&mut self, now: Instant, via: Contact) -> Result<(), JoinError> {
        if self.membership.is_member() {
            return Err(JoinError::Already);
        }
        if via.id() == self.contact.id() {
            return Err(JoinError::Itself);
        }
        self.look_for_place(now, via);
        Ok(())
    }

    /// Asks somebody whether it is a member of a ring; [`Event::Probed`] follows if it answers.
    pub fn probe(&mut self, now: Instant, node: &Contact) {
        let request = Request::Chord(Ask::Neighbours);
        self.ask(now, node.clone(), Purpose::Probe, request);
    }

    /// A member at once, with known neighbours and fingers: for worlds that start stable.
    pub fn settle(
        &mut self,
        now: Instant,
        predecessor: Option<Contact>,
        successors: &[Contact],
        fingers: &[Contact],
    ) {
        self.membership.settle(predecessor, successors);
        for (row, finger) in (1..).zip(fingers) {
            let _ = self.fingers.learn(row, finger);
        }
        self.start_upkeep(now, false);
    }

    /// Takes up a record kept from an earlier run.
    pub fn restore(&mut self, now: Instant, copy: &Copy) {
        let _ = self.replica.accept(now, copy);
    }

    /// A newer contact of this node, after its addresses changed.
    pub fn set_contact(&mut self, now: Instant, contact: Contact) {
        self.refresh_groups(&contact);
        self.contact = contact;
        self.announce_all(now);
    }

    /// A newer contact of another node, after its addresses changed.
    pub fn refresh(&mut self, contact: &Contact) {
        self.membership.refresh(contact);
        self.fingers.refresh(contact);
        self.candidates.refresh(contact);
        self.refresh_groups(contact);
    }

    /// Leaves the ring for good: records go to the successor, other nodes take this one's places in groups, neighbours are told,
    /// then [`Event::Left`] follows.
    pub fn leave(&mut self, now: Instant) {
        self.begin_leaving(now, Departure::ForGood);
    }

    /// As [`Node::leave`], but only once others have taken everything over. Where they do not, the node stays the member that it was, and
    /// [`Node::stayed`] says why.
    pub fn leave_if_taken_over(&mut self, now: Instant) {
        self.begin_leaving(now, Departure::TakenOver);
    }

    /// Stops for a while: records go to the successor, neighbours are told, then [`Event::Left`] follows. The node keeps its
    /// places in groups, and what it has saved of them is taken up by [`Node::restore_groups`].
    pub fn stop(&mut self, now: Instant) {
        self.begin_leaving(now, Departure::ForAWhile);
    }

    /// A message from a peer whose identity the transport has proved.
    pub fn handle_message(&mut self, now: Instant, from: Contact, message: Message) {
        self.membership.refresh(&from);
        match message {
            Message::Request(number, request) => self.on_request(now, from, number, request),
            Message::Response(number, response) => {
                let ended = self.requests.answered(now, &from, number, &mut self.timers);
                if let Some(Ended { purpose, load, .. }) = ended {
                    self.bulk.learn(&response);
                    self.make_room(now, from.id(), load);
                    self.on_answer(now, from, purpose, response);
                }
            }
            Message::Notice(notice) => self.on_notice(now, from, notice),
            // Whoever joins a swarm to the node takes it out.
            Message::Swarm(_) => {}
        }
    }

    /// A peer cannot be reached: all questions to it have failed.
    pub fn handle_unreachable(&mut self, now: Instant, node: Id) {
        for ended in self.requests.unreachable(node, &mut self.timers) {
            self.on_ended(now, ended);
        }
        self.give_up_waiting(now, node);
    }

    /// An [`Output::StoreRecord`] or [`Output::StoreGroups`] was carried out, or could not be.
    pub fn handle_storage(&mut self, now: Instant, event: StorageEvent) {
        let (token, stored) = match event {
            StorageEvent::Stored(token) => (token, true),
            StorageEvent::Failed(token) => (token, false),
        };
        match self.saving_groups.remove(&token) {
            Some(saved) => self.step_groups(now, GroupInput::Saved(saved, stored)),
            None => self.on_stored(now, token, stored),
        }
    }

    /// Does all that is due. Calling early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                TimerKind::Stabilize => self.on_stabilize_timer(now),
                TimerKind::Fingers => self.on_fingers_timer(now),
                TimerKind::Reunion => self.on_reunion_timer(now),
                TimerKind::Repair => self.on_repair_timer(now),
                TimerKind::Walks => self.on_walks_timer(now),
                TimerKind::Groups => self.on_groups_timer(now),
                TimerKind::Announce => self.on_announce_timer(now),
                TimerKind::Renew => self.on_renew_timer(now),
                TimerKind::Adopt => self.on_adopt_timer(now),
                TimerKind::Handoff => self.on_handoff_timer(now),
                TimerKind::Operation(number) => self.on_operation_timer(now, number),
                TimerKind::Leave => self.on_leave_timer(now),
                TimerKind::Request(number) => self.on_request_timer(now, number),
                TimerKind::Lookup(number) => self.on_lookup_timer(now, number),
            }
        }
    }

    /// What the owner must do, in order, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// All that [`Node::poll_output`] would give, at once, in exchange for another list. An owner of many nodes lends each
    /// an empty one before a call and takes it back after it, so that one list serves them all.
    pub fn swap_outputs(&mut self, outputs: &mut VecDeque<Output>) {
        core::mem::swap(&mut self.outputs, outputs);
    }

    /// When to call [`Node::handle_timeout`] next, and what for. May change with every other call.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerKind)> {
        self.timers.first()
    }

    /// The routing rule at this node, told to whoever watches.
    fn decide(
        &mut self,
        lookup: (Id, u64),
        key: Id,
        routing: Routing,
        arrived: bool,
        avoid: &[Id],
    ) -> Step {
        let turn = Turn {
            key,
            routing,
            arrived,
            avoid,
        };
        let lists = self.config.list_routing;
        let step = match route(&self.membership, &self.fingers, turn, lists) {
            Step::Finger { row, contact } if self.candidates.are_wanted() => {
                self.choose(row, contact, turn)
            }
            step => step,
        };
        if self.config.tell_routes {
            self.event(Event::Routed {
                lookup,
                key,
                step: step.clone(),
                predecessor: self.membership.predecessor().map(Contact::id),
            });
        }
        step
    }

    /// Asks a peer and remembers what for, once there is room for what the question moves.
    fn ask(&mut self, now: Instant, to: Contact, purpose: Purpose, request: Request) {
        let Some(load) = self.bulk.load(&purpose, &request) else {
            return self.open_request(now, to, purpose, request, None);
        };
        match self.bulk.take(to.id(), load) {
            Some(longer) => self.open_request(now, to, purpose, request, Some((load, longer))),
            None => self.bulk.wait(Waiting {
                to,
                purpose,
                request,
                load,
            }),
        }
    }

    /// At the limit the question fails at once.
    fn open_request(
        &mut self,
        now: Instant,
        to: Contact,
        purpose: Purpose,
        request: Request,
        room: Room,
    ) {
        let question = Question {
            purpose,
            request,
            room,
            retries: self.config.retries,
        };
        let opened = self.requests.open(now, &to, question, &mut self.timers);
        match opened {
            Ok(message) => self.send(to, message),
            Err(purpose) => {
                self.event(Event::LimitReached(Limit::Requests));
                if let Some((load, _)) = room {
                    self.bulk.end(to.id(), load);
                }
                match purpose {
                    // The lookup's deadline ends it; the node that could not be asked is not dead.
                    Purpose::Hop(_)
                    | Purpose::Forward(_)
                    | Purpose::Candidate(_)
                    | Purpose::Membership(_) => {}
                    purpose => self.on_failure(now, &to, purpose),
                }
            }
        }
    }

    /// A question is over: what waited for its room is asked.
    fn make_room(&mut self, now: Instant, to: Id, load: Option<Load>) {
        let Some(load) = load else {
            return;
        };
        self.bulk.end(to, load);
        while let Some((next, longer)) = self.bulk.next(to, load.class()) {
            let room = Some((next.load, longer));
            self.open_request(now, next.to, next.purpose, next.request, room);
        }
    }

    /// A question was not answered.
    fn on_ended(&mut self, now: Instant, ended: Ended) {
        if let Some(load) = ended.load {
            self.bulk.end(ended.to.id(), load);
        }
        self.on_failure(now, &ended.to, ended.purpose);
    }

    /// A node does not answer: nothing more waits for it.
    fn give_up_waiting(&mut self, now: Instant, to: Id) {
        for waiting in self.bulk.give_up(to) {
            self.on_failure(now, &waiting.to, waiting.purpose);
        }
    }

    fn on_request_timer(&mut self, now: Instant, number: u64) {
        match self.requests.expired(now, number, &mut self.timers) {
            requests::Expired::Resend(to, message) => self.send(to, message),
            requests::Expired::Failed(ended) => {
                let to = ended.to.id();
                let is_bulk = ended.load.is_some();
                self.event(Event::NoAnswer(to));
                self.on_ended(now, ended);
                if is_bulk {
                    self.give_up_waiting(now, to);
                }
            }
            requests::Expired::Gone => {}
        }
    }

    fn respond(&mut self, to: Contact, number: u64, response: Response) {
        self.send(to, Message::Response(number, response));
    }

    fn send(&mut self, to: Contact, message: Message) {
        self.outputs.push_back(Output::Send { to, message });
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(Box::new(event)));
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    const fn is_joining(&self) -> bool {
        matches!(self.membership.phase(), Phase::Joining(_))
    }

    /// The owner of a key and the nodes that keep copies: its next successors, but no two positions of one peer.
    fn group(&self, owner: &Contact, successors: &[Contact]) -> Vec<Contact> {
        let copies = usize::from(self.config.copies.max(1));
        Contact::of_each_peer(core::iter::once(owner).chain(successors), copies)
    }
}
