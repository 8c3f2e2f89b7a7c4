//! Lookups, Chord's find_successor: those that this node began, and those of others that it forwards.
//!
//! A recursive lookup is forwarded from node to node, and the owner answers its origin. In an iterative one the origin asks each
//! node in turn. The outcome of a lookup of this node's own is an [`Outcome`]; the part that began it finds its [`Goal`] in there.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::membership::Membership;
use crate::chord::message::{
    Forward, Found, MAX_AVOID, MAX_PATH, Neighbours, NextHop, Notice, Question, Request as Ask,
};
use crate::chord::route::{Mode, Routing, Step, Turn};
use crate::message::{Message, Request};
use crate::node::api::{Event, Limit, LookupError, TimerKind, Visit};
use crate::node::numbered::Numbered;
use crate::node::requests::{Forwarding, Purpose};
use crate::node::routes::Routes;
use crate::node::seen::Seen;
use crate::node::services::Services;

/// The purpose of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// The owner of the node asked for it.
    Owner,
    /// The node's own place in the ring. (ours) A newcomer looks up its position plus one: see [`Node::join`](crate::node::Node::join).
    Place,
    /// The node that ought to follow this one, as others see it.
    RingMerge,
    /// The node of a finger's row.
    Finger(u8),
    /// The replica group of an operation's key.
    Operation(u64),
    /// The nodes at the key of an operation at level `quorum`.
    Quorum(u64),
    /// The owner of a record that no node vouched for.
    Unclaimed(Id),
    /// The nodes at the middle of a group's range.
    Middle,
}

/// A search: the key, the pointers that the lookup follows, its driver and its purpose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    pub(super) key: Id,
    pub(super) routing: Routing,
    /// The driver of it now.
    pub(super) mode: Mode,
    pub(super) goal: Goal,
}

/// A lookup that this node began.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) search: Search,
    pub(super) started: Instant,
    deadline: Instant,
    timer: Instant,
    /// Iterative: the nodes asked so far, this node first, the one that is being asked last.
    pub(super) path: Vec<Visit>,
    /// Iterative: whether the node being asked is thought to be the owner.
    arrived: bool,
    asked: Instant,
    avoid: Vec<Id>,
    /// Iterative: how many requests were sent, identical ones included.
    questions: usize,
}

impl Lookup {
    /// Returns whether the node that another one names brings the lookup on: it was not visited, nor given up, and lies between that one
    /// and the key, or is nearer behind the key where it is thought to own it. So answers never lead round a circle.
    fn gets_nearer(&self, from: Id, next: Id, arrives: bool) -> bool {
        let is_known = self.path.iter().any(|visit| visit.id == next);
        let is_nearer = match (arrives, self.arrived) {
            (false, _) => next.is_within(from, self.search.key),
            // The first node behind the key that is named.
            (true, false) => true,
            (true, true) => next == self.search.key || next.is_between(self.search.key, from),
        };
        !is_known && !self.avoid.contains(&next) && is_nearer
    }
}

/// A lookup of this node's own that is over.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) number: u64,
    pub(super) lookup: Lookup,
    /// The owner, and its neighbours as it says; `None` where it was not found in time.
    pub(super) found: Option<(Contact, Neighbours)>,
}

/// The pointers that a lookup is decided by.
#[derive(Clone, Copy)]
pub(super) struct Pointers<'a> {
    pub(super) membership: &'a Membership,
    pub(super) routes: &'a Routes,
}

/// Lookups under way, and those of others that came by lately.
#[derive(Clone, Debug)]
pub(super) struct Lookups {
    open: Numbered<Lookup>,
    seen: Seen,
}

impl Lookups {
    pub(super) fn new() -> Self {
        Self {
            open: Numbered::new(1),
            seen: Seen::new(),
        }
    }

    /// Begins a lookup; it may be over at once.
    ///
    /// # Errors
    /// [`LookupError::NotMember`] outside a ring, [`LookupError::Busy`] when too many lookups are under way.
    pub(super) fn start(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        now: Instant,
        search: Search,
    ) -> Result<(u64, Option<Outcome>), LookupError> {
        if !pointers.membership.is_member() {
            return Err(LookupError::NotMember);
        }
        let number = self.open(services, now, search)?;
        let outcome = match search.mode {
            Mode::Recursive => {
                let forward = Forward {
                    lookup: number,
                    origin: services.me.contact.clone(),
                    key: search.key,
                    routing: search.routing,
                    arrived: false,
                    path: Vec::new(),
                };
                self.take_over(services, pointers, now, &forward)
            }
            Mode::Iterative => self.first_hop(services, pointers, now, number),
        };
        Ok((number, outcome))
    }

    /// Begins an iterative lookup with this node, which need not be in the same ring, and avoids those.
    ///
    /// # Errors
    /// [`LookupError::Busy`] when too many lookups are under way.
    pub(super) fn start_at(
        &mut self,
        services: &mut Services,
        now: Instant,
        search: Search,
        via: &Contact,
        avoid: Vec<Id>,
    ) -> Result<(), LookupError> {
        let number = self.open(services, now, search)?;
        if let Some(lookup) = self.open.get_mut(number) {
            lookup.avoid = avoid;
        }
        // It is over only where too many requests were sent, and this is the first one.
        let _ = self.ask_hop(services, now, number, via, false);
        Ok(())
    }

    fn open(
        &mut self,
        services: &mut Services,
        now: Instant,
        search: Search,
    ) -> Result<u64, LookupError> {
        if self.open.len() >= services.config.limits.lookups {
            services.event(Event::LimitReached(Limit::Lookups));
            return Err(LookupError::Busy);
        }
        let number = services.number();
        let deadline = now + services.config.lookup_deadline;
        let timer = match search.mode {
            Mode::Recursive => deadline.min(now + services.config.recursive_patience),
            Mode::Iterative => deadline,
        };
        services.timers.set(timer, TimerKind::Lookup(number));
        let lookup = Lookup {
            search,
            started: now,
            deadline,
            timer,
            path: alloc::vec![visit(&services.me.contact)],
            arrived: false,
            asked: now,
            avoid: Vec::new(),
            questions: 0,
        };
        self.open.insert(number, lookup);
        Ok(number)
    }

    /// The nodes on the path of a lookup that this node drives itself, the one that is being asked last.
    pub(super) fn path(&self, number: u64) -> impl Iterator<Item = Id> {
        let lookup = self.open.get(number);
        let path = lookup.into_iter().flat_map(|lookup| &lookup.path);
        path.map(|visit| visit.id)
    }

    /// Returns the time at which a lookup goes on by itself, or ends.
    pub(super) fn due(&self, number: u64) -> Option<Instant> {
        self.open.get(number).map(|lookup| lookup.timer)
    }

    // Iterative: this node asks each hop.

    fn first_hop(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        now: Instant,
        number: u64,
    ) -> Option<Outcome> {
        let lookup = self.open.get(number)?;
        let turn = Turn {
            key: lookup.search.key,
            routing: lookup.search.routing,
            arrived: false,
            avoid: &lookup.avoid,
        };
        let origin = (services.id(), number);
        let step = pointers.decide(services, origin, turn);
        match step.next() {
            Some(next) => self.ask_hop(services, now, number, next, step.arrives()),
            None => {
                let neighbours = pointers.membership.neighbours();
                self.found(services, number, services.me.contact.clone(), neighbours)
            }
        }
    }

    fn ask_hop(
        &mut self,
        services: &mut Services,
        now: Instant,
        number: u64,
        to: &Contact,
        arrived: bool,
    ) -> Option<Outcome> {
        let lookup = self.open.get_mut(number)?;
        lookup.path.push(visit(to));
        lookup.arrived = arrived;
        self.ask_again(services, now, number)
    }

    /// Asks the last node on the path.
    fn ask_again(&mut self, services: &mut Services, now: Instant, number: u64) -> Option<Outcome> {
        let lookup = self.open.get_mut(number)?;
        let to = lookup.path.last()?.contact.clone()?;
        if lookup.questions >= MAX_PATH {
            return self.give_up(services, number);
        }
        lookup.questions += 1;
        lookup.asked = now;
        let question = Question {
            lookup: number,
            key: lookup.search.key,
            routing: lookup.search.routing,
            arrived: lookup.arrived,
            avoid: lookup.avoid.clone(),
        };
        let request = Request::Chord(Ask::Step(Box::new(question)));
        // The lookup's deadline ends it; the node that could not be asked is not dead.
        let _ = services.ask(now, to, Purpose::Hop(number), request);
        None
    }

    pub(super) fn on_step(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        now: Instant,
        from: &Contact,
        (number, hop): (u64, NextHop),
    ) -> Option<Outcome> {
        let NextHop { step, neighbours } = hop;
        let lookup = self.open.get_mut(number)?;
        let asked = lookup.asked;
        if let Some(visit) = lookup.path.last_mut() {
            visit.rtt = Some(now - asked);
        }
        match step.next() {
            None => self.found(services, number, from.clone(), neighbours),
            Some(next) if next.id() == services.id() => {
                // The path comes back: this node is the owner, or the answer is of no use.
                if step.arrives() && pointers.membership.is_member() {
                    lookup.path.push(visit(&services.me.contact));
                    let mine = pointers.membership.neighbours();
                    self.found(services, number, services.me.contact.clone(), mine)
                } else {
                    self.on_hop_failed(services, pointers, now, from.id(), number)
                }
            }
            Some(next) if lookup.gets_nearer(from.id(), next.id(), step.arrives()) => {
                self.ask_hop(services, now, number, next, step.arrives())
            }
            // An answer that leads nowhere is of no more use than silence.
            Some(_) => self.on_hop_failed(services, pointers, now, from.id(), number),
        }
    }

    /// Asks the one before the last node on the path, which did not answer, for another way. ToN 2003 §V-A.
    pub(super) fn on_hop_failed(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        now: Instant,
        dead: Id,
        number: u64,
    ) -> Option<Outcome> {
        let lookup = self.open.get_mut(number)?;
        if lookup.avoid.len() >= MAX_AVOID {
            return self.give_up(services, number);
        }
        lookup.avoid.push(dead);
        while lookup.path.last().is_some_and(|visit| visit.id == dead) {
            lookup.path.pop();
        }
        lookup.arrived = false;
        if lookup.path.len() > 1 {
            self.ask_again(services, now, number)
        } else if pointers.membership.is_member() {
            self.first_hop(services, pointers, now, number)
        } else {
            self.give_up(services, number)
        }
    }

    // Recursive: each node forwards the lookup, and the owner answers the origin.

    /// Takes a lookup over that another node has forwarded, unless it has come by before.
    pub(super) fn on_forward(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        now: Instant,
        forward: &Forward,
    ) -> Option<Outcome> {
        let lookup = (forward.origin.id(), forward.lookup);
        let long = services.config.lookup_deadline;
        match self.seen.is_new(now, lookup, long) {
            true => self.take_over(services, pointers, now, forward),
            false => None,
        }
    }

    /// Decides a lookup at this node and forwards it, or answers its origin.
    fn take_over(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        now: Instant,
        forward: &Forward,
    ) -> Option<Outcome> {
        if forward.path.len() >= MAX_PATH {
            services.event(Event::LimitReached(Limit::Path));
            return None;
        }
        let mut path = Vec::with_capacity(forward.path.len() + 1);
        path.extend_from_slice(&forward.path);
        path.push(services.id());
        let forward = Forward {
            origin: forward.origin.clone(),
            path,
            ..*forward
        };
        self.forward(services, pointers, now, forward, Box::default())
    }

    /// Gives a lookup to the next best node when the one that it was forwarded to is silent.
    ///
    /// (ours) Each hop of a recursive lookup is acknowledged: a silent node is routed around within a retransmission timeout, not at the
    /// origin's deadline.
    pub(super) fn forward_elsewhere(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        now: Instant,
        dead: Id,
        pending: Forwarding,
    ) -> Option<Outcome> {
        if pending.avoid.len() >= MAX_AVOID {
            return None;
        }
        let forward = Forward {
            arrived: pending.arrived,
            ..Arc::unwrap_or_clone(pending.forward)
        };
        let mut avoid = pending.avoid.into_vec();
        avoid.push(dead);
        self.forward(services, pointers, now, forward, avoid.into())
    }

    fn forward(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        now: Instant,
        mut forward: Forward,
        avoid: Box<[Id]>,
    ) -> Option<Outcome> {
        let arrived = forward.arrived;
        let turn = Turn {
            key: forward.key,
            routing: forward.routing,
            arrived,
            avoid: &avoid,
        };
        let lookup = (forward.origin.id(), forward.lookup);
        let step = pointers.decide(services, lookup, turn);
        let Some(next) = step.next().cloned() else {
            return self.answer_origin(services, pointers, forward);
        };
        forward.arrived = step.arrives();
        let forward = Arc::new(forward);
        let request = Request::Chord(Ask::Forward(Arc::clone(&forward)));
        let purpose = Purpose::Forward(Forwarding {
            forward,
            arrived,
            avoid,
        });
        // A lookup that cannot be forwarded is driven by its origin in the end.
        let _ = services.ask(now, next, purpose, request);
        None
    }

    fn answer_origin(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        forward: Forward,
    ) -> Option<Outcome> {
        let found = Found {
            lookup: forward.lookup,
            path: forward.path,
            neighbours: pointers.membership.neighbours(),
        };
        if forward.origin.id() == services.id() {
            return self.on_found(services, services.me.contact.clone(), found);
        }
        let notice = Message::Notice(Notice::Found(Box::new(found)));
        services.send(forward.origin, notice);
        None
    }

    pub(super) fn on_found(
        &mut self,
        services: &mut Services,
        owner: Contact,
        found: Found,
    ) -> Option<Outcome> {
        let lookup = self.open.get_mut(found.lookup)?;
        if lookup.search.mode != Mode::Recursive {
            return None;
        }
        let visit = |id: &Id| Visit {
            id: *id,
            contact: None,
            rtt: None,
        };
        lookup.path = found.path.iter().map(visit).collect();
        self.found(services, found.lookup, owner, found.neighbours)
    }

    // The end of a lookup.

    pub(super) fn on_timer(
        &mut self,
        services: &mut Services,
        pointers: Pointers<'_>,
        now: Instant,
        number: u64,
    ) -> Option<Outcome> {
        let lookup = self.open.get_mut(number)?;
        if now >= lookup.deadline {
            return self.give_up(services, number);
        }
        // (ours) The recursive lookup takes too long, or was lost on its way: the origin goes on hop by hop, so that a lost answer does not
        // lose the lookup.
        lookup.search.mode = Mode::Iterative;
        lookup.path = alloc::vec![visit(&services.me.contact)];
        lookup.timer = lookup.deadline;
        services
            .timers
            .set(lookup.deadline, TimerKind::Lookup(number));
        self.first_hop(services, pointers, now, number)
    }

    fn found(
        &mut self,
        services: &mut Services,
        number: u64,
        owner: Contact,
        neighbours: Neighbours,
    ) -> Option<Outcome> {
        self.close(services, number, Some((owner, neighbours)))
    }

    fn give_up(&mut self, services: &mut Services, number: u64) -> Option<Outcome> {
        self.close(services, number, None)
    }

    fn close(
        &mut self,
        services: &mut Services,
        number: u64,
        found: Option<(Contact, Neighbours)>,
    ) -> Option<Outcome> {
        let lookup = self.open.remove(number)?;
        services
            .timers
            .cancel(lookup.timer, TimerKind::Lookup(number));
        Some(Outcome {
            number,
            lookup,
            found,
        })
    }
}

impl Pointers<'_> {
    /// The routing rule at this node.
    pub(super) fn decide(self, services: &mut Services, lookup: (Id, u64), turn: Turn<'_>) -> Step {
        self.routes.decide(services, self.membership, lookup, turn)
    }
}

/// A node on a path.
fn visit(contact: &Contact) -> Visit {
    Visit {
        id: contact.id(),
        contact: Some(contact.clone()),
        rtt: None,
    }
}
