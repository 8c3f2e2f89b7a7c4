//! Puts, gets, deletes and renewals that this node began at level `quorum`.
//!
//! All go to the primary of the key's group. A put reads, then writes in the place of exactly what it read. All its attempts carry
//! one random tag, the operation's identity, so that trying again does no harm: a write that took effect is known by it, and an equal write of another
//! operation is not taken for it. A renewal touches the version that was put, which does no harm however often it is done.
//!
//! [`Operations`] decides what comes next; it asks no node by itself.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};
use crate::base::identity::Scheme;
use crate::base::time::Instant;
use crate::node::adopting::{Brought, Gathered};
use crate::node::api::{StoreError, TimerKind, Written};
use crate::node::context::Context;
use crate::node::putting::Put;
use crate::store::group::configuration::Origin;
use crate::store::group::message::{
    Acknowledged, Bring, Request as Ask, Response as Answer, Touch, Unstored, Write,
};
use crate::store::group::{Entry, Groups, OperationTag, is_no_conflict};
use crate::store::message::StoredRecord;
use crate::store::record::{RecordError, Subject, Version};
use crate::store::renewal::Renewal;

/// The time that an operation waits before it looks the group up again.
const AGAIN: Duration = Duration::from_millis(400);
/// The wait for an answer after which a node that gives none is silent, and not only unreachable for a moment.
const SILENCE: Duration = Duration::from_secs(1);
/// The time for which an operation does not ask a silent node again: others may name it as the primary until they know.
const SILENT_FOR: Duration = Duration::from_secs(2);
/// The time for which members may name the same nodes as awaited before an operation ends: without these it comes to nothing.
const NO_MAJORITY: Duration = Duration::from_secs(3);
/// The limit on looks behind nodes that know nothing of an operation's key.
const MAX_STEPS: u8 = 16;
/// The greatest number of nodes that an operation asks between two lookups.
const MAX_ASKED: u8 = 12;

/// The operations under way, by number.
#[derive(Clone, Debug, Default)]
pub(in crate::node) struct Operations(BTreeMap<u64, Operation>);

/// An operation at level `quorum` under way.
#[derive(Clone, Debug)]
pub(in crate::node) struct Operation {
    subject: Subject,
    task: Task,
    tag: OperationTag,
    /// The lineage that it is about, where that is not this node's.
    lineage: Option<u64>,
    /// The record that is being written, and the version that it replaces.
    write: Option<(Option<Version>, Box<StoredRecord>)>,
    /// True if the write may have taken effect unnoticed.
    unsure: bool,
    candidates: VecDeque<Contact>,
    asked: u8,
    /// The time of the last request.
    asked_at: Instant,
    /// A node that was silent, and until when it is not asked again.
    silent: Option<(Id, Instant)>,
    /// A node that does not know the requests of an adoption: it is sent plain reads and writes.
    plain: Option<Id>,
    /// The last node that the lookup found, while all nodes that were asked since know nothing of the key: they may be of another
    /// lineage.
    unknown_upto: Option<Id>,
    /// The number of looks behind such nodes so far.
    steps: u8,
    deadline: Instant,
    timer: Instant,
    /// The fewest nodes that members have named as awaited, and since when.
    awaited: Option<(usize, Instant)>,
    /// The error that it ends with at its deadline: the most that is known of what is missing.
    missing: StoreError,
}

#[derive(Clone, Debug)]
pub(in crate::node) enum Task {
    Get,
    Put(Put),
    Touch(Renewal),
    /// Tests whether there are groups of a lineage, and whether it is being given up.
    Probe,
    /// Reads the record that this node's lineage has, before that is given up.
    Gather,
    /// A record of that, for the other lineage, with its place in this one where that is known.
    Import(Option<Origin>),
}

/// The next step of an operation.
#[derive(Debug)]
pub(in crate::node) enum Next {
    /// To look up the nodes at this key.
    LookUp(Id),
    /// To ask a node.
    Ask(Contact, Ask),
    /// To tell what came of it: it is over.
    End(Done),
}

/// An operation that is over.
#[derive(Debug)]
pub(in crate::node) enum Done {
    Got(Result<Option<Box<StoredRecord>>, StoreError>),
    /// A put that was acknowledged, and whether it is renewed from now on.
    Put(Written, Box<StoredRecord>, bool),
    PutFailed(StoreError),
    Touched(Renewal, Result<Written, StoreError>),
    /// A newer version is there than the one to be renewed.
    Superseded(Renewal),
    /// Whether there are groups of a lineage: where it is being given up, for which other one.
    Probed(Result<Option<u64>, StoreError>),
    /// The content of this node's lineage under a key.
    Gathered(Id, Gathered),
    /// The outcome of bringing the record of a key into another lineage.
    Brought(Id, Result<Brought, StoreError>),
}

impl Operation {
    /// A new operation: of this node's own lineage unless that is set.
    pub(in crate::node) fn new(cx: &mut Context<'_>, subject: Subject, task: Task) -> Self {
        let mut tag = OperationTag::default();
        cx.services.rng.fill(&mut tag.0);
        let deadline = cx.now + cx.services.config.lookup_deadline;
        Self {
            subject,
            task,
            tag,
            lineage: None,
            write: None,
            unsure: false,
            candidates: VecDeque::new(),
            asked: 0,
            asked_at: cx.now,
            silent: None,
            plain: None,
            unknown_upto: None,
            steps: 0,
            deadline,
            timer: deadline,
            awaited: None,
            missing: StoreError::Unavailable,
        }
    }

    /// Returns the operation in another lineage.
    pub(in crate::node) const fn within(mut self, lineage: u64) -> Self {
        self.lineage = Some(lineage);
        self
    }

    /// Writes this, where nothing is, as the operation of this tag.
    pub(in crate::node) fn writing(mut self, copy: Box<StoredRecord>, tag: OperationTag) -> Self {
        self.tag = tag;
        self.write = Some((None, copy));
        self
    }

    /// Takes note that there is no majority, and who is awaited.
    fn wait_for(&mut self, now: Instant, awaited: Vec<Contact>) {
        let named = awaited.len();
        if named > 0 && self.awaited.is_none_or(|(fewest, _)| named < fewest) {
            self.awaited = Some((named, now));
        }
        self.missing = StoreError::NoMajority(awaited);
    }

    /// Returns whether it is over: its time is up, or nobody who is awaited has come back for a while.
    fn is_overdue(&self, now: Instant) -> bool {
        let by_hand = matches!(self.task, Task::Get | Task::Put(_));
        let waits = self.awaited.filter(|_| by_hand);
        now >= self.deadline || waits.is_some_and(|(_, since)| now.since(since) >= NO_MAJORITY)
    }

    /// Whether a record is sound, and one of the operation's subject.
    fn may_be(&self, copy: &StoredRecord, space: Space, scheme: Scheme) -> bool {
        self.subject.is_met_by(&copy.record, space)
            && copy.record.verify(space, scheme, None).is_ok()
    }

    /// The end that an answer brings to a step of an adoption, if it does.
    fn adoption_end(&self, space: Space, answer: &Answer) -> Option<Done> {
        let key = self.subject.key(space);
        let copy = || self.write.as_ref().map(|(_, copy)| &**copy);
        let brought = match (&self.task, answer) {
            (Task::Gather, Answer::Entry(entry)) => {
                return Some(Done::Gathered(key, Gathered::Entry(entry.clone())));
            }
            (Task::Probe, Answer::Done) => return Some(Done::Probed(Ok(None))),
            (Task::Probe, Answer::GivenUp(other)) => return Some(Done::Probed(Ok(Some(*other)))),
            (Task::Import(_), Answer::GivenUp(other)) => Brought::GivenUp(*other),
            (Task::Import(_), Answer::Superseded) => match copy()?.visible() {
                Some(_) => Brought::Present,
                None => Brought::Nothing,
            },
            (Task::Import(_), Answer::Mismatch(there)) => met(copy()?, there.as_deref()),
            // It cannot be there as it is.
            (Task::Import(_), Answer::Refused(RecordError::SequenceJump)) => met(copy()?, None),
            _ => return None,
        };
        Some(Done::Brought(key, Ok(brought)))
    }

    /// The request for the primary, which may know those of an adoption.
    fn question(&self, key: Id, own_lineage: Option<u64>, adopts: bool) -> Ask {
        let lineage = self.lineage.or(own_lineage);
        let bring = |entry| {
            let (from, lineage) = (own_lineage?, lineage?);
            Some(Ask::Bring(Box::new(Bring {
                key,
                from,
                lineage,
                entry,
            })))
        };
        let plain = self.plain_question(key, lineage);
        let ask = match (&self.task, &self.write) {
            (Task::Probe, _) => bring(None),
            (Task::Gather, _) => lineage.map(|lineage| Ask::Gather(key, lineage)),
            (Task::Import(Some(origin)), Some((_, copy))) => bring(Some(Box::new(Entry {
                stamp: origin.stamp,
                operation: self.tag,
                copy: (**copy).clone(),
                origin: None,
            }))),
            _ => None,
        };
        ask.filter(|_| adopts).unwrap_or(plain)
    }

    fn plain_question(&self, key: Id, lineage: Option<u64>) -> Ask {
        match (&self.task, &self.write) {
            (Task::Touch(renewal), _) => Ask::Touch(Box::new(Touch {
                key: renewal.key,
                version: renewal.version,
                remaining: renewal.lifetime,
                lineage,
            })),
            (_, None) => Ask::Read(key, lineage),
            (_, Some((expected, copy))) => Ask::Write(Box::new(Write {
                copy: (**copy).clone(),
                expected: *expected,
                operation: self.tag,
                lineage,
            })),
        }
    }
}

impl Operations {
    pub(in crate::node) fn len(&self) -> usize {
        self.0.len()
    }

    /// Begins an operation, under a number of its own.
    pub(in crate::node) fn begin(
        &mut self,
        cx: &mut Context<'_>,
        number: u64,
        operation: Operation,
    ) -> Option<Next> {
        let key = operation.subject.key(cx.services.space());
        let own = operation.lineage.is_none();
        cx.services
            .timers
            .set(operation.deadline, TimerKind::Operation(number));
        self.0.insert(number, operation);
        if own && covers(cx.groups, key) {
            self.on_candidates(cx, number, Vec::new())
        } else {
            Some(Next::LookUp(key))
        }
    }

    /// Takes the nodes at the operation's key; none when they were not found.
    pub(in crate::node) fn on_candidates(
        &mut self,
        cx: &mut Context<'_>,
        number: u64,
        found: Vec<Contact>,
    ) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        operation.asked = 0;
        operation.unknown_upto = found.last().map(Contact::id);
        // A member knows whom to ask, also where another lineage has the nodes at the key. Nodes behind relays are in no group.
        let key = operation.subject.key(cx.services.space());
        let own = operation.lineage.is_none() && covers(cx.groups, key);
        let own = own.then(|| cx.services.me.contact.clone());
        let first = own.as_ref().map(Contact::id);
        let others = |node: &Contact| node.relays().is_empty() && Some(node.id()) != first;
        let found = found.into_iter().filter(others);
        operation.candidates = own.into_iter().chain(found).collect();
        self.ask_next(cx, number)
    }

    fn ask_next(&mut self, cx: &mut Context<'_>, number: u64) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        let silent = operation.silent.filter(|(_, until)| cx.now < *until);
        let silent = silent.map(|(node, _)| node);
        operation
            .candidates
            .retain(|node| Some(node.id()) != silent);
        let to = match operation.candidates.pop_front() {
            Some(to) if operation.asked < MAX_ASKED => to,
            _ => return self.look_further(cx, number),
        };
        operation.asked += 1;
        operation.asked_at = cx.now;
        let lineage = cx.groups.and_then(Groups::lineage);
        let lineage = lineage.map(|lineage| lineage.number);
        let key = operation.subject.key(cx.services.space());
        let adopts = operation.plain != Some(to.id());
        Some(Next::Ask(to, operation.question(key, lineage, adopts)))
    }

    /// Looks further along the ring: where rings of two lineages have met, the nodes at a key may all be of the other one, and
    /// those of this one follow behind them. Otherwise no node can do it now; one may later, after the group has changed.
    fn look_further(&mut self, cx: &mut Context<'_>, number: u64) -> Option<Next> {
        let met = cx
            .groups
            .is_some_and(|groups| !groups.other_lineages().is_empty());
        let operation = self.0.get_mut(&number)?;
        let met = met || operation.lineage.is_some();
        if let Some(last) = operation.unknown_upto.take()
            && met
            && operation.steps < MAX_STEPS
        {
            operation.steps += 1;
            return Some(Next::LookUp(cx.services.space().next(last)));
        }
        let timer = TimerKind::Operation(number);
        cx.services.timers.cancel(operation.timer, timer);
        operation.timer = operation.deadline.min(cx.now + AGAIN);
        cx.services.timers.set(operation.timer, timer);
        None
    }

    /// Handles the end of an operation's wait, or of its time.
    pub(in crate::node) fn on_timer(&mut self, cx: &mut Context<'_>, number: u64) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        if operation.is_overdue(cx.now) {
            let missing = operation.missing.clone();
            return self.fail(cx, number, missing);
        }
        operation.timer = operation.deadline;
        operation.steps = 0;
        cx.services
            .timers
            .set(operation.deadline, TimerKind::Operation(number));
        Some(Next::LookUp(operation.subject.key(cx.services.space())))
    }

    /// Takes the answer of a node that was asked, or its failure (`None`).
    pub(in crate::node) fn on_answer(
        &mut self,
        cx: &mut Context<'_>,
        (from, number): (&Contact, u64),
        answer: Option<Answer>,
    ) -> Option<Next> {
        let (space, scheme) = (cx.services.space(), cx.services.me.signer.scheme());
        let operation = self.0.get_mut(&number)?;
        if answer != Some(Answer::Unknown) {
            operation.unknown_upto = None;
        }
        if answer.is_none() && cx.now.since(operation.asked_at) >= SILENCE {
            operation.silent = Some((from.id(), cx.now + SILENT_FOR));
        }
        let sound = |copy: &Option<Box<StoredRecord>>| {
            let copy = copy.as_deref();
            copy.is_none_or(|copy| operation.may_be(copy, space, scheme))
        };
        let end = answer.as_ref().filter(|answer| match answer {
            Answer::Entry(Some(entry)) => operation.may_be(&entry.copy, space, scheme),
            Answer::Mismatch(copy) => sound(copy),
            _ => true,
        });
        let end = end.and_then(|answer| operation.adoption_end(space, answer));
        if let Some(end) = end {
            self.close(cx, number)?;
            return Some(Next::End(end));
        }
        match answer {
            Some(Answer::Value(copy)) if operation.write.is_none() && sound(&copy) => {
                return self.on_read(cx, (from, number), copy);
            }
            Some(Answer::Written(done)) => return self.on_written(cx, number, done),
            Some(Answer::Superseded) => {
                let Task::Touch(renewal) = operation.task else {
                    return None;
                };
                self.close(cx, number)?;
                return Some(Next::End(Done::Superseded(renewal)));
            }
            Some(Answer::Mismatch(copy)) if sound(&copy) => {
                let mine = operation
                    .write
                    .take()
                    .map(|(_, copy)| copy.record.sequence());
                let theirs = copy.as_ref().map(|copy| copy.record.sequence());
                // An earlier attempt may have taken effect, and what came after it is in its place.
                if operation.unsure && theirs > mine {
                    return self.fail(cx, number, StoreError::UnknownOutcome);
                }
                operation.unsure = false;
                return self.on_read(cx, (from, number), copy);
            }
            Some(Answer::Refused(error)) if !operation.unsure || error == RecordError::Storage => {
                return self.fail(cx, number, error.into());
            }
            Some(Answer::Unstored(unstored)) if unstored.is_final => {
                return self.fail(cx, number, unstored.into());
            }
            Some(Answer::Elsewhere(primary)) => operation.candidates.push_front(primary),
            Some(Answer::Unknown) => {
                if operation.missing == StoreError::Unavailable {
                    operation.missing = StoreError::NoGroup;
                }
            }
            answer => {
                match answer {
                    Some(Answer::Unavailable(awaited)) => {
                        operation.wait_for(cx.now, awaited);
                    }
                    Some(Answer::Unstored(unstored)) => operation.missing = unstored.into(),
                    _ => {}
                }
                operation.unsure |= operation.write.is_some();
            }
        }
        self.ask_next(cx, number)
    }

    /// Handles a node that does not know the request: a touch, or one of an adoption, which an older release does by reads and writes.
    pub(in crate::node) fn on_unsupported(
        &mut self,
        cx: &mut Context<'_>,
        (from, number): (&Contact, u64),
    ) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        match operation.task {
            Task::Touch(_) => self.fail(cx, number, StoreError::Unsupported),
            Task::Probe | Task::Gather | Task::Import(_) if operation.plain != Some(from.id()) => {
                operation.plain = Some(from.id());
                operation.candidates.push_front(from.clone());
                self.ask_next(cx, number)
            }
            _ => self.on_answer(cx, (from, number), None),
        }
    }

    /// Takes the current record under the name.
    fn on_read(
        &mut self,
        cx: &mut Context<'_>,
        (from, number): (&Contact, u64),
        current: Option<Box<StoredRecord>>,
    ) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        let put = match &operation.task {
            Task::Put(put) => put.clone(),
            Task::Get => {
                self.close(cx, number)?;
                return Some(Next::End(Done::Got(Ok(current))));
            }
            Task::Probe => {
                self.close(cx, number)?;
                return Some(Next::End(Done::Probed(Ok(None))));
            }
            Task::Gather => {
                let key = operation.subject.key(cx.services.space());
                self.close(cx, number)?;
                return Some(Next::End(Done::Gathered(key, Gathered::Record(current))));
            }
            Task::Touch(_) | Task::Import(_) => return None,
        };
        match put.record(&cx.services.me.signer, current.as_deref(), 0) {
            Ok(copy) => {
                let expected = current.map(|copy| copy.record.version());
                operation.write = Some((expected, copy));
                operation.candidates.push_front(from.clone());
                self.ask_next(cx, number)
            }
            Err(error) => self.fail(cx, number, error),
        }
    }

    /// Takes note that the primary has stored what was to be written, or let it live on.
    fn on_written(
        &mut self,
        cx: &mut Context<'_>,
        number: u64,
        done: Acknowledged,
    ) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        let key = operation.subject.key(cx.services.space());
        let write = operation.write.take();
        let sequence = match (&operation.task, &write) {
            (Task::Touch(renewal), _) => renewal.version.sequence,
            (Task::Put(_), Some((_, copy))) => copy.record.sequence(),
            (Task::Import(_), _) => 0,
            (Task::Put(_) | Task::Get | Task::Gather | Task::Probe, _) => return None,
        };
        let written = Written {
            may_be_lost: false,
            key,
            sequence,
            copies: done.by,
            members: done.members,
        };
        let ended = self.close(cx, number)?;
        Some(Next::End(match (ended.task, write) {
            (Task::Touch(renewal), _) => Done::Touched(renewal, Ok(written)),
            (Task::Put(put), Some((_, copy))) => Done::Put(written, copy, put.keeping.renew),
            (_, write) => {
                let has_value = write.is_some_and(|(_, copy)| copy.visible().is_some());
                Done::Brought(
                    key,
                    Ok(match has_value {
                        true => Brought::Imported,
                        false => Brought::Nothing,
                    }),
                )
            }
        }))
    }

    fn close(&mut self, cx: &mut Context<'_>, number: u64) -> Option<Operation> {
        let operation = self.0.remove(&number)?;
        cx.services
            .timers
            .cancel(operation.timer, TimerKind::Operation(number));
        Some(operation)
    }

    fn fail(&mut self, cx: &mut Context<'_>, number: u64, error: StoreError) -> Option<Next> {
        let ended = self.close(cx, number)?;
        let key = ended.subject.key(cx.services.space());
        Some(Next::End(match ended.task {
            Task::Get => Done::Got(Err(error)),
            Task::Put(_) => Done::PutFailed(error),
            Task::Touch(renewal) => Done::Touched(renewal, Err(error)),
            Task::Probe => Done::Probed(Err(error)),
            Task::Gather | Task::Import(_) => Done::Brought(key, Err(error)),
        }))
    }
}

/// The outcome for a record in whose place the other lineage has something: the same, another record, or something that cannot be replaced.
fn met(copy: &StoredRecord, there: Option<&StoredRecord>) -> Brought {
    let same = there.is_some_and(|there| is_no_conflict(there, copy));
    match same {
        true if copy.visible().is_some() => Brought::Present,
        false if copy.is_live() => Brought::Conflict(Box::new(copy.record.clone())),
        _ => Brought::Nothing,
    }
}

impl From<Box<Unstored>> for StoreError {
    fn from(unstored: Box<Unstored>) -> Self {
        let Unstored {
            refused, awaited, ..
        } = *unstored;
        Self::Unstored { refused, awaited }
    }
}

/// Returns whether a group of this node has or had the key.
fn covers(groups: Option<&Groups>, key: Id) -> bool {
    groups.is_some_and(|groups| groups.covers(key))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::chord::membership::tests::contact;
    use crate::node::context::tests::Alone;
    use crate::node::renewal::Keeping;
    use crate::store::record::{Label, Name, Record};

    const AT: Instant = Instant::ZERO;

    fn label() -> Label {
        Label::from(Name::new("name").unwrap())
    }

    fn put() -> Task {
        Task::Put(Put {
            label: label(),
            value: Some(vec![7]),
            expected: None,
            keeping: Keeping {
                lifetime: Duration::from_secs(60),
                renew: false,
            },
        })
    }

    fn stored(alone: &Alone, sequence: u64) -> Box<StoredRecord> {
        let (value, life) = (Some(vec![1]), Duration::from_secs(60));
        let signer = &alone.services.me.signer;
        let record = Record::sign(signer, label(), value, sequence, life).unwrap();
        Box::new(StoredRecord::whole(record))
    }

    /// An operation of number 5, whose primary is asked.
    fn asking(alone: &mut Alone, task: Task) -> (Operations, Ask) {
        let subject = label().subject(alone.services.me.signer.public_key());
        let mut operations = Operations::default();
        let mut cx = alone.at(AT);
        let operation = Operation::new(&mut cx, subject, task);
        let next = operations.begin(&mut cx, 5, operation);
        assert!(matches!(next, Some(Next::LookUp(_))));
        match operations.on_candidates(&mut cx, 5, vec![contact(2), contact(3)]) {
            Some(Next::Ask(to, ask)) if to == contact(2) => (operations, ask),
            other => panic!("{other:?}"),
        }
    }

    fn answer(
        alone: &mut Alone,
        operations: &mut Operations,
        from: u64,
        answer: Option<Answer>,
    ) -> Option<Next> {
        operations.on_answer(&mut alone.at(AT), (&contact(from), 5), answer)
    }

    #[test]
    fn a_put_writes_in_the_place_of_exactly_what_it_read() {
        let mut alone = Alone::new();
        let (mut operations, ask) = asking(&mut alone, put());
        assert!(matches!(ask, Ask::Read(..)));
        let there = stored(&alone, 4);
        let read = Some(Answer::Value(Some(there.clone())));
        let next = answer(&mut alone, &mut operations, 2, read);
        let Some(Next::Ask(to, Ask::Write(write))) = next else {
            panic!("{next:?}");
        };
        assert_eq!(to, contact(2), "the node that answered is the primary");
        assert_eq!(write.expected, Some(there.record.version()));
        assert_eq!(write.copy.record.sequence(), 5);
        let done = Acknowledged {
            by: 2,
            members: Some(3),
        };
        let done = answer(&mut alone, &mut operations, 2, Some(Answer::Written(done)));
        let Some(Next::End(Done::Put(written, ..))) = done else {
            panic!("{done:?}");
        };
        assert_eq!((written.copies, written.members), (2, Some(3)));
        assert_eq!(operations.len(), 0);
    }

    #[test]
    fn a_write_is_tried_again_under_its_tag_and_may_have_taken_effect_unnoticed() {
        let mut alone = Alone::new();
        let (mut operations, _) = asking(&mut alone, put());
        let next = answer(&mut alone, &mut operations, 2, Some(Answer::Value(None)));
        let Some(Next::Ask(_, Ask::Write(first))) = next else {
            panic!("{next:?}");
        };
        let next = answer(&mut alone, &mut operations, 2, None);
        let Some(Next::Ask(to, Ask::Write(again))) = next else {
            panic!("{next:?}");
        };
        assert_eq!((to, &again), (contact(3), &first));
        let later = Some(Answer::Mismatch(Some(stored(&alone, 2))));
        let done = answer(&mut alone, &mut operations, 3, later);
        let unknown = StoreError::UnknownOutcome;
        assert!(matches!(done, Some(Next::End(Done::PutFailed(error))) if error == unknown));
    }

    #[test]
    fn the_primary_that_a_member_names_is_asked_next() {
        let mut alone = Alone::new();
        let (mut operations, _) = asking(&mut alone, Task::Get);
        let elsewhere = Some(Answer::Elsewhere(contact(9)));
        let next = answer(&mut alone, &mut operations, 2, elsewhere);
        assert!(matches!(next, Some(Next::Ask(to, Ask::Read(..))) if to == contact(9)));
    }

    #[test]
    fn a_primary_that_was_silent_is_not_asked_again_at_once_whoever_names_it() {
        let mut alone = Alone::new();
        let (mut operations, _) = asking(&mut alone, Task::Get);
        let late = AT + Duration::from_secs(4);
        let mut hear = |at, from: u64, answer| {
            operations.on_answer(&mut alone.at(at), (&contact(from), 5), answer)
        };
        let next = hear(late, 2, None);
        assert!(matches!(next, Some(Next::Ask(to, _)) if to == contact(3)));
        let next = hear(late, 3, Some(Answer::Elsewhere(contact(2))));
        assert!(next.is_none(), "it waits: {next:?}");
        let later = late + SILENT_FOR;
        let next = operations.on_timer(&mut alone.at(later), 5);
        assert!(matches!(next, Some(Next::LookUp(_))));
        let next = operations.on_candidates(&mut alone.at(later), 5, vec![contact(2)]);
        assert!(matches!(next, Some(Next::Ask(to, _)) if to == contact(2)));
        // One that cannot be reached for a moment is asked again.
        let (mut operations, _) = asking(&mut alone, Task::Get);
        let next = answer(&mut alone, &mut operations, 2, None);
        assert!(matches!(next, Some(Next::Ask(to, _)) if to == contact(3)));
        let elsewhere = Some(Answer::Elsewhere(contact(2)));
        let next = answer(&mut alone, &mut operations, 3, elsewhere);
        assert!(matches!(next, Some(Next::Ask(to, _)) if to == contact(2)));
    }

    #[test]
    fn a_put_ends_once_full_disks_have_decided_it_and_is_tried_again_before() {
        let storage = RecordError::Storage;
        let mut alone = Alone::new();
        let (mut operations, _) = asking(&mut alone, put());
        answer(&mut alone, &mut operations, 2, Some(Answer::Value(None)));
        let refused = vec![(contact(2), storage)];
        let unstored = |awaited: &[u64], is_final| {
            Some(Answer::Unstored(Box::new(Unstored {
                refused: refused.clone(),
                awaited: awaited.iter().copied().map(contact).collect(),
                is_final,
            })))
        };
        let next = answer(&mut alone, &mut operations, 2, unstored(&[3], false));
        assert!(matches!(next, Some(Next::Ask(to, _)) if to == contact(3)));
        let done = answer(&mut alone, &mut operations, 3, unstored(&[], true));
        let error = StoreError::Unstored {
            refused,
            awaited: Vec::new(),
        };
        assert!(matches!(done, Some(Next::End(Done::PutFailed(ended))) if ended == error));
        // As an older primary says it, whatever was tried before.
        let (mut operations, _) = asking(&mut alone, put());
        answer(&mut alone, &mut operations, 2, Some(Answer::Value(None)));
        answer(&mut alone, &mut operations, 2, None);
        let refused = Some(Answer::Refused(storage));
        let done = answer(&mut alone, &mut operations, 3, refused);
        assert!(matches!(done, Some(Next::End(Done::PutFailed(error))) if error == storage.into()));
    }

    #[test]
    fn an_operation_ends_soon_once_the_same_nodes_stay_awaited() {
        let mut alone = Alone::new();
        let (mut operations, _) = asking(&mut alone, Task::Get);
        let missing = |awaited: &[u64]| {
            let awaited = awaited.iter().copied().map(contact).collect();
            Some(Answer::Unavailable(awaited))
        };
        answer(&mut alone, &mut operations, 2, missing(&[8, 9]));
        let again = AT + (NO_MAJORITY - AGAIN);
        let next = operations.on_timer(&mut alone.at(again), 5);
        assert!(matches!(next, Some(Next::LookUp(_))));
        // One of them is back.
        let from = (&contact(3), 5);
        operations.on_answer(&mut alone.at(again), from, missing(&[9]));
        operations.on_answer(&mut alone.at(again), from, missing(&[8, 9]));
        let next = operations.on_timer(&mut alone.at(AT + NO_MAJORITY), 5);
        assert!(matches!(next, Some(Next::LookUp(_))));
        let done = operations.on_timer(&mut alone.at(again + NO_MAJORITY), 5);
        let Some(Next::End(Done::Got(Err(StoreError::NoMajority(awaited))))) = done else {
            panic!("{done:?}");
        };
        assert_eq!(awaited, [8, 9].map(contact));
    }

    #[test]
    fn an_operation_ends_at_its_deadline_with_the_most_that_is_known_of_what_is_missing() {
        let mut alone = Alone::new();
        let (mut operations, _) = asking(&mut alone, Task::Get);
        let awaited = vec![contact(8)];
        let missing = Some(Answer::Unavailable(awaited.clone()));
        let next = answer(&mut alone, &mut operations, 2, missing);
        assert!(matches!(next, Some(Next::Ask(to, _)) if to == contact(3)));
        let next = answer(&mut alone, &mut operations, 3, Some(Answer::Unknown));
        assert!(next.is_none(), "it waits: {next:?}");
        let next = operations.on_timer(&mut alone.at(AT + AGAIN), 5);
        assert!(matches!(next, Some(Next::LookUp(_))));
        let deadline = AT + alone.services.config.lookup_deadline;
        let done = operations.on_timer(&mut alone.at(deadline), 5);
        let error = StoreError::NoMajority(awaited);
        assert!(matches!(done, Some(Next::End(Done::Got(Err(ended)))) if ended == error));
    }
}
