//! Keeping copies where they belong: offers to successors, hand-over to newcomers, expiry, departure.
//!
//! An owner offers its records to the nodes that should hold copies. A holder that no owner vouches for any more finds
//! out who the owner is, and drops its copy once the owner has it: copy, acknowledge, delete.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::membership::Input;
use crate::chord::route::Routing;
use crate::message::{Request, Response};
use crate::node::Node;
use crate::node::api::{Event, Output, TimerKind};
use crate::node::lookups::Goal;
use crate::node::operations::{Operation, Waiting};
use crate::node::requests::Purpose;
use crate::store::message::{Copy, Request as Ask, Response as Answer};
use crate::store::record::Version;

/// How soon copies are compared after the neighbours changed.
pub(super) const REPAIR_SOON: Duration = Duration::from_millis(300);
/// How many unclaimed records are looked into at a time.
const UNCLAIMED_AT_A_TIME: usize = 16;
/// After how many repair intervals without an offer a copy counts as unclaimed.
const UNCLAIMED_AFTER: u32 = 3;
/// How long a departure waits for its records to be taken over.
const LEAVE_PATIENCE: Duration = Duration::from_secs(3);

impl Node {
    pub(super) fn on_store_request(
        &mut self,
        now: Instant,
        from: Contact,
        number: u64,
        request: Ask,
    ) {
        match request {
            Ask::Read(key) => {
                let copy = self.any_copy(now, key);
                self.respond(from, number, Response::Store(Answer::Value(copy)));
            }
            Ask::Write(copy) => self.keep(now, *copy, Waiting::Peer(from, number)),
            Ask::Offer(entries) => {
                let (lacking, newer) = self.replica.judge(now, &entries);
                let answer = Answer::Wanted { lacking, newer };
                self.respond(from, number, Response::Store(answer));
            }
        }
    }

    pub(super) fn on_store_answer(
        &mut self,
        now: Instant,
        from: &Contact,
        purpose: Purpose,
        answer: Answer,
    ) {
        match (purpose, answer) {
            (Purpose::Read(operation), Answer::Value(copy)) => {
                self.on_read(now, operation, from.id(), Some(copy));
            }
            (Purpose::Write(operation), Answer::Written) => {
                self.on_written(now, operation, Some(Ok(())));
            }
            (Purpose::Write(operation), Answer::Refused(refusal)) => {
                self.on_written(now, operation, Some(Err(refusal)));
            }
            (Purpose::Offer, Answer::Wanted { lacking, newer }) => {
                self.send_lacking(now, from, &lacking);
                self.fetch_newer(now, from, newer);
            }
            (Purpose::HandOver(key), Answer::Wanted { lacking, newer }) => {
                if lacking.contains(&key) {
                    self.copy_to(now, from, key, Purpose::HandOverCopy(key));
                } else {
                    self.drop_handed_over(key);
                }
                self.fetch_newer(now, from, newer);
            }
            (Purpose::HandOverCopy(key), Answer::Written) => self.drop_handed_over(key),
            (Purpose::Fetch, Answer::Value(Some(copy))) => {
                self.keep(now, *copy, Waiting::Nobody);
            }
            (Purpose::Spread | Purpose::HandOverCopy(_), Answer::Written | Answer::Refused(_))
            | (Purpose::Fetch, Answer::Value(None)) => {}
            (purpose, _) => self.on_store_failure(now, from, purpose),
        }
        self.leave_when_handed_over(now);
    }

    pub(super) fn on_store_failure(&mut self, now: Instant, to: &Contact, purpose: Purpose) {
        match purpose {
            Purpose::Read(operation) => self.on_read(now, operation, to.id(), None),
            Purpose::Write(operation) => self.on_written(now, operation, None),
            // The next round of repair tries again.
            _ => {}
        }
        self.leave_when_handed_over(now);
    }

    pub(super) fn repair_soon(&mut self, now: Instant) {
        if self.config.repair.is_some() {
            self.timers.clear(TimerKind::Repair);
            self.timers.set(now + REPAIR_SOON, TimerKind::Repair);
        }
        self.look_soon(now);
    }

    pub(super) fn on_repair_timer(&mut self, now: Instant) {
        self.schedule(now, TimerKind::Repair, self.config.repair);
        for key in self.replica.expired(now) {
            self.drop_record(key);
        }
        let me = self.contact.id();
        let alone = self.membership.successors().head().is_none();
        // Without a predecessor nobody knows which keys are whose.
        let Some(before) = self.membership.predecessor().map(Contact::id) else {
            return;
        };
        if alone {
            return;
        }
        let group = self.group(&self.contact, self.membership.successors().entries());
        for offer in self.replica.offers(before, me) {
            for successor in group.iter().skip(1) {
                self.offer(now, successor, offer.clone(), Purpose::Offer);
            }
        }
        let patience = self.config.repair.unwrap_or_default() * UNCLAIMED_AFTER;
        let Some(since) = now.as_micros().checked_sub(patience.as_micros() as u64) else {
            return;
        };
        let unclaimed = self
            .replica
            .unclaimed(before, me, Instant::from_micros(since));
        for key in unclaimed.into_iter().take(UNCLAIMED_AT_A_TIME) {
            let mode = self.config.mode;
            let goal = Goal::Unclaimed(key);
            let _ = self.start_lookup(now, key, Routing::Finger, mode, goal);
        }
    }

    /// The owner of a record that nobody vouched for is known.
    pub(super) fn on_owner_of_unclaimed(&mut self, now: Instant, key: Id, group: &[Contact]) {
        let me = self.contact.id();
        let in_group = group.iter().any(|member| member.id() == me);
        if in_group {
            self.replica.vouch(now, key);
        }
        let Some(owner) = group.first().filter(|owner| owner.id() != me) else {
            return;
        };
        let Some(version) = self.replica.get(key).map(|held| held.record.version()) else {
            return;
        };
        let purpose = if in_group {
            Purpose::Offer
        } else {
            Purpose::HandOver(key)
        };
        self.offer(now, owner, alloc::vec![(key, version)], purpose);
    }

    /// A newcomer took over the keys up to its position.
    pub(super) fn hand_over_to_predecessor(
        &mut self,
        now: Instant,
        old: Option<&Contact>,
        new: &Contact,
    ) {
        if self.config.repair.is_none() {
            return;
        }
        let me = self.contact.id();
        let after = old.map_or(me, Contact::id);
        // A predecessor that fell back took nothing over: this node is responsible for more, not less.
        if !new.id().is_between(after, me) {
            self.repair_soon(now);
            return;
        }
        for offer in self.replica.offers(after, new.id()) {
            self.offer(now, new, offer, Purpose::Offer);
        }
    }

    fn offer(&mut self, now: Instant, to: &Contact, entries: Vec<(Id, Version)>, why: Purpose) {
        self.ask(now, to.clone(), why, Request::Store(Ask::Offer(entries)));
    }

    fn send_lacking(&mut self, now: Instant, to: &Contact, lacking: &[Id]) {
        for key in lacking {
            self.copy_to(now, to, *key, Purpose::Spread);
        }
    }

    fn fetch_newer(&mut self, now: Instant, from: &Contact, newer: Vec<Id>) {
        for key in newer {
            // Only what this node holds an older version of: an answer must not make it collect strangers' records.
            if self.replica.get(key).is_some() {
                let request = Request::Store(Ask::Read(key));
                self.ask(now, from.clone(), Purpose::Fetch, request);
            }
        }
    }

    fn copy_to(&mut self, now: Instant, to: &Contact, key: Id, purpose: Purpose) {
        if let Some(copy) = self.replica.copy(now, key) {
            let request = Request::Store(Ask::Write(Box::new(copy)));
            self.ask(now, to.clone(), purpose, request);
        }
    }

    /// Sends a member of a group a newer version than it holds.
    pub(super) fn spread(&mut self, now: Instant, to: &Contact, copy: Box<Copy>) {
        if to.id() == self.contact.id() {
            self.keep(now, *copy, Waiting::Nobody);
        } else {
            let request = Request::Store(Ask::Write(copy));
            self.ask(now, to.clone(), Purpose::Spread, request);
        }
    }

    /// The owner has the record. It goes, unless this node has become responsible for it meanwhile.
    fn drop_handed_over(&mut self, key: Id) {
        let me = self.contact.id();
        let before = self.membership.predecessor().map_or(me, Contact::id);
        if !self.upkeep.leaving && !key.is_within(before, me) {
            self.drop_record(key);
        }
    }

    fn drop_record(&mut self, key: Id) {
        if self.replica.remove(key).is_some() {
            self.storing.forget(key);
            self.event(Event::RecordDropped(key));
            self.outputs.push_back(Output::DropRecord(key));
        }
    }

    // Departure.

    pub(super) fn begin_leaving(&mut self, now: Instant) {
        if self.upkeep.leaving {
            return;
        }
        self.upkeep.leaving = true;
        let me = self.contact.id();
        let mut successors = self.membership.successors().entries().iter();
        // The other positions of this peer leave with it.
        let successor = successors.find(|successor| !successor.is_same_peer(&self.contact));
        if let Some(successor) = successor.cloned() {
            for offer in self.replica.offers(me, me) {
                self.offer(now, &successor, offer, Purpose::Offer);
            }
        }
        self.withdraw_all(now);
        self.timers.set(now + LEAVE_PATIENCE, TimerKind::Leave);
        self.look_at_groups(now);
        self.leave_when_handed_over(now);
    }

    pub(super) fn leave_when_handed_over(&mut self, now: Instant) {
        let handing_over = |purpose: &Purpose| matches!(purpose, Purpose::Offer | Purpose::Spread);
        let alone = self.membership.successors().head().is_none();
        let free = alone || self.groups.is_free() || !self.config.quorum;
        let told = !self.operations.values().any(Operation::is_announcement);
        if self.upkeep.leaving && free && told && !self.requests.any(handing_over) {
            self.finish_leaving(now);
        }
    }

    pub(super) fn finish_leaving(&mut self, now: Instant) {
        if !core::mem::take(&mut self.upkeep.leaving) {
            return;
        }
        let effects = self.membership.step(Input::Leave);
        self.run_effects(now, effects);
        for kind in [
            TimerKind::Stabilize,
            TimerKind::Fingers,
            TimerKind::Repair,
            TimerKind::Leave,
            TimerKind::Groups,
            TimerKind::Announce,
        ] {
            self.timers.clear(kind);
        }
        self.event(Event::Left);
    }
}
