//! Expiry: the life of a record at a holder, and of the tombstone that follows.
//!
//! A record may replace one that lives longer, of which a node that is away has a replica still. Were it forgotten with the end of its
//! life, that replica would be read again. So holders keep it as a *tombstone* until nothing that it replaced can live: a day, the longest
//! life, after it was put. A tombstone is read as no record, and newer than all before it. The first record of a name has replaced
//! nothing and leaves none. (ours) The period follows from the signed record, since nothing that it replaced can live longer; a period
//! of its own would be a second number of each replica.

use core::time::Duration;

use crate::base::time::Instant;
use crate::store::record::{DEFAULT_LIFETIME, Record};

/// The life of a record at one holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// The time at which it is over.
    expires: Instant,
    /// The time at which the tombstone goes, not before `expires`.
    forgotten: Instant,
}

impl Life {
    /// The life of a record that has so many seconds left; below 0, that has been over for so long.
    pub fn new(now: Instant, record: &Record, remaining: i32) -> Self {
        let (left, over) = split(remaining);
        let expires = now + seconds(left);
        let rest = tombstone(record).saturating_sub(over);
        Self {
            expires,
            forgotten: expires + seconds(rest),
        }
    }

    /// Returns the time at which it is over.
    pub const fn expires(&self) -> Instant {
        self.expires
    }

    /// Returns whether the record may be read.
    pub fn is_live(&self, now: Instant) -> bool {
        self.expires > now
    }

    /// Returns whether neither the record nor its tombstone is kept any more.
    pub fn is_forgotten(&self, now: Instant) -> bool {
        self.forgotten <= now
    }

    /// The whole seconds that are left, rounded down, so that no replica outlives the one it came from: in the last second 0. Of a
    /// tombstone, below 0: for how many seconds it has been one, rounded up.
    pub fn remaining(&self, now: Instant, record: &Record) -> i32 {
        let whole = |until: Instant| i32::try_from(until.since(now).as_secs()).unwrap_or(i32::MAX);
        if self.is_live(now) {
            return whole(self.expires);
        }
        let all = remaining(tombstone(record));
        -all.saturating_sub(whole(self.forgotten)).max(1)
    }

    /// Returns a life that is a part of a second longer.
    #[must_use]
    pub fn longer(self, by: Duration) -> Self {
        Self {
            expires: self.expires + by,
            forgotten: self.forgotten + by,
        }
    }
}

/// Returns the number of seconds after its life for which a record is kept as a tombstone.
pub fn tombstone(record: &Record) -> u32 {
    match record.item() {
        Some(item) if item.sequence > 1 => DEFAULT_LIFETIME.saturating_sub(item.lifetime),
        _ => 0,
    }
}

/// Returns so many seconds as a remaining life.
pub fn remaining(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

/// The seconds that are left, and those since the end.
fn split(remaining: i32) -> (u32, u32) {
    match u32::try_from(remaining) {
        Ok(left) => (left, 0),
        Err(_) => (0, remaining.unsigned_abs()),
    }
}

fn seconds(life: u32) -> Duration {
    Duration::from_secs(u64::from(life))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Id;
    use crate::base::identity::Signer;
    use crate::store::record::Name;
    use alloc::vec;

    fn record(sequence: u64, life: u64) -> Record {
        let signer = Signer::stand_in(Id::from_u64(1));
        let name = Name::new("a").unwrap();
        let life = Duration::from_secs(life);
        Record::sign(&signer, name, Some(vec![1]), sequence, life).unwrap()
    }

    #[test]
    fn a_tombstone_stays_until_a_day_after_the_put() {
        let at = Instant::from_millis;
        let record = record(2, 60);
        let life = Life::new(at(500), &record, 60);
        assert!(life.is_live(at(60_499)) && !life.is_live(at(60_500)));
        assert_eq!(life.remaining(at(60_499), &record), 0);
        assert_eq!(life.remaining(at(60_500), &record), -1);
        assert_eq!(life.remaining(at(62_600), &record), -3);
        let day = u64::from(DEFAULT_LIFETIME) * 1_000;
        assert!(!life.is_forgotten(at(499 + day)) && life.is_forgotten(at(500 + day)));
    }

    #[test]
    fn a_tombstone_that_goes_from_holder_to_holder_never_stays_longer() {
        let record = record(7, 60);
        let mut now = Instant::ZERO;
        let first = Life::new(now, &record, 60);
        let mut life = first;
        while !life.is_forgotten(now) {
            assert!(!first.is_forgotten(now));
            now += Duration::from_millis(7_301);
            let given = life.remaining(now, &record);
            life = Life::new(now, &record, given);
            assert!(first.is_live(now) || !life.is_live(now));
        }
    }

    #[test]
    fn what_has_replaced_nothing_leaves_no_tombstone() {
        for (record, tombstone) in [
            (record(1, 60), 0),
            (record(2, 60), DEFAULT_LIFETIME - 60),
            (record(2, u64::from(DEFAULT_LIFETIME)), 0),
            (Record::immutable(vec![1]).unwrap(), 0),
        ] {
            assert_eq!(super::tombstone(&record), tombstone, "{record:?}");
        }
    }
}
