//! The records that one node holds.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Bound;
use core::time::Duration;

use crate::base::id::{Id, Space};
use crate::base::identity::Scheme;
use crate::base::time::Instant;
use crate::store::life::Life;
use crate::store::message::{MAX_OFFER, StoredRecord};
use crate::store::record::{MAX_SEQUENCE_JUMP, Record, RecordError, Version};

/// Records by key, within limits on their number and bytes.
#[derive(Clone, Debug)]
pub struct Replica {
    space: Space,
    scheme: Scheme,
    max_records: usize,
    max_bytes: usize,
    bytes: usize,
    held: BTreeMap<Id, Held>,
}

/// A record as its holder keeps it.
#[derive(Clone, Debug)]
pub struct Held {
    /// The record.
    pub record: Record,
    /// The times at which it expires, and is forgotten.
    pub life: Life,
    /// The time at which a responsible node last vouched for this replica.
    pub vouched: Instant,
    /// The record's version, which takes a hash of all of its value to find.
    version: Version,
}

/// The outcome of taking in a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The replica is new here and must be stored.
    New,
    /// The version, or a newer one, is here already.
    Known,
}

impl Held {
    fn new(now: Instant, record: Record, life: Life) -> Self {
        Self {
            version: record.version(),
            record,
            life,
            vouched: now,
        }
    }

    /// The record's version.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The whole seconds that it has left, as [`StoredRecord::remaining`].
    fn remaining(&self, now: Instant) -> i32 {
        self.life.remaining(now, &self.record)
    }

    /// Returns the record merged with another replica; `None` when that adds nothing.
    fn join(&self, now: Instant, copy: &StoredRecord) -> Result<Option<Self>, RecordError> {
        let mine = self.remaining(now);
        let Some((record, life)) = self.record.join(mine, &copy.record, copy.remaining) else {
            return Ok(None);
        };
        let ahead = record.sequence().saturating_sub(self.record.sequence());
        if ahead > MAX_SEQUENCE_JUMP {
            return Err(RecordError::SequenceJump);
        }
        // Providers were there before: their lives must not shrink by the rest of a second with each that comes.
        let rest = match record {
            Record::Providers(_) => fraction(self.life.expires().since(now)),
            Record::Immutable(_) | Record::Item(_) => Duration::ZERO,
        };
        let life = Life::new(now, &record, life).longer(rest);
        Ok(Some(Self::new(now, record, life)))
    }
}

fn fraction(time: Duration) -> Duration {
    time - Duration::from_secs(time.as_secs())
}

impl Replica {
    /// An empty store with limits on the number of records and on their bytes.
    pub const fn new(space: Space, scheme: Scheme, max_records: usize, max_bytes: usize) -> Self {
        Self {
            space,
            scheme,
            max_records,
            max_bytes,
            bytes: 0,
            held: BTreeMap::new(),
        }
    }

    /// The record under a key.
    pub fn get(&self, key: Id) -> Option<&Held> {
        self.held.get(&key)
    }

    /// A replica of the record under a key, or of its tombstone, with its remaining life in whole seconds, rounded down: in its last
    /// second 0, of providers none.
    pub fn copy(&self, now: Instant, key: Id) -> Option<StoredRecord> {
        let held = self.held.get(&key);
        let held = held.filter(|held| !held.life.is_forgotten(now))?;
        let remaining = held.remaining(now);
        if remaining == 0 && matches!(held.record, Record::Providers(_)) {
            return None;
        }
        let mut record = held.record.clone();
        record.prune(remaining);
        Some(StoredRecord { record, remaining })
    }

    /// The records that may be read, by key.
    pub fn live(&self, now: Instant) -> impl Iterator<Item = (Id, &Held)> {
        self.iter().filter(move |(_, held)| held.life.is_live(now))
    }

    /// All records by key, and their tombstones.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &Held)> {
        self.held.iter().map(|(key, held)| (*key, held))
    }

    /// Returns the number of records that are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Returns whether no record is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Takes in a replica if it is sound, says something new, and there is room.
    ///
    /// # Errors
    /// [`RecordError`]: the reason why it is refused.
    pub fn accept(&mut self, now: Instant, copy: &StoredRecord) -> Result<Accepted, RecordError> {
        let record = &copy.record;
        let key = record.key(self.space);
        let before = self.held.get(&key);
        if before.is_none() && copy.remaining <= 0 && !copy.is_tombstone() {
            // It would outlive the one that it came from: two holders would keep a record for ever by giving it to each other.
            return Ok(Accepted::Known);
        }
        record.verify(self.space, self.scheme, before.map(|held| &held.record))?;
        let taken = match before {
            Some(held) => held.join(now, copy)?,
            None => {
                let (record, life) = record.taken(copy.remaining);
                let life = Life::new(now, &record, life);
                Some(Held::new(now, record, life))
            }
        };
        let Some(taken) = taken else {
            return Ok(Accepted::Known);
        };
        let bytes = self.bytes - before.map_or(0, |held| held.record.size()) + taken.record.size();
        let records = self.held.len() + usize::from(before.is_none());
        if bytes > self.max_bytes || records > self.max_records {
            return Err(RecordError::Full);
        }
        self.bytes = bytes;
        self.held.insert(key, taken);
        Ok(Accepted::New)
    }

    /// Takes a record out.
    pub fn remove(&mut self, key: Id) -> Option<Held> {
        let held = self.held.remove(&key)?;
        self.bytes -= held.record.size();
        Some(held)
    }

    /// Keys whose record has run out, and its tombstone. What has run out of a record that stays is left out of it.
    pub fn expired(&mut self, now: Instant) -> Vec<Id> {
        for held in self.held.values_mut() {
            if let Record::Providers(_) = held.record {
                self.bytes -= held.record.size();
                held.record.prune(held.remaining(now));
                held.version = held.record.version();
                self.bytes += held.record.size();
            }
        }
        let expired = self
            .held
            .iter()
            .filter(|(_, held)| held.life.is_forgotten(now));
        expired.map(|(key, _)| *key).collect()
    }

    /// Returns what this node can offer of the keys in (after, upto], from behind `last` on: at most [`MAX_OFFER`] entries.
    pub fn offer(&self, after: Id, upto: Id, last: Option<Id>) -> Vec<(Id, Version)> {
        self.page(after, upto, last, |_, _| true)
    }

    /// As [`Replica::offer`], of the keys outside `own` for which no node has vouched since `since`.
    pub fn offer_unclaimed(
        &self,
        (after, upto): (Id, Id),
        last: Option<Id>,
        own: (Id, Id),
        since: Instant,
    ) -> Vec<(Id, Version)> {
        self.page(after, upto, last, |key, held| {
            held.vouched < since && !key.is_within(own.0, own.1)
        })
    }

    /// The keys of a range in its own order, from behind `last` on.
    fn page(
        &self,
        after: Id,
        upto: Id,
        last: Option<Id>,
        wanted: impl Fn(Id, &Held) -> bool,
    ) -> Vec<(Id, Version)> {
        let from = last.unwrap_or(after);
        if last == Some(upto) {
            return Vec::new();
        }
        // (from, upto] may go over the top: first what is behind `from`, then what is before.
        let behind = self.held.range((Bound::Excluded(from), Bound::Unbounded));
        let before = self.held.range(..=from);
        behind
            .chain(before)
            .take_while(|(key, _)| key.is_within(from, upto))
            .filter(|(key, held)| wanted(**key, held))
            .map(|(key, held)| (*key, held.version))
            .take(MAX_OFFER)
            .collect()
    }

    /// Judges another node's offer: which keys this node lacks, and of which it holds a newer version. Of providers that are
    /// others than its own it both lacks some and may hold newer ones. A replica offered by another holder counts as vouched for.
    pub fn judge(&mut self, now: Instant, offer: &[(Id, Version)]) -> (Vec<Id>, Vec<Id>) {
        let (mut lacking, mut newer) = (Vec::new(), Vec::new());
        for (key, version) in offer {
            match self.held.get_mut(key) {
                Some(held) => {
                    held.vouched = now;
                    let own = held.version;
                    let merges = matches!(held.record, Record::Providers(_));
                    if own < *version || merges && own != *version {
                        lacking.push(*key);
                    }
                    if own > *version || merges && own != *version {
                        newer.push(*key);
                    }
                }
                None => lacking.push(*key),
            }
        }
        (lacking, newer)
    }

    /// Notes that this node is responsible for replicas of the keys in (after, upto].
    pub fn vouch(&mut self, now: Instant, after: Id, upto: Id) {
        for (key, held) in &mut self.held {
            if key.is_within(after, upto) {
                held.vouched = now;
            }
        }
    }

    /// Keys outside (after, upto] for which no node vouched since `since`.
    pub fn unclaimed(&self, after: Id, upto: Id, since: Instant) -> Vec<Id> {
        let stale =
            |(key, held): &(&Id, &Held)| held.vouched < since && !key.is_within(after, upto);
        let keys = self.held.iter().filter(stale).map(|(key, _)| *key);
        keys.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::contact::Contact;
    use crate::base::content::ContentId;
    use crate::base::identity::Signer;
    use crate::store::record::{Name, PROVIDER_LIFETIME, Provider, Providers};
    use alloc::vec;

    fn copy(name: &str, sequence: u64, length: usize) -> StoredRecord {
        let signer = Signer::stand_in(Id::from_u64(1));
        let name = Name::new(name).unwrap();
        let life = Duration::from_secs(60);
        let record = Record::sign(&signer, name, Some(vec![0; length]), sequence, life).unwrap();
        StoredRecord {
            record,
            remaining: 60,
        }
    }

    fn replica() -> Replica {
        Replica::new(Space::FULL, Scheme::STAND_IN, 3, 2_000)
    }

    #[test]
    fn the_newer_version_wins_whatever_the_order() {
        let mut replica = replica();
        let key = copy("a", 1, 1).record.key(Space::FULL);
        assert_eq!(
            replica.accept(Instant::ZERO, &copy("a", 2, 1)),
            Ok(Accepted::New)
        );
        assert_eq!(
            replica.accept(Instant::ZERO, &copy("a", 1, 1)),
            Ok(Accepted::Known)
        );
        assert_eq!(replica.get(key).unwrap().record.sequence(), 2);
        assert_eq!(
            replica.accept(Instant::ZERO, &copy("a", 3 + MAX_SEQUENCE_JUMP, 1)),
            Err(RecordError::SequenceJump)
        );
    }

    #[test]
    fn limits_hold_and_removal_makes_room() {
        let mut replica = replica();
        let accept =
            |replica: &mut Replica, copy: &StoredRecord| replica.accept(Instant::ZERO, copy);
        assert_eq!(
            accept(&mut replica, &copy("big", 1, 1_900)),
            Err(RecordError::Full)
        );
        for name in ["a", "b", "c"] {
            assert_eq!(accept(&mut replica, &copy(name, 1, 1)), Ok(Accepted::New));
        }
        assert_eq!(
            accept(&mut replica, &copy("d", 1, 1)),
            Err(RecordError::Full)
        );
        let first = replica.iter().next().unwrap().0;
        assert!(replica.remove(first).is_some());
        assert_eq!(accept(&mut replica, &copy("d", 1, 1)), Ok(Accepted::New));
    }

    #[test]
    fn a_copy_keeps_its_remaining_life() {
        let mut replica = replica();
        let _ = replica.accept(Instant::ZERO, &copy("a", 1, 1));
        let (key, _) = replica.iter().next().unwrap();
        let later = Instant::from_millis(20_000);
        assert_eq!(replica.copy(later, key).unwrap().remaining, 40);
        assert_eq!(replica.expired(later), []);
        let end = Instant::from_millis(60_000);
        assert_eq!(replica.expired(end), [key]);
        assert!(replica.copy(end, key).is_none());
    }

    #[test]
    fn holders_that_give_a_record_to_each_other_do_not_keep_it_beyond_its_life() {
        let (mut one, mut two) = (replica(), replica());
        let at = Instant::from_millis;
        for (holder, begins) in [(&mut one, 0), (&mut two, 400)] {
            assert!(holder.accept(at(begins), &copy("a", 1, 1)).is_ok());
        }
        let (key, _) = one.iter().next().unwrap();
        for now in (0..70_000).step_by(25) {
            let now = at(now + 400);
            for holder in [&mut one, &mut two] {
                for key in holder.expired(now) {
                    holder.remove(key);
                }
            }
            if let Some(copy) = one.copy(now, key) {
                assert!(two.accept(now, &copy).is_ok());
            }
            if let Some(copy) = two.copy(now, key) {
                assert!(one.accept(now, &copy).is_ok());
            }
            let read = one.copy(now, key).is_some();
            assert!(read || now >= at(60_000), "{now:?}");
            let end = now >= at(60_400);
            assert!(!end || one.is_empty() && two.is_empty(), "{now:?}");
        }
    }

    #[test]
    fn an_offer_is_judged_key_by_key() {
        let mut replica = replica();
        for copy in [copy("a", 2, 1), copy("b", 2, 1)] {
            let _ = replica.accept(Instant::ZERO, &copy);
        }
        let entry = |name, sequence| {
            let record = copy(name, sequence, 1).record;
            (record.key(Space::FULL), record.version())
        };
        let (lacking, newer) = replica.judge(
            Instant::ZERO,
            &[entry("a", 1), entry("b", 3), entry("c", 1)],
        );
        assert_eq!(newer, [entry("a", 0).0]);
        assert_eq!(lacking, [entry("b", 0).0, entry("c", 0).0]);
    }

    fn announcement(secret: u8) -> StoredRecord {
        let signer = Signer::stand_in(Id::from_u64(u64::from(secret)));
        let contact = Contact::stand_in(Space::FULL, &signer, 1);
        let content = ContentId([7; 32]);
        let life = PROVIDER_LIFETIME;
        let entries = vec![Provider::sign(&signer, &contact, content, 1, false, life)];
        StoredRecord {
            record: Record::Providers(Providers { content, entries }),
            remaining: life.cast_signed(),
        }
    }

    fn providers(replica: &Replica, now: Instant) -> Vec<Contact> {
        let key = announcement(0).record.key(Space::FULL);
        match replica.copy(now, key).map(|copy| copy.record) {
            Some(Record::Providers(set)) => set.contacts(Space::FULL, Scheme::STAND_IN),
            _ => Vec::new(),
        }
    }

    #[test]
    fn providers_come_and_run_out_one_by_one() {
        let mut replica = Replica::new(Space::FULL, Scheme::STAND_IN, 3, 100_000);
        let second = |n: u64| Instant::from_millis(n * 1_000 + n % 7 * 100);
        for n in 0..60 {
            let accepted = replica.accept(second(10 * n), &announcement(n as u8));
            assert_eq!(accepted, Ok(Accepted::New));
        }
        assert_eq!(replica.len(), 1);
        assert_eq!(providers(&replica, second(600)).len(), 60);
        let life = u64::from(PROVIDER_LIFETIME);
        for n in 0..60 {
            // The clocks of copies go by whole seconds, and never run ahead.
            let left = providers(&replica, second(life + 10 * n + 1)).len();
            assert_eq!(left, 59 - n as usize, "after the end of {n}");
            let before = providers(&replica, second(life + 10 * n - 3)).len();
            assert_eq!(before, 60 - n as usize, "before the end of {n}");
            let _ = replica.expired(second(life + 10 * n - 3));
        }
        assert_eq!(replica.expired(second(life + 600)).len(), 1);
        replica.remove(announcement(0).record.key(Space::FULL));
        assert_eq!(replica.bytes, 0);
    }

    #[test]
    fn holders_that_know_other_providers_send_each_other_what_they_have() {
        let replica = || Replica::new(Space::FULL, Scheme::STAND_IN, 3, 100_000);
        let (mut one, mut two) = (replica(), replica());
        let now = Instant::ZERO;
        for secret in 0..5 {
            let holder = if secret < 3 { &mut one } else { &mut two };
            assert!(holder.accept(now, &announcement(secret)).is_ok());
        }
        let key = announcement(0).record.key(Space::FULL);
        let offer = |replica: &Replica| replica.offer(key, key, None);
        let judged = two.judge(now, &offer(&one));
        assert_eq!(judged, (vec![key], vec![key]));
        assert!(two.accept(now, &one.copy(now, key).unwrap()).is_ok());
        assert!(one.accept(now, &two.copy(now, key).unwrap()).is_ok());
        assert_eq!(two.judge(now, &offer(&one)), (vec![], vec![]));
        assert_eq!(providers(&one, now).len(), 5);
    }
}
