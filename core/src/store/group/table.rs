//! The records that a node keeps for its groups.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::base::id::{Id, Space};
use crate::base::identity::Scheme;
use crate::base::time::Instant;
use crate::store::group::configuration::{Origin, Stamp};
use crate::store::group::{Entry, OperationTag};
use crate::store::life::Life;
use crate::store::message::StoredRecord;
use crate::store::record::{Record, RecordError};

/// Records by key; of two with one key the later stamp stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) space: Space,
    scheme: Scheme,
    max_records: usize,
    max_bytes: usize,
    bytes: usize,
    rows: BTreeMap<Id, Row>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) stamp: Stamp,
    pub(super) operation: OperationTag,
    pub(super) record: Record,
    pub(super) life: Life,
    pub(super) origin: Option<Origin>,
    /// True once the disk has stored it.
    pub(super) saved: bool,
}

impl Table {
    pub(super) const fn new(
        space: Space,
        scheme: Scheme,
        max_records: usize,
        max_bytes: usize,
    ) -> Self {
        Self {
            space,
            scheme,
            max_records,
            max_bytes,
            bytes: 0,
            rows: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, key: Id) -> Option<&Row> {
        self.rows.get(&key)
    }

    /// The record under a key, or its tombstone.
    pub(super) fn kept(&self, now: Instant, key: Id) -> Option<&Row> {
        let row = self.rows.get(&key);
        row.filter(|row| !row.life.is_forgotten(now))
    }

    pub(super) fn entry(&self, now: Instant, key: Id) -> Option<Box<Entry>> {
        Some(Box::new(self.kept(now, key)?.entry(now)))
    }

    /// All entries but those that are forgotten.
    pub(super) fn entries(&self, now: Instant) -> Vec<Entry> {
        let rows = self.rows.values();
        let kept = rows.filter(|row| !row.life.is_forgotten(now));
        kept.map(|row| row.entry(now)).collect()
    }

    pub(super) fn key(&self, record: &Record) -> Id {
        record.key(self.space)
    }

    /// Takes in an entry if it is sound and there is room. An older one than what is here changes nothing.
    pub(super) fn insert(&mut self, now: Instant, entry: &Entry) -> Result<(), RecordError> {
        let record = &entry.copy.record;
        let key = self.key(record);
        let before = self.rows.get(&key);
        if before.is_some_and(|row| row.stamp >= entry.stamp) {
            return Ok(());
        }
        if record.item().is_none() {
            return Err(RecordError::Level);
        }
        record.verify(self.space, self.scheme, None)?;
        let bytes = self.bytes - before.map_or(0, |row| row.record.size()) + record.size();
        let records = self.rows.len() + usize::from(before.is_none());
        if bytes > self.max_bytes || records > self.max_records {
            return Err(RecordError::Full);
        }
        self.bytes = bytes;
        let remaining = record.at_most_whole(entry.copy.remaining);
        let row = Row {
            stamp: entry.stamp,
            operation: entry.operation,
            record: record.clone(),
            life: Life::new(now, record, remaining),
            origin: entry.origin,
            saved: false,
        };
        self.rows.insert(key, row);
        Ok(())
    }

    /// Takes note that the disk has the entry of this stamp.
    pub(super) fn saved(&mut self, key: Id, stamp: Stamp) {
        if let Some(row) = self.rows.get_mut(&key)
            && row.stamp == stamp
        {
            row.saved = true;
        }
    }

    /// Keys and stamps of a range from behind `last` on, at most `limit`, in the range's own order.
    pub(super) fn page(
        &self,
        after: Id,
        upto: Id,
        last: Option<Id>,
        limit: usize,
    ) -> Vec<(Id, Stamp)> {
        let from = last.unwrap_or(after);
        if last == Some(upto) {
            return Vec::new();
        }
        // (from, upto] may go over the top: first what is behind `from`, then what is before.
        let behind = self.rows.range((
            core::ops::Bound::Excluded(from),
            core::ops::Bound::Unbounded,
        ));
        let before = self.rows.range(..=from);
        behind
            .chain(before)
            .filter(|(key, _)| key.is_within(from, upto))
            .map(|(key, row)| (*key, row.stamp))
            .take(limit)
            .collect()
    }

    /// Drops what `wanted` does not hold of, and what has run out; gives the keys that went.
    pub(super) fn retain(&mut self, wanted: impl Fn(Id, &Row) -> bool) -> Vec<Id> {
        let gone = self.rows.iter().filter(|(key, row)| !wanted(**key, row));
        let gone: Vec<Id> = gone.map(|(key, _)| *key).collect();
        for key in &gone {
            if let Some(row) = self.rows.remove(key) {
                self.bytes -= row.record.size();
            }
        }
        gone
    }

    /// The rows behind a key, or all of them, in the order of their keys.
    pub(super) fn behind(&self, last: Option<Id>) -> impl Iterator<Item = (Id, &Row)> {
        use core::ops::Bound::{Excluded, Unbounded};
        let from = last.map_or(Unbounded, Excluded);
        let rows = self.rows.range((from, Unbounded));
        rows.map(|(key, row)| (*key, row))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Id> {
        self.rows.keys().copied()
    }

    /// The bytes of the records.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Row {
    pub(super) fn entry(&self, now: Instant) -> Entry {
        Entry {
            stamp: self.stamp,
            operation: self.operation,
            copy: self.copy(now),
            origin: self.origin,
        }
    }

    /// The record with its remaining life.
    pub(super) fn copy(&self, now: Instant) -> StoredRecord {
        StoredRecord {
            record: self.record.clone(),
            remaining: self.life.remaining(now, &self.record),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::identity::Signer;
    use crate::store::group::configuration::Epoch;
    use crate::store::record::Name;
    use alloc::format;
    use alloc::vec;
    use core::time::Duration;

    fn entry(name: &str, index: u64, length: usize) -> Entry {
        let signer = Signer::stand_in(Id::from_u64(1));
        let name = Name::new(name).unwrap();
        let life = Duration::from_secs(60);
        let record = Record::sign(&signer, name, Some(vec![0; length]), 1, life).unwrap();
        let epoch = Epoch::default();
        let remaining = 60;
        Entry {
            stamp: Stamp { epoch, index },
            operation: OperationTag::default(),
            copy: StoredRecord { record, remaining },
            origin: None,
        }
    }

    fn table() -> Table {
        Table::new(Space::new(8).unwrap(), Scheme::STAND_IN, 64, 100_000)
    }

    fn filled() -> Table {
        let mut table = table();
        for n in 0..24 {
            let _ = table.insert(Instant::ZERO, &entry(&format!("name {n}"), 1, 1));
        }
        table
    }

    #[test]
    fn pages_go_around_the_circle_and_leave_nothing_out() {
        let table = filled();
        let keys: Vec<Id> = table.keys().collect();
        // From the middle once around, over the top, and a range without keys.
        let middle = keys[keys.len() / 2];
        for (after, upto) in [(middle, middle), (middle, keys[2]), (keys[0], keys[1])] {
            let (mut seen, mut last) = (Vec::new(), None);
            loop {
                let page = table.page(after, upto, last, 5);
                let Some((key, _)) = page.last() else {
                    break;
                };
                last = Some(*key);
                seen.extend(page.iter().map(|(key, _)| *key));
            }
            let mut wanted: Vec<Id> = keys.clone();
            wanted.retain(|key| key.is_within(after, upto));
            seen.sort_unstable();
            assert_eq!(seen, wanted, "({after:?}, {upto:?}]");
        }
    }

    #[test]
    fn the_later_stamp_stays_and_is_not_saved_before_it_is() {
        let mut table = table();
        let key = table.key(&entry("a", 1, 1).copy.record);
        let stamp = |index| entry("a", index, 1).stamp;
        for index in [2, 1] {
            assert_eq!(table.insert(Instant::ZERO, &entry("a", index, 1)), Ok(()));
        }
        assert_eq!(table.get(key).unwrap().stamp, stamp(2));
        table.saved(key, stamp(1));
        assert!(!table.get(key).unwrap().saved);
        table.saved(key, stamp(2));
        assert!(table.get(key).unwrap().saved);
        let late = Instant::from_millis(59_500);
        let mut other = self::table();
        let given = table.entry(late, key).unwrap();
        assert_eq!(other.insert(late, &given), Ok(()));
        assert!(table.kept(late, key).is_some() && other.kept(late, key).is_none());
        let end = Instant::from_millis(60_000);
        assert!(table.kept(end, key).is_none());
    }

    #[test]
    fn limits_hold_and_dropping_makes_room() {
        let mut table = Table::new(Space::FULL, Scheme::STAND_IN, 2, 3_000);
        let insert =
            |table: &mut Table, name, length| table.insert(Instant::ZERO, &entry(name, 1, length));
        assert_eq!(insert(&mut table, "a", 10_000), Err(RecordError::Full));
        assert_eq!(insert(&mut table, "a", 1), Ok(()));
        assert_eq!(insert(&mut table, "b", 1), Ok(()));
        assert_eq!(insert(&mut table, "c", 1), Err(RecordError::Full));
        assert_eq!(table.retain(|_, _| false).len(), 2);
        assert_eq!(insert(&mut table, "c", 1), Ok(()));
    }

    #[test]
    fn only_named_and_signed_records_are_kept() {
        let mut immutable = entry("a", 1, 1);
        immutable.copy.record = Record::immutable(vec![1]).unwrap();
        assert_eq!(
            table().insert(Instant::ZERO, &immutable),
            Err(RecordError::Level)
        );
    }

    #[test]
    fn a_record_that_was_changed_is_refused() {
        let mut changed = entry("a", 1, 1);
        let Record::Item(item) = &mut changed.copy.record else {
            unreachable!()
        };
        item.sequence += 1;
        assert_eq!(
            table().insert(Instant::ZERO, &changed),
            Err(RecordError::Signature)
        );
    }
}
