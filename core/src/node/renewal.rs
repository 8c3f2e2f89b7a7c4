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
use crate::node::api::{Event, Level, Limit, StoreError, TimerKind, Written};
use crate::node::ring::Ring;
use crate::node::services::Services;
use crate::store::life;
use crate::store::message::StoredRecord;
use crate::store::renewal::Renewal;

/// The longest delay of a renewal after a restart: it is not known how long the node was away.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// The greatest number of renewals that begin at a time, and the pause of the others.
const AT_A_TIME: usize = 16;
pub(super) const BREATH: Duration = Duration::from_millis(250);

/// The lifetime of a record, and its renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// The record's lifetime: how long it is held after it was written last, in whole seconds, two at least.
    pub lifetime: Duration,
    /// True if this node renews the record.
    pub renew: bool,
}

/// The records that a node renews, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Renewals {
    list: BTreeMap<(Id, Level), (Renewal, Instant)>,
}

/// Returns the key of a record, and the level at which it was put.
const fn place(renewal: &Renewal) -> (Id, Level) {
    (renewal.key, Level::of(renewal))
}

impl Renewals {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Renewal> {
        self.list.values().map(|(renewal, _)| renewal)
    }

    /// Takes up renewals kept from an earlier run. The clock may have gone on for any time, so that all are due soon.
    pub(super) fn restore(
        &mut self,
        services: &mut Services,
        ring: &Ring,
        now: Instant,
        kept: &[Renewal],
    ) {
        for renewal in kept {
            let jitter = u32::from(renewal.key.to_bytes()[18]);
            let soon = (renewal.half_life() / 8).min(LONGEST_DELAY) * jitter / 256;
            self.insert(services, *renewal, now + soon);
        }
        self.wait(services, ring, now);
    }

    /// Takes note that a record was put: it is renewed from now on, or no more.
    pub(super) fn note_put(
        &mut self,
        services: &mut Services,
        ring: &Ring,
        now: Instant,
        (renewal, renew): (Renewal, bool),
    ) {
        if !renew {
            self.end(services, ring, now, place(&renewal));
        } else if self.insert(services, renewal, now + renewal.half_life()) {
            services.event(Event::Renewing(renewal));
            self.wait(services, ring, now);
        }
    }

    fn insert(&mut self, services: &mut Services, renewal: Renewal, due: Instant) -> bool {
        let place = place(&renewal);
        let limit = services.config.limits.renewals;
        let full = self.list.len() >= limit && !self.list.contains_key(&place);
        match full {
            true => services.event(Event::LimitReached(Limit::Renewals)),
            false => {
                self.list.insert(place, (renewal, due));
            }
        }
        !full
    }

    /// Renews the record under a key at this level no more.
    pub(super) fn end(
        &mut self,
        services: &mut Services,
        ring: &Ring,
        now: Instant,
        (key, level): (Id, Level),
    ) {
        if self.list.remove(&(key, level)).is_some() {
            services.event(Event::RenewalEnded(key, level));
            self.wait(services, ring, now);
        }
    }

    /// The sequence number of what this node renews under a key at this level; 0 where it renews nothing there.
    pub(super) fn sequence(&self, key: Id, level: Level) -> u64 {
        let known = self.list.get(&(key, level));
        known.map_or(0, |(renewal, _)| renewal.version.sequence)
    }

    /// Ends this renewal; one of a newer version of this node's own goes on.
    pub(super) fn end_of(
        &mut self,
        services: &mut Services,
        ring: &Ring,
        now: Instant,
        renewal: &Renewal,
    ) {
        let place = place(renewal);
        let known = self.list.get(&place);
        if known.is_some_and(|(known, _)| known == renewal) {
            self.end(services, ring, now, place);
        }
    }

    /// Sets the timer to what is due next, but no sooner than `soonest`; none outside a ring.
    pub(super) fn wait(&self, services: &mut Services, ring: &Ring, soonest: Instant) {
        services.timers.clear(TimerKind::Renew);
        let due = self.list.values().map(|(_, due)| *due).min();
        if let Some(due) = due.filter(|_| ring.stays()) {
            services.timers.set(due.max(soonest), TimerKind::Renew);
        }
    }

    /// The first few that are due; each waits until its outcome is known.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Renewal> {
        let list = self.list.values_mut();
        let due = list.filter(|(_, due)| *due <= now).take(AT_A_TIME);
        due.map(|(renewal, due)| {
            *due = now + renewal.pause();
            *renewal
        })
        .collect()
    }

    /// Takes note that a renewal was written, or could not be.
    pub(super) fn on_renewed(
        &mut self,
        services: &mut Services,
        ring: &Ring,
        now: Instant,
        (renewal, outcome): (Renewal, Result<Written, StoreError>),
    ) {
        let wait = match outcome {
            Ok(_) => renewal.half_life(),
            Err(_) => renewal.pause(),
        };
        let (key, level) = place(&renewal);
        if let Some((known, due)) = self.list.get_mut(&(key, level))
            && *known == renewal
        {
            *due = now + wait;
        }
        services.event(match outcome {
            Ok(written) => Event::Renewed(key, level, written.copies),
            Err(error) => Event::RenewalFailed(key, level, error),
        });
        self.wait(services, ring, now);
    }
}

/// The record that renews what was put, if that is still the newest of those that hold it.
pub(super) fn renewed(
    renewal: Renewal,
    newest: Option<&StoredRecord>,
) -> Option<Box<StoredRecord>> {
    let newest = newest.filter(|newest| newest.is_live())?;
    let same = newest.record.version() == renewal.version;
    same.then(|| {
        Box::new(StoredRecord {
            record: newest.record.clone(),
            remaining: life::remaining(renewal.lifetime),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::context::tests::Alone;
    use crate::store::record::{Name, Record};

    fn renewal(quorum: bool) -> Renewal {
        let signer = crate::base::identity::Signer::stand_in(Id::from_u64(1));
        let (name, life) = (Name::new("name").unwrap(), Duration::from_secs(60));
        let record = Record::sign(&signer, name, Some(Vec::new()), 3, life).unwrap();
        Renewal {
            key: Id::from_u64(7),
            version: record.version(),
            lifetime: 60,
            quorum,
        }
    }

    #[test]
    fn what_was_put_is_due_at_half_life_at_each_level_by_itself() {
        let mut alone = Alone::new();
        let (one, quorum) = (renewal(false), renewal(true));
        let now = Instant::ZERO;
        let cx = alone.at(now);
        for renewal in [one, quorum] {
            cx.renewals
                .note_put(cx.services, cx.ring, now, (renewal, true));
        }
        let half = now + one.half_life();
        let (at, _) = alone.services.timers.first().unwrap();
        assert_eq!(at, half);
        assert_eq!(alone.renewals.due(half), [one, quorum]);
        assert_eq!(
            alone.renewals.due(half),
            [],
            "until their outcomes are known"
        );
        let cx = alone.at(half);
        let failed = (one, Err(StoreError::Unavailable));
        cx.renewals.on_renewed(cx.services, cx.ring, half, failed);
        assert_eq!(alone.renewals.due(half + one.pause()), [one, quorum]);
        let cx = alone.at(half);
        cx.renewals
            .note_put(cx.services, cx.ring, half, (one, false));
        assert_eq!(alone.renewals.iter().copied().collect::<Vec<_>>(), [quorum]);
        let key = one.key;
        let told = alone.events();
        assert!(told.contains(&Event::RenewalEnded(key, Level::One)));
        assert_eq!(alone.renewals.sequence(key, Level::Quorum), 3);
        assert_eq!(alone.renewals.sequence(key, Level::One), 0);
    }
}
