//! Who has a content: this node says what it has, again and again, and finds others.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::content::ContentId;
use crate::base::time::Instant;
use crate::node::Node;
use crate::node::api::{Event, OperationId, StoreError, TimerKind, Written};
use crate::node::operations::{Target, Task};
use crate::store::message::Copy;
use crate::store::record::{PROVIDER_LIFETIME, Provider, Providers, Record};

/// How soon an announcement is tried again that nobody took.
const AGAIN: Duration = Duration::from_secs(15);
/// How many announcements go out at a time, and how long the others wait for them.
const AT_A_TIME: usize = 16;
const BREATH: Duration = Duration::from_millis(250);

/// What this node announces.
#[derive(Clone, Debug, Default)]
pub(super) struct Announcements {
    /// Each content, and when the ring is told the next time.
    list: Vec<(ContentId, Instant)>,
    /// Counts what was said.
    sequence: u64,
}

impl Node {
    /// Tells the ring that this node has a content, and again in time, until [`Node::withdraw`]; also after it has joined,
    /// if it is no member yet. [`Event::Announced`] follows each time.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the node announces too many contents already.
    pub fn announce(&mut self, now: Instant, content: ContentId) -> Result<(), StoreError> {
        let list = &mut self.announcements.list;
        let full = list.len() >= self.config.limits.announcements;
        match list.iter_mut().find(|(known, _)| *known == content) {
            Some((_, due)) => *due = now,
            None if full => {
                self.event(Event::LimitReached("announced contents"));
                return Err(StoreError::Busy);
            }
            None => list.push((content, now)),
        }
        self.wait_to_announce(now);
        Ok(())
    }

    /// Tells the ring that this node has a content no more. [`Event::Announced`] follows if it had announced it.
    pub fn withdraw(&mut self, now: Instant, content: ContentId) {
        let list = &mut self.announcements.list;
        if let Some(at) = list.iter().position(|(known, _)| *known == content) {
            list.swap_remove(at);
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

    /// What this node announces.
    pub fn announced(&self) -> impl Iterator<Item = ContentId> {
        self.announcements.list.iter().map(|(content, _)| *content)
    }

    /// The ring is a new one, or this node is found elsewhere: everything is said again.
    pub(super) fn announce_all(&mut self, now: Instant) {
        for (_, due) in &mut self.announcements.list {
            *due = now;
        }
        self.wait_to_announce(now);
    }

    /// Before it leaves, a node says that it has nothing any more, and does not say otherwise again.
    pub(super) fn withdraw_all(&mut self, now: Instant) {
        self.timers.clear(TimerKind::Announce);
        for content in self.announced().collect::<Vec<_>>() {
            self.tell(now, content, true);
        }
    }

    pub(super) fn on_announce_timer(&mut self, now: Instant) {
        let every = self.config.provider_lifetime / 3;
        let list = self.announcements.list.iter();
        let due = list.filter(|(_, due)| *due <= now).take(AT_A_TIME);
        for content in due.map(|(content, _)| *content).collect::<Vec<_>>() {
            let wait = self.rng.duration(every * 3 / 4, every * 5 / 4);
            self.set_due(content, now + wait);
            self.tell(now, content, false);
        }
        self.wait_to_announce(now + BREATH);
    }

    fn set_due(&mut self, content: ContentId, at: Instant) {
        for (known, due) in &mut self.announcements.list {
            if *known == content {
                *due = at;
            }
        }
    }

    /// Sets the timer to what is due next, but no sooner than `soonest`.
    fn wait_to_announce(&mut self, soonest: Instant) {
        self.timers.clear(TimerKind::Announce);
        let due = self.announcements.list.iter().map(|(_, due)| *due).min();
        let stays = self.membership.is_member() && !self.upkeep.leaving;
        if let Some(due) = due.filter(|_| stays) {
            self.timers.set(due.max(soonest), TimerKind::Announce);
        }
    }

    fn tell(&mut self, now: Instant, content: ContentId, withdrawn: bool) {
        self.announcements.sequence += 1;
        let lifetime = self.config.provider_lifetime.as_secs();
        let lifetime = u32::try_from(lifetime).unwrap_or(PROVIDER_LIFETIME);
        let entry = Provider::sign(
            &self.signer,
            &self.contact,
            content,
            self.announcements.sequence,
            withdrawn,
            lifetime,
        );
        let remaining = entry.lifetime;
        let entries = vec![entry];
        let record = Record::Providers(Providers { content, entries });
        let copy = Box::new(Copy { record, remaining });
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
        copy: &Copy,
        outcome: Result<Written, StoreError>,
    ) {
        let withdrawn = match &copy.record {
            Record::Providers(own) => own.entries.iter().any(|entry| entry.withdrawn),
            Record::Immutable(_) | Record::Item(_) => false,
        };
        if outcome.is_err() {
            self.set_due(content, now + AGAIN);
            self.wait_to_announce(now + BREATH);
        }
        self.event(Event::Announced {
            content,
            withdrawn,
            outcome: outcome.map(|written| written.copies),
        });
        self.leave_when_handed_over(now);
    }
}
