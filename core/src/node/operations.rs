//! Puts, gets and deletes that this node began, at level `one`.
//!
//! A get asks the whole replica group and takes the newest answer; members that hold an older one are sent the newer.
//! A put gets first, then writes sequence + 1 to the whole group. What has no sequence number, an immutable record or
//! the entry of a provider, is written at once.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::content::ContentId;
use crate::base::id::{Id, Space};
use crate::base::time::Instant;
use crate::chord::message::Neighbours;
use crate::message::{Request, Response};
use crate::node::Node;
use crate::node::api::{Event, Level, Limit, OperationId, StoreError, Written};
use crate::node::lookups::Goal;
use crate::node::putting::Put;
use crate::node::requests::Purpose;
use crate::store::message::{Request as Ask, Response as Answer, StoredRecord};
use crate::store::record::label::providers_key;
use crate::store::record::{Record, RecordError, Subject, Version};
use crate::store::renewal::Renewal;

/// How often a put looks the group up again when a member of it failed.
const MAX_ROUNDS: u8 = 3;

/// A put, get or delete under way.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    target: Target,
    key: Id,
    task: Task,
    /// The renewal that it is.
    renewal: Option<Renewal>,
    /// Whether what it writes is renewed then.
    renew: bool,
    rounds: u8,
    /// How often the owner was looked for again, as another node answered for it.
    detours: u8,
    /// Whether another node may have answered for the owner in the end.
    stood_in: bool,
    group: Vec<Contact>,
    /// How many members of the group have not answered yet.
    open: usize,
    /// What each member that answered a read holds.
    answers: BTreeMap<Id, Option<Version>>,
    newest: Option<Box<StoredRecord>>,
    copies: u8,
    refusal: Option<RecordError>,
}

/// What an operation is about.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Record(Subject),
    Providers(ContentId),
}

#[derive(Clone, Debug)]
pub(super) enum Task {
    Get,
    Put(Put),
    /// The record being written.
    Write(Box<StoredRecord>),
    /// A record that is to be written again, if it is still the newest.
    Renew(Renewal),
    /// A record for the owner itself, after another node stood in for it.
    HandOff(Box<StoredRecord>),
}

/// Who waits for a record to be stored at this node.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    /// A peer that asked for it.
    Peer(Contact, u64),
    /// An operation of this node.
    Operation(u64),
    /// A walk of this node, which has fetched so many bytes.
    Walk { node: Id, walk: u64, bytes: usize },
    /// Nobody.
    Nobody,
}

impl Node {
    /// The number of a new operation, when there are so many of its level under way.
    pub(super) fn begin_operation(&mut self, under_way: usize) -> Result<u64, StoreError> {
        if !self.membership.is_member() {
            return Err(StoreError::NotMember);
        }
        if under_way >= self.services.config.limits.operations {
            self.services.event(Event::LimitReached(Limit::Operations));
            return Err(StoreError::Busy);
        }
        Ok(self.services.number())
    }

    pub(super) fn start_operation(
        &mut self,
        now: Instant,
        target: Target,
        task: Task,
    ) -> Result<OperationId, StoreError> {
        let renew = match &task {
            Task::Put(put) => put.keeping.renew,
            Task::Get | Task::Write(_) | Task::Renew(_) | Task::HandOff(_) => false,
        };
        self.start_writing(now, target, task, renew)
    }

    /// As [`Node::start_operation`]; whether what it writes is renewed then.
    pub(super) fn start_writing(
        &mut self,
        now: Instant,
        target: Target,
        task: Task,
        renew: bool,
    ) -> Result<OperationId, StoreError> {
        let number = self.begin_operation(self.operations.len())?;
        let space = self.services.config.space;
        let key = match &target {
            Target::Record(subject) => subject.key(space),
            Target::Providers(content) => providers_key(space, *content),
        };
        let renewal = match &task {
            Task::Renew(renewal) => Some(*renewal),
            Task::Get | Task::Put(_) | Task::Write(_) | Task::HandOff(_) => None,
        };
        let operation = Operation {
            target,
            key,
            task,
            renewal,
            renew,
            rounds: 0,
            detours: 0,
            stood_in: false,
            group: Vec::new(),
            open: 0,
            answers: BTreeMap::new(),
            newest: None,
            copies: 0,
            refusal: None,
        };
        self.operations.insert(number, operation);
        self.look_for_group(now, number, key);
        Ok(OperationId(number))
    }

    pub(super) fn look_for_group(&mut self, now: Instant, number: u64, key: Id) {
        let goal = Goal::Operation(number);
        if self.look_up(now, key, goal).is_err() {
            self.on_place(now, number, Vec::new());
        }
    }

    /// The nodes at an operation's key are known; none when they were not found.
    pub(super) fn on_place(&mut self, now: Instant, number: u64, group: Vec<Contact>) {
        if self.quorum.contains_key(&number) {
            self.on_candidates(now, number, group);
        } else {
            self.on_group(now, number, group);
        }
    }

    /// The owner of an operation's key was found, and those behind it.
    ///
    /// Where the owner is late, a node behind it answers for it. Who puts or gets there may miss what the owner alone has, as when the
    /// other holders have just died: a put would begin with the first sequence number, and be lost to the older record later. So
    /// the owner is looked for again, a few times, and gets what was put by hinted hand-off.
    pub(super) fn on_owner(
        &mut self,
        now: Instant,
        number: u64,
        owner: &Contact,
        neighbours: &Neighbours,
    ) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        let key = operation.key;
        let before = neighbours.predecessor.as_ref();
        let stands_in = before.is_some_and(|before| !key.is_within(before.id(), owner.id()));
        let alone = neighbours.successors.is_empty();
        operation.stood_in = stands_in || before.is_none() && !alone;
        if operation.stood_in && matches!(operation.task, Task::HandOff(_)) {
            self.operations.remove(&number);
            return;
        }
        if stands_in && operation.detours < MAX_ROUNDS {
            operation.detours += 1;
            self.look_for_group(now, number, key);
            return;
        }
        let group = self.services.group(owner, &neighbours.successors);
        self.on_group(now, number, group);
    }

    /// The replica group of an operation's key is known; empty when it was not found.
    pub(super) fn on_group(&mut self, now: Instant, number: u64, group: Vec<Contact>) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        if group.is_empty() {
            self.end_unavailable(now, number);
            return;
        }
        operation.rounds += 1;
        operation.open = group.len();
        operation.copies = 0;
        operation.answers.clear();
        operation.group.clone_from(&group);
        let key = operation.key;
        let write = match &operation.task {
            Task::Write(copy) | Task::HandOff(copy) => Some(copy.clone()),
            Task::Get | Task::Put(_) | Task::Renew(_) => None,
        };
        for member in group {
            match &write {
                Some(copy) => self.write_to(now, number, &member, copy.clone()),
                None => self.read_from(now, number, &member, key),
            }
        }
    }

    fn read_from(&mut self, now: Instant, number: u64, member: &Contact, key: Id) {
        if member.id() == self.services.me.contact.id() {
            let copy = self.any_copy(now, key);
            self.on_read(now, number, member.id(), Some(copy));
        } else {
            let request = Request::Store(Ask::Read(key));
            self.ask(now, member.clone(), Purpose::Read(number), request);
        }
    }

    /// What this node keeps under a key, at whichever level, tombstones too: the newer one.
    pub(super) fn any_copy(&self, now: Instant, key: Id) -> Option<Box<StoredRecord>> {
        let groups = self.groups();
        let copies = [
            self.replica.copy(now, key),
            groups.and_then(|groups| groups.copy(now, key)),
        ];
        let copies = copies.into_iter().flatten();
        copies
            .max_by_key(|copy| copy.record.version())
            .map(Box::new)
    }

    fn write_to(&mut self, now: Instant, number: u64, member: &Contact, copy: Box<StoredRecord>) {
        if member.id() == self.services.me.contact.id() {
            self.keep(now, *copy, Waiting::Operation(number));
        } else {
            let request = Request::Store(Ask::Write(copy));
            self.ask(now, member.clone(), Purpose::Write(number), request);
        }
    }

    /// A member answered a read, or failed to (`None`).
    pub(super) fn on_read(
        &mut self,
        now: Instant,
        number: u64,
        member: Id,
        answer: Option<Option<Box<StoredRecord>>>,
    ) {
        let (space, scheme) = (self.services.config.space, self.services.me.signer.scheme());
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        operation.open = operation.open.saturating_sub(1);
        if let Some(copy) = answer {
            let newest = operation.newest.as_ref();
            // A copy that is not what was asked for, or not its author's, counts as none.
            let copy = copy.filter(|copy| {
                let known = newest.map(|newest| &newest.record);
                operation.target.is_met_by(&copy.record, space)
                    && copy.record.verify(space, scheme, known).is_ok()
            });
            let version = copy.as_ref().map(|copy| copy.record.version());
            operation.answers.insert(member, version);
            operation.newest = match (operation.newest.take(), copy) {
                (Some(newest), Some(copy)) => Some(newest.join(&copy)),
                (newest, copy) => newest.or(copy),
            };
        }
        if operation.open == 0 {
            self.all_read(now, number);
        }
    }

    fn all_read(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        // Who does not answer may have what the others lack.
        let may_be_missed = operation.newest.is_none()
            && operation.answers.len() < operation.group.len()
            && operation.rounds < MAX_ROUNDS;
        if operation.answers.is_empty() || may_be_missed {
            self.try_again_or_fail(now, number);
            return;
        }
        match &operation.task {
            Task::Get => self.end_get(now, number),
            Task::Put(put) => {
                let put = put.clone();
                self.begin_write(now, number, &put);
            }
            Task::Renew(renewal) => {
                let renewal = *renewal;
                self.begin_renewal(now, number, renewal);
            }
            Task::Write(_) | Task::HandOff(_) => {}
        }
    }

    fn begin_renewal(&mut self, now: Instant, number: u64, renewal: Renewal) {
        let newest = self.operations.get(&number);
        let newest = newest.and_then(|operation| operation.newest.clone());
        match self.renewed_copy(now, renewal, newest.as_deref()) {
            Some(copy) => self.write_all(now, number, copy),
            None => {
                self.operations.remove(&number);
            }
        }
    }

    /// The whole group is known, and writes this.
    fn write_all(&mut self, now: Instant, number: u64, copy: Box<StoredRecord>) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        operation.task = Task::Write(copy);
        let group = core::mem::take(&mut operation.group);
        operation.rounds = 0;
        self.on_group(now, number, group);
    }

    fn end_get(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.operations.remove(&number) else {
            return;
        };
        if let Some(newest) = &operation.newest {
            let version = Some(newest.record.version());
            for member in &operation.group {
                let held = operation.answers.get(&member.id());
                if held.is_some_and(|held| *held != version) {
                    self.spread(now, member, newest.clone());
                }
            }
        }
        let id = OperationId(number);
        let found = operation.newest.filter(|copy| copy.is_live());
        if let (Target::Record(_), Some(copy)) = (&operation.target, &found) {
            self.services.event(Event::Lifetime(id, copy.left()));
        }
        let record = found.map(|copy| copy.record);
        self.services.event(match (operation.target, record) {
            (Target::Providers(_), Some(Record::Providers(found))) => {
                let contacts =
                    found.contacts(self.services.config.space, self.services.me.signer.scheme());
                Event::ProvidersFound(id, Ok(contacts))
            }
            (Target::Providers(_), _) => Event::ProvidersFound(id, Ok(Vec::new())),
            (Target::Record(_), record) => {
                let record = record.filter(|record| record.value().is_some());
                Event::GetEnded(id, Ok(record))
            }
        });
    }

    fn begin_write(&mut self, now: Instant, number: u64, put: &Put) {
        let Some(operation) = self.operations.get(&number) else {
            return;
        };
        // Those who hold what this node has put before may all be away.
        let own = self.renewed_sequence(operation.key, Level::One);
        let next = self.next_record(put, operation.newest.as_deref(), own);
        match next {
            Ok(copy) => self.write_all(now, number, copy),
            Err(error) => {
                self.operations.remove(&number);
                self.services
                    .event(Event::PutEnded(OperationId(number), Err(error)));
            }
        }
    }

    /// A member has stored the record, refused it, or failed (`None`).
    pub(super) fn on_written(
        &mut self,
        now: Instant,
        number: u64,
        outcome: Option<Result<(), RecordError>>,
    ) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        operation.open = operation.open.saturating_sub(1);
        match outcome {
            Some(Ok(())) => operation.copies += 1,
            Some(Err(refusal)) => operation.refusal = Some(refusal),
            None => {}
        }
        if operation.open > 0 {
            return;
        }
        let missing = usize::from(operation.copies) < operation.group.len();
        let refused = operation.refusal.is_some();
        if missing && !refused && operation.rounds < MAX_ROUNDS {
            let key = operation.key;
            self.look_for_group(now, number, key);
        } else {
            self.end_put(now, number);
        }
    }

    fn end_put(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.operations.remove(&number) else {
            return;
        };
        let copy = match operation.task {
            Task::Write(copy) => copy,
            Task::HandOff(copy) => {
                if usize::from(operation.copies) == operation.group.len() {
                    self.end_hand_off(operation.key, &copy);
                }
                return;
            }
            Task::Get | Task::Put(_) | Task::Renew(_) => return,
        };
        let outcome = match (operation.copies, operation.refusal) {
            (0, Some(refusal)) => Err(refusal.into()),
            (0, None) => Err(StoreError::Unavailable),
            (copies, _) => Ok(Written {
                key: operation.key,
                sequence: copy.record.sequence(),
                copies,
            }),
        };
        match (&operation.target, operation.renewal) {
            (Target::Providers(content), _) => self.on_announced(now, *content, &copy, outcome),
            (Target::Record(_), Some(renewal)) => self.on_renewed(now, renewal, outcome),
            (Target::Record(_), None) => {
                let id = OperationId(number);
                if outcome.is_ok() {
                    let renewal = Renewal {
                        key: operation.key,
                        version: copy.record.version(),
                        lifetime: copy.left(),
                        quorum: false,
                    };
                    self.note_put(now, renewal, operation.renew);
                    self.services.event(Event::Lifetime(id, copy.left()));
                    if operation.stood_in {
                        self.hand_off_later(now, operation.key, copy);
                    }
                }
                self.services.event(Event::PutEnded(id, outcome));
            }
        }
    }

    fn try_again_or_fail(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.operations.get(&number) else {
            return;
        };
        if operation.rounds < MAX_ROUNDS {
            let key = operation.key;
            self.look_for_group(now, number, key);
        } else {
            self.end_unavailable(now, number);
        }
    }

    fn end_unavailable(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.operations.remove(&number) else {
            return;
        };
        let id = OperationId(number);
        let failed = StoreError::Unavailable;
        if let Some(renewal) = operation.renewal {
            self.on_renewed(now, renewal, Err(failed));
            return;
        }
        match (operation.task, operation.target) {
            (Task::Get, Target::Record(_)) => self.services.event(Event::GetEnded(id, Err(failed))),
            (Task::Get, Target::Providers(_)) => {
                self.services.event(Event::ProvidersFound(id, Err(failed)))
            }
            (Task::Write(copy), Target::Providers(content)) => {
                self.on_announced(now, content, &copy, Err(failed));
            }
            // Some copies of an earlier round may be stored, so that the write may still take effect.
            (Task::Put(_) | Task::Write(_) | Task::Renew(_), _) => {
                self.services.event(Event::PutEnded(id, Err(failed)))
            }
            (Task::HandOff(_), _) => {}
        }
    }

    pub(super) fn on_kept(
        &mut self,
        now: Instant,
        waiting: Waiting,
        outcome: Result<(), RecordError>,
    ) {
        match waiting {
            Waiting::Peer(from, number) => {
                let answer = match outcome {
                    Ok(()) => Answer::Written,
                    Err(refusal) => Answer::Refused(refusal),
                };
                self.services.respond(from, number, Response::Store(answer));
            }
            Waiting::Operation(number) => self.on_written(now, number, Some(outcome)),
            Waiting::Walk { node, walk, bytes } => {
                self.walks.stored(node, walk, bytes);
                self.walk_on(now, node);
                self.leave_when_handed_over(now);
            }
            Waiting::Nobody => {}
        }
    }
}

impl Operation {
    /// Whether it tells the ring what this node has.
    pub(super) const fn is_announcement(&self) -> bool {
        matches!(
            (&self.target, &self.task),
            (Target::Providers(_), Task::Write(_))
        )
    }
}

impl Target {
    fn is_met_by(&self, record: &Record, space: Space) -> bool {
        match (self, record) {
            (Self::Record(subject), record) => subject.is_met_by(record, space),
            (Self::Providers(content), Record::Providers(found)) => found.content == *content,
            (Self::Providers(_), _) => false,
        }
    }
}
