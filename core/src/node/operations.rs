//! Puts, gets and deletes that this node began, at level `one`.
//!
//! A get asks the whole replica group and takes the newest answer; members that hold an older one are sent the newer.
//! A put gets first, then writes sequence + 1 to the whole group. What has no sequence number, an immutable record or
//! the entry of a provider, is written at once.
//!
//! [`Operations`] decides what comes next; it neither sends nor stores anything.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::content::ContentId;
use crate::base::id::{Id, Space};
use crate::chord::message::Neighbours;
use crate::node::api::{StoreError, Written};
use crate::node::putting::Put;
use crate::node::services::Services;
use crate::store::message::StoredRecord;
use crate::store::record::label::providers_key;
use crate::store::record::{Record, RecordError, Subject, Version};
use crate::store::renewal::Renewal;

/// The number of times that a put looks the group up again when a member of it failed.
const MAX_ROUNDS: u8 = 3;

/// The operations under way, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Operations(BTreeMap<u64, Operation>);

/// A put, get or delete under way.
#[derive(Clone, Debug)]
struct Operation {
    target: Target,
    key: Id,
    task: Task,
    /// The renewal that it is.
    renewal: Option<Renewal>,
    /// True if the record that the operation writes is renewed afterwards.
    renew: bool,
    rounds: u8,
    /// The number of times that the owner was looked for again, as another node answered for it.
    detours: u8,
    /// True if the node that answered last may have stood in for the owner.
    stood_in: bool,
    group: Vec<Contact>,
    /// The number of members of the group that have not answered yet.
    open: usize,
    /// The version that each member that answered a read holds.
    answers: BTreeMap<Id, Option<Version>>,
    newest: Option<Box<StoredRecord>>,
    /// True if all nodes that may have an earlier version of what is put were away.
    may_be_lost: bool,
    copies: u8,
    refusal: Option<RecordError>,
}

/// The subject of an operation.
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

/// The next step of an operation.
#[derive(Debug)]
pub(super) enum Next {
    /// To look the replica group of this key up.
    LookUp(Id),
    /// To read the record under this key at each of these.
    Read(Id, Vec<Contact>),
    /// To write this record to each of these.
    Write(Box<StoredRecord>, Vec<Contact>),
    /// To make the record that a put comes to, in the place of the newest one under this key, which this node answered for.
    Replace((Id, Option<Id>), Put, Option<Box<StoredRecord>>),
    /// To write the newest record again, if it is the one to be renewed.
    Renew(Renewal, Option<Box<StoredRecord>>),
    /// To tell what came of it: it is over.
    End(Done),
}

/// An operation that is over.
#[derive(Debug)]
pub(super) enum Done {
    /// A get, with the members of the group that hold something older.
    Got {
        target: Target,
        /// The key, and the node that answered for it.
        at: (Id, Option<Id>),
        newest: Option<Box<StoredRecord>>,
        behind: Vec<Contact>,
    },
    /// A get that no node answered.
    GetFailed(Target),
    /// A put, with what was written.
    Put(Acknowledged),
    /// A put that failed.
    PutFailed(StoreError),
    /// The announcement of what this node has was made, or failed.
    Announced(ContentId, Box<StoredRecord>, Result<Written, StoreError>),
    /// A record was renewed, or could not be.
    Renewed(Renewal, Result<Written, StoreError>),
    /// The whole replica group of a key's owner has this record now.
    HandedOff(Id, Box<StoredRecord>),
    /// A hand-off came to nothing.
    NotHandedOff,
}

/// A put that was acknowledged.
#[derive(Debug)]
pub(super) struct Acknowledged {
    pub(super) written: Written,
    pub(super) copy: Box<StoredRecord>,
    /// True if the record is renewed from now on.
    pub(super) renew: bool,
    /// True if another node may have stood in for the owner.
    pub(super) stood_in: bool,
}

impl Operations {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether one tells the ring what this node has.
    pub(super) fn any_announcement(&self) -> bool {
        let announces = |operation: &Operation| {
            let Operation { target, task, .. } = operation;
            matches!((target, task), (Target::Providers(_), Task::Write(_)))
        };
        self.0.values().any(announces)
    }

    /// Begins an operation, under a number of its own; what it writes is renewed then, or not. Its replica group is looked up
    /// next.
    pub(super) fn begin(
        &mut self,
        space: Space,
        number: u64,
        (target, task): (Target, Task),
        renew: bool,
    ) -> Next {
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
            may_be_lost: false,
            copies: 0,
            refusal: None,
        };
        self.0.insert(number, operation);
        Next::LookUp(key)
    }

    /// Ends an operation before it writes anything.
    pub(super) fn abandon(&mut self, number: u64) {
        self.0.remove(&number);
    }

    /// Takes the owner of an operation's key, and the nodes behind it.
    ///
    /// If the owner is late, a node behind it answers for it. A put or get there may miss what the owner alone has, as when
    /// the other replicas have just died: a put would begin with the first sequence number, and be lost to the older record later.
    /// So the owner is looked for again, a few times, and gets what was put by hinted hand-off.
    pub(super) fn on_owner(
        &mut self,
        services: &Services,
        number: u64,
        owner: &Contact,
        neighbours: &Neighbours,
    ) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        let key = operation.key;
        let before = neighbours.predecessor.as_ref();
        let stands_in = before.is_some_and(|before| !key.is_within(before.id(), owner.id()));
        let alone = neighbours.successors.is_empty();
        operation.stood_in = stands_in || before.is_none() && !alone;
        if operation.stood_in && matches!(operation.task, Task::HandOff(_)) {
            self.0.remove(&number);
            return Some(Next::End(Done::NotHandedOff));
        }
        if stands_in && operation.detours < MAX_ROUNDS {
            operation.detours += 1;
            return Some(Next::LookUp(key));
        }
        let group = services.group(owner, &neighbours.successors);
        self.on_group(number, group)
    }

    /// Takes the replica group of an operation's key; empty when it was not found.
    pub(super) fn on_group(&mut self, number: u64, group: Vec<Contact>) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        if group.is_empty() {
            return self.end_unavailable(number);
        }
        operation.rounds += 1;
        operation.open = group.len();
        operation.copies = 0;
        operation.answers.clear();
        operation.group.clone_from(&group);
        Some(match &operation.task {
            Task::Write(copy) | Task::HandOff(copy) => Next::Write(copy.clone(), group),
            Task::Get | Task::Put(_) | Task::Renew(_) => Next::Read(operation.key, group),
        })
    }

    /// A member answered a read, or failed to (`None`).
    pub(super) fn on_read(
        &mut self,
        services: &Services,
        number: u64,
        member: Id,
        answer: Option<Option<Box<StoredRecord>>>,
    ) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        operation.open = operation.open.saturating_sub(1);
        if let Some(copy) = answer {
            let newest = operation.newest.as_ref();
            let (space, scheme) = (services.space(), services.me.signer.scheme());
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
        match operation.open {
            0 => self.all_read(number),
            _ => None,
        }
    }

    fn all_read(&mut self, number: u64) -> Option<Next> {
        let operation = self.0.get(&number)?;
        // Who does not answer may have what the others lack.
        let may_be_missed = operation.newest.is_none()
            && operation.answers.len() < operation.group.len()
            && operation.rounds < MAX_ROUNDS;
        if operation.answers.is_empty() || may_be_missed {
            return match operation.rounds < MAX_ROUNDS {
                true => Some(Next::LookUp(operation.key)),
                false => self.end_unavailable(number),
            };
        }
        let newest = operation.newest.clone();
        match &operation.task {
            Task::Get => self.end_get(number),
            Task::Put(put) => {
                let at = (operation.key, operation.group.first().map(Contact::id));
                Some(Next::Replace(at, put.clone(), newest))
            }
            Task::Renew(renewal) => Some(Next::Renew(*renewal, newest)),
            Task::Write(_) | Task::HandOff(_) => None,
        }
    }

    fn end_get(&mut self, number: u64) -> Option<Next> {
        let operation = self.0.remove(&number)?;
        let (newest, answers) = (operation.newest, operation.answers);
        let version = newest.as_ref().map(|newest| newest.record.version());
        let is_behind = |member: &Contact| {
            let held = answers.get(&member.id());
            version.is_some() && held.is_some_and(|held| *held != version)
        };
        let at = (operation.key, operation.group.first().map(Contact::id));
        let behind = operation.group.into_iter().filter(is_behind).collect();
        Some(Next::End(Done::Got {
            target: operation.target,
            at,
            newest,
            behind,
        }))
    }

    /// Takes note that all nodes that may have an earlier version of what a put writes are away.
    pub(super) fn may_be_lost(&mut self, number: u64) {
        if let Some(operation) = self.0.get_mut(&number) {
            operation.may_be_lost = true;
        }
    }

    /// Makes the replica group that was read write the record.
    pub(super) fn write(&mut self, number: u64, copy: Box<StoredRecord>) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        operation.task = Task::Write(copy);
        let group = core::mem::take(&mut operation.group);
        operation.rounds = 0;
        self.on_group(number, group)
    }

    /// Takes a member's answer: it has stored the record, refused it, or failed (`None`).
    pub(super) fn on_written(
        &mut self,
        number: u64,
        outcome: Option<Result<(), RecordError>>,
    ) -> Option<Next> {
        let operation = self.0.get_mut(&number)?;
        operation.open = operation.open.saturating_sub(1);
        match outcome {
            Some(Ok(())) => operation.copies += 1,
            Some(Err(refusal)) => operation.refusal = Some(refusal),
            None => {}
        }
        if operation.open > 0 {
            return None;
        }
        let missing = usize::from(operation.copies) < operation.group.len();
        let refused = operation.refusal.is_some();
        match missing && !refused && operation.rounds < MAX_ROUNDS {
            true => Some(Next::LookUp(operation.key)),
            false => self.end_write(number),
        }
    }

    fn end_write(&mut self, number: u64) -> Option<Next> {
        let operation = self.0.remove(&number)?;
        let copy = match operation.task {
            Task::Write(copy) => copy,
            Task::HandOff(copy) => {
                let whole = usize::from(operation.copies) == operation.group.len();
                return Some(Next::End(match whole {
                    true => Done::HandedOff(operation.key, copy),
                    false => Done::NotHandedOff,
                }));
            }
            Task::Get | Task::Put(_) | Task::Renew(_) => return None,
        };
        let outcome = match (operation.copies, operation.refusal) {
            (0, Some(refusal)) => Err(refusal.into()),
            (0, None) => Err(StoreError::Unavailable),
            (copies, _) => Ok(Written {
                key: operation.key,
                sequence: copy.record.sequence(),
                copies,
                members: None,
                may_be_lost: operation.may_be_lost,
            }),
        };
        Some(Next::End(match (operation.target, operation.renewal) {
            (Target::Providers(content), _) => Done::Announced(content, copy, outcome),
            (Target::Record(_), Some(renewal)) => Done::Renewed(renewal, outcome),
            (Target::Record(_), None) => match outcome {
                Ok(written) => Done::Put(Acknowledged {
                    written,
                    copy,
                    renew: operation.renew,
                    stood_in: operation.stood_in,
                }),
                Err(error) => Done::PutFailed(error),
            },
        }))
    }

    fn end_unavailable(&mut self, number: u64) -> Option<Next> {
        let operation = self.0.remove(&number)?;
        let failed = StoreError::Unavailable;
        if let Some(renewal) = operation.renewal {
            return Some(Next::End(Done::Renewed(renewal, Err(failed))));
        }
        Some(Next::End(match (operation.task, operation.target) {
            (Task::Get, target) => Done::GetFailed(target),
            (Task::Write(copy), Target::Providers(content)) => {
                Done::Announced(content, copy, Err(failed))
            }
            // Some copies of an earlier round may be stored, so that the write may still take effect.
            (Task::Put(_) | Task::Write(_) | Task::Renew(_), _) => Done::PutFailed(failed),
            (Task::HandOff(_), _) => Done::NotHandedOff,
        }))
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

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::time::Duration;

    use super::*;
    use crate::chord::membership::tests::{contact, contacts};
    use crate::node::context::tests::Alone;
    use crate::node::renewal::Keeping;
    use crate::store::record::{Label, Name};

    fn name() -> Name {
        Name::new("name").unwrap()
    }

    fn put() -> Put {
        Put {
            label: Label::from(name()),
            value: Some(vec![7]),
            expected: None,
            keeping: Keeping {
                lifetime: Duration::from_secs(60),
                renew: true,
            },
        }
    }

    fn stored(services: &Services, sequence: u64) -> Box<StoredRecord> {
        let (value, life) = (Some(vec![1]), Duration::from_secs(60));
        let record = Record::sign(&services.me.signer, name(), value, sequence, life).unwrap();
        Box::new(StoredRecord::whole(record))
    }

    /// An operation on the name, and the first answer of the machine.
    fn begin(services: &Services, task: Task) -> (Operations, Id) {
        let mut operations = Operations::default();
        let subject = Label::from(name()).subject(services.me.signer.public_key());
        let what = (Target::Record(subject), task);
        match operations.begin(services.space(), 5, what, true) {
            Next::LookUp(key) => (operations, key),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_put_reads_the_whole_group_and_then_writes_to_it() {
        let services = Alone::new().services;
        let group = contacts([2, 3, 4]);
        let (mut operations, key) = begin(&services, Task::Put(put()));
        let next = operations.on_group(5, group.clone());
        assert!(matches!(next, Some(Next::Read(at, asked)) if at == key && asked == group));
        let newest = stored(&services, 8);
        let answers = [Some(stored(&services, 6)), None, Some(newest.clone())];
        let mut last = None;
        for (member, answer) in group.iter().zip(answers) {
            assert!(last.is_none());
            last = operations.on_read(&services, 5, member.id(), Some(answer));
        }
        let Some(Next::Replace(at, put, found)) = last else {
            panic!("{last:?}");
        };
        assert_eq!(at, (key, Some(group[0].id())));
        assert_eq!(found, Some(newest.clone()));
        let copy = put.record(&services.me.signer, Some(&newest), 0).unwrap();
        assert_eq!(copy.record.sequence(), 9);
        operations.may_be_lost(5);
        let next = operations.write(5, copy.clone());
        assert!(matches!(next, Some(Next::Write(written, to)) if written == copy && to == group));
        assert!(operations.on_written(5, Some(Ok(()))).is_none());
        assert!(operations.on_written(5, Some(Ok(()))).is_none());
        let done = operations.on_written(5, Some(Ok(())));
        let Some(Next::End(Done::Put(put))) = done else {
            panic!("{done:?}");
        };
        assert_eq!((put.written.sequence, put.written.copies), (9, 3));
        assert!(put.renew && !put.stood_in);
        assert!(
            put.written.may_be_lost,
            "it is told with the acknowledgement"
        );
        assert_eq!(operations.len(), 0);
    }

    #[test]
    fn a_get_takes_the_newest_answer_and_names_the_members_that_are_behind() {
        let services = Alone::new().services;
        let group = contacts([2, 3, 4]);
        let (mut operations, _) = begin(&services, Task::Get);
        operations.on_group(5, group.clone());
        let newest = stored(&services, 2);
        operations.on_read(&services, 5, group[0].id(), Some(Some(newest.clone())));
        // Another's record counts as none.
        let foreign = Record::immutable(vec![9]).map(StoredRecord::whole).unwrap();
        operations.on_read(&services, 5, group[1].id(), Some(Some(Box::new(foreign))));
        let done = operations.on_read(&services, 5, group[2].id(), None);
        let Some(Next::End(Done::Got {
            newest: found,
            behind,
            ..
        })) = done
        else {
            panic!("{done:?}");
        };
        assert_eq!(found, Some(newest));
        assert_eq!(
            behind,
            [group[1].clone()],
            "who is silent is not sent anything"
        );
    }

    #[test]
    fn a_group_that_is_silent_is_looked_up_again_twice_before_a_get_fails() {
        let services = Alone::new().services;
        let (mut operations, key) = begin(&services, Task::Get);
        for round in 1..=MAX_ROUNDS {
            operations.on_group(5, contacts([2]));
            let next = operations.on_read(&services, 5, contact(2).id(), None);
            match round < MAX_ROUNDS {
                true => assert!(matches!(next, Some(Next::LookUp(at)) if at == key)),
                false => assert!(matches!(next, Some(Next::End(Done::GetFailed(_))))),
            }
        }
    }

    #[test]
    fn a_refused_write_is_not_tried_again_and_one_copy_is_enough() {
        let services = Alone::new().services;
        let copy = stored(&services, 1);
        let (mut operations, _) = begin(&services, Task::Write(copy.clone()));
        operations.on_group(5, contacts([2]));
        let full = RecordError::Full;
        let done = operations.on_written(5, Some(Err(full)));
        assert!(matches!(done, Some(Next::End(Done::PutFailed(error))) if error == full.into()));
        let (mut operations, _) = begin(&services, Task::Write(copy));
        operations.on_group(5, contacts([2, 3]));
        operations.on_written(5, Some(Err(full)));
        let done = operations.on_written(5, Some(Ok(())));
        assert!(matches!(done, Some(Next::End(Done::Put(put))) if put.written.copies == 1));
    }

    #[test]
    fn a_node_that_answers_for_the_owner_is_passed_over_until_the_owner_seems_gone() {
        let services = Alone::new().services;
        let (mut operations, key) = begin(&services, Task::Write(stored(&services, 1)));
        // The key lies before the predecessor of the node that answers.
        let before = Contact::sign(
            services.space(),
            &crate::base::identity::Signer::stand_in(services.space().next(key)),
            0,
            0,
            vec![],
        )
        .unwrap();
        let neighbours = Neighbours {
            predecessor: Some(before),
            successors: contacts([3]).into(),
        };
        let behind = contact(2);
        for _ in 0..MAX_ROUNDS {
            let next = operations.on_owner(&services, 5, &behind, &neighbours);
            assert!(matches!(next, Some(Next::LookUp(at)) if at == key));
        }
        let next = operations.on_owner(&services, 5, &behind, &neighbours);
        assert!(matches!(next, Some(Next::Write(_, to)) if to == contacts([2, 3])));
        operations.on_written(5, Some(Ok(())));
        let done = operations.on_written(5, Some(Ok(())));
        assert!(matches!(done, Some(Next::End(Done::Put(put))) if put.stood_in));
    }
}
