//! Puts, gets and deletes that this node began at level `quorum`.
//!
//! All go to the primary of the key's group. A put reads, then writes in the place of exactly what it read, so that trying
//! again does no harm: a write that took effect is found in its own place.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::time::Instant;
use crate::message::Request;
use crate::node::Node;
use crate::node::api::{Event, OperationId, StoreError, TimerKind, Written};
use crate::node::putting::Put;
use crate::node::requests::Purpose;
use crate::store::group::message::{Request as Ask, Response as Answer};
use crate::store::group::{Input, Ticket};
use crate::store::message::Copy;
use crate::store::record::{Record, Subject, Version};

/// How long an operation waits before it looks the group up again.
const AGAIN: Duration = Duration::from_millis(400);
/// How many nodes an operation asks between two lookups.
const MAX_ASKED: u8 = 12;

/// An operation at level `quorum` under way.
#[derive(Clone, Debug)]
pub(super) struct QuorumOperation {
    subject: Subject,
    task: Task,
    /// What is being written, and in the place of what.
    write: Option<(Option<Version>, Box<Copy>)>,
    /// Whether the write may have taken effect unnoticed.
    unsure: bool,
    candidates: VecDeque<Contact>,
    asked: u8,
    deadline: Instant,
    timer: Instant,
}

#[derive(Clone, Debug)]
enum Task {
    Get,
    Put(Put),
}

impl Node {
    pub(super) fn quorum_put(
        &mut self,
        now: Instant,
        subject: Subject,
        put: Put,
    ) -> Result<OperationId, StoreError> {
        self.start_quorum(now, subject, Task::Put(put))
    }

    pub(super) fn quorum_get(
        &mut self,
        now: Instant,
        subject: Subject,
    ) -> Result<OperationId, StoreError> {
        self.start_quorum(now, subject, Task::Get)
    }

    fn start_quorum(
        &mut self,
        now: Instant,
        subject: Subject,
        task: Task,
    ) -> Result<OperationId, StoreError> {
        let number = self.begin_operation(self.quorum.len())?;
        let key = subject.key(self.config.space);
        let deadline = now + self.config.lookup_deadline;
        let operation = QuorumOperation {
            subject,
            task,
            write: None,
            unsure: false,
            candidates: VecDeque::new(),
            asked: 0,
            deadline,
            timer: deadline,
        };
        self.timers.set(deadline, TimerKind::Operation(number));
        self.quorum.insert(number, operation);
        self.look_for_group(now, number, key);
        Ok(OperationId(number))
    }

    /// The nodes at the operation's key are known; none when they were not found.
    pub(super) fn on_candidates(&mut self, now: Instant, number: u64, group: Vec<Contact>) {
        if let Some(operation) = self.quorum.get_mut(&number) {
            operation.asked = 0;
            // Nodes behind relays are in no group.
            operation.candidates = group
                .into_iter()
                .filter(|node| node.relays().is_empty())
                .collect();
            self.ask_primary(now, number);
        }
    }

    fn ask_primary(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.quorum.get_mut(&number) else {
            return;
        };
        let to = match operation.candidates.pop_front() {
            Some(to) if operation.asked < MAX_ASKED => to,
            _ => {
                self.wait_for_quorum(now, number);
                return;
            }
        };
        operation.asked += 1;
        let ask = match &operation.write {
            None => Ask::Read(operation.subject.key(self.config.space)),
            Some((expected, copy)) => Ask::Write(copy.clone(), *expected),
        };
        if to.id() == self.contact.id() {
            self.step_groups(now, Input::Asked(Ticket::Operation(number), ask));
        } else {
            self.ask(
                now,
                to,
                Purpose::Quorum(number),
                Request::Group(Box::new(ask)),
            );
        }
    }

    /// Nobody could do it now: perhaps later, after the group has changed.
    fn wait_for_quorum(&mut self, now: Instant, number: u64) {
        if let Some(operation) = self.quorum.get_mut(&number) {
            self.timers
                .cancel(operation.timer, TimerKind::Operation(number));
            operation.timer = operation.deadline.min(now + AGAIN);
            self.timers
                .set(operation.timer, TimerKind::Operation(number));
        }
    }

    pub(super) fn on_operation_timer(&mut self, now: Instant, number: u64) {
        let Some(operation) = self.quorum.get_mut(&number) else {
            return;
        };
        if now >= operation.deadline {
            self.end_quorum(number, Err(StoreError::Unavailable));
            return;
        }
        operation.timer = operation.deadline;
        self.timers
            .set(operation.deadline, TimerKind::Operation(number));
        let key = operation.subject.key(self.config.space);
        self.look_for_group(now, number, key);
    }

    /// A node that was asked has answered, or failed to (`None`).
    pub(super) fn on_quorum_answer(
        &mut self,
        now: Instant,
        from: &Contact,
        number: u64,
        answer: Option<Answer>,
    ) {
        let (space, scheme) = (self.config.space, self.signer.scheme());
        let Some(operation) = self.quorum.get_mut(&number) else {
            return;
        };
        let sound = |copy: &Option<Box<Copy>>| {
            copy.as_ref().is_none_or(|copy| {
                operation.subject.is_met_by(&copy.record, space)
                    && copy.record.verify(space, scheme, None).is_ok()
            })
        };
        match answer {
            Some(Answer::Value(copy)) if operation.write.is_none() && sound(&copy) => {
                self.on_quorum_read(now, from, number, copy);
            }
            Some(Answer::Written(copies)) => {
                let Some((_, copy)) = operation.write.take() else {
                    return;
                };
                let written = Written {
                    key: operation.subject.key(self.config.space),
                    sequence: copy.record.sequence(),
                    copies,
                };
                self.end_quorum(number, Ok(written));
            }
            Some(Answer::Mismatch(copy)) if sound(&copy) => {
                let mine = operation
                    .write
                    .take()
                    .map(|(_, copy)| copy.record.sequence());
                let theirs = copy.as_ref().map(|copy| copy.record.sequence());
                // An earlier attempt may have taken effect, and what came after it is in its place.
                if operation.unsure && theirs > mine {
                    self.end_quorum(number, Err(StoreError::Unavailable));
                } else {
                    operation.unsure = false;
                    self.on_quorum_read(now, from, number, copy);
                }
            }
            Some(Answer::Refused(error)) if !operation.unsure => {
                self.end_quorum(number, Err(error.into()));
            }
            Some(Answer::Elsewhere(primary)) => {
                operation.candidates.push_front(primary);
                self.ask_primary(now, number);
            }
            Some(Answer::Unknown) => self.ask_primary(now, number),
            _ => {
                operation.unsure |= operation.write.is_some();
                self.ask_primary(now, number);
            }
        }
    }

    /// What is under the name is known.
    fn on_quorum_read(
        &mut self,
        now: Instant,
        from: &Contact,
        number: u64,
        current: Option<Box<Copy>>,
    ) {
        let Some(operation) = self.quorum.get(&number) else {
            return;
        };
        let record = current.as_ref().map(|copy| &copy.record);
        let put = match &operation.task {
            Task::Get => {
                let record = record.filter(|record| record.value().is_some()).cloned();
                self.close_quorum(number);
                self.event(Event::GetEnded(OperationId(number), Ok(record)));
                return;
            }
            Task::Put(put) => put.clone(),
        };
        match self.next_record(&put, record) {
            Ok(copy) => {
                let expected = record.map(Record::version);
                if let Some(operation) = self.quorum.get_mut(&number) {
                    operation.write = Some((expected, copy));
                    operation.candidates.push_front(from.clone());
                    self.ask_primary(now, number);
                }
            }
            Err(error) => self.end_quorum(number, Err(error)),
        }
    }

    fn close_quorum(&mut self, number: u64) -> Option<QuorumOperation> {
        let operation = self.quorum.remove(&number)?;
        self.timers
            .cancel(operation.timer, TimerKind::Operation(number));
        Some(operation)
    }

    fn end_quorum(&mut self, number: u64, outcome: Result<Written, StoreError>) {
        let id = OperationId(number);
        let event = match (self.close_quorum(number).map(|ended| ended.task), outcome) {
            (None, _) => return,
            (Some(Task::Get), Err(error)) => Event::GetEnded(id, Err(error)),
            (Some(_), outcome) => Event::PutEnded(id, outcome),
        };
        self.event(event);
    }
}
