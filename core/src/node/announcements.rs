//! Announcements: a node writes its entries of providers for the contents that it has, and repeats them before they expire.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::content::ContentId;
use crate::base::time::Instant;
use crate::node::api::{Event, Limit, StoreError, TimerKind, Written};
use crate::node::ring::Ring;
use crate::node::services::Services;
use crate::store::life;
use crate::store::message::StoredRecord;
use crate::store::record::{PROVIDER_LIFETIME, Provider, Providers, Record};

/// The pause before an announcement that no node took is tried again.
const AGAIN: Duration = Duration::from_secs(15);
/// The greatest number of announcements that go out at a time, and the pause of the others.
const AT_A_TIME: usize = 16;
pub(super) const BREATH: Duration = Duration::from_millis(250);

/// The contents that a node announces.
#[derive(Clone, Debug, Default)]
pub(super) struct Announcements {
    list: BTreeMap<ContentId, Turn>,
    /// The same, by when the ring is told the next time.
    turns: BTreeMap<Turn, ContentId>,
    /// The number of contents announced so far.
    count: u64,
    /// Counts what was said.
    sequence: u64,
}

/// The turn of a content: the time at which the ring is told of it next; of those due together what was announced first comes
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    due: Instant,
    number: u64,
}

impl Announcements {
    /// Changes when a content is due; `false` for one that is not announced.
    fn set_due(&mut self, content: ContentId, due: Instant) -> bool {
        let Some(turn) = self.list.get_mut(&content) else {
            return false;
        };
        self.turns.remove(turn);
        turn.due = due;
        self.turns.insert(*turn, content);
        true
    }

    fn add(&mut self, content: ContentId, due: Instant) {
        self.count += 1;
        let number = self.count;
        let turn = Turn { due, number };
        self.list.insert(content, turn);
        self.turns.insert(turn, content);
    }

    pub(super) fn remove(&mut self, content: ContentId) -> bool {
        let turn = self.list.remove(&content);
        turn.is_some_and(|turn| self.turns.remove(&turn).is_some())
    }

    /// Makes every announcement due at this time.
    pub(super) fn all_due(&mut self, due: Instant) {
        self.turns.clear();
        for (content, turn) in &mut self.list {
            turn.due = due;
            self.turns.insert(*turn, *content);
        }
    }

    /// The first few that are due.
    pub(super) fn due(&self, now: Instant) -> Vec<ContentId> {
        let turns = self.turns.iter().take(AT_A_TIME);
        let due = turns.take_while(|(turn, _)| turn.due <= now);
        due.map(|(_, content)| *content).collect()
    }

    /// Returns the time of the next announcement or withdrawal.
    fn next(&self) -> Option<Instant> {
        self.turns.keys().next().map(|turn| turn.due)
    }
}

impl Announcements {
    /// Announces a content from now on.
    ///
    /// # Errors
    /// [`StoreError::Busy`] at the limit.
    pub(super) fn announce(
        &mut self,
        services: &mut Services,
        now: Instant,
        content: ContentId,
    ) -> Result<(), StoreError> {
        if !self.set_due(content, now) {
            if self.list.len() >= services.config.limits.announcements {
                services.event(Event::LimitReached(Limit::Announced));
                return Err(StoreError::Busy);
            }
            self.add(content, now);
        }
        Ok(())
    }

    /// The contents, in the order in which the ring is told.
    pub(super) fn contents(&self) -> impl Iterator<Item = ContentId> {
        self.turns.values().copied()
    }

    /// Makes a content that is being announced due again in a third of its lifetime, with jitter.
    pub(super) fn again(&mut self, services: &mut Services, now: Instant, content: ContentId) {
        let every = services.config.provider_lifetime / 3;
        let wait = services.rng.duration(every * 3 / 4, every * 5 / 4);
        self.set_due(content, now + wait);
    }

    /// Sets the timer to what is due next, but no sooner than `soonest`; none outside a ring.
    pub(super) fn wait(&self, services: &mut Services, ring: &Ring, soonest: Instant) {
        services.timers.clear(TimerKind::Announce);
        if let Some(due) = self.next().filter(|_| ring.stays()) {
            services.timers.set(due.max(soonest), TimerKind::Announce);
        }
    }

    /// The record that tells the ring that this node has a content, or has it no more.
    pub(super) fn record(
        &mut self,
        services: &Services,
        content: ContentId,
        withdrawn: bool,
    ) -> Box<StoredRecord> {
        self.sequence += 1;
        let lifetime = services.config.provider_lifetime.as_secs();
        let lifetime = u32::try_from(lifetime).unwrap_or(PROVIDER_LIFETIME);
        let entry = Provider::sign(
            &services.me.signer,
            &services.me.contact,
            content,
            self.sequence,
            withdrawn,
            lifetime,
        );
        let remaining = life::remaining(entry.lifetime);
        let entries = vec![entry];
        let record = Record::Providers(Providers { content, entries });
        Box::new(StoredRecord { record, remaining })
    }

    /// Takes note that the group of a content has been told, or was not found.
    pub(super) fn on_announced(
        &mut self,
        services: &mut Services,
        ring: &Ring,
        now: Instant,
        (content, copy, outcome): (ContentId, &StoredRecord, Result<Written, StoreError>),
    ) {
        let withdrawn = match &copy.record {
            Record::Providers(own) => own.entries.iter().any(|entry| entry.withdrawn),
            Record::Immutable(_) | Record::Item(_) => false,
        };
        if outcome.is_err() {
            self.set_due(content, now + AGAIN);
            self.wait(services, ring, now + BREATH);
        }
        services.event(Event::Announced {
            content,
            withdrawn,
            outcome: outcome.map(|written| written.copies),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(number: u16) -> ContentId {
        ContentId::of(&number.to_le_bytes())
    }

    #[test]
    fn contents_come_as_they_are_due_and_those_due_together_as_they_were_announced() {
        let at = Instant::from_millis;
        let mut announced = Announcements::default();
        let all: Vec<ContentId> = (0..40).map(content).collect();
        for content in &all {
            assert!(!announced.set_due(*content, at(5)));
            announced.add(*content, at(5));
        }
        assert_eq!(announced.due(at(4)), []);
        let mut told = Vec::new();
        while announced.next() == Some(at(5)) {
            for content in announced.due(at(5)) {
                assert!(announced.set_due(content, at(9)));
                told.push(content);
            }
        }
        assert_eq!(told, all);
        assert!(announced.set_due(all[7], at(8)));
        assert!(announced.remove(all[3]) && !announced.remove(all[3]));
        assert_eq!(announced.due(at(9))[..4], [all[7], all[0], all[1], all[2]]);
        announced.all_due(at(6));
        assert_eq!(announced.due(at(6))[..4], [all[0], all[1], all[2], all[4]]);
        assert_eq!(announced.list.len(), announced.turns.len());
    }
}
