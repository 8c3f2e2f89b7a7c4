//! Membership, the state of a node's neighbours: join, stabilize, rectify, fail, leave, as Zave corrected them.
//!
//! A pure machine: state and input in, effects out. It has no clock, no randomness and no request numbers, so that
//! it can be searched exhaustively; the node that runs it sends the queries and reports what became of them.
//!
//! Source: Pamela Zave, "Reasoning about identifier spaces: how to make Chord correct", IEEE TSE 43(12), 2017, §III.

mod vocabulary;

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
pub use crate::chord::membership::vocabulary::{Effect, Input, Phase, Query, Variant};
use crate::chord::successors::{Neighbours, SuccessorList};

/// The greatest number of nodes that a newcomer walks forward to find its place before it gives up.
pub const MAX_JOIN_WALK: u8 = 64;

/// The membership state of one node: its place in the ring.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Membership {
    me: Id,
    phase: Phase,
    predecessor: Option<Contact>,
    successors: SuccessorList,
    /// A stabilization under way waits for this node.
    stabilizing: Option<(Query, Id)>,
    /// The notifier that waits until the predecessor was asked whether it lives.
    rectifying: Option<Contact>,
    variant: &'static Variant,
}

/// The state that a step of a [`Variant`] changes.
#[derive(Debug)]
pub struct Pointers<'a> {
    /// The node before this one.
    pub predecessor: &'a mut Option<Contact>,
    /// The nodes behind this one.
    pub successors: &'a mut SuccessorList,
    /// A stabilization under way waits for this node.
    pub stabilizing: &'a mut Option<(Query, Id)>,
}

impl Membership {
    /// A node at position `me` with room for `limit` successors, outside any ring.
    pub fn new(me: Id, limit: u8) -> Self {
        Self {
            me,
            phase: Phase::Outside,
            predecessor: None,
            successors: SuccessorList::new(me, limit),
            stabilizing: None,
            rectifying: None,
            variant: &Variant::CORRECTED,
        }
    }

    /// The same node under other rules.
    pub const fn under(mut self, variant: &'static Variant) -> Self {
        self.variant = variant;
        self
    }

    /// The node as it was before it ever joined.
    fn reset(&mut self) {
        *self = Self {
            variant: self.variant,
            ..Self::new(self.me, self.successors.limit())
        };
    }

    /// The node's position.
    pub const fn me(&self) -> Id {
        self.me
    }

    /// Returns the phase: outside, joining or a member.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns whether the node takes part in a ring.
    pub const fn is_member(&self) -> bool {
        matches!(self.phase, Phase::Member)
    }

    /// The node before this one, if known.
    pub const fn predecessor(&self) -> Option<&Contact> {
        self.predecessor.as_ref()
    }

    /// The nodes behind this one.
    pub const fn successors(&self) -> &SuccessorList {
        &self.successors
    }

    /// Returns this node's response to a request for its neighbours.
    pub fn neighbours(&self) -> Neighbours {
        Neighbours {
            predecessor: self.predecessor.clone(),
            successors: self.successors.share(),
        }
    }

    /// A member at once, with known neighbours: for worlds that start stable.
    pub fn settle(&mut self, predecessor: Option<Contact>, successors: &[Contact]) {
        self.phase = Phase::Member;
        self.predecessor = predecessor;
        self.successors.replace(successors);
    }

    /// Puts a newer contact of a known neighbour in its place.
    pub fn refresh(&mut self, contact: &Contact) {
        self.successors.refresh(contact);
        if let Some(before) = &mut self.predecessor
            && contact.supersedes(before)
        {
            *before = contact.clone();
        }
    }

    /// Takes one transition, and returns its effects.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.variant.step(self, input, &mut effects);
        effects
    }

    /// The state that another variant's step changes.
    pub const fn pointers(&mut self) -> Pointers<'_> {
        Pointers {
            predecessor: &mut self.predecessor,
            successors: &mut self.successors,
            stabilizing: &mut self.stabilizing,
        }
    }

    /// Takes one transition by Zave's rules.
    fn corrected(&mut self, input: Input, fx: &mut Vec<Effect>) {
        match input {
            Input::Create => self.create(fx),
            Input::Join(behind) => self.join(behind, fx),
            Input::Stabilize => self.stabilize(fx),
            Input::Answered(query, node, neighbours) => {
                self.answered(query, node, &neighbours, fx);
            }
            Input::Failed(query, node) => self.failed(query, &node, fx),
            Input::Notified(notifier) => self.notified(notifier, fx),
            Input::Left(node, neighbours) => self.left(&node, neighbours, fx),
            Input::Candidate(node) => self.consider(node, fx),
            Input::Leave => self.leave(fx),
        }
    }

    fn create(&mut self, fx: &mut Vec<Effect>) {
        self.reset();
        self.phase = Phase::Member;
        fx.push(Effect::Joined);
    }

    fn join(&mut self, behind: Contact, fx: &mut Vec<Effect>) {
        self.reset();
        self.phase = Phase::Joining(0);
        fx.push(Effect::Ask(Query::Join, behind));
    }

    fn stabilize(&mut self, fx: &mut Vec<Effect>) {
        if !self.is_member() || self.stabilizing.is_some() {
            return;
        }
        match (self.successors.head(), &self.predecessor) {
            (Some(head), _) => self.ask(Query::FromSuccessor, head.clone(), fx),
            // A ring of one hears of its first companion by the notification.
            (None, Some(companion)) => self.ask(Query::FromPredecessor, companion.clone(), fx),
            (None, None) => {}
        }
    }

    /// Considers another ring's successor of this node, which is behind its own wherever that ring has no node in between. This
    /// node may be the one that it should have before it, though, and so the one through which the rings become one: (ours) it is
    /// told.
    fn consider(&mut self, node: Contact, fx: &mut Vec<Effect>) {
        let head = self.successors.head();
        let nearer = head.is_none_or(|head| node.id().is_between(self.me, head.id()));
        if !self.is_member() || node.id() == self.me {
            return;
        }
        if !nearer {
            fx.push(Effect::Notify(node));
        } else if self.stabilizing.is_none() {
            self.ask(Query::FromPredecessor, node, fx);
        }
    }

    fn answered(&mut self, query: Query, node: Contact, theirs: &Neighbours, fx: &mut Vec<Effect>) {
        match query {
            Query::Join => self.place(node, theirs, fx),
            Query::Liveness => self.rectifying = None,
            Query::FromSuccessor | Query::FromPredecessor => {
                if self.stabilizing.take() != Some((query, node.id())) || !self.is_member() {
                    return;
                }
                self.adopt(&node, &theirs.successors, fx);
                // (ours) A candidate that names a nearer one in turn is passed at once, not a round later: of many nodes that
                // join at one place each has many to pass.
                let better = theirs.predecessor.as_ref().filter(|candidate| {
                    candidate.id() != self.me && candidate.id().is_between(self.me, node.id())
                });
                match better {
                    Some(candidate) => self.ask(Query::FromPredecessor, candidate.clone(), fx),
                    None => self.notify(fx),
                }
            }
        }
    }

    fn failed(&mut self, query: Query, node: &Contact, fx: &mut Vec<Effect>) {
        match query {
            Query::Join if matches!(self.phase, Phase::Joining(_)) => {
                self.phase = Phase::Outside;
                fx.push(Effect::JoinFailed);
            }
            Query::Join => {}
            Query::Liveness => {
                let dead = self.predecessor.as_ref().map(Contact::id) == Some(node.id());
                if let Some(notifier) = self.rectifying.take()
                    && dead
                {
                    self.set_predecessor(Some(notifier), fx);
                }
            }
            Query::FromSuccessor => {
                if self.stabilizing.take() == Some((query, node.id())) && self.is_member() {
                    self.drop_successor(node.id(), fx);
                }
            }
            Query::FromPredecessor => {
                if self.stabilizing.take() == Some((query, node.id())) && self.is_member() {
                    if self.successors.head().is_some() {
                        self.notify(fx);
                    } else {
                        self.strand(node.id(), fx);
                    }
                }
            }
        }
    }

    /// The end of a join: take the whole list of the node before us in one step. Zave 2017 §III, join.
    fn place(&mut self, node: Contact, theirs: &Neighbours, fx: &mut Vec<Effect>) {
        let Phase::Joining(steps) = self.phase else {
            return;
        };
        // (ours) The ring may still list this node from before a restart, as it has not noticed its absence; then it takes its old place
        // again.
        let mut others = theirs
            .successors
            .iter()
            .filter(|entry| entry.id() != self.me)
            .peekable();
        match others.peek() {
            Some(head) if node.id() != self.me && !self.me.is_between(node.id(), head.id()) => {
                if steps < MAX_JOIN_WALK {
                    self.phase = Phase::Joining(steps + 1);
                    fx.push(Effect::Ask(Query::Join, (*head).clone()));
                } else {
                    self.phase = Phase::Outside;
                    fx.push(Effect::JoinFailed);
                }
                return;
            }
            Some(_) => self.successors.replace(others),
            None => self.successors.adopt(&node, &[]),
        };
        self.phase = Phase::Member;
        self.predecessor = Some(node);
        fx.push(Effect::SuccessorsChanged);
        fx.push(Effect::PredecessorChanged(None));
        fx.push(Effect::Joined);
    }

    /// Rectify. Zave 2017 §III.
    fn notified(&mut self, notifier: Contact, fx: &mut Vec<Effect>) {
        if !self.is_member() || notifier.id() == self.me {
            return;
        }
        match &self.predecessor {
            Some(before) if before.id() == notifier.id() => self.refresh(&notifier),
            Some(before) if !notifier.id().is_between(before.id(), self.me) => {
                if self.rectifying.is_none() {
                    fx.push(Effect::Ask(Query::Liveness, before.clone()));
                }
                self.rectifying = Some(notifier);
            }
            _ => self.set_predecessor(Some(notifier), fx),
        }
    }

    /// A neighbour's graceful departure. Chord (ToN 2003) §IV-E; (ours) the list is not taken over unseen: the next
    /// successor is asked at once.
    fn left(&mut self, node: &Contact, theirs: Neighbours, fx: &mut Vec<Effect>) {
        let mut known = self.successors.entries().iter().chain(&self.predecessor);
        let is_back = known.any(|known| known.supersedes(node));
        if !self.is_member() || is_back {
            return;
        }
        if self.predecessor.as_ref().map(Contact::id) == Some(node.id()) {
            let before = theirs
                .predecessor
                .filter(|before| before.id() != self.me && before.id() != node.id());
            self.set_predecessor(before, fx);
        }
        if self
            .stabilizing
            .is_some_and(|(_, asked)| asked == node.id())
        {
            self.stabilizing = None;
        }
        if self.successors.head().map(Contact::id) == Some(node.id()) {
            self.drop_successor(node.id(), fx);
        } else if self.successors.remove(node.id()) {
            fx.push(Effect::SuccessorsChanged);
        }
    }

    fn leave(&mut self, fx: &mut Vec<Effect>) {
        if self.is_member() {
            let neighbours = self.neighbours();
            let before = self.predecessor.iter();
            let after = self.successors.head().into_iter();
            let mut told: Vec<&Contact> = before.chain(after).collect();
            told.dedup_by_key(|contact| contact.id());
            for contact in told {
                fx.push(Effect::Farewell(contact.clone(), neighbours.clone()));
            }
        }
        self.reset();
    }

    /// Drops the successor, which is dead, and goes on with the next one. Zave 2017 §III, StabilizeFromSuccessor, timed out.
    fn drop_successor(&mut self, dead: Id, fx: &mut Vec<Effect>) {
        if self.successors.remove(dead) {
            fx.push(Effect::SuccessorsChanged);
        }
        match self.successors.head() {
            Some(head) => self.ask(Query::FromSuccessor, head.clone(), fx),
            None => self.strand(dead, fx),
        }
    }

    /// Handles the loss of the last successor: asks the predecessor for others, or is stranded. Outside Zave's assumptions, which
    /// give a member always one live successor.
    fn strand(&mut self, dead: Id, fx: &mut Vec<Effect>) {
        if self.predecessor.as_ref().map(Contact::id) == Some(dead) {
            self.set_predecessor(None, fx);
        }
        match self.predecessor.clone() {
            Some(before) => self.ask(Query::FromPredecessor, before, fx),
            None => fx.push(Effect::Stranded),
        }
    }

    fn adopt(&mut self, head: &Contact, tail: &[Contact], fx: &mut Vec<Effect>) {
        if self.successors.adopt(head, tail) {
            fx.push(Effect::SuccessorsChanged);
        }
    }

    fn set_predecessor(&mut self, new: Option<Contact>, fx: &mut Vec<Effect>) {
        let old = core::mem::replace(&mut self.predecessor, new);
        fx.push(Effect::PredecessorChanged(old));
    }

    fn ask(&mut self, query: Query, node: Contact, fx: &mut Vec<Effect>) {
        self.stabilizing = Some((query, node.id()));
        fx.push(Effect::Ask(query, node));
    }

    fn notify(&self, fx: &mut Vec<Effect>) {
        fx.extend(self.successors.head().cloned().map(Effect::Notify));
    }
}

#[cfg(test)]
pub(crate) mod tests;
