//! Putting and getting: what a node's owner may ask, and the record that a put comes to.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::time::Instant;
use crate::node::Node;
use crate::node::api::{Level, OperationId, StoreError};
use crate::node::operations::{Target, Task};
use crate::node::renewal::Keeping;
use crate::store::life;
use crate::store::message::StoredRecord;
use crate::store::record::{Label, MAX_VALUE, Record, RecordError, SHORTEST_LIFETIME, Subject};

/// What is to be written in the place of what is there.
#[derive(Clone, Debug)]
pub(super) struct Put {
    pub(super) label: Label,
    /// The value, `None` to delete.
    pub(super) value: Option<Vec<u8>>,
    /// Only if this is the sequence number there; 0 for no such record.
    pub(super) expected: Option<u64>,
    pub(super) keeping: Keeping,
}

impl Node {
    /// Puts a value under a name, or under a salt of this node's own. [`Event::PutEnded`](crate::node::api::Event::PutEnded) follows.
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

    /// Deletes a named or signed record. [`Event::PutEnded`](crate::node::api::Event::PutEnded) follows, with
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
    /// [`Event::PutEnded`](crate::node::api::Event::PutEnded) follows, with [`StoreError::Mismatch`] when it is another.
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

    /// Puts a value under the key that follows from it, or lets it live for another day. There is one level: any copy is as
    /// good. [`Event::PutEnded`](crate::node::api::Event::PutEnded) follows.
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
        let subject = Subject::Key(record.key(self.services.config.space));
        let remaining = u32::try_from(keeping.lifetime.as_secs()).unwrap_or(u32::MAX);
        if !(SHORTEST_LIFETIME..=record.lifetime()).contains(&remaining) {
            return Err(RecordError::Lifetime.into());
        }
        let remaining = life::remaining(remaining);
        let task = Task::Write(Box::new(StoredRecord { record, remaining }));
        self.start_writing(now, Target::Record(subject), task, keeping.renew)
    }

    /// How records are kept unless their put says otherwise.
    pub fn keeping(&self) -> Keeping {
        Keeping {
            lifetime: self.services.config.lifetime,
            renew: self.services.config.renew,
        }
    }

    /// Gets a record. [`Event::GetEnded`](crate::node::api::Event::GetEnded) follows.
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
            Level::One => self.start_operation(now, Target::Record(subject), Task::Get),
            Level::Quorum => self.quorum_get(now, subject),
        }
    }

    /// Puts a value, or deletes the record (`None`), under the condition of [`Node::compare_and_set`] if there is one, kept in this
    /// way. [`Event::PutEnded`](crate::node::api::Event::PutEnded) follows.
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
            Level::One => self.start_operation(now, Target::Record(subject), Task::Put(put)),
            Level::Quorum => self.quorum_put(now, subject, put),
        }
    }

    /// The record that a put comes to, in the place of what is there. Tombstones count the sequence on, as does the last
    /// version that this node put itself, if it knows.
    pub(super) fn next_record(
        &self,
        put: &Put,
        there: Option<&StoredRecord>,
        own: u64,
    ) -> Result<Box<StoredRecord>, StoreError> {
        let visible = there.and_then(StoredRecord::visible);
        let visible = visible.map_or(0, Record::sequence);
        if put.expected.is_some_and(|expected| expected != visible) {
            return Err(StoreError::Mismatch(visible));
        }
        let last = there.map_or(0, |copy| copy.record.sequence());
        // Nothing is there to be deleted, unless all who hold what this node has put are away.
        if put.value.is_none() && visible == 0 && own <= last {
            return Err(StoreError::Mismatch(0));
        }
        let next = last.max(own).checked_add(1);
        let next = next.ok_or(RecordError::SequenceJump)?;
        let (label, value) = (put.label.clone(), put.value.clone());
        let lifetime = put.keeping.lifetime;
        let record = Record::sign(&self.services.me.signer, label, value, next, lifetime)?;
        Ok(Box::new(StoredRecord::whole(record)))
    }
}
