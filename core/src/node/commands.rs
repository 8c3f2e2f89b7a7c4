//! Commands of an owner to a node.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::membership::Input;
use crate::chord::message::Request as Ask;
use crate::chord::route::{Mode, Routing};
use crate::message::Request;
use crate::node::Node;
use crate::node::adopting::{AdoptError, Adoption, AdoptionState};
use crate::node::api::{Event, JoinError, Level, LookupError, LookupId, OperationId, StoreError};
use crate::node::departure::Departure;
use crate::node::lookups::{Goal, Search};
use crate::node::operations::{Target, Task};
use crate::node::putting::Put;
use crate::node::renewal::Keeping;
use crate::node::requests::Purpose;
use crate::node::ring_merge::look_round;
use crate::store::group::configuration::Configuration;
use crate::store::group::{Control, Entry};
use crate::store::life;
use crate::store::message::StoredRecord;
use crate::store::record::{Label, MAX_VALUE, Record, RecordError, SHORTEST_LIFETIME, Subject};
use crate::store::renewal::Renewal;

/// Membership.
impl Node {
    /// Begins a ring of one, and founds its first group of level `quorum`.
    pub fn create(&mut self, now: Instant) {
        self.create_again(now);
        self.found_group(now);
    }

    /// Founds the first group of level `quorum` in this node's ring, unless the node knows that there is one, or was.
    pub fn found_group(&mut self, now: Instant) {
        let (quorum, mut cx) = self.quorum_at(now);
        quorum.found(&mut cx);
    }

    /// Begins a ring of one again, after one that this node, or another, was in before: no group is founded.
    pub fn create_again(&mut self, now: Instant) {
        self.step(now, Input::Create);
    }

    /// Joins the ring of a known member. [`Event::Joined`] or [`Event::JoinFailed`] follows.
    ///
    /// (ours) It asks for the owner of its position plus one, not of the position itself: after a restart the ring may still think
    /// that this node owns its own position.
    ///
    /// # Errors
    /// [`JoinError::Already`] for a member, [`JoinError::Itself`] when told to join via itself.
    pub fn join(&mut self, now: Instant, via: Contact) -> Result<(), JoinError> {
        if self.ring.is_member() {
            return Err(JoinError::Already);
        }
        let (services, ring) = (&mut self.services, &mut self.ring);
        if via.id() == services.id() {
            return Err(JoinError::Itself);
        }
        let sought = (services.space().next(services.id()), Goal::Place);
        let begun = ring.look_up_at(services, now, sought, &via, Vec::new());
        if begun.is_err() {
            services.event(Event::JoinFailed);
        }
        Ok(())
    }

    /// Names nodes of an earlier run, which may be on their way back: for half a minute after this node has joined, a get does not
    /// end with nothing where they may have the record ([`StoreError::Away`]).
    pub fn expect(&mut self, nodes: impl IntoIterator<Item = Id>) {
        self.ring.gone.expect(nodes);
    }

    /// Asks a node whether it is a member of a ring; [`Event::Probed`] follows if it answers.
    pub fn probe(&mut self, now: Instant, node: &Contact) {
        let request = Request::Chord(Ask::Neighbours);
        let _ = self
            .services
            .ask(now, node.clone(), Purpose::Probe, request);
    }

    /// Looks up this node's own position from another node, as if this one were not there: the owner is its successor, which it adopts. So a
    /// member that has lost all neighbours ([`Event::Alone`]) finds others again.
    pub fn look_round(&mut self, now: Instant, via: &Contact) {
        look_round(&mut self.services, &mut self.ring, now, via);
    }

    /// A member at once, with known neighbours and fingers: for worlds that start stable.
    pub fn settle(
        &mut self,
        now: Instant,
        predecessor: Option<Contact>,
        successors: &[Contact],
        fingers: &[Contact],
    ) {
        self.ring.membership.settle(predecessor, successors);
        for (row, finger) in (1..).zip(fingers) {
            let _ = self.ring.routes.fingers.learn(row, finger);
        }
        self.start_upkeep(now, false);
    }

    /// A newer contact of this node, after its addresses changed.
    pub fn set_contact(&mut self, now: Instant, contact: Contact) {
        self.quorum.refresh(&contact);
        self.services.me.contact = contact;
        let (records, mut cx) = self.records_at(now);
        records.announce_all(&mut cx);
    }

    /// A newer contact of another node, after its addresses changed.
    pub fn refresh(&mut self, contact: &Contact) {
        self.ring.membership.refresh(contact);
        self.ring.routes.refresh(contact);
        self.quorum.refresh(contact);
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
}

/// Lookups.
impl Node {
    /// Reports the next hop of each lookup that comes by from now on, by [`Event::Routed`]: for display and traces.
    pub const fn trace_routes(&mut self) {
        self.ring.routes.trace();
    }

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
        let (lookups, pointers) = self.ring.split();
        let (number, outcome) = lookups.start(&mut self.services, pointers, now, search)?;
        self.on_outcome(now, outcome);
        Ok(LookupId(number))
    }
}

/// Records.
impl Node {
    /// Puts a value under a name, or under a salt of this node's own. [`Event::PutEnded`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member, is busy, or the value is longer than 64 KiB.
    pub fn put(
        &mut self,
        now: Instant,
        label: impl Into<Label>,
        value: Vec<u8>,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        self.put_for(now, label, Some(value), None, level, self.keeping())
    }

    /// Deletes a named or signed record. [`Event::PutEnded`] follows, with
    /// [`StoreError::Mismatch`] of 0 where there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub fn delete(
        &mut self,
        now: Instant,
        label: impl Into<Label>,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        self.put_for(now, label, None, None, level, self.keeping())
    }

    /// Puts a value, or deletes the record (`None`), if this is the sequence number there, 0 if there must be none.
    /// [`Event::PutEnded`] follows, with [`StoreError::Mismatch`] when it is another.
    ///
    /// At level `quorum` no other write comes in between. At level `one` that is as good as the holders can be compared: two who
    /// swap at the same time may both be told that they did, and the greater version stays.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member, is busy, or the value is longer than 64 KiB.
    pub fn compare_and_set(
        &mut self,
        now: Instant,
        label: impl Into<Label>,
        expected: u64,
        value: Option<Vec<u8>>,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        self.put_for(now, label, value, Some(expected), level, self.keeping())
    }

    /// Puts a value under the key that follows from it, or lets it live for another day. There is one level: any replica is as
    /// good. [`Event::PutEnded`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member, is busy, or the value is longer than 64 KiB.
    pub fn put_immutable(
        &mut self,
        now: Instant,
        value: Vec<u8>,
    ) -> Result<OperationId, StoreError> {
        self.put_immutable_for(now, value, self.keeping())
    }

    /// As [`Node::put_immutable`], kept in this way.
    ///
    /// # Errors
    /// As [`Node::put_immutable`], and where the lifetime is shorter than two seconds or longer than a day.
    pub fn put_immutable_for(
        &mut self,
        now: Instant,
        value: Vec<u8>,
        keeping: Keeping,
    ) -> Result<OperationId, StoreError> {
        let record = Record::immutable(value)?;
        let subject = Subject::Key(record.key(self.services.space()));
        let remaining = u32::try_from(keeping.lifetime.as_secs()).unwrap_or(u32::MAX);
        if !(SHORTEST_LIFETIME..=record.lifetime()).contains(&remaining) {
            return Err(RecordError::Lifetime.into());
        }
        let remaining = life::remaining(remaining);
        let task = Task::Write(Box::new(StoredRecord { record, remaining }));
        let (records, mut cx) = self.records_at(now);
        records.start(&mut cx, Target::Record(subject), task, keeping.renew)
    }

    /// Returns the lifetime and renewal of records whose put does not say otherwise.
    pub fn keeping(&self) -> Keeping {
        Keeping {
            lifetime: self.services.config.lifetime,
            renew: self.services.config.renew,
        }
    }

    /// Gets a record. [`Event::GetEnded`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub fn get(
        &mut self,
        now: Instant,
        subject: impl Into<Subject>,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        let subject = subject.into();
        match level {
            Level::One => {
                let (records, mut cx) = self.records_at(now);
                records.start(&mut cx, Target::Record(subject), Task::Get, false)
            }
            Level::Quorum => {
                let (quorum, mut cx) = self.quorum_at(now);
                quorum.get(&mut cx, subject)
            }
        }
    }

    /// Puts a value, or deletes the record (`None`), under the condition of [`Node::compare_and_set`] if there is one, kept in this
    /// way. [`Event::PutEnded`] follows.
    ///
    /// # Errors
    /// As [`Node::compare_and_set`], and where the lifetime is shorter than two seconds.
    pub fn put_for(
        &mut self,
        now: Instant,
        label: impl Into<Label>,
        value: Option<Vec<u8>>,
        expected: Option<u64>,
        level: Level,
        keeping: Keeping,
    ) -> Result<OperationId, StoreError> {
        let label = label.into();
        if value.as_ref().is_some_and(|value| value.len() > MAX_VALUE) {
            return Err(RecordError::Value.into());
        }
        if keeping.lifetime.as_secs() < u64::from(SHORTEST_LIFETIME) {
            return Err(RecordError::Lifetime.into());
        }
        let subject = label.clone().subject(self.services.me.signer.public_key());
        let put = Put {
            label,
            value,
            expected,
            keeping,
        };
        match level {
            Level::One => {
                let (target, task) = (Target::Record(subject), Task::Put(put));
                let (records, mut cx) = self.records_at(now);
                records.start(&mut cx, target, task, keeping.renew)
            }
            Level::Quorum => {
                let (quorum, mut cx) = self.quorum_at(now);
                quorum.put(&mut cx, subject, put)
            }
        }
    }

    /// Takes up a record kept from an earlier run.
    pub fn restore(&mut self, now: Instant, copy: &StoredRecord) {
        let (records, cx) = self.records_at(now);
        records.restore(&cx, copy);
    }

    /// The records that this node renews.
    pub fn renewals(&self) -> impl Iterator<Item = &Renewal> {
        self.renewals.iter()
    }

    /// Takes up renewals kept from an earlier run, as [`Event::Renewing`] told them. The clock may have gone on for any time, so
    /// that all are due soon.
    pub fn restore_renewals(&mut self, now: Instant, kept: &[Renewal]) {
        let (services, ring) = (&mut self.services, &self.ring);
        self.renewals.restore(services, ring, now, kept);
    }

    /// Renews the record under a key at this level no more.
    pub fn end_renewal(&mut self, now: Instant, key: Id, level: Level) {
        let (services, ring) = (&mut self.services, &self.ring);
        self.renewals.end(services, ring, now, (key, level));
    }
}

/// Providers of contents.
impl Node {
    /// Tells the ring that this node has a content, and again in time, until [`Node::withdraw`]; also after it has joined,
    /// if it is no member yet. [`Event::Announced`] follows each time.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the node announces too many contents already.
    pub fn announce(&mut self, now: Instant, content: ContentId) -> Result<(), StoreError> {
        let (records, mut cx) = self.records_at(now);
        records.announce(&mut cx, content)
    }

    /// Tells the ring that this node has a content no more. [`Event::Announced`] follows if it had announced it.
    pub fn withdraw(&mut self, now: Instant, content: ContentId) {
        let (records, mut cx) = self.records_at(now);
        records.withdraw(&mut cx, content);
    }

    /// Finds the providers of a content. [`Event::ProvidersFound`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub fn providers(
        &mut self,
        now: Instant,
        content: ContentId,
    ) -> Result<OperationId, StoreError> {
        let (records, mut cx) = self.records_at(now);
        records.start(&mut cx, Target::Providers(content), Task::Get, false)
    }

    /// The contents that this node announces, in the order in which the ring is told.
    pub fn announced(&self) -> impl Iterator<Item = ContentId> {
        self.records.announced()
    }
}

/// Groups of level `quorum`.
impl Node {
    /// Takes up what was saved of groups in an earlier run. They outlive it: without them the node must not come back.
    pub fn restore_groups(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        self.quorum.restore(now, control, entries);
    }

    /// A member of this group at once: for worlds that start stable.
    pub fn assign(&mut self, group: Configuration) {
        self.quorum.assign(group);
    }

    /// Goes on with the range of a key at level `quorum` without these members of its group, which are gone for good: all that they alone
    /// have acknowledged is lost. Only where this node is a member, and no majority is left without them. Groups of before end
    /// wherever that is heard of. [`Event::RangeRepaired`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is in no ring, or too much is under way.
    pub fn repair_range(
        &mut self,
        now: Instant,
        key: Id,
        lost: Vec<Id>,
    ) -> Result<OperationId, StoreError> {
        let (quorum, mut cx) = self.quorum_at(now);
        quorum.repair(&mut cx, key, lost)
    }

    /// Begins to bring what this node keeps at level `quorum` into another lineage of the ring, and to give its own one up. Each
    /// conflict is told by [`Event::LineageConflict`] and waits for [`Node::conflict_exported`]; [`Event::AdoptionEnded`] follows.
    ///
    /// # Errors
    /// [`AdoptError`] when the node is no member, has the lineage, or is adopting another.
    pub fn adopt(&mut self, now: Instant, lineage: u64) -> Result<(), AdoptError> {
        let (quorum, mut cx) = self.quorum_at(now);
        quorum.adopt(&mut cx, lineage)
    }

    /// The adoption under way, or the last one of this run.
    pub fn adoption(&self) -> Option<&Adoption> {
        self.quorum.adoption()
    }

    /// Takes note that the conflict of this number has been exported, and outlives a failure of the machine.
    pub fn conflict_exported(&mut self, now: Instant, number: u64) {
        let (quorum, mut cx) = self.quorum_at(now);
        quorum.on_exported(&mut cx, number);
    }

    /// Conflicts cannot be exported: the node keeps its lineage.
    pub fn abandon_adoption(&mut self, now: Instant, error: StoreError) {
        let (quorum, mut cx) = self.quorum_at(now);
        quorum.end_adoption(&mut cx, AdoptionState::Failed(error));
    }
}
