//! Every deadline of a node, in order.

use alloc::vec::Vec;

use crate::base::time::Instant;
use crate::node::api::{Timeout, TimerKind};

/// Pending deadlines, the earliest last: there are seldom more than ten, and those at the end come and go.
#[derive(Clone, Debug)]
pub(super) struct Timers(Vec<Timeout>);

impl Timers {
    /// None yet, with room for as many as there usually are.
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(16))
    }

    /// Returns the place of a deadline, or the place where it belongs.
    fn find(&self, timeout: Timeout) -> Result<usize, usize> {
        self.0.binary_search_by(|other| timeout.cmp(other))
    }

    pub(super) fn set(&mut self, at: Instant, kind: TimerKind) {
        if let Err(place) = self.find((at, kind)) {
            self.0.insert(place, (at, kind));
        }
    }

    pub(super) fn cancel(&mut self, at: Instant, kind: TimerKind) {
        if let Ok(place) = self.find((at, kind)) {
            self.0.remove(place);
        }
    }

    /// Drops every deadline of a kind that has no number.
    pub(super) fn clear(&mut self, kind: TimerKind) {
        self.0.retain(|(_, other)| *other != kind);
    }

    /// Sets the deadline of a kind that has no number, unless it comes earlier already.
    pub(super) fn bring_forward(&mut self, at: Instant, kind: TimerKind) {
        let mut others = self.0.iter().filter(|(_, other)| *other == kind);
        if !others.any(|(other, _)| *other <= at) {
            self.clear(kind);
            self.set(at, kind);
        }
    }

    pub(super) fn first(&self) -> Option<Timeout> {
        self.0.last().copied()
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<TimerKind> {
        self.first().filter(|(at, _)| *at <= now)?;
        self.0.pop().map(|(_, kind)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_due_by_time_and_then_by_kind() {
        let at = Instant::from_micros;
        let mut timers = Timers::new();
        timers.set(at(7), TimerKind::Repair);
        timers.set(at(5), TimerKind::Request(2));
        timers.set(at(5), TimerKind::Stabilize);
        timers.set(at(5), TimerKind::Request(1));
        timers.set(at(5), TimerKind::Request(1));
        timers.set(at(6), TimerKind::Fingers);
        timers.cancel(at(5), TimerKind::Request(2));
        timers.cancel(at(9), TimerKind::Request(9));
        timers.clear(TimerKind::Fingers);
        assert_eq!(timers.first(), Some((at(5), TimerKind::Stabilize)));
        let due = core::iter::from_fn(|| timers.pop_due(at(6)));
        assert!(due.eq([TimerKind::Stabilize, TimerKind::Request(1)]));
        assert_eq!(timers.first(), Some((at(7), TimerKind::Repair)));
    }
}
