//! Lookups: those that this node began, and those that it hands on.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::membership::Input;
use crate::chord::message::{
    Forward, Found, MAX_AVOID, MAX_PATH, Neighbours, NextHop, Question, Request as Ask,
};
use crate::chord::route::{Mode, Routing};
use crate::message::Request;
use crate::node::Node;
use crate::node::api::{Event, Limit, LookupError, LookupId, Report, TimerKind, Visit};
use crate::node::requests::Purpose;

/// What a lookup is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// The owner of the node asked for it.
    Owner,
    /// The node's own place in the ring.
    Place,
    /// The node that ought to follow this one, as others see it.
    Reunion,
    /// The node of a finger's row.
    Finger(u8),
    /// The replica group of an operation's key.
    Operation(u64),
    /// The owner of a record that nobody vouched for.
    Unclaimed(Id),
    /// The nodes at the middle of a group's range.
    Middle,
}

/// A lookup that this node began.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    key: Id,
    routing: Routing,
    mode: Mode,
    goal: Goal,
    started: Instant,
    deadline: Instant,
    timer: Instant,
    /// Iterative: the nodes asked so far, this node first, the one that is being asked last.
    path: Vec<Visit>,
    /// Iterative: whether the node being asked is thought to be the owner.
    arrived: bool,
    asked: Instant,
    avoid: Vec<Id>,
    /// Iterative: how many questions were asked, identical ones included.
    questions: usize,
}

impl Lookup {
    /// Whether the node that another one names brings the lookup on: it was not visited, nor given up, and lies between that one
    /// and the key, or is nearer behind the key where it is thought to own it. So answers never lead round a circle.
    fn gets_nearer(&self, from: Id, next: Id, arrives: bool) -> bool {
        let is_known = self.path.iter().any(|visit| visit.id == next);
        let is_nearer = match (arrives, self.arrived) {
            (false, _) => next.is_within(from, self.key),
            // The first node behind the key that is named.
            (true, false) => true,
            (true, true) => next == self.key || next.is_between(self.key, from),
        };
        !is_known && !self.avoid.contains(&next) && is_nearer
    }
}

impl Node {
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
        self.start_lookup(now, key, routing, mode, Goal::Owner)
            .map(LookupId)
    }

    pub(super) fn start_lookup(
        &mut self,
        now: Instant,
        key: Id,
        routing: Routing,
        mode: Mode,
        goal: Goal,
    ) -> Result<u64, LookupError> {
        if !self.membership.is_member() {
            return Err(LookupError::NotMember);
        }
        let number = self.open_lookup(now, key, routing, mode, goal)?;
        match mode {
            Mode::Recursive => self.take_over(
                now,
                &Forward {
                    lookup: number,
                    origin: self.contact.clone(),
                    key,
                    routing,
                    arrived: false,
                    path: Vec::new(),
                },
            ),
            Mode::Iterative => self.first_hop(now, number),
        }
        Ok(number)
    }

    /// Looks for this node's own place: the successor of its position plus one, asked of a member.
    ///
    /// (ours) The position plus one, not the position itself: after a restart the ring may still think that this node
    /// owns its own position.
    pub(super) fn look_for_place(&mut self, now: Instant, via: Contact) {
        let key = self.config.space.next(self.contact.id());
        let opened = self.open_lookup(now, key, Routing::Finger, Mode::Iterative, Goal::Place);
        match opened {
            Ok(number) => self.ask_hop(now, number, &via, false),
            Err(_) => self.event(Event::JoinFailed),
        }
    }

    /// Asks a node, and whom it names, who would own this node's position if this node were not there: its successor, whom it adopts. So a
    /// member that has lost everybody ([`Event::Alone`]) finds others again.
    pub fn look_round(&mut self, now: Instant, via: &Contact) {
        let me = self.contact.id();
        let opened = self.open_lookup(now, me, Routing::Finger, Mode::Iterative, Goal::Reunion);
        if let Ok(number) = opened {
            if let Some(lookup) = self.lookups.get_mut(number) {
                lookup.avoid.push(me);
            }
            self.ask_hop(now, number, via, false);
        }
    }

    fn open_lookup(
        &mut self,
        now: Instant,
        key: Id,
        routing: Routing,
        mode: Mode,
        goal: Goal,
    ) -> Result<u64, LookupError> {
        if self.lookups.len() >= self.config.limits.lookups {
            self.event(Event::LimitReached(Limit::Lookups));
            return Err(LookupError::Busy);
        }
        let number = self.number();
        let deadline = now + self.config.lookup_deadline;
        let timer = match mode {
            Mode::Recursive => deadline.min(now + self.config.recursive_patience),
            Mode::Iterative => deadline,
        };
        self.timers.set(timer, TimerKind::Lookup(number));
        let lookup = Lookup {
            key,
            routing,
            mode,
            goal,
            started: now,
            deadline,
            timer,
            path: alloc::vec![self.visit_self()],
            arrived: false,
            asked: now,
            avoid: Vec::new(),
            questions: 0,
        };
        self.lookups.insert(number, lookup);
        Ok(number)
    }

    /// The nodes on the path of a lookup of its own that it drives itself, the one that is being asked last.
    pub fn lookup_path(&self, number: u64) -> impl Iterator<Item = Id> {
        let lookup = self.lookups.get(number);
        let path = lookup.into_iter().flat_map(|lookup| &lookup.path);
        path.map(|visit| visit.id)
    }

    /// When a lookup of its own goes on by itself, or ends.
    pub fn lookup_due(&self, number: u64) -> Option<Instant> {
        self.lookups.get(number).map(|lookup| lookup.timer)
    }

    fn visit_self(&self) -> Visit {
        Visit {
            id: self.contact.id(),
            contact: Some(self.contact.clone()),
            rtt: None,
        }
    }

    // Iterative: this node asks each hop.

    fn first_hop(&mut self, now: Instant, number: u64) {
        let Some(lookup) = self.lookups.get(number) else {
            return;
        };
        let (key, routing, avoid) = (lookup.key, lookup.routing, lookup.avoid.clone());
        let step = self.decide((self.contact.id(), number), key, routing, false, &avoid);
        match step.next() {
            Some(next) => self.ask_hop(now, number, next, step.arrives()),
            None => {
                let neighbours = self.membership.neighbours();
                self.found(now, number, self.contact.clone(), &neighbours);
            }
        }
    }

    fn ask_hop(&mut self, now: Instant, number: u64, to: &Contact, arrived: bool) {
        let Some(lookup) = self.lookups.get_mut(number) else {
            return;
        };
        lookup.path.push(Visit {
            id: to.id(),
            contact: Some(to.clone()),
            rtt: None,
        });
        lookup.arrived = arrived;
        self.ask_again(now, number);
    }

    /// Asks the last node on the path.
    fn ask_again(&mut self, now: Instant, number: u64) {
        let Some(lookup) = self.lookups.get_mut(number) else {
            return;
        };
        let Some(to) = lookup.path.last().and_then(|visit| visit.contact.clone()) else {
            return;
        };
        if lookup.questions >= MAX_PATH {
            self.give_up(now, number);
            return;
        }
        lookup.questions += 1;
        lookup.asked = now;
        let question = Question {
            lookup: number,
            key: lookup.key,
            routing: lookup.routing,
            arrived: lookup.arrived,
            avoid: lookup.avoid.clone(),
        };
        let request = Request::Chord(Ask::Step(Box::new(question)));
        self.ask(now, to, Purpose::Hop(number), request);
    }

    pub(super) fn on_step(&mut self, now: Instant, from: &Contact, number: u64, hop: NextHop) {
        let NextHop { step, neighbours } = hop;
        let Some(lookup) = self.lookups.get_mut(number) else {
            return;
        };
        let asked = lookup.asked;
        if let Some(visit) = lookup.path.last_mut() {
            visit.rtt = Some(now - asked);
        }
        match step.next() {
            None => self.found(now, number, from.clone(), &neighbours),
            Some(next) if next.id() == self.contact.id() => {
                // The path comes back: this node is the owner, or the answer is of no use.
                let mine = self.membership.neighbours();
                if step.arrives() && self.membership.is_member() {
                    let visit = self.visit_self();
                    if let Some(lookup) = self.lookups.get_mut(number) {
                        lookup.path.push(visit);
                    }
                    self.found(now, number, self.contact.clone(), &mine);
                } else {
                    self.on_hop_failed(now, from, number);
                }
            }
            Some(next) if lookup.gets_nearer(from.id(), next.id(), step.arrives()) => {
                self.ask_hop(now, number, next, step.arrives());
            }
            // An answer that leads nowhere is of no more use than silence.
            Some(_) => self.on_hop_failed(now, from, number),
        }
    }

    /// The last node on the path did not answer: the one before it is asked for another way. ToN 2003 §V-A.
    pub(super) fn on_hop_failed(&mut self, now: Instant, dead: &Contact, number: u64) {
        let Some(lookup) = self.lookups.get_mut(number) else {
            return;
        };
        if lookup.avoid.len() >= MAX_AVOID {
            self.give_up(now, number);
            return;
        }
        lookup.avoid.push(dead.id());
        while lookup
            .path
            .last()
            .is_some_and(|visit| visit.id == dead.id())
        {
            lookup.path.pop();
        }
        lookup.arrived = false;
        if lookup.path.len() > 1 {
            self.ask_again(now, number);
        } else if self.membership.is_member() {
            self.first_hop(now, number);
        } else {
            self.give_up(now, number);
        }
    }

    pub(super) fn on_found(&mut self, now: Instant, owner: Contact, found: Found) {
        let Some(lookup) = self
            .lookups
            .get_mut(found.lookup)
            .filter(|lookup| lookup.mode == Mode::Recursive)
        else {
            return;
        };
        lookup.path = found
            .path
            .iter()
            .map(|id| Visit {
                id: *id,
                contact: None,
                rtt: None,
            })
            .collect();
        self.found(now, found.lookup, owner, &found.neighbours);
    }

    // The end of a lookup.

    pub(super) fn on_lookup_timer(&mut self, now: Instant, number: u64) {
        let me = self.visit_self();
        let Some(lookup) = self.lookups.get_mut(number) else {
            return;
        };
        if now >= lookup.deadline {
            self.give_up(now, number);
            return;
        }
        // The recursive lookup was lost on its way: ask hop by hop.
        lookup.mode = Mode::Iterative;
        lookup.path = alloc::vec![me];
        lookup.timer = lookup.deadline;
        self.timers.set(lookup.deadline, TimerKind::Lookup(number));
        self.first_hop(now, number);
    }

    fn close(&mut self, number: u64) -> Option<Lookup> {
        let lookup = self.lookups.remove(number)?;
        self.timers.cancel(lookup.timer, TimerKind::Lookup(number));
        Some(lookup)
    }

    fn found(&mut self, now: Instant, number: u64, owner: Contact, neighbours: &Neighbours) {
        let Some(lookup) = self.close(number) else {
            return;
        };
        match lookup.goal {
            Goal::Owner => {
                let report = Report {
                    key: lookup.key,
                    routing: lookup.routing,
                    mode: lookup.mode,
                    group: self.group(&owner, &neighbours.successors),
                    owner,
                    path: lookup.path,
                    took: now - lookup.started,
                };
                self.event(Event::LookupEnded(LookupId(number), Ok(report)));
            }
            // Another search was sooner: whoever has its place must not look for one.
            Goal::Place if self.membership.is_member() => {}
            Goal::Place => {
                let me = self.contact.id();
                let before = neighbours.predecessor.clone();
                // The owner may still take this node for its predecessor, from before a restart.
                let before = before.filter(|before| before.id() != me);
                let last_hop = || lookup.path.iter().rev().nth(1)?.contact.clone();
                let last_hop = || last_hop().filter(|hop| hop.id() != me);
                let behind = before.or_else(last_hop).unwrap_or(owner);
                let effects = self.membership.step(Input::Join(behind));
                self.run_effects(now, effects);
            }
            Goal::Reunion => {
                let via = lookup.path.get(1).map(|visit| visit.id);
                self.on_looked_round(now, via, owner);
            }
            Goal::Finger(row) => self.learn_finger(now, row, &owner, &neighbours.successors),
            Goal::Operation(operation) if self.quorum.contains_key(&operation) => {
                let nodes = core::iter::once(&owner).chain(neighbours.successors.iter());
                self.on_candidates(now, operation, nodes.cloned().collect());
            }
            Goal::Operation(operation) => self.on_owner(now, operation, &owner, neighbours),
            Goal::Unclaimed(key) => {
                let group = self.group(&owner, &neighbours.successors);
                let before = neighbours.predecessor.as_ref().map(Contact::id);
                self.on_owner_of_unclaimed(now, key, &group, before);
            }
            Goal::Middle => {
                let nodes = core::iter::once(&owner).chain(neighbours.successors.iter());
                self.on_located(now, lookup.key, nodes.cloned().collect());
            }
        }
    }

    fn give_up(&mut self, now: Instant, number: u64) {
        let Some(lookup) = self.close(number) else {
            return;
        };
        match lookup.goal {
            Goal::Owner => self.event(Event::LookupEnded(
                LookupId(number),
                Err(LookupError::Deadline),
            )),
            Goal::Place => self.event(Event::JoinFailed),
            Goal::Finger(row) => self.skip_finger(now, row),
            Goal::Operation(operation) => self.on_place(now, operation, Vec::new()),
            Goal::Middle => self.on_located(now, lookup.key, Vec::new()),
            Goal::Reunion | Goal::Unclaimed(_) => {}
        }
    }
}
