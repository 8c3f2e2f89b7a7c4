//! Puts, gets, deletes and renewals that this node began at level `quorum`.
//!
//! All go to the primary of the key's group. A put reads, then writes in the place of exactly what it read. All its attempts carry
//! one random tag, so that trying again does no harm: a write that took effect is known by it, and an equal write of another
//! operation is not taken for it. A renewal touches the version that was put, which does no harm however often it is done.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::message::Request;
use crate::node::Node;
use crate::node::adopting::Brought;
use crate::node::api::{Event, OperationId, StoreError, TimerKind, Written};
use crate::node::putting::Put;
use crate::node::requests::Purpose;
use crate::store::group::message::{Request as Ask, Response as Answer, Touch, Write};
use crate::store::group::{Input, OperationTag, Ticket};
use crate::store::message::StoredRecord;
use crate::store::record::{RecordError, Subject, Version};
use crate::store::renewal::Renewal;

/// How long an operation waits before it looks the group up again.
const AGAIN: Duration = Duration::from_millis(400);
/// The limit on looks behind nodes that know nothing of an operation's key.
const MAX_STEPS: u8 = 16;
/// How many nodes an operation asks between two lookups.
const MAX_ASKED: u8 = 12;

/// An operation at level `quorum` under way.
#[derive(Clone, Debug)]
pub(super) struct QuorumOperation {
    subject: Subject,
    task: Task,
    tag: OperationTag,
    /// The lineage that it is about, where that is not this node's.
    lineage: Option<u64>,
    /// What is being written, and in the place of what.
    write: Option<(Option<Version>, Box<StoredRecord>)>,
    /// Whether the write may have taken effect unnoticed.
    unsure: bool,
    candidates: VecDeque<Contact>,
    asked: u8,
    /// The last node that the lookup found, while all nodes that were asked since know nothing of the key: they may be of another
    /// lineage.
    unknown_upto: Option<Id>,
    /// The number of looks behind such nodes so far.
    steps: u8,
    deadline: Instant,
    timer: Instant,
    /// The error that it ends with at its deadline: the most that is known of what is missing.
    missing: StoreError,
}

impl QuorumOperation {
    const fn is_import(&self) -> bool {
        matches!(self.task, Task::Import)
    }
}

#[derive(Clone, Debug)]
enum Task {
    Get,
    Put(Put),
    Touch(Renewal),
    /// Whether there are groups of a lineage.
    Probe,
    /// What this node's lineage has, before that is given up.
    Gather,
    /// A record of that, for the other lineage.
    Import,
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

    pub(super) fn quorum_touch(
        &mut self,
        now: Instant,
        renewal: Renewal,
    ) -> Result<OperationId, StoreError> {
        let subject = Subject::Key(renewal.key);
        self.start_quorum(now, subject, Task::Touch(renewal))
    }

    /// Asks for anything in another lineage.
    pub(super) fn quorum_probe(
        &mut self,
        now: Instant,
        lineage: u64,
    ) -> Result<OperationId, StoreError> {
        let me = Subject::Key(self.services.me.contact.id());
        let mut operation = self.new_quorum(now, me, Task::Probe);
        operation.lineage = Some(lineage);
        self.begin_quorum(now, operation)
    }

    pub(super) fn quorum_gather(
        &mut self,
        now: Instant,
        key: Id,
    ) -> Result<OperationId, StoreError> {
        self.start_quorum(now, Subject::Key(key), Task::Gather)
    }

    /// Writes a record as it is in another lineage, where nothing is.
    pub(super) fn quorum_import(
        &mut self,
        now: Instant,
        copy: Box<StoredRecord>,
        tag: OperationTag,
        lineage: u64,
    ) -> Result<OperationId, StoreError> {
        let subject = Subject::Key(copy.record.key(self.services.config.space));
        let mut operation = self.new_quorum(now, subject, Task::Import);
        operation.tag = tag;
        operation.lineage = Some(lineage);
        operation.write = Some((None, copy));
        self.begin_quorum(now, operation)
    }

    fn start_quorum(
        &mut self,
        now: Instant,
        subject: Subject,
        task: Task,
    ) -> Result<OperationId, StoreError> {
        let operation = self.new_quorum(now, subject, task);
        self.begin_quorum(now, operation)
    }

    fn new_quorum(&mut self, now: Instant, subject: Subject, task: Task) -> QuorumOperation {
        let mut tag = OperationTag::default();
        self.services.rng.fill(&mut tag.0);
        let deadline = now + self.services.config.lookup_deadline;
        QuorumOperation {
            subject,
            task,
            tag,
            lineage: None,
            write: None,
            unsure: false,
            candidates: VecDeque::new(),
            asked: 0,
            unknown_upto: None,
            steps: 0,
            deadline,
            timer: deadline,
            missing: StoreError::Unavailable,
        }
    }

    fn begin_quorum(
        &mut self,
        now: Instant,
        operation: QuorumOperation,
    ) -> Result<OperationId, StoreError> {
        let number = self.begin_operation(self.quorum.len())?;
        let key = operation.subject.key(self.services.config.space);
        let own = operation.lineage.is_none();
        self.services
            .timers
            .set(operation.deadline, TimerKind::Operation(number));
        self.quorum.insert(number, operation);
        if own && self.covers(key) {
            self.on_candidates(now, number, Vec::new());
        } else {
            self.look_for_group(now, number, key);
        }
        Ok(OperationId(number))
    }

    /// The nodes at the operation's key are known; none when they were not found.
    pub(super) fn on_candidates(&mut self, now: Instant, number: u64, group: Vec<Contact>) {
        let space = self.services.config.space;
        let key = |operation: &QuorumOperation| operation.subject.key(space);
        let covers = self
            .quorum
            .get(&number)
            .map(key)
            .is_some_and(|key| self.covers(key));
        if let Some(operation) = self.quorum.get_mut(&number) {
            operation.asked = 0;
            operation.unknown_upto = group.last().map(Contact::id);
            // A member knows whom to ask, also where another lineage has the nodes at the key. Nodes behind relays are in no group.
            let me = &self.services.me.contact;
            let own = (covers && operation.lineage.is_none()).then(|| me.clone());
            let first = own.as_ref().map(Contact::id);
            let others = |node: &Contact| node.relays().is_empty() && Some(node.id()) != first;
            let found = group.into_iter().filter(others);
            operation.candidates = own.into_iter().chain(found).collect();
            self.ask_primary(now, number);
        }
    }

    /// Whether a group of this node has or had the key.
    fn covers(&self, key: Id) -> bool {
        let groups = self.groups();
        groups.is_some_and(|groups| groups.covers(key))
    }

    fn ask_primary(&mut self, now: Instant, number: u64) {
        let groups = self.groups();
        let lineage = groups.and_then(|groups| groups.lineage());
        let lineage = lineage.map(|lineage| lineage.number);
        let Some(operation) = self.quorum.get_mut(&number) else {
            return;
        };
        let to = match operation.candidates.pop_front() {
            Some(to) if operation.asked < MAX_ASKED => to,
            _ => return self.look_further(now, number),
        };
        operation.asked += 1;
        let lineage = operation.lineage.or(lineage);
        let ask = match (&operation.task, &operation.write) {
            (Task::Touch(renewal), _) => Ask::Touch(Box::new(Touch {
                key: renewal.key,
                version: renewal.version,
                remaining: renewal.lifetime,
                lineage,
            })),
            (_, None) => Ask::Read(operation.subject.key(self.services.config.space), lineage),
            (_, Some((expected, copy))) => Ask::Write(Box::new(Write {
                copy: (**copy).clone(),
                expected: *expected,
                operation: operation.tag,
                lineage,
            })),
        };
        if to.id() == self.services.me.contact.id() {
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

    /// Where rings of two lineages have met, the nodes at a key may all be of the other one: those of this one follow behind them.
    fn look_further(&mut self, now: Instant, number: u64) {
        let groups = self.groups();
        let met = groups.is_some_and(|groups| !groups.other_lineages().is_empty());
        let Some(operation) = self.quorum.get_mut(&number) else {
            return;
        };
        let met = met || operation.lineage.is_some();
        match operation.unknown_upto.take() {
            Some(last) if met && operation.steps < MAX_STEPS => {
                operation.steps += 1;
                let behind = self.services.config.space.next(last);
                self.look_for_group(now, number, behind);
            }
            _ => self.wait_for_quorum(now, number),
        }
    }

    /// Nobody could do it now: perhaps later, after the group has changed.
    fn wait_for_quorum(&mut self, now: Instant, number: u64) {
        if let Some(operation) = self.quorum.get_mut(&number) {
            self.services
                .timers
                .cancel(operation.timer, TimerKind::Operation(number));
            operation.timer = operation.deadline.min(now + AGAIN);
            self.services
                .timers
                .set(operation.timer, TimerKind::Operation(number));
        }
    }

    pub(super) fn on_operation_timer(&mut self, now: Instant, number: u64) {
        if self.end_range_repair(now, number) {
            return;
        }
        let Some(operation) = self.quorum.get_mut(&number) else {
            return;
        };
        if now >= operation.deadline {
            let missing = operation.missing.clone();
            self.end_quorum(now, number, Err(missing));
            return;
        }
        operation.timer = operation.deadline;
        operation.steps = 0;
        self.services
            .timers
            .set(operation.deadline, TimerKind::Operation(number));
        let key = operation.subject.key(self.services.config.space);
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
        let (space, scheme) = (self.services.config.space, self.services.me.signer.scheme());
        let Some(operation) = self.quorum.get_mut(&number) else {
            return;
        };
        let sound = |copy: &Option<Box<StoredRecord>>| {
            copy.as_ref().is_none_or(|copy| {
                operation.subject.is_met_by(&copy.record, space)
                    && copy.record.verify(space, scheme, None).is_ok()
            })
        };
        if answer != Some(Answer::Unknown) {
            operation.unknown_upto = None;
        }
        match answer {
            Some(Answer::Value(copy)) if operation.write.is_none() && sound(&copy) => {
                self.on_quorum_read(now, from, number, copy);
            }
            Some(Answer::Written(copies)) => self.on_quorum_written(now, number, copies),
            Some(Answer::Superseded) => {
                if let Task::Touch(renewal) = operation.task {
                    self.close_quorum(number);
                    self.end_renewal_of(now, &renewal);
                }
            }
            Some(Answer::Mismatch(copy)) if sound(&copy) && operation.is_import() => {
                self.end_import(now, number, copy);
            }
            Some(Answer::Mismatch(copy)) if sound(&copy) => {
                let mine = operation
                    .write
                    .take()
                    .map(|(_, copy)| copy.record.sequence());
                let theirs = copy.as_ref().map(|copy| copy.record.sequence());
                // An earlier attempt may have taken effect, and what came after it is in its place.
                if operation.unsure && theirs > mine {
                    self.end_quorum(now, number, Err(StoreError::UnknownOutcome));
                } else {
                    operation.unsure = false;
                    self.on_quorum_read(now, from, number, copy);
                }
            }
            // It cannot be there as it is.
            Some(Answer::Refused(RecordError::SequenceJump)) if operation.is_import() => {
                self.end_import(now, number, None);
            }
            Some(Answer::Refused(error)) if !operation.unsure => {
                self.end_quorum(now, number, Err(error.into()));
            }
            Some(Answer::Elsewhere(primary)) => {
                operation.candidates.push_front(primary);
                self.ask_primary(now, number);
            }
            Some(Answer::Unknown) => {
                if operation.missing == StoreError::Unavailable {
                    operation.missing = StoreError::NoGroup;
                }
                self.ask_primary(now, number);
            }
            answer => {
                if let Some(Answer::Unavailable(awaited)) = answer {
                    operation.missing = StoreError::NoMajority(awaited);
                }
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
        current: Option<Box<StoredRecord>>,
    ) {
        let Some(operation) = self.quorum.get(&number) else {
            return;
        };
        let put = match &operation.task {
            Task::Get => {
                let id = OperationId(number);
                self.close_quorum(number);
                let found = current.filter(|copy| copy.is_live());
                if let Some(copy) = &found {
                    self.services.event(Event::Lifetime(id, copy.left()));
                }
                let record = found.map(|copy| copy.record);
                let record = record.filter(|record| record.value().is_some());
                self.services.event(Event::GetEnded(id, Ok(record)));
                return;
            }
            Task::Put(put) => put.clone(),
            Task::Probe => {
                self.close_quorum(number);
                return self.on_probed(now, Ok(()));
            }
            Task::Gather => {
                let key = operation.subject.key(self.services.config.space);
                self.close_quorum(number);
                return self.on_gathered(now, key, Ok(current));
            }
            Task::Touch(_) | Task::Import => return,
        };
        match self.next_record(&put, current.as_deref(), 0) {
            Ok(copy) => {
                let expected = current.map(|copy| copy.record.version());
                if let Some(operation) = self.quorum.get_mut(&number) {
                    operation.write = Some((expected, copy));
                    operation.candidates.push_front(from.clone());
                    self.ask_primary(now, number);
                }
            }
            Err(error) => self.end_quorum(now, number, Err(error)),
        }
    }

    /// The primary has stored what was to be written, or let it live on.
    fn on_quorum_written(&mut self, now: Instant, number: u64, copies: u8) {
        let Some(operation) = self.quorum.get_mut(&number) else {
            return;
        };
        let key = operation.subject.key(self.services.config.space);
        let written = |sequence| Written {
            key,
            sequence,
            copies,
        };
        match (&operation.task, operation.write.take()) {
            (Task::Touch(renewal), _) => {
                let written = written(renewal.version.sequence);
                self.end_quorum(now, number, Ok(written));
            }
            (Task::Put(put), Some((_, copy))) => {
                let (renew, record) = (put.keeping.renew, &copy.record);
                let renewal = Renewal {
                    key,
                    version: record.version(),
                    lifetime: copy.left(),
                    quorum: true,
                };
                let written = written(record.sequence());
                self.note_put(now, renewal, renew);
                self.services
                    .event(Event::Lifetime(OperationId(number), copy.left()));
                self.end_quorum(now, number, Ok(written));
            }
            (Task::Import, _) => {
                self.close_quorum(number);
                self.on_brought(now, key, Ok(Brought::Imported));
            }
            (Task::Put(_) | Task::Get | Task::Gather | Task::Probe, _) => {}
        }
    }

    /// Something is in the place of a record that was to be imported: the same one, or another.
    fn end_import(&mut self, now: Instant, number: u64, there: Option<Box<StoredRecord>>) {
        let Some(operation) = self.close_quorum(number) else {
            return;
        };
        let Some((_, copy)) = operation.write else {
            return;
        };
        let key = operation.subject.key(self.services.config.space);
        let version = copy.record.version();
        let same = there.is_some_and(|there| there.is_live() && there.record.version() == version);
        let brought = match same {
            true => Brought::Present,
            false => Brought::Conflict(Box::new(copy.record)),
        };
        self.on_brought(now, key, Ok(brought));
    }

    /// The node that was asked does not know the question: only a touch is so new.
    pub(super) fn on_quorum_unsupported(&mut self, now: Instant, from: &Contact, number: u64) {
        let operation = self.quorum.get(&number);
        match operation.map(|operation| &operation.task) {
            Some(Task::Touch(_)) => self.end_quorum(now, number, Err(StoreError::Unsupported)),
            _ => self.on_quorum_answer(now, from, number, None),
        }
    }

    fn close_quorum(&mut self, number: u64) -> Option<QuorumOperation> {
        let operation = self.quorum.remove(&number)?;
        self.services
            .timers
            .cancel(operation.timer, TimerKind::Operation(number));
        Some(operation)
    }

    fn end_quorum(&mut self, now: Instant, number: u64, outcome: Result<Written, StoreError>) {
        let id = OperationId(number);
        let Some(ended) = self.close_quorum(number) else {
            return;
        };
        let key = ended.subject.key(self.services.config.space);
        let event = match (ended.task, outcome) {
            (Task::Gather | Task::Import, Err(error)) => {
                return self.on_brought(now, key, Err(error));
            }
            (Task::Probe, Err(error)) => return self.on_probed(now, Err(error)),
            (Task::Probe | Task::Gather | Task::Import, Ok(_)) => return,
            (Task::Touch(renewal), outcome) => {
                return self.on_renewed(now, renewal, outcome);
            }
            (Task::Get, Err(error)) => Event::GetEnded(id, Err(error)),
            (Task::Get | Task::Put(_), outcome) => Event::PutEnded(id, outcome),
        };
        self.services.event(event);
    }
}
