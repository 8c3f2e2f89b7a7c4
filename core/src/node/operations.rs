//! Puts, gets and deletes that this node began, at level `one`.
//!
//! A get asks the whole replica group and takes the newest answer; members that hold an older one are sent the newer.
//! A put gets first, then writes sequence + 1 to the whole group.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::route::Routing;
use crate::message::{Request, Response};
use crate::node::Node;
use crate::node::api::{Event, Level, OperationId, StoreError, Written};
use crate::node::lookups::Goal;
use crate::node::requests::Purpose;
use crate::store::message::{Copy, Request as Ask, Response as Answer};
use crate::store::record::{MAX_VALUE, Name, Record, RecordError, Version};

/// How often a put looks the group up again when a member of it failed.
const MAX_ROUNDS: u8 = 3;

/// A put, get or delete under way.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    name: Name,
    task: Task,
    rounds: u8,
    group: Vec<Contact>,
    /// How many members of the group have not answered yet.
    open: usize,
    /// What each member that answered a read holds.
    answers: BTreeMap<Id, Option<Version>>,
    newest: Option<Box<Copy>>,
    copies: u8,
    refusal: Option<RecordError>,
}

#[derive(Clone, Debug)]
enum Task {
    Get,
    /// The value to write, `None` to delete.
    Put(Option<Vec<u8>>),
    /// The record being written.
    Write(Box<Copy>),
}

/// Who waits for a record to be stored at this node.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    /// A peer that asked for it.
    Peer(Contact, u64),
    /// An operation of this node.
    Operation(u64),
    /// Nobody.
    Nobody,
}

impl Node {
    /// Puts a value under a name. [`Event::PutEnded`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member, is busy, or the value is longer than 64 KiB.
    pub fn put(
        &mut self,
        now: Instant,
        name: Name,
        value: Vec<u8>,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        if value.len() > MAX_VALUE {
            return Err(RecordError::Value.into());
        }
        match level {
            Level::One => self.start_operation(now, name, Task::Put(Some(value))),
            Level::Quorum => self.quorum_put(now, name, Some(value)),
        }
    }

    /// Deletes a name. [`Event::PutEnded`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub fn delete(
        &mut self,
        now: Instant,
        name: Name,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        match level {
            Level::One => self.start_operation(now, name, Task::Put(None)),
            Level::Quorum => self.quorum_put(now, name, None),
        }
    }

    /// Gets the record of a name. [`Event::GetEnded`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub fn get(
        &mut self,
        now: Instant,
        name: Name,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        match level {
            Level::One => self.start_operation(now, name, Task::Get),
            Level::Quorum => self.quorum_get(now, name),
        }
    }

    /// The number of a new operation, when there are so many of its level under way.
    pub(super) fn begin_operation(&mut self, under_way: usize) -> Result<u64, StoreError> {
        if !self.membership.is_member() {
            return Err(StoreError::NotMember);
        }
        if under_way >= self.config.limits.operations {
            self.event(Event::LimitReached("puts and gets"));
            return Err(StoreError::Busy);
        }
        Ok(self.number())
    }

    fn start_operation(
        &mut self,
        now: Instant,
        name: Name,
        task: Task,
    ) -> Result<OperationId, StoreError> {
        let number = self.begin_operation(self.operations.len())?;
        let key = name.key(self.config.space);
        let operation = Operation {
            name,
            task,
            rounds: 0,
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
        let mode = self.config.mode;
        let goal = Goal::Operation(number);
        if self
            .start_lookup(now, key, Routing::Finger, mode, goal)
            .is_err()
        {
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

    /// The replica group of an operation's key is known; empty when it was not found.
    pub(super) fn on_group(&mut self, now: Instant, number: u64, group: Vec<Contact>) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        if group.is_empty() {
            self.end_unavailable(number);
            return;
        }
        operation.rounds += 1;
        operation.open = group.len();
        operation.copies = 0;
        operation.answers.clear();
        operation.group.clone_from(&group);
        let key = operation.name.key(self.config.space);
        let write = match &operation.task {
            Task::Write(copy) => Some(copy.clone()),
            Task::Get | Task::Put(_) => None,
        };
        for member in group {
            match &write {
                Some(copy) => self.write_to(now, number, &member, copy.clone()),
                None => self.read_from(now, number, &member, key),
            }
        }
    }

    fn read_from(&mut self, now: Instant, number: u64, member: &Contact, key: Id) {
        if member.id() == self.contact.id() {
            let copy = self.any_copy(now, key);
            self.on_read(now, number, member.id(), Some(copy));
        } else {
            let request = Request::Store(Ask::Read(key));
            self.ask(now, member, Purpose::Read(number), request);
        }
    }

    /// What this node keeps under a key, at whichever level: the newer one.
    pub(super) fn any_copy(&self, now: Instant, key: Id) -> Option<Box<Copy>> {
        let copies = [self.replica.copy(now, key), self.groups.copy(now, key)];
        let copies = copies.into_iter().flatten();
        copies
            .max_by_key(|copy| copy.record.version())
            .map(Box::new)
    }

    fn write_to(&mut self, now: Instant, number: u64, member: &Contact, copy: Box<Copy>) {
        if member.id() == self.contact.id() {
            self.keep(now, *copy, Waiting::Operation(number));
        } else {
            let request = Request::Store(Ask::Write(copy));
            self.ask(now, member, Purpose::Write(number), request);
        }
    }

    /// A member answered a read, or failed to (`None`).
    pub(super) fn on_read(
        &mut self,
        now: Instant,
        number: u64,
        member: Id,
        answer: Option<Option<Box<Copy>>>,
    ) {
        let scheme = self.signer.scheme();
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        operation.open = operation.open.saturating_sub(1);
        if let Some(copy) = answer {
            // A copy that is not what was asked for, or not its author's, counts as none.
            let copy = copy.filter(|copy| {
                copy.record.name == operation.name && copy.record.verify(scheme).is_ok()
            });
            let version = copy.as_ref().map(|copy| copy.record.version());
            operation.answers.insert(member, version);
            let newest = operation.newest.as_ref().map(|copy| copy.record.version());
            if version > newest {
                operation.newest = copy;
            }
        }
        if operation.open == 0 {
            self.all_read(now, number);
        }
    }

    fn all_read(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        if operation.answers.is_empty() {
            self.try_again_or_fail(now, number);
            return;
        }
        match &operation.task {
            Task::Get => self.end_get(now, number),
            Task::Put(value) => {
                let value = value.clone();
                self.begin_write(now, number, value);
            }
            Task::Write(_) => {}
        }
    }

    fn end_get(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.operations.remove(&number) else {
            return;
        };
        if let Some(newest) = &operation.newest {
            let version = Some(newest.record.version());
            for member in &operation.group {
                let held = operation.answers.get(&member.id());
                if held.is_some_and(|held| *held < version) {
                    self.spread(now, member, newest.clone());
                }
            }
        }
        let record = operation.newest.map(|copy| copy.record);
        let record = record.filter(|record| record.value.is_some());
        self.event(Event::GetEnded(OperationId(number), Ok(record)));
    }

    fn begin_write(&mut self, now: Instant, number: u64, value: Option<Vec<u8>>) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        let newest = operation.newest.as_ref();
        let sequence = newest.map_or(0, |copy| copy.record.sequence);
        let lifetime = self.config.lifetime;
        let name = operation.name.clone();
        let signed = match sequence.checked_add(1) {
            Some(next) => Record::sign(&self.signer, name, value, next, lifetime),
            None => Err(RecordError::SequenceJump),
        };
        match signed {
            Ok(record) => {
                let remaining = record.lifetime;
                let copy = Box::new(Copy { record, remaining });
                operation.task = Task::Write(copy);
                let group = core::mem::take(&mut operation.group);
                operation.rounds = 0;
                self.on_group(now, number, group);
            }
            Err(error) => {
                self.operations.remove(&number);
                self.event(Event::PutEnded(OperationId(number), Err(error.into())));
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
            let key = operation.name.key(self.config.space);
            self.look_for_group(now, number, key);
        } else {
            self.end_put(number);
        }
    }

    fn end_put(&mut self, number: u64) {
        let Some(operation) = self.operations.remove(&number) else {
            return;
        };
        let Task::Write(copy) = operation.task else {
            return;
        };
        let outcome = match (operation.copies, operation.refusal) {
            (0, Some(refusal)) => Err(refusal.into()),
            (0, None) => Err(StoreError::Unavailable),
            (copies, _) => Ok(Written {
                key: operation.name.key(self.config.space),
                sequence: copy.record.sequence,
                copies,
            }),
        };
        self.event(Event::PutEnded(OperationId(number), outcome));
    }

    fn try_again_or_fail(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.operations.get(&number) else {
            return;
        };
        if operation.rounds < MAX_ROUNDS {
            let key = operation.name.key(self.config.space);
            self.look_for_group(now, number, key);
        } else {
            self.end_unavailable(number);
        }
    }

    fn end_unavailable(&mut self, number: u64) {
        let Some(operation) = self.operations.remove(&number) else {
            return;
        };
        let id = OperationId(number);
        let failed = StoreError::Unavailable;
        match operation.task {
            Task::Get => self.event(Event::GetEnded(id, Err(failed))),
            // Some copies of an earlier round may be stored, so that the write may still take effect.
            Task::Put(_) | Task::Write(_) => self.event(Event::PutEnded(id, Err(failed))),
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
                self.respond(&from, number, Response::Store(answer));
            }
            Waiting::Operation(number) => self.on_written(now, number, Some(outcome)),
            Waiting::Nobody => {}
        }
    }
}
