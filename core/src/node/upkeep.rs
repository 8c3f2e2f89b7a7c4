//! What a member does unasked: stabilize, refresh fingers, and carry out what the membership machine wants.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::membership::{Effect, Input, Query};
use crate::chord::message::{Neighbours, Notice, Request as Ask};
use crate::message::{Message, Request};
use crate::node::Node;
use crate::node::api::{Event, TimerKind};
use crate::node::lookups::{Goal, Lookup};
use crate::node::requests::Purpose;
use crate::node::view::Stay;

/// How much faster a node stabilizes while its neighbourhood is changing.
const BRISK: u32 = 8;

/// Where the upkeep of a member stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Upkeep {
    /// The row that is refreshed next.
    next_row: u8,
    /// Whether the table is being filled for the first time, row after row without waiting.
    filling: bool,
    /// How many rounds of stabilization still come fast, after the neighbours changed.
    brisk_rounds: u8,
    /// Until when records that are put here are offered to the predecessor, which is new.
    pub(super) newcomer_until: Instant,
    /// Set while the node hands its records over before it goes.
    pub(super) leaving: Option<Departure>,
    /// When it goes in any case.
    pub(super) leave_at_last: Instant,
    /// How far the hand-over had come when it was looked at last.
    pub(super) taken_over: u64,
    /// Successors that the records were offered to, the latest last; those before it did not take them over.
    pub(super) heirs: Vec<Id>,
    /// Why the last departure came to nothing.
    pub(super) stayed: Option<Stay>,
}

/// How a node goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    /// Others take its records and its places in groups, as far as there is time.
    ForGood,
    /// As for good, once others have taken all of it; otherwise the node stays.
    TakenOver,
    /// It keeps its places in groups.
    ForAWhile,
}

impl Departure {
    /// Whether the node comes back.
    pub(super) const fn is_for_good(self) -> bool {
        !matches!(self, Self::ForAWhile)
    }
}

impl Node {
    /// Starts the periodic work of a new member.
    pub(super) fn start_upkeep(&mut self, now: Instant, fill_fingers: bool) {
        self.schedule_stabilization(now);
        self.services
            .schedule(now, TimerKind::Repair, self.services.config.repair);
        self.services
            .schedule(now, TimerKind::RingMerge, self.services.config.ring_merge);
        if self.groups.is_some() {
            self.services
                .schedule(now, TimerKind::Groups, self.services.config.repair);
        }
        self.announce_all(now);
        self.wait_to_renew(now);
        self.upkeep.next_row = 1;
        self.upkeep.filling = fill_fingers;
        if fill_fingers {
            self.refresh_finger(now);
        } else {
            self.services
                .schedule(now, TimerKind::Fingers, self.services.config.fingers);
        }
    }

    pub(super) fn on_stabilize_timer(&mut self, now: Instant) {
        self.schedule_stabilization(now);
        let effects = self.membership.step(Input::Stabilize);
        self.run_effects(now, effects);
    }

    fn schedule_stabilization(&mut self, now: Instant) {
        let every = self.services.config.stabilize;
        let brisk = self.upkeep.brisk_rounds > 0;
        self.upkeep.brisk_rounds = self.upkeep.brisk_rounds.saturating_sub(1);
        let wait = every.map(|every| if brisk { every / BRISK } else { every });
        self.services.schedule(now, TimerKind::Stabilize, wait);
    }

    /// The neighbours changed: a list is right again after as many rounds as it has entries, so these come fast.
    /// (ours) After MIT's implementation, whose timers speed up while the ring is unstable.
    fn stabilize_briskly(&mut self, now: Instant) {
        if self.upkeep.brisk_rounds == 0 {
            let soon = self.services.config.stabilize.map(|every| every / BRISK);
            self.services.schedule(now, TimerKind::Stabilize, soon);
        }
        self.upkeep.brisk_rounds = self.services.config.successors;
    }

    pub(super) fn on_fingers_timer(&mut self, now: Instant) {
        self.services
            .schedule(now, TimerKind::Fingers, self.services.config.fingers);
        self.refresh_finger(now);
    }

    /// Looks up the start of the next row. Rows that the successor covers need no lookup. Chord (ToN 2003) §IV-E,
    /// fix_fingers; (ours) rows covered by one node are refreshed by one lookup.
    fn refresh_finger(&mut self, now: Instant) {
        // A successor that was silent once is out of the table and still in the list: its rows are never looked up.
        if let Some(head) = self.membership.successors().head().cloned() {
            self.routes.learn(&mut self.services, 1, &head);
        }
        let successor_covers = self.routes.fingers.covered_until(1);
        if self.upkeep.next_row <= successor_covers {
            self.upkeep.next_row = successor_covers + 1;
        }
        let row = self.upkeep.next_row;
        if row > self.services.config.space.bits() || self.membership.successors().head().is_none()
        {
            self.end_refresh(now);
            return;
        }
        let start = self.routes.fingers.start(row);
        let started = self.look_up(now, start, Goal::Finger(row));
        if started.is_err() {
            self.end_refresh(now);
        }
    }

    /// A round is over: the next one begins with the next timer.
    fn end_refresh(&mut self, now: Instant) {
        self.upkeep.next_row = 1;
        if core::mem::take(&mut self.upkeep.filling) {
            self.services
                .schedule(now, TimerKind::Fingers, self.services.config.fingers);
        }
    }

    /// The node of a row, and its successors.
    pub(super) fn learn_finger(
        &mut self,
        now: Instant,
        row: u8,
        node: &Contact,
        successors: &[Contact],
    ) {
        self.routes.learn(&mut self.services, row, node);
        self.routes
            .look_behind(&mut self.services, now, node, successors);
        let covered = self.routes.fingers.covered_until(row);
        self.go_on_behind(now, covered);
    }

    pub(super) fn skip_finger(&mut self, now: Instant, row: u8) {
        self.go_on_behind(now, row);
    }

    fn go_on_behind(&mut self, now: Instant, row: u8) {
        self.upkeep.next_row = row.saturating_add(1);
        if self.upkeep.next_row > self.services.config.space.bits() {
            self.end_refresh(now);
        } else if self.upkeep.filling {
            self.refresh_finger(now);
        }
    }

    /// Carries out what the membership machine wants.
    pub(super) fn run_effects(&mut self, now: Instant, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask(query, to) => {
                    let ask = match query {
                        Query::Liveness => Ask::Ping,
                        Query::Join | Query::FromSuccessor | Query::FromPredecessor => {
                            Ask::Neighbours
                        }
                    };
                    self.ask(now, to, Purpose::Membership(query), Request::Chord(ask));
                }
                Effect::Notify(to) => self.services.send(to, Message::Notice(Notice::Notify)),
                Effect::Farewell(to, neighbours) => {
                    self.services
                        .send(to, Message::Notice(Notice::Leaving(neighbours)));
                }
                Effect::Joined => self.on_joined(now),
                Effect::JoinFailed => self.services.event(Event::JoinFailed),
                Effect::SuccessorsChanged => self.on_successors_changed(now),
                Effect::PredecessorChanged(old) => self.on_predecessor_changed(now, old),
                Effect::Stranded => self.on_stranded(now),
            }
        }
    }

    /// A node's answer to a question of the membership machine.
    pub(super) fn on_neighbours(
        &mut self,
        now: Instant,
        query: Query,
        from: Contact,
        theirs: Neighbours,
    ) {
        let told = self.nearer_predecessor_of(query, &from, &theirs);
        let effects = self.membership.step(Input::Answered(query, from, theirs));
        self.run_effects(now, effects);
        if let Some(told) = told {
            self.services.send(told, Message::Notice(Notice::Notify));
        }
    }

    /// The node that this one's successor takes for its predecessor, if this one lies between the two.
    fn nearer_predecessor_of(
        &self,
        query: Query,
        successor: &Contact,
        theirs: &Neighbours,
    ) -> Option<Contact> {
        let me = self.services.me.contact.id();
        let stabilizes = matches!(query, Query::FromSuccessor | Query::FromPredecessor);
        let tells = self.services.config.tell_predecessor && stabilizes;
        let before = theirs.predecessor.as_ref().filter(|_| tells)?;
        let passed = me.is_between(before.id(), successor.id());
        passed.then(|| before.clone())
    }

    /// A node takes this one for its successor; if it is nearer than this one's own, it may be that one's instead.
    pub(super) fn on_notified(&mut self, now: Instant, from: Contact) {
        let head = self.membership.successors().head();
        let me = self.services.me.contact.id();
        let is_nearer = head.is_some_and(|head| from.id().is_between(me, head.id()));
        let candidate = is_nearer.then(|| from.clone());
        let effects = self.membership.step(Input::Notified(from));
        self.run_effects(now, effects);
        if let Some(candidate) = candidate {
            let effects = self.membership.step(Input::Candidate(candidate));
            self.run_effects(now, effects);
        }
    }

    /// Looks for this node's own place: the successor of its position plus one, asked of a member.
    ///
    /// (ours) The position plus one, not the position itself: after a restart the ring may still think that this node
    /// owns its own position.
    pub(super) fn look_for_place(&mut self, now: Instant, via: &Contact) {
        let key = self.services.space().next(self.services.id());
        if self.look_up_at(now, key, Goal::Place, via).is_err() {
            self.services.event(Event::JoinFailed);
        }
    }

    pub(super) fn on_place_found(
        &mut self,
        now: Instant,
        lookup: &Lookup,
        found: Option<(Contact, Neighbours)>,
    ) {
        let Some((owner, neighbours)) = found else {
            self.services.event(Event::JoinFailed);
            return;
        };
        // Another search was sooner: whoever has its place must not look for one.
        if self.membership.is_member() {
            return;
        }
        let me = self.services.id();
        // The owner may still take this node for its predecessor, from before a restart.
        let before = neighbours.predecessor.filter(|before| before.id() != me);
        let last_hop = || lookup.path.iter().rev().nth(1)?.contact.clone();
        let last_hop = || last_hop().filter(|hop| hop.id() != me);
        let behind = before.or_else(last_hop).unwrap_or(owner);
        let effects = self.membership.step(Input::Join(behind));
        self.run_effects(now, effects);
    }

    fn on_joined(&mut self, now: Instant) {
        self.services.event(Event::Joined);
        let alone = self.membership.successors().head().is_none();
        self.start_upkeep(now, !alone);
        // Groups of an earlier run may miss everybody: whoever asks is told at once who is awaited.
        if !self.is_free_of_groups() {
            self.look_soon(now);
        }
        // The node before the newcomer learns of it by the newcomer's successor, so that one is told at once.
        let effects = self.membership.step(Input::Stabilize);
        self.run_effects(now, effects);
    }

    fn on_successors_changed(&mut self, now: Instant) {
        let entries = self.membership.successors().entries().to_vec();
        if let Some(head) = entries.first() {
            self.routes.learn(&mut self.services, 1, head);
        }
        if let Some((head, behind)) = entries.split_first() {
            self.routes
                .look_behind(&mut self.services, now, head, behind);
        }
        self.services.event(Event::Successors(entries));
        self.stabilize_briskly(now);
        self.repair_soon(now);
    }

    fn on_predecessor_changed(&mut self, now: Instant, old: Option<Contact>) {
        let new = self.membership.predecessor().cloned();
        self.services.event(Event::Predecessor {
            old: old.clone(),
            new: new.clone(),
        });
        if let Some(new) = new {
            self.hand_over_to_predecessor(now, old.as_ref(), &new);
        }
        self.stabilize_briskly(now);
        // A ring of one has its first companion: records are safer as soon as both know of each other.
        if self.membership.successors().head().is_none() {
            let effects = self.membership.step(Input::Stabilize);
            self.run_effects(now, effects);
        }
    }

    /// Every successor is gone: the nearest finger that answers becomes the successor.
    fn on_stranded(&mut self, now: Instant) {
        let me = self.services.me.contact.id();
        let finger = self
            .routes
            .fingers
            .nodes()
            .find(|node| node.id() != me)
            .cloned();
        match finger {
            Some(finger) => {
                let effects = self.membership.step(Input::Candidate(finger));
                self.run_effects(now, effects);
            }
            None => self.services.event(Event::Alone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_how_briskly_a_node_stabilizes() {
        assert_eq!(BRISK, 8);
        crate::page::must_say(
            "as many rounds as the list is long come after an eighth of the time each",
        );
    }
}
