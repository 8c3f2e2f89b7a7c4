//! Every deadline of a node in one ordered set.

use alloc::collections::BTreeSet;

use crate::base::time::Instant;
use crate::node::api::{Timeout, TimerKind};

/// Pending deadlines, earliest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers(BTreeSet<Timeout>);

impl Timers {
    pub(super) fn set(&mut self, at: Instant, kind: TimerKind) {
        self.0.insert((at, kind));
    }

    pub(super) fn cancel(&mut self, at: Instant, kind: TimerKind) {
        self.0.remove(&(at, kind));
    }

    /// Drops every deadline of a kind that has no number.
    pub(super) fn clear(&mut self, kind: TimerKind) {
        self.0.retain(|(_, other)| *other != kind);
    }

    pub(super) fn first(&self) -> Option<Timeout> {
        self.0.first().copied()
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<TimerKind> {
        let due = self.first().filter(|(at, _)| *at <= now)?;
        self.0.remove(&due);
        Some(due.1)
    }
}
