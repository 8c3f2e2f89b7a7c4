//! Renewal: the node that put a record keeps it from expiring for as long as it runs.
//!
//! At about half of a record's lifetime its holders are asked for it. If the version that this node put is still the newest, the
//! same version is written again with its whole lifetime; a newer one ends the renewal. At level `quorum` the primary of the key's
//! group does both, for a touch. Tombstones are records like others. A key is renewed at each level by itself.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::Node;
use crate::node::api::{Event, Level, Limit, StoreError, TimerKind, Written};
use crate::node::operations::{Target, Task};
use crate::store::life;
use crate::store::message::StoredRecord;
use crate::store::record::Subject;
use crate::store::renewal::Renewal;

/// How long a renewal may wait after a restart: nobody knows how long the node was away.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// How many renewals begin at a time, and how long the others wait for them.
const AT_A_TIME: usize = 16;
const BREATH: Duration = Duration::from_millis(250);

/// How long a record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Its lifetime: how long it is held after it was written last, in whole seconds, two at least.
    pub lifetime: Duration,
    /// Whether this node renews it.
    pub renew: bool,
}

/// The records that a node renews, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Renewals {
    list: BTreeMap<(Id, Level), (Renewal, Instant)>,
}

/// Where a record lies, and at which level it was put.
const fn place(renewal: &Renewal) -> (Id, Level) {
    (renewal.key, Level::of(renewal))
}

impl Node {
    /// The records that this node renews.
    pub fn renewals(&self) -> impl Iterator<Item = &Renewal> {
        self.renewals.list.values().map(|(renewal, _)| renewal)
    }

    /// Takes up renewals kept from an earlier run, as [`Event::Renewing`] told them. The clock may have gone on for any time, so
    /// that all are due soon.
    pub fn restore_renewals(&mut self, now: Instant, kept: &[Renewal]) {
        for renewal in kept {
            let jitter = u32::from(renewal.key.to_bytes()[18]);
            let soon = (renewal.half_life() / 8).min(LONGEST_DELAY) * jitter / 256;
            self.insert_renewal(*renewal, now + soon);
        }
        self.wait_to_renew(now);
    }

    /// A record was put: it is renewed from now on, or no more.
    pub(super) fn note_put(&mut self, now: Instant, renewal: Renewal, renew: bool) {
        if !renew {
            let (key, level) = place(&renewal);
            self.end_renewal(now, key, level);
        } else if self.insert_renewal(renewal, now + renewal.half_life()) {
            self.services.event(Event::Renewing(renewal));
            self.wait_to_renew(now);
        }
    }

    fn insert_renewal(&mut self, renewal: Renewal, due: Instant) -> bool {
        let list = &mut self.renewals.list;
        let place = place(&renewal);
        let full = list.len() >= self.services.config.limits.renewals && !list.contains_key(&place);
        match full {
            true => self.services.event(Event::LimitReached(Limit::Renewals)),
            false => {
                list.insert(place, (renewal, due));
            }
        }
        !full
    }

    /// Renews the record under a key at this level no more.
    pub fn end_renewal(&mut self, now: Instant, key: Id, level: Level) {
        if self.renewals.list.remove(&(key, level)).is_some() {
            self.services.event(Event::RenewalEnded(key, level));
            self.wait_to_renew(now);
        }
    }

    /// The sequence number of what this node renews under a key at this level; 0 where it renews nothing there.
    pub(super) fn renewed_sequence(&self, key: Id, level: Level) -> u64 {
        let known = self.renewals.list.get(&(key, level));
        known.map_or(0, |(renewal, _)| renewal.version.sequence)
    }

    /// This renewal has come to its end; one of a newer version of this node's own goes on.
    pub(super) fn end_renewal_of(&mut self, now: Instant, renewal: &Renewal) {
        let (key, level) = place(renewal);
        let known = self.renewals.list.get(&(key, level));
        if known.is_some_and(|(known, _)| known == renewal) {
            self.end_renewal(now, key, level);
        }
    }

    /// The node is a member: what is due meanwhile is renewed.
    pub(super) fn wait_to_renew(&mut self, soonest: Instant) {
        self.services.timers.clear(TimerKind::Renew);
        let due = self.renewals.list.values().map(|(_, due)| *due).min();
        let stays = self.membership.is_member() && self.upkeep.leaving.is_none();
        if let Some(due) = due.filter(|_| stays) {
            self.services.timers.set(due.max(soonest), TimerKind::Renew);
        }
    }

    pub(super) fn on_renew_timer(&mut self, now: Instant) {
        let list = self.renewals.list.values_mut();
        let due = list.filter(|(_, due)| *due <= now).take(AT_A_TIME);
        let due: Vec<Renewal> = due
            .map(|(renewal, due)| {
                // Until its outcome is known.
                *due = now + renewal.pause();
                *renewal
            })
            .collect();
        for renewal in due {
            let target = Target::Record(Subject::Key(renewal.key));
            // A node that is too busy tries again as after any failure.
            let _ = match place(&renewal).1 {
                Level::One => self.start_operation(now, target, Task::Renew(renewal)),
                Level::Quorum => self.quorum_touch(now, renewal),
            };
        }
        self.wait_to_renew(now + BREATH);
    }

    /// The group has been asked for a record that is to be renewed: what to write, if that is still to be done.
    pub(super) fn renewed_copy(
        &mut self,
        now: Instant,
        renewal: Renewal,
        newest: Option<&StoredRecord>,
    ) -> Option<Box<StoredRecord>> {
        let held = self.replica.copy(now, renewal.key);
        let newest = newest.or(held.as_ref());
        let same = |newest: &&StoredRecord| newest.record.version() == renewal.version;
        match newest.filter(|newest| newest.is_live()).filter(same) {
            Some(newest) => Some(Box::new(StoredRecord {
                record: newest.record.clone(),
                remaining: life::remaining(renewal.lifetime),
            })),
            // There is a newer version, or the record is gone everywhere.
            None => {
                self.end_renewal_of(now, &renewal);
                None
            }
        }
    }

    /// A renewal was written, or could not be.
    pub(super) fn on_renewed(
        &mut self,
        now: Instant,
        renewal: Renewal,
        outcome: Result<Written, StoreError>,
    ) {
        let wait = match outcome {
            Ok(_) => renewal.half_life(),
            Err(_) => renewal.pause(),
        };
        let (key, level) = place(&renewal);
        if let Some((known, due)) = self.renewals.list.get_mut(&(key, level))
            && *known == renewal
        {
            *due = now + wait;
        }
        self.services.event(match outcome {
            Ok(written) => Event::Renewed(key, level, written.copies),
            Err(error) => Event::RenewalFailed(key, level, error),
        });
        self.wait_to_renew(now);
    }
}
