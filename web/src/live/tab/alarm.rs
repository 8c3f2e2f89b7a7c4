//! One timer for everything that the peer wants to be called for.

use chordscope_core::base::time::Instant;
use gloo::timers::callback::Timeout;

/// A browser's timer holds no more than 31 bits of milliseconds; this is soon enough to set it again.
const LONGEST: u32 = 60_000;

/// The timer.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    set: Option<(Instant, Timeout)>,
}

impl Alarm {
    /// Makes sure that `ring` is called at `due`. An alarm that rings too early does no harm, so that only an earlier
    /// one replaces the one that is set.
    pub(super) fn set(
        &mut self,
        now: Instant,
        due: Option<Instant>,
        ring: impl FnOnce() + 'static,
    ) {
        let Some(due) = due else {
            self.set = None;
            return;
        };
        if self.set.as_ref().is_some_and(|(at, _)| *at <= due) {
            return;
        }
        // Rounded up: a timer that fires before the deadline would only have to be set again.
        let wait = due.since(now).as_micros().div_ceil(1_000);
        let wait = u32::try_from(wait).unwrap_or(LONGEST).min(LONGEST);
        self.set = Some((due, Timeout::new(wait, ring)));
    }

    /// It has rung.
    pub(super) fn rang(&mut self) {
        self.set = None;
    }
}
