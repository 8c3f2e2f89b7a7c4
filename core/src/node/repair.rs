//! Keeping copies where they belong: offers to successors, hand-over to newcomers, expiry, departure.
//!
//! An owner offers its records to the nodes that should hold copies. A holder that no owner vouches for any more finds
//! out who the owner is, and drops its copies once the owner has them: copy, acknowledge, delete. All of it goes page by page
//! ([`Walks`](crate::node::walks::Walks)) and within a window ([`Bulk`](crate::node::backpressure::Bulk)).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::membership::Input;
use crate::chord::message::Response as Membership;
use crate::message::{Request, Response};
use crate::node::Node;
use crate::node::api::{Event, Output, TimerKind};
use crate::node::backpressure::Class;
use crate::node::lookups::Goal;
use crate::node::operations::{Operation, Waiting};
use crate::node::requests::Purpose;
use crate::node::upkeep::Departure;
use crate::node::view::Stay;
use crate::node::walks::{Aim, Range, Step};
use crate::store::group::Groups;
use crate::store::message::{Request as Ask, Response as Answer, StoredRecord};
use crate::store::record::Version;

/// How soon copies are compared after the neighbours changed.
pub(super) const REPAIR_SOON: Duration = Duration::from_millis(300);
/// For how many unclaimed records at a time the owner is looked up. Each stands for all in the owner's range.
const UNCLAIMED_AT_A_TIME: usize = 16;
/// After how many repair intervals without an offer a copy counts as unclaimed.
const UNCLAIMED_AFTER: u32 = 3;
/// For how long after a newcomer took a part of its range over a node offers it what is still put here.
const NEWCOMER: Duration = Duration::from_secs(10);
/// How long a departure waits for the next of its records to be taken over.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a node that stops hands its records over at most.
const LONGEST_STOP: Duration = Duration::from_secs(6);
/// How long a node that leaves for good waits for others to take its records, and its places in groups.
const LONGEST_LEAVE: Duration = Duration::from_secs(60);

impl Node {
    pub(super) fn on_store_request(
        &mut self,
        now: Instant,
        from: Contact,
        number: u64,
        request: Ask,
    ) {
        match request {
            // Whoever would count on it counts on somebody else instead.
            Ask::Write(_) | Ask::Offer(_) if self.leaves_for_good() => {
                self.services
                    .respond(from, number, Response::Chord(Membership::NotMember));
            }
            Ask::Read(key) => {
                let copy = self.any_copy(now, key);
                self.services
                    .respond(from, number, Response::Store(Answer::Value(copy)));
            }
            Ask::Write(copy) => self.keep(now, *copy, Waiting::Peer(from, number)),
            Ask::Offer(entries) => {
                let (lacking, newer) = self.replica.judge(now, &entries);
                let answer = Answer::Wanted { lacking, newer };
                self.services.respond(from, number, Response::Store(answer));
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
            (Purpose::Offer(walk), Answer::Wanted { lacking, newer }) => {
                let aim = self.walks.aim(from.id(), walk);
                let there = self.walks.wanted(from.id(), walk, &lacking, &newer);
                if let Some(Aim::HandOver(_)) = aim {
                    for key in there {
                        self.drop_handed_over(key);
                    }
                }
                self.walk_on(now, from.id());
            }
            (Purpose::Copy { walk, key }, Answer::Written) => {
                if let Some(Aim::HandOver(_)) = self.walks.aim(from.id(), walk) {
                    self.drop_handed_over(key);
                }
                self.walks.done(from.id(), walk);
                self.walk_on(now, from.id());
            }
            (Purpose::Copy { walk, .. }, Answer::Refused(_)) if self.is_heir(from.id()) => {
                self.walks.fail(from.id(), walk);
                self.look_for_heir(now);
            }
            (Purpose::Copy { walk, .. }, Answer::Refused(_))
            | (Purpose::Fetch(walk), Answer::Value(None)) => {
                self.walks.done(from.id(), walk);
                self.walk_on(now, from.id());
            }
            (Purpose::Fetch(walk), Answer::Value(Some(copy))) => {
                let (node, bytes) = (from.id(), copy.record.size());
                self.walks.fetched(now, node, walk, bytes);
                self.keep(now, *copy, Waiting::Walk { node, walk, bytes });
            }
            (Purpose::Spread, Answer::Written | Answer::Refused(_)) => {}
            (purpose, _) => self.on_store_failure(now, from, purpose),
        }
        self.leave_when_handed_over(now);
    }

    pub(super) fn on_store_failure(&mut self, now: Instant, to: &Contact, purpose: Purpose) {
        match purpose {
            Purpose::Read(operation) => self.on_read(now, operation, to.id(), None),
            Purpose::Write(operation) => self.on_written(now, operation, None),
            Purpose::Offer(walk) | Purpose::Copy { walk, .. } | Purpose::Fetch(walk) => {
                self.walks.fail(to.id(), walk);
                if self.is_heir(to.id()) {
                    self.look_for_heir(now);
                }
            }
            // The next round of repair tries again.
            _ => {}
        }
        self.leave_when_handed_over(now);
    }

    pub(super) fn repair_soon(&mut self, now: Instant) {
        if self.services.config.repair.is_some() {
            self.services.timers.clear(TimerKind::Repair);
            self.services
                .timers
                .set(now + REPAIR_SOON, TimerKind::Repair);
        }
        self.look_soon(now);
    }

    pub(super) fn on_repair_timer(&mut self, now: Instant) {
        self.services
            .schedule(now, TimerKind::Repair, self.services.config.repair);
        for key in self.replica.expired(now) {
            self.drop_record(key);
        }
        let me = self.services.me.contact.id();
        let alone = self.membership.successors().head().is_none();
        // Without a predecessor nobody knows which keys are whose.
        let Some(before) = self.membership.predecessor().map(Contact::id) else {
            return;
        };
        if alone {
            return;
        }
        let group = self.services.group(
            &self.services.me.contact,
            self.membership.successors().entries(),
        );
        for successor in group.iter().skip(1) {
            self.walk(now, successor, before, me, Aim::Compare);
        }
        let since = self.unclaimed_since(now);
        let unclaimed = self.replica.unclaimed(before, me, since);
        let apart = unclaimed.len().div_ceil(UNCLAIMED_AT_A_TIME).max(1);
        for key in unclaimed.into_iter().step_by(apart) {
            let _ = self.look_up(now, key, Goal::Unclaimed(key));
        }
    }

    /// A copy for which nobody has vouched since then is unclaimed.
    fn unclaimed_since(&self, now: Instant) -> Instant {
        let patience = self.services.config.repair.unwrap_or_default() * UNCLAIMED_AFTER;
        let patience = u64::try_from(patience.as_micros()).unwrap_or(u64::MAX);
        Instant::from_micros(now.as_micros().saturating_sub(patience))
    }

    /// The owner of a record that nobody vouched for is known. Its predecessor is where its range begins.
    pub(super) fn on_owner_of_unclaimed(
        &mut self,
        now: Instant,
        key: Id,
        group: &[Contact],
        predecessor: Option<Id>,
    ) {
        let me = self.services.me.contact.id();
        let Some(owner) = group.first() else {
            return;
        };
        let upto = owner.id();
        // A range that others are known to lie in is none: then it is about this one key.
        let is_range = |after: &Id| {
            let strange = |id: Id| id.is_between(*after, upto);
            let others = self.contacts().map(Contact::id);
            key.is_within(*after, upto) && !strange(me) && !others.into_iter().any(strange)
        };
        let (after, upto) = match predecessor.filter(is_range) {
            Some(after) => (after, upto),
            None => (self.services.config.space.previous(key), key),
        };
        let aim = match group.iter().any(|member| member.id() == me) {
            true => {
                self.replica.vouch(now, after, upto);
                Aim::Compare
            }
            false => Aim::HandOver(self.unclaimed_since(now)),
        };
        if owner.id() != me {
            self.walk(now, &owner.clone(), after, upto, aim);
        }
    }

    /// A newcomer took over the keys up to its position.
    pub(super) fn hand_over_to_predecessor(
        &mut self,
        now: Instant,
        old: Option<&Contact>,
        new: &Contact,
    ) {
        if self.services.config.repair.is_none() {
            return;
        }
        let me = self.services.me.contact.id();
        let after = old.map_or(me, Contact::id);
        // A predecessor that fell back took nothing over: this node is responsible for more, not less.
        if !new.id().is_between(after, me) {
            self.repair_soon(now);
            return;
        }
        self.upkeep.newcomer_until = now + NEWCOMER;
        self.walk(now, new, after, new.id(), Aim::Compare);
    }

    /// A record has been put here, perhaps by a node that does not know of a newcomer before this node yet: it is offered the record,
    /// too, and so do those before it that are new themselves, until the owner has it.
    pub(super) fn offer_to_newcomer(&mut self, now: Instant, key: Id, from: Option<Id>) {
        if now >= self.upkeep.newcomer_until {
            return;
        }
        let me = self.services.me.contact.id();
        let before = self.membership.predecessor().cloned();
        let lacks = |before: &Contact| !key.is_within(before.id(), me) && Some(before.id()) != from;
        if let Some(before) = before.filter(lacks) {
            let after = self.services.config.space.previous(key);
            self.walk(now, &before, after, key, Aim::Compare);
        }
    }

    /// Compares the records of a range with another node's.
    fn walk(&mut self, now: Instant, to: &Contact, after: Id, upto: Id, aim: Aim) {
        self.walks.add(to, Range { after, upto, aim });
        self.walk_on(now, to.id());
    }

    /// Does what comes next with a node, as far as there is room.
    pub(super) fn walk_on(&mut self, now: Instant, node: Id) {
        loop {
            let has_room = self.services.has_room(node, Class::Upkeep);
            let Some((walk, to, step)) = self.walks.next(now, node, has_room) else {
                break;
            };
            match step {
                Step::Offer(range, last) => {
                    let page = self.page(range, last);
                    let keys: Vec<Id> = page.iter().map(|(key, _)| *key).collect();
                    self.walks.offered(node, &keys);
                    if !page.is_empty() {
                        let request = Request::Store(Ask::Offer(page));
                        self.ask(now, to, Purpose::Offer(walk), request);
                    }
                }
                Step::Copy(key) => {
                    if let Some(copy) = self.replica.copy(now, key) {
                        self.walks.begun(now, node, copy.record.size());
                        let request = Request::Store(Ask::Write(Box::new(copy)));
                        self.ask(now, to, Purpose::Copy { walk, key }, request);
                    }
                }
                // Only what this node holds an older version of: an answer must not make it collect strangers' records.
                Step::Fetch(key) => {
                    if self.replica.get(key).is_some() {
                        self.walks.begun(now, node, 0);
                        let request = Request::Store(Ask::Read(key));
                        self.ask(now, to, Purpose::Fetch(walk), request);
                    }
                }
            }
        }
        if let Some(due) = self.walks.due(now) {
            self.services.timers.clear(TimerKind::Walks);
            self.services.timers.set(due, TimerKind::Walks);
        }
    }

    /// Walks go on whose pace lets them.
    pub(super) fn on_walks_timer(&mut self, now: Instant) {
        for node in self.walks.nodes() {
            self.walk_on(now, node);
        }
    }

    fn page(&self, range: Range, last: Option<Id>) -> Vec<(Id, Version)> {
        let Range { after, upto, aim } = range;
        let me = self.services.me.contact.id();
        let before = self.membership.predecessor().map_or(me, Contact::id);
        match aim {
            Aim::Compare => self.replica.offer(after, upto, last),
            Aim::HandOver(since) => {
                self.replica
                    .offer_unclaimed((after, upto), last, (before, me), since)
            }
        }
    }

    /// Sends a member of a group a newer version than it holds. Without room that is left to repair.
    pub(super) fn spread(&mut self, now: Instant, to: &Contact, copy: Box<StoredRecord>) {
        if to.id() == self.services.me.contact.id() {
            self.keep(now, *copy, Waiting::Nobody);
        } else if self.services.has_room(to.id(), Class::Upkeep) {
            let request = Request::Store(Ask::Write(copy));
            self.ask(now, to.clone(), Purpose::Spread, request);
        }
    }

    /// The owner has the record. It goes, unless this node has become responsible for it meanwhile.
    fn drop_handed_over(&mut self, key: Id) {
        let me = self.services.me.contact.id();
        let before = self.membership.predecessor().map_or(me, Contact::id);
        if self.upkeep.leaving.is_none() && !key.is_within(before, me) {
            self.drop_record(key);
        }
    }

    fn drop_record(&mut self, key: Id) {
        if self.replica.remove(key).is_some() {
            self.storing.forget(key);
            self.services.event(Event::RecordDropped(key));
            self.services
                .outbox
                .outputs
                .push_back(Output::DropRecord(key));
        }
    }

    // Departure.

    pub(super) fn begin_leaving(&mut self, now: Instant, departure: Departure) {
        if self.upkeep.leaving.is_some() {
            return;
        }
        self.upkeep.leaving = Some(departure);
        self.upkeep.stayed = None;
        self.upkeep.heirs.clear();
        self.walks.clear();
        self.look_for_heir(now);
        if self.upkeep.leaving.is_none() {
            return;
        }
        self.withdraw_all(now);
        let longest = match departure.is_for_good() {
            true => LONGEST_LEAVE,
            false => LONGEST_STOP,
        };
        self.upkeep.leave_at_last = now + longest;
        self.upkeep.taken_over = self.walks.progress();
        self.services
            .timers
            .set(now + LEAVE_TIMEOUT, TimerKind::Leave);
        match departure.is_for_good() {
            true => self.look_at_groups(now),
            false => self.stop_groups(now),
        }
        self.leave_when_handed_over(now);
    }

    /// Whether the node leaves, and does not come back.
    pub(super) fn leaves_for_good(&self) -> bool {
        self.upkeep.leaving.is_some_and(Departure::is_for_good)
    }

    /// Whether the departure depends on this node, which takes the records over.
    fn is_heir(&self, node: Id) -> bool {
        let depends = self.upkeep.leaving == Some(Departure::TakenOver);
        depends && self.upkeep.heirs.last() == Some(&node)
    }

    /// Offers all records to the first successor that has not failed to take them.
    fn look_for_heir(&mut self, now: Instant) {
        let me = self.services.me.contact.id();
        let mut successors = self.membership.successors().entries().iter();
        // The other positions of this peer leave with it.
        let other = |node: &&Contact| !node.is_same_peer(&self.services.me.contact);
        let failed = |node: &&Contact| self.upkeep.heirs.contains(&node.id());
        let successor = successors.find(|node| other(node) && !failed(node));
        match successor.cloned() {
            Some(successor) => {
                self.upkeep.heirs.push(successor.id());
                self.walk(now, &successor, me, me, Aim::Compare);
            }
            None if self.upkeep.leaving == Some(Departure::TakenOver) => {
                let stay = match self.upkeep.heirs.is_empty() {
                    true => Stay::Alone,
                    false => Stay::Refused,
                };
                self.stay(now, stay);
            }
            None => {}
        }
    }

    /// A departure comes to nothing: the node is the member that it was.
    fn stay(&mut self, now: Instant, why: Stay) {
        self.upkeep.leaving = None;
        self.upkeep.stayed = Some(why);
        self.walks.clear();
        self.services.timers.clear(TimerKind::Leave);
        self.announce_all(now);
        self.wait_to_renew(now);
        self.repair_soon(now);
    }

    pub(super) fn leave_when_handed_over(&mut self, now: Instant) {
        let spreading = |purpose: &Purpose| matches!(purpose, Purpose::Spread);
        let handed_over = || self.walks.is_empty() && !self.services.requests.any(spreading);
        let alone = self.membership.successors().head().is_none();
        let Some(departure) = self.upkeep.leaving else {
            return;
        };
        if alone && departure == Departure::TakenOver {
            return self.stay(now, Stay::Alone);
        }
        let free = alone || !departure.is_for_good() || self.is_free_of_groups();
        let told = !self.operations.values().any(Operation::is_announcement);
        if free && told && handed_over() {
            self.finish_leaving(now);
        }
    }

    /// A departure goes on for as long as its records are being taken over.
    pub(super) fn on_leave_timer(&mut self, now: Instant) {
        let progress = self.walks.progress();
        let moved = core::mem::replace(&mut self.upkeep.taken_over, progress) != progress;
        let handing_over = moved && !self.walks.is_empty();
        let in_groups = self.leaves_for_good() && !self.is_free_of_groups();
        let next = now + LEAVE_TIMEOUT;
        let in_time = next <= self.upkeep.leave_at_last;
        if self.upkeep.leaving == Some(Departure::TakenOver) {
            let is_lone = self.groups().is_some_and(Groups::has_no_followers);
            if !self.walks.is_empty() && !moved {
                self.walks.clear();
                self.look_for_heir(now);
            } else if !in_time || in_groups && is_lone {
                let why = if is_lone {
                    Stay::Refused
                } else {
                    Stay::Unfinished
                };
                self.stay(now, why);
            }
            if self.upkeep.leaving.is_some() {
                self.services.timers.set(next, TimerKind::Leave);
                self.leave_when_handed_over(now);
            }
        } else if (handing_over || in_groups) && in_time {
            self.services.timers.set(next, TimerKind::Leave);
        } else {
            self.finish_leaving(now);
        }
    }

    pub(super) fn finish_leaving(&mut self, now: Instant) {
        if self.upkeep.leaving.take().is_none() {
            return;
        }
        self.walks.clear();
        let effects = self.membership.step(Input::Leave);
        self.run_effects(now, effects);
        for kind in [
            TimerKind::Stabilize,
            TimerKind::Fingers,
            TimerKind::Repair,
            TimerKind::Walks,
            TimerKind::Leave,
            TimerKind::Groups,
            TimerKind::Announce,
            TimerKind::Renew,
            TimerKind::Adopt,
            TimerKind::Handoff,
        ] {
            self.services.timers.clear(kind);
        }
        self.services.event(Event::Left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::must_say;
    use alloc::format;

    #[test]
    fn the_page_says_when_records_are_offered_and_how_long_a_departure_waits() {
        let every = crate::node::config::Config::default().repair.unwrap();
        must_say(&format!(
            "and {} ms after its neighbours changed",
            REPAIR_SOON.as_millis()
        ));
        must_say(&format!(
            "has offered a record for {} seconds",
            (every * UNCLAIMED_AFTER).as_secs()
        ));
        must_say(&format!(
            "it waits {} seconds for each next record",
            LEAVE_TIMEOUT.as_secs()
        ));
        must_say(&format!(
            "whose predecessor is new offers it, for {} seconds,",
            NEWCOMER.as_secs()
        ));
        assert_eq!(LONGEST_LEAVE, Duration::from_secs(60));
        must_say(&format!(
            "for each next record, a minute at most; one that stops for a while, {} seconds.",
            LONGEST_STOP.as_secs()
        ));
    }
}
