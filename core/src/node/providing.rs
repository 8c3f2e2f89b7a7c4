//! Who has a content: this node says what it has, again and again, and finds others.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::content::ContentId;
use crate::base::time::Instant;
use crate::node::Node;
use crate::node::api::{Event, Limit, OperationId, StoreError, TimerKind, Written};
use crate::node::operations::{Target, Task};
use crate::store::life;
use crate::store::message::StoredRecord;
use crate::store::record::{PROVIDER_LIFETIME, Provider, Providers, Record};

/// How soon an announcement is tried again that nobody took.
const AGAIN: Duration = Duration::from_secs(15);
/// How many announcements go out at a time, and how long the others wait for them.
const AT_A_TIME: usize = 16;
const BREATH: Duration = Duration::from_millis(250);

/// What this node announces.
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

/// When the ring is told of a content the next time; of those due together what was announced first comes first.
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

    fn remove(&mut self, content: ContentId) -> bool {
        let turn = self.list.remove(&content);
        turn.is_some_and(|turn| self.turns.remove(&turn).is_some())
    }

    /// Everything is due at this time.
    fn all_due(&mut self, due: Instant) {
        self.turns.clear();
        for (content, turn) in &mut self.list {
            turn.due = due;
            self.turns.insert(*turn, *content);
        }
    }

    /// The first few that are due.
    fn due(&self, now: Instant) -> Vec<ContentId> {
        let turns = self.turns.iter().take(AT_A_TIME);
        let due = turns.take_while(|(turn, _)| turn.due <= now);
        due.map(|(_, content)| *content).collect()
    }

    /// When something is due next.
    fn next(&self) -> Option<Instant> {
        self.turns.keys().next().map(|turn| turn.due)
    }
}

impl Node {
    /// Tells the ring that this node has a content, and again in time, until [`Node::withdraw`]; also after it has joined,
    /// if it is no member yet. [`Event::Announced`] follows each time.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the node announces too many contents already.
    pub fn announce(&mut self, now: Instant, content: ContentId) -> Result<(), StoreError> {
        if !self.announcements.set_due(content, now) {
            if self.announcements.list.len() >= self.services.config.limits.announcements {
                self.services.event(Event::LimitReached(Limit::Announced));
                return Err(StoreError::Busy);
            }
            self.announcements.add(content, now);
        }
        self.wait_to_announce(now);
        Ok(())
    }

    /// Tells the ring that this node has a content no more. [`Event::Announced`] follows if it had announced it.
    pub fn withdraw(&mut self, now: Instant, content: ContentId) {
        if self.announcements.remove(content) {
            self.tell(now, content, true);
        }
    }

    /// Asks who has a content. [`Event::ProvidersFound`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub fn providers(
        &mut self,
        now: Instant,
        content: ContentId,
    ) -> Result<OperationId, StoreError> {
        self.start_operation(now, Target::Providers(content), Task::Get)
    }

    /// The contents that this node announces, in the order in which the ring is told.
    pub fn announced(&self) -> impl Iterator<Item = ContentId> {
        self.announcements.turns.values().copied()
    }

    /// The ring is a new one, or this node is found elsewhere: everything is said again.
    pub(super) fn announce_all(&mut self, now: Instant) {
        self.announcements.all_due(now);
        self.wait_to_announce(now);
    }

    /// Before it leaves, a node says that it has nothing any more, and does not say otherwise again.
    pub(super) fn withdraw_all(&mut self, now: Instant) {
        self.services.timers.clear(TimerKind::Announce);
        self.services.timers.clear(TimerKind::Renew);
        for content in self.announced().collect::<Vec<_>>() {
            self.tell(now, content, true);
        }
    }

    pub(super) fn on_announce_timer(&mut self, now: Instant) {
        let every = self.services.config.provider_lifetime / 3;
        for content in self.announcements.due(now) {
            let wait = self.services.rng.duration(every * 3 / 4, every * 5 / 4);
            self.announcements.set_due(content, now + wait);
            self.tell(now, content, false);
        }
        self.wait_to_announce(now + BREATH);
    }

    /// Sets the timer to what is due next, but no sooner than `soonest`.
    fn wait_to_announce(&mut self, soonest: Instant) {
        self.services.timers.clear(TimerKind::Announce);
        let due = self.announcements.next();
        let stays = self.membership.is_member() && self.upkeep.leaving.is_none();
        if let Some(due) = due.filter(|_| stays) {
            self.services
                .timers
                .set(due.max(soonest), TimerKind::Announce);
        }
    }

    fn tell(&mut self, now: Instant, content: ContentId, withdrawn: bool) {
        self.announcements.sequence += 1;
        let lifetime = self.services.config.provider_lifetime.as_secs();
        let lifetime = u32::try_from(lifetime).unwrap_or(PROVIDER_LIFETIME);
        let entry = Provider::sign(
            &self.services.me.signer,
            &self.services.me.contact,
            content,
            self.announcements.sequence,
            withdrawn,
            lifetime,
        );
        let remaining = life::remaining(entry.lifetime);
        let entries = vec![entry];
        let record = Record::Providers(Providers { content, entries });
        let copy = Box::new(StoredRecord { record, remaining });
        let task = Task::Write(copy.clone());
        if let Err(error) = self.start_operation(now, Target::Providers(content), task) {
            self.on_announced(now, content, &copy, Err(error));
        }
    }

    /// The group of a content has been told, or was not found.
    pub(super) fn on_announced(
        &mut self,
        now: Instant,
        content: ContentId,
        copy: &StoredRecord,
        outcome: Result<Written, StoreError>,
    ) {
        let withdrawn = match &copy.record {
            Record::Providers(own) => own.entries.iter().any(|entry| entry.withdrawn),
            Record::Immutable(_) | Record::Item(_) => false,
        };
        if outcome.is_err() {
            self.announcements.set_due(content, now + AGAIN);
            self.wait_to_announce(now + BREATH);
        }
        self.services.event(Event::Announced {
            content,
            withdrawn,
            outcome: outcome.map(|written| written.copies),
        });
        self.leave_when_handed_over(now);
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
