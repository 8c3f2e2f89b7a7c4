//! Hinted hand-off: a record that was put while its owner did not answer is brought to the owner once it does.
//!
//! Hinted hand-off: while the owner of a key is silent, the node behind it answers for it, and keeps what is put meanwhile. An
//! owner that comes back within moments does not lack the record until the next round of anti-entropy: the node that put it looks
//! the owner up again a few times, and writes the same record to the replica group that it finds. (ours) In Dynamo (SOSP 2007)
//! §4.6 the node that stands in keeps the hint; in Chord it cannot tell such a record from one that it holds as a replica.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::api::{Event, Limit, TimerKind};
use crate::node::services::Services;
use crate::store::life::Life;
use crate::store::message::StoredRecord;

/// The waits before each attempt, after the put and after one another: an owner that is restarted is back in a few seconds.
const WAITS: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// The limit on records that wait to be handed off.
const MAX_HINTS: usize = 256;

/// Records that wait to be handed off to their owners, by key: the last one put.
#[derive(Clone, Debug, Default)]
pub(super) struct Handoffs(BTreeMap<Id, Hint>);

#[derive(Clone, Debug)]
struct Hint {
    copy: Box<StoredRecord>,
    life: Life,
    due: Instant,
    attempts: usize,
}

impl Handoffs {
    /// Keeps a hint (hinted hand-off): a record was put under a key, and another node stood in for the owner.
    pub(super) fn add(
        &mut self,
        services: &mut Services,
        now: Instant,
        key: Id,
        copy: Box<StoredRecord>,
    ) {
        if self.0.len() >= MAX_HINTS && !self.0.contains_key(&key) {
            services.event(Event::LimitReached(Limit::Handoffs));
            return;
        }
        let hint = Hint {
            life: Life::new(now, &copy.record, copy.remaining),
            copy,
            due: now + WAITS[0],
            attempts: 0,
        };
        self.0.insert(key, hint);
    }

    /// Sets the timer to what is due next, while the node stays.
    pub(super) fn wait(&self, services: &mut Services, stays: bool) {
        services.timers.clear(TimerKind::Handoff);
        let due = self.0.values().map(|hint| hint.due).min();
        if let Some(due) = due.filter(|_| stays) {
            services.timers.set(due, TimerKind::Handoff);
        }
    }

    /// The records that are due, by their keys. Each comes again after the next wait, if it has one.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(Id, Box<StoredRecord>)> {
        let mut due = Vec::new();
        self.0.retain(|key, hint| {
            if hint.due > now {
                return true;
            }
            let remaining = hint.life.remaining(now, &hint.copy.record);
            let record = hint.copy.record.clone();
            due.push((*key, Box::new(StoredRecord { record, remaining })));
            hint.attempts += 1;
            match WAITS.get(hint.attempts) {
                Some(wait) => hint.due = now + *wait,
                None => return false,
            }
            true
        });
        due
    }

    /// Forgets a record that the whole replica group of a key's owner has.
    pub(super) fn end(&mut self, key: Id, copy: &StoredRecord) {
        let hint = self.0.get(&key);
        if hint.is_some_and(|hint| hint.copy.record.version() == copy.record.version()) {
            self.0.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::identity::Signer;
    use crate::node::context::tests::Alone;
    use crate::store::record::{Name, Record};

    #[test]
    fn a_record_is_brought_four_times_unless_its_owner_has_it() {
        let mut services = Alone::new().services;
        let (key, signer) = (Id::from_u64(7), Signer::stand_in(Id::from_u64(1)));
        let stored = |sequence| {
            let (name, life) = (Name::new("name").unwrap(), Duration::from_secs(60));
            let record = Record::sign(&signer, name, Some(Vec::new()), sequence, life).unwrap();
            Box::new(StoredRecord::whole(record))
        };
        let mut hints = Handoffs::default();
        hints.add(&mut services, Instant::ZERO, key, stored(2));
        let mut due = Vec::new();
        while let Some((at, kind)) = {
            hints.wait(&mut services, true);
            services.timers.first()
        } {
            assert_eq!(kind, TimerKind::Handoff);
            assert_eq!(hints.due(at).len(), 1);
            due.push(at.as_micros() / 1_000);
        }
        assert_eq!(due, [500, 1_500, 3_500, 7_500]);
        hints.add(&mut services, Instant::ZERO, key, stored(2));
        hints.end(key, &stored(1));
        hints.wait(&mut services, true);
        assert!(
            services.timers.first().is_some(),
            "a newer one was put since"
        );
        hints.end(key, &stored(2));
        hints.wait(&mut services, true);
        assert_eq!(services.timers.first(), None);
    }

    #[test]
    fn the_page_says_when_records_are_handed_off() {
        assert_eq!(
            WAITS.map(|wait| wait.as_millis()),
            [500, 1_000, 2_000, 4_000]
        );
        crate::page::must_say("0.5, 1, 2 and 4 seconds after one another");
    }
}
