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

mod backpressure;
mod dispatch;
mod groups;
mod handoff;
mod lookups;
mod numbered;
mod operations;
mod providing;
mod putting;
mod quorum;
mod range_repair;
mod repair;
mod requests;
mod ring_merge;
mod round_trips;
mod routes;
mod seen;
mod services;
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
use crate::chord::membership::{Input, Membership};
use crate::chord::message::{Neighbours, Request as Ask};
use crate::chord::route::{Mode, Routing};
use crate::message::{Message, Request};
use crate::node::adopting::Adopting;
use crate::node::api::{
    Event, JoinError, LookupError, LookupId, Output, Report, StorageEvent, TimerKind,
};
use crate::node::config::Config;
use crate::node::handoff::Handoffs;
use crate::node::lookups::{Goal, Lookups, Outcome, Pointers, Search};
use crate::node::operations::Operation;
use crate::node::providing::Announcements;
use crate::node::quorum::QuorumOperation;
use crate::node::renewal::Renewals;
use crate::node::requests::{Ended, Purpose};
use crate::node::ring_merge::RingMerge;
use crate::node::routes::Routes;
use crate::node::services::Services;
use crate::node::storing::Storing;
use crate::node::upkeep::{Departure, Upkeep};
use crate::node::walks::Walks;
use crate::store::group::part::Part;
use crate::store::group::{Input as GroupInput, Rules, Settings};
use crate::store::message::StoredRecord;
use crate::store::replica::Replica;

/// A ring member as a state machine.
#[derive(Clone, Debug)]
// In this order in memory, from the start of a cache line.
#[repr(C, align(64))]
pub struct Node {
    services: Services,
    membership: Membership,
    routes: Routes,
    lookups: Lookups,
    upkeep: Upkeep,
    ring_merge: RingMerge,
    // What few calls need.
    operations: BTreeMap<u64, Operation>,
    quorum: BTreeMap<u64, QuorumOperation>,
    /// Repairs of ranges under way, with their deadlines.
    range_repairs: BTreeMap<u64, Instant>,
    announcements: Announcements,
    renewals: Renewals,
    handoffs: Handoffs,
    adopting: Option<Box<Adopting>>,
    walks: Walks,
    storing: Storing,
    replica: Replica,
    /// None where the node takes no part in level `quorum`: it then asks the groups of others.
    groups: Option<Box<dyn Part>>,
    /// What the group machine has saved, by the token that the owner answers with.
    saving_groups: BTreeMap<u64, u64>,
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
        let groups = config
            .quorum
            .map(|quorum| quorum.begin(contact.clone(), settings));
        Self {
            membership,
            routes: Routes::new(&config, me),
            lookups: Lookups::new(),
            upkeep: Upkeep::default(),
            ring_merge: RingMerge::new(limits.lost),
            operations: BTreeMap::new(),
            quorum: BTreeMap::new(),
            range_repairs: BTreeMap::new(),
            announcements: Announcements::default(),
            renewals: Renewals::default(),
            handoffs: Handoffs::default(),
            adopting: None,
            walks: Walks::default(),
            storing: Storing::default(),
            replica,
            groups,
            saving_groups: BTreeMap::new(),
            services: Services::new(config, signer, contact, rng),
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
            let lineage = self.services.rng.next_u64();
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
        if via.id() == self.services.me.contact.id() {
            return Err(JoinError::Itself);
        }
        self.look_for_place(now, &via);
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
            let _ = self.routes.fingers.learn(row, finger);
        }
        self.start_upkeep(now, false);
    }

    /// Takes up a record kept from an earlier run.
    pub fn restore(&mut self, now: Instant, copy: &StoredRecord) {
        let _ = self.replica.accept(now, copy);
    }

    /// A newer contact of this node, after its addresses changed.
    pub fn set_contact(&mut self, now: Instant, contact: Contact) {
        self.refresh_groups(&contact);
        self.services.me.contact = contact;
        self.announce_all(now);
    }

    /// A newer contact of another node, after its addresses changed.
    pub fn refresh(&mut self, contact: &Contact) {
        self.membership.refresh(contact);
        self.routes.refresh(contact);
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
                let ended = self.services.answered(now, &from, number, &response);
                if let Some(Ended { purpose, load, .. }) = ended {
                    for refused in self.services.make_room(now, from.id(), load) {
                        self.on_ended(now, refused);
                    }
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
        for ended in self.services.unreachable(node) {
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
        while let Some(timer) = self.services.timers.pop_due(now) {
            match timer {
                TimerKind::Stabilize => self.on_stabilize_timer(now),
                TimerKind::Fingers => self.on_fingers_timer(now),
                TimerKind::RingMerge => self.on_ring_merge_timer(now),
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
                TimerKind::Lookup(number) => self
                    .with_lookups(now, |lookups, services, pointers| {
                        lookups.on_timer(services, pointers, now, number)
                    }),
            }
        }
    }

    /// What the owner must do, in order, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.services.outbox.outputs.pop_front()
    }

    /// All that [`Node::poll_output`] would give, at once, in exchange for another list. An owner of many nodes lends each
    /// an empty one before a call and takes it back after it, so that one list serves them all.
    pub fn swap_outputs(&mut self, outputs: &mut VecDeque<Output>) {
        core::mem::swap(&mut self.services.outbox.outputs, outputs);
    }

    /// When to call [`Node::handle_timeout`] next, and what for. May change with every other call.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerKind)> {
        self.services.timers.first()
    }

    // Requests.

    fn ask(&mut self, now: Instant, to: Contact, purpose: Purpose, request: Request) {
        if let Some(refused) = self.services.ask(now, to, purpose, request) {
            match refused.purpose {
                // The lookup's deadline ends it; the node that could not be asked is not dead.
                Purpose::Hop(_)
                | Purpose::Forward(_)
                | Purpose::Candidate(_)
                | Purpose::Membership(_) => {}
                purpose => self.on_failure(now, &refused.to, purpose),
            }
        }
    }

    /// A question was not answered.
    fn on_ended(&mut self, now: Instant, ended: Ended) {
        if let Some(load) = ended.load {
            self.services.requests.end(ended.to.id(), load);
        }
        self.on_failure(now, &ended.to, ended.purpose);
    }

    /// A node does not answer: nothing more waits for it.
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

    // Lookups.

    /// Finds the node responsible for a key. [`Event::LookupEnded`] follows.
    ///
    /// # Errors
    /// [`LookupError::NotMember`] outside a ring, [`LookupError::Busy`] when too many lookups are under way.
    pub fn lookup(
        &mut self,
        now: Instant,
        key: Id,
        routing: Routing,
        mode: Mode,
    ) -> Result<LookupId, LookupError> {
        let search = Search {
            key,
            routing,
            mode,
            goal: Goal::Owner,
        };
        self.start_lookup(now, search).map(LookupId)
    }

    /// Looks a key up for a purpose of this node's own.
    fn look_up(&mut self, now: Instant, key: Id, goal: Goal) -> Result<u64, LookupError> {
        let search = Search {
            key,
            routing: Routing::Finger,
            mode: self.services.config.mode,
            goal,
        };
        self.start_lookup(now, search)
    }

    /// Looks a key up from another node on, which need not be in this node's ring.
    fn look_up_at(
        &mut self,
        now: Instant,
        key: Id,
        goal: Goal,
        via: &Contact,
    ) -> Result<(), LookupError> {
        let search = Search {
            key,
            routing: Routing::Finger,
            mode: Mode::Iterative,
            goal,
        };
        let avoid = match goal {
            Goal::RingMerge => alloc::vec![self.services.id()],
            _ => Vec::new(),
        };
        self.lookups
            .start_at(&mut self.services, now, search, via, avoid)
    }

    fn start_lookup(&mut self, now: Instant, search: Search) -> Result<u64, LookupError> {
        let pointers = Pointers {
            membership: &self.membership,
            routes: &self.routes,
        };
        let (number, outcome) = self
            .lookups
            .start(&mut self.services, pointers, now, search)?;
        self.on_outcome(now, outcome);
        Ok(number)
    }

    fn with_lookups(
        &mut self,
        now: Instant,
        deed: impl FnOnce(&mut Lookups, &mut Services, Pointers<'_>) -> Option<Outcome>,
    ) {
        let pointers = Pointers {
            membership: &self.membership,
            routes: &self.routes,
        };
        let outcome = deed(&mut self.lookups, &mut self.services, pointers);
        self.on_outcome(now, outcome);
    }

    /// A lookup of this node's own may be over.
    fn on_outcome(&mut self, now: Instant, outcome: Option<Outcome>) {
        let Some(Outcome {
            number,
            lookup,
            found,
        }) = outcome
        else {
            return;
        };
        match lookup.search.goal {
            Goal::Owner => {
                let services = &self.services;
                let report = found.map(|(owner, neighbours)| Report {
                    key: lookup.search.key,
                    routing: lookup.search.routing,
                    mode: lookup.search.mode,
                    group: services.group(&owner, &neighbours.successors),
                    owner,
                    path: lookup.path,
                    took: now - lookup.started,
                });
                let report = report.ok_or(LookupError::Deadline);
                self.services
                    .event(Event::LookupEnded(LookupId(number), report));
            }
            Goal::Place => self.on_place_found(now, &lookup, found),
            Goal::RingMerge => {
                if let Some((owner, _)) = found {
                    let via = lookup.path.get(1).map(|visit| visit.id);
                    self.on_looked_round(now, via, owner);
                }
            }
            Goal::Finger(row) => match found {
                Some((owner, neighbours)) => {
                    self.learn_finger(now, row, &owner, &neighbours.successors);
                }
                None => self.skip_finger(now, row),
            },
            Goal::Operation(operation) if self.quorum.contains_key(&operation) => {
                self.on_candidates(now, operation, nodes(found));
            }
            Goal::Operation(operation) => match found {
                Some((owner, neighbours)) => self.on_owner(now, operation, &owner, &neighbours),
                None => self.on_group(now, operation, Vec::new()),
            },
            Goal::Unclaimed(key) => {
                if let Some((owner, neighbours)) = found {
                    let group = self.services.group(&owner, &neighbours.successors);
                    let before = neighbours.predecessor.as_ref().map(Contact::id);
                    self.on_owner_of_unclaimed(now, key, &group, before);
                }
            }
            Goal::Middle => self.on_located(now, lookup.search.key, nodes(found)),
        }
    }
}

/// An owner and those behind it; nobody where it was not found.
fn nodes(found: Option<(Contact, Neighbours)>) -> Vec<Contact> {
    let Some((owner, neighbours)) = found else {
        return Vec::new();
    };
    let behind = neighbours.successors.iter().cloned();
    core::iter::once(owner).chain(behind).collect()
}
