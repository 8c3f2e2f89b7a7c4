//! Records at level `one`: what this node holds, what it puts and gets, and how replicas come to where they belong.
//!
//! A router: [`Operations`] decides puts and gets, [`Storing`] holds records and waits for the disk, [`AntiEntropy`] compares them with
//! other holders', [`Handoffs`] and [`Announcements`] bring to the ring what it is to have.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::chord::message::Response as Membership;
use crate::message::{Request, Response};
use crate::node::announcements::{self, Announcements};
use crate::node::anti_entropy::AntiEntropy;
use crate::node::api::{Event, Level, OperationId, StoreError};
use crate::node::backpressure::Class;
use crate::node::context::Context;
use crate::node::handoff::Handoffs;
use crate::node::lookups::{Goal, Outcome};
use crate::node::operations::{Acknowledged, Done, Next, Operations, Target, Task};
use crate::node::renewal::renewed;
use crate::node::requests::Purpose;
use crate::node::storing::{Storing, Waiting};
use crate::store::message::{Request as Ask, Response as Answer, StoredRecord};
use crate::store::record::{Record, RecordError, Subject};
use crate::store::renewal::Renewal;
use crate::store::replica::{Accepted, Replica};

/// The records of a node.
#[derive(Clone, Debug)]
pub(super) struct Records {
    operations: Operations,
    storing: Storing,
    anti_entropy: AntiEntropy,
    handoffs: Handoffs,
    announcements: Announcements,
}

impl Records {
    pub(super) fn new(replica: Replica) -> Self {
        Self {
            operations: Operations::default(),
            storing: Storing::new(replica),
            anti_entropy: AntiEntropy::default(),
            handoffs: Handoffs::default(),
            announcements: Announcements::default(),
        }
    }

    /// The records that this node holds.
    pub(super) const fn replica(&self) -> &Replica {
        &self.storing.replica
    }

    // Puts and gets.

    /// Begins an operation. With `renew`, the record that it writes is renewed from then on.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub(super) fn start(
        &mut self,
        cx: &mut Context<'_>,
        target: Target,
        task: Task,
        renew: bool,
    ) -> Result<OperationId, StoreError> {
        let number = cx.begin_operation(self.operations.len())?;
        let space = cx.services.space();
        let next = self.operations.begin(space, number, (target, task), renew);
        self.go_on(cx, number, Some(next));
        Ok(OperationId(number))
    }

    /// Takes the owner of a key, found or not, for an operation or for a record that no node vouched for.
    pub(super) fn on_lookup(&mut self, cx: &mut Context<'_>, outcome: Outcome) {
        match (outcome.lookup.search.goal, outcome.found) {
            (Goal::Operation(number), Some((owner, neighbours))) => {
                let services = &*cx.services;
                let operations = &mut self.operations;
                let next = operations.on_owner(services, number, &owner, &neighbours);
                self.go_on(cx, number, next);
            }
            (Goal::Operation(number), None) => {
                let next = self.operations.on_group(number, Vec::new());
                self.go_on(cx, number, next);
            }
            (Goal::Unclaimed(key), Some((owner, neighbours))) => {
                let group = cx.services.group(&owner, &neighbours.successors);
                let before = neighbours.predecessor.as_ref().map(Contact::id);
                let (anti_entropy, storing) = (&mut self.anti_entropy, &mut self.storing);
                anti_entropy.on_owner_of_unclaimed(cx, storing, key, (&group, before));
            }
            _ => {}
        }
    }

    /// Carries out the next step of an operation.
    fn go_on(&mut self, cx: &mut Context<'_>, number: u64, next: Option<Next>) {
        match next {
            Some(Next::LookUp(key)) => match cx.look_up(key, Goal::Operation(number)) {
                Ok(Some(outcome)) => self.on_lookup(cx, outcome),
                Ok(None) => {}
                Err(_) => {
                    let next = self.operations.on_group(number, Vec::new());
                    self.go_on(cx, number, next);
                }
            },
            Some(Next::Read(key, group)) => {
                for member in &group {
                    self.read_from(cx, number, member, key);
                }
            }
            Some(Next::Write(copy, group)) => {
                for member in &group {
                    self.write_to(cx, number, member, copy.clone());
                }
            }
            Some(Next::Replace((key, owner), put, newest)) => {
                // Those who hold what this node has put before may all be away.
                let own = cx.renewals.sequence(key, Level::One);
                let away = owner.filter(|owner| newest.is_none() && may_be_away(cx, key, *owner));
                let is_conditional = put.expected.is_some();
                let made = match put.record(&cx.services.me.signer, newest.as_deref(), own) {
                    // That there is nothing cannot be told: neither to delete, nor to compare with.
                    Ok(_) if away.is_some() && is_conditional => Err(StoreError::Away),
                    Err(StoreError::Mismatch(_)) if away.is_some() => Err(StoreError::Away),
                    made => made,
                };
                match made {
                    Ok(copy) => {
                        if away.is_some() {
                            self.operations.may_be_lost(number);
                        }
                        self.write(cx, number, copy);
                    }
                    Err(error) => {
                        self.operations.abandon(number);
                        let ended = Event::PutEnded(OperationId(number), Err(error));
                        cx.services.event(ended);
                    }
                }
            }
            Some(Next::Renew(renewal, newest)) => {
                let held = self.storing.replica.copy(cx.now, renewal.key);
                match renewed(renewal, newest.as_deref().or(held.as_ref())) {
                    Some(copy) => self.write(cx, number, copy),
                    // There is a newer version, or the record is gone everywhere.
                    None => {
                        self.operations.abandon(number);
                        cx.renewals.end_of(cx.services, cx.ring, cx.now, &renewal);
                    }
                }
            }
            Some(Next::End(done)) => self.on_done(cx, OperationId(number), done),
            None => {}
        }
    }

    fn write(&mut self, cx: &mut Context<'_>, number: u64, copy: Box<StoredRecord>) {
        let next = self.operations.write(number, copy);
        self.go_on(cx, number, next);
    }

    fn read_from(&mut self, cx: &mut Context<'_>, number: u64, member: &Contact, key: Id) {
        if member.id() == cx.services.id() {
            let copy = self.any_copy(cx, key);
            self.on_read(cx, number, member.id(), Some(copy));
        } else {
            self.ask(cx, member.clone(), Purpose::Read(number), Ask::Read(key));
        }
    }

    /// Returns the newer one of the records, tombstones too, that this node keeps under a key at either level.
    fn any_copy(&self, cx: &Context<'_>, key: Id) -> Option<Box<StoredRecord>> {
        let copies = [
            self.storing.replica.copy(cx.now, key),
            cx.groups.and_then(|groups| groups.copy(cx.now, key)),
        ];
        let copies = copies.into_iter().flatten();
        copies
            .max_by_key(|copy| copy.record.version())
            .map(Box::new)
    }

    fn write_to(
        &mut self,
        cx: &mut Context<'_>,
        number: u64,
        member: &Contact,
        copy: Box<StoredRecord>,
    ) {
        if member.id() == cx.services.id() {
            self.keep(cx, *copy, Waiting::Operation(number));
        } else {
            self.ask(cx, member.clone(), Purpose::Write(number), Ask::Write(copy));
        }
    }

    fn on_read(
        &mut self,
        cx: &mut Context<'_>,
        number: u64,
        member: Id,
        answer: Option<Option<Box<StoredRecord>>>,
    ) {
        let next = self.operations.on_read(cx.services, number, member, answer);
        self.go_on(cx, number, next);
    }

    fn on_written(
        &mut self,
        cx: &mut Context<'_>,
        number: u64,
        outcome: Option<Result<(), RecordError>>,
    ) {
        let next = self.operations.on_written(number, outcome);
        self.go_on(cx, number, next);
    }

    fn on_done(&mut self, cx: &mut Context<'_>, id: OperationId, done: Done) {
        match done {
            Done::Got {
                target: Target::Record(_),
                at: (key, Some(owner)),
                newest: None,
                ..
            } if may_be_away(cx, key, owner) => {
                cx.services
                    .event(Event::GetEnded(id, Err(StoreError::Away)));
            }
            Done::Got {
                target: Target::Providers(_),
                at: (key, Some(owner)),
                newest: None,
                ..
            } if may_be_away(cx, key, owner) => {
                let away = Err(StoreError::Away);
                cx.services.event(Event::ProvidersFound(id, away));
            }
            Done::Got {
                target,
                newest,
                behind,
                ..
            } => {
                if let Some(newest) = &newest {
                    for member in &behind {
                        self.spread(cx, member, newest.clone());
                    }
                }
                tell_found(cx, id, &target, newest);
            }
            Done::GetFailed(Target::Record(_)) => {
                let failed = Err(StoreError::Unavailable);
                cx.services.event(Event::GetEnded(id, failed));
            }
            Done::GetFailed(Target::Providers(_)) => {
                let failed = Err(StoreError::Unavailable);
                cx.services.event(Event::ProvidersFound(id, failed));
            }
            Done::Put(acknowledged) => self.on_acknowledged(cx, id, acknowledged),
            Done::PutFailed(error) => cx.services.event(Event::PutEnded(id, Err(error))),
            Done::Announced(content, copy, outcome) => {
                let told = (content, &*copy, outcome);
                self.announcements
                    .on_announced(cx.services, cx.ring, cx.now, told);
            }
            Done::Renewed(renewal, outcome) => {
                let renewed = (renewal, outcome);
                cx.renewals
                    .on_renewed(cx.services, cx.ring, cx.now, renewed);
            }
            Done::HandedOff(key, copy) => {
                self.handoffs.end(key, &copy);
                self.wait_to_hand_off(cx);
            }
            Done::NotHandedOff => {}
        }
    }

    fn on_acknowledged(&mut self, cx: &mut Context<'_>, id: OperationId, put: Acknowledged) {
        let (written, copy) = (put.written, put.copy);
        let left = copy.left();
        let renewal = Renewal {
            key: written.key,
            version: copy.record.version(),
            lifetime: left,
            quorum: false,
        };
        cx.renewals
            .note_put(cx.services, cx.ring, cx.now, (renewal, put.renew));
        cx.services.event(Event::Lifetime(id, left));
        if put.stood_in {
            self.handoffs.add(cx.services, cx.now, written.key, copy);
            self.wait_to_hand_off(cx);
        }
        cx.services.event(Event::PutEnded(id, Ok(written)));
    }

    // What other nodes ask, and how they answer.

    pub(super) fn on_request(
        &mut self,
        cx: &mut Context<'_>,
        from: Contact,
        number: u64,
        request: Ask,
    ) {
        let answer = match request {
            // So the requester counts on another node instead.
            Ask::Write(_) | Ask::Offer(_) if cx.ring.leaves_for_good() => {
                Response::Chord(Membership::NotMember)
            }
            Ask::Read(key) => Response::Store(Answer::Value(self.any_copy(cx, key))),
            Ask::Write(copy) => return self.keep(cx, *copy, Waiting::Peer(from, number)),
            Ask::Offer(entries) => {
                let (lacking, newer) = self.storing.replica.judge(cx.now, &entries);
                Response::Store(Answer::Wanted { lacking, newer })
            }
        };
        cx.services.respond(from, number, answer);
    }

    pub(super) fn on_answer(
        &mut self,
        cx: &mut Context<'_>,
        from: &Contact,
        purpose: Purpose,
        answer: Answer,
    ) {
        match (purpose, answer) {
            (Purpose::Read(operation), Answer::Value(copy)) => {
                self.on_read(cx, operation, from.id(), Some(copy));
            }
            (Purpose::Write(operation), Answer::Written) => {
                self.on_written(cx, operation, Some(Ok(())));
            }
            (Purpose::Write(operation), Answer::Refused(refusal)) => {
                self.on_written(cx, operation, Some(Err(refusal)));
            }
            (purpose @ (Purpose::Read(_) | Purpose::Write(_)), _) => {
                self.on_failure(cx, from.id(), &purpose);
            }
            (purpose, answer) => {
                let storing = &mut self.storing;
                let step = (purpose, answer);
                let fetched = self.anti_entropy.on_answer(cx, storing, from.id(), step);
                if let Some((copy, waiting)) = fetched {
                    self.keep(cx, copy, waiting);
                }
            }
        }
    }

    /// Handles a request that was not answered, or with something else.
    pub(super) fn on_failure(&mut self, cx: &mut Context<'_>, to: Id, purpose: &Purpose) {
        match *purpose {
            Purpose::Read(operation) => self.on_read(cx, operation, to, None),
            Purpose::Write(operation) => self.on_written(cx, operation, None),
            Purpose::Offer(walk) | Purpose::Copy { walk, .. } | Purpose::Fetch(walk) => {
                self.anti_entropy.on_failure(to, walk);
            }
            // The next round of repair tries again.
            _ => {}
        }
    }

    fn ask(&mut self, cx: &mut Context<'_>, to: Contact, purpose: Purpose, ask: Ask) {
        let refused = cx.services.ask(cx.now, to, purpose, Request::Store(ask));
        if let Some(refused) = refused {
            self.on_failure(cx, refused.to.id(), &refused.purpose);
        }
    }

    // Holding records.

    /// Takes up a record kept from an earlier run.
    pub(super) fn restore(&mut self, cx: &Context<'_>, copy: &StoredRecord) {
        let _ = self.storing.replica.accept(cx.now, copy);
    }

    /// Takes in a replica; the waiting requester is answered once it is stored.
    fn keep(&mut self, cx: &mut Context<'_>, copy: StoredRecord, waiting: Waiting) {
        let key = copy.record.key(cx.services.space());
        let (now, storing) = (cx.now, &mut self.storing);
        match storing.accept(cx.services, now, (key, &copy)) {
            Ok(Accepted::New) => {
                let from = waiting.from();
                self.anti_entropy.offer_to_newcomer(cx, storing, key, from);
                storing.save(cx.services, now, (key, copy), waiting);
            }
            Ok(Accepted::Known) => {
                let there = storing.wait(cx.services, now, key, waiting);
                if let Some(waiting) = there {
                    self.on_kept(cx, waiting, Ok(()));
                }
            }
            Err(refusal) => self.on_kept(cx, waiting, Err(refusal)),
        }
    }

    /// Takes the disk's answer.
    pub(super) fn on_stored(&mut self, cx: &mut Context<'_>, token: u64, stored: bool) {
        for waiting in self.storing.on_stored(token, stored) {
            let outcome = match stored {
                true => Ok(()),
                false => Err(RecordError::Storage),
            };
            self.on_kept(cx, waiting, outcome);
        }
    }

    fn on_kept(
        &mut self,
        cx: &mut Context<'_>,
        waiting: Waiting,
        outcome: Result<(), RecordError>,
    ) {
        match waiting {
            Waiting::Peer(from, number) => {
                let answer = match outcome {
                    Ok(()) => Answer::Written,
                    Err(refusal) => Answer::Refused(refusal),
                };
                cx.services.respond(from, number, Response::Store(answer));
            }
            Waiting::Operation(number) => self.on_written(cx, number, Some(outcome)),
            Waiting::Walk { node, walk, bytes } => {
                self.anti_entropy.walks.stored(node, walk, bytes);
                self.anti_entropy.walk_on(cx, &self.storing, node);
            }
            Waiting::Nobody => {}
        }
    }

    /// Read repair: sends a member of a group a newer version than it holds. Without room that is left to anti-entropy.
    fn spread(&mut self, cx: &mut Context<'_>, to: &Contact, copy: Box<StoredRecord>) {
        if to.id() == cx.services.id() {
            self.keep(cx, *copy, Waiting::Nobody);
        } else if cx.services.has_room(to.id(), Class::Upkeep) {
            self.ask(cx, to.clone(), Purpose::Spread, Ask::Write(copy));
        }
    }

    // Anti-entropy.

    /// Hands over to a newcomer that may have taken over the keys up to its position; returns whether replicas are compared with all
    /// holders soon, as it did not.
    pub(super) fn on_predecessor(
        &mut self,
        cx: &mut Context<'_>,
        old: Option<&Contact>,
        new: &Contact,
    ) -> bool {
        let (anti_entropy, storing) = (&mut self.anti_entropy, &self.storing);
        cx.services.config.repair.is_some()
            && !anti_entropy.hand_over_to_predecessor(cx, storing, old, new)
    }

    pub(super) fn on_repair_timer(&mut self, cx: &mut Context<'_>) {
        self.anti_entropy.on_repair_timer(cx, &mut self.storing);
    }

    pub(super) fn on_walks_timer(&mut self, cx: &mut Context<'_>) {
        self.anti_entropy.on_walks_timer(cx, &self.storing);
    }

    /// Offers all records to a node before this one leaves. With `depends`, a record that it does not take ends the
    /// departure ([`AntiEntropy::heir_has_failed`]).
    pub(super) fn hand_over_all(&mut self, cx: &mut Context<'_>, to: &Contact, depends: bool) {
        let (anti_entropy, storing) = (&mut self.anti_entropy, &self.storing);
        anti_entropy.hand_over_all(cx, storing, to, depends);
    }

    /// Returns whether the node that had to take all records over has failed to, since this was asked last.
    pub(super) const fn heir_has_failed(&mut self) -> bool {
        self.anti_entropy.heir_has_failed()
    }

    /// Ends all comparisons of records.
    pub(super) fn end_walks(&mut self) {
        self.anti_entropy.clear();
    }

    /// Returns whether records are being compared, and the number of steps of that which were answered so far.
    pub(super) fn walks(&self) -> (bool, u64) {
        let walks = &self.anti_entropy.walks;
        (!walks.is_empty(), walks.progress())
    }

    // Hinted hand-off and renewal.

    fn wait_to_hand_off(&self, cx: &mut Context<'_>) {
        let stays = cx.ring.departing.is_none();
        self.handoffs.wait(cx.services, stays);
    }

    pub(super) fn on_handoff_timer(&mut self, cx: &mut Context<'_>) {
        for (key, copy) in self.handoffs.due(cx.now) {
            let target = Target::Record(Subject::Key(key));
            // A node that is too busy, or outside, tries again like after any failure.
            let _ = self.start(cx, target, Task::HandOff(copy), false);
        }
        self.wait_to_hand_off(cx);
    }

    /// Writes a record again with its whole lifetime, if it is still the newest.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub(super) fn renew(
        &mut self,
        cx: &mut Context<'_>,
        renewal: Renewal,
    ) -> Result<OperationId, StoreError> {
        let target = Target::Record(Subject::Key(renewal.key));
        self.start(cx, target, Task::Renew(renewal), false)
    }

    // Announcements.

    /// Announces a content from now on.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too many are announced.
    pub(super) fn announce(
        &mut self,
        cx: &mut Context<'_>,
        content: ContentId,
    ) -> Result<(), StoreError> {
        self.announcements.announce(cx.services, cx.now, content)?;
        self.announcements.wait(cx.services, cx.ring, cx.now);
        Ok(())
    }

    pub(super) fn withdraw(&mut self, cx: &mut Context<'_>, content: ContentId) {
        if self.announcements.remove(content) {
            self.tell(cx, content, true);
        }
    }

    /// The contents that are announced, in the order in which the ring is told.
    pub(super) fn announced(&self) -> impl Iterator<Item = ContentId> {
        self.announcements.contents()
    }

    /// Returns whether the ring is being told what this node has.
    pub(super) fn is_announcing(&self) -> bool {
        self.operations.any_announcement()
    }

    /// Announces everything again: the ring is a new one, or this node is found elsewhere.
    pub(super) fn announce_all(&mut self, cx: &mut Context<'_>) {
        self.announcements.all_due(cx.now);
        self.announcements.wait(cx.services, cx.ring, cx.now);
    }

    /// Before it leaves, a node says that it has nothing any more.
    pub(super) fn withdraw_all(&mut self, cx: &mut Context<'_>) {
        for content in self.announced().collect::<Vec<_>>() {
            self.tell(cx, content, true);
        }
    }

    pub(super) fn on_announce_timer(&mut self, cx: &mut Context<'_>) {
        for content in self.announcements.due(cx.now) {
            self.announcements.again(cx.services, cx.now, content);
            self.tell(cx, content, false);
        }
        let soonest = cx.now + announcements::BREATH;
        self.announcements.wait(cx.services, cx.ring, soonest);
    }

    fn tell(&mut self, cx: &mut Context<'_>, content: ContentId, withdrawn: bool) {
        let copy = self.announcements.record(cx.services, content, withdrawn);
        let (target, task) = (Target::Providers(content), Task::Write(copy.clone()));
        if let Err(error) = self.start(cx, target, task, false) {
            let told = (content, &*copy, Err(error));
            self.announcements
                .on_announced(cx.services, cx.ring, cx.now, told);
        }
    }
}

/// Returns whether all nodes that may have a record of this key are away.
fn may_be_away(cx: &Context<'_>, key: Id, owner: Id) -> bool {
    let (space, copies) = (cx.services.space(), cx.services.config.copies);
    cx.ring
        .gone
        .may_have_had(cx.now, space, (key, owner), copies)
}

/// Tells what a get found.
fn tell_found(
    cx: &mut Context<'_>,
    id: OperationId,
    target: &Target,
    newest: Option<Box<StoredRecord>>,
) {
    let found = newest.filter(|copy| copy.is_live());
    if let (Target::Record(_), Some(copy)) = (target, &found) {
        cx.services.event(Event::Lifetime(id, copy.left()));
    }
    let record = found.map(|copy| copy.record);
    let event = match (target, record) {
        (Target::Providers(_), Some(Record::Providers(found))) => {
            let scheme = cx.services.me.signer.scheme();
            Event::ProvidersFound(id, Ok(found.contacts(cx.services.space(), scheme)))
        }
        (Target::Providers(_), _) => Event::ProvidersFound(id, Ok(Vec::new())),
        (Target::Record(_), record) => {
            let record = record.filter(|record| record.value().is_some());
            Event::GetEnded(id, Ok(record))
        }
    };
    cx.services.event(event);
}
