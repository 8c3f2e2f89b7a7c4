//! The one place that reads clocks: core takes time as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chordscope_core::base::time::Instant;

/// A peer's own time: zero when it starts, never backwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: tokio::time::Instant,
}

impl Clock {
    /// A clock that shows zero now.
    pub(crate) fn start() -> Self {
        Self {
            start: tokio::time::Instant::now(),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Instant {
        let micros = self.start.elapsed().as_micros();
        Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Returns the time at which the runtime's timers reach `at`.
    pub(crate) fn deadline(&self, at: Instant) -> tokio::time::Instant {
        // A deadline decades ahead is as good as none, and cannot overflow.
        let decades = Duration::from_secs(1 << 30);
        self.start + at.since(Instant::ZERO).min(decades)
    }
}

/// Seconds since 1970. Kept on disk, where a peer's own time means nothing after a restart.
pub(crate) fn wall_seconds() -> u64 {
    #[allow(
        clippy::disallowed_methods,
        reason = "this module is where the shell reads its clocks"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
