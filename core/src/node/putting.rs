//! The record that a put writes in the place of the stored one, at both levels; compare-and-set where the put has a condition.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::identity::Signer;
use crate::node::api::StoreError;
use crate::node::renewal::Keeping;
use crate::store::message::StoredRecord;
use crate::store::record::{Label, Record, RecordError};

/// A put: what is to be written, and under which condition.
#[derive(Clone, Debug)]
pub(super) struct Put {
    pub(super) label: Label,
    /// The value, `None` to delete.
    pub(super) value: Option<Vec<u8>>,
    /// The sequence number that must be there (compare-and-set); 0 for no such record, `None` for no condition.
    pub(super) expected: Option<u64>,
    pub(super) keeping: Keeping,
}

impl Put {
    /// The record that a put comes to, in the place of what is there. Tombstones count the sequence on, as does the last
    /// version that this node put itself, if it knows.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] when something else is there than was expected, or nothing that could be deleted.
    pub(super) fn record(
        self,
        signer: &Signer,
        there: Option<&StoredRecord>,
        own: u64,
    ) -> Result<Box<StoredRecord>, StoreError> {
        let visible = there.and_then(StoredRecord::visible);
        let visible = visible.map_or(0, Record::sequence);
        if self.expected.is_some_and(|expected| expected != visible) {
            return Err(StoreError::Mismatch(visible));
        }
        let last = there.map_or(0, |copy| copy.record.sequence());
        // Nothing is there to be deleted, unless all who hold what this node has put are away.
        if self.value.is_none() && visible == 0 && own <= last {
            return Err(StoreError::Mismatch(0));
        }
        let next = last.max(own).checked_add(1);
        let next = next.ok_or(RecordError::SequenceJump)?;
        let lifetime = self.keeping.lifetime;
        let record = Record::sign(signer, self.label, self.value, next, lifetime)?;
        Ok(Box::new(StoredRecord::whole(record)))
    }
}
