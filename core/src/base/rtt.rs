//! Retransmission timeouts from a smoothed round-trip time per neighbour.

use core::time::Duration;

/// The retransmission timeout before any round trip was measured.
pub const INITIAL: Duration = Duration::from_millis(1_000);
/// The shortest retransmission timeout: a busy process may pause for this long without being dead.
pub const MIN: Duration = Duration::from_millis(200);
/// The longest retransmission timeout.
pub const MAX: Duration = Duration::from_secs(8);
/// The least margin over the smoothed round trip, however small its variation: a line or a process that was idle is busy at times.
pub const SLACK: Duration = Duration::from_millis(100);

/// Round-trip estimate in whole microseconds, up to an hour or so. RFC 6298 §2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rtt {
    smoothed: u32,
    variation: u32,
}

impl Rtt {
    /// Takes in one measured round trip.
    pub fn record(&mut self, sample: Duration) {
        let sample = u32::try_from(sample.as_micros()).unwrap_or(u32::MAX).max(1);
        if self.smoothed == 0 {
            // RFC 6298 (2.2)
            self.smoothed = sample;
            self.variation = sample / 2;
        } else {
            // RFC 6298 (2.3), alpha 1/8 and beta 1/4
            let error = self.smoothed.abs_diff(sample);
            self.variation = self.variation - self.variation / 4 + error / 4;
            self.smoothed = (self.smoothed - self.smoothed / 8).saturating_add(sample / 8);
        }
    }

    /// The smoothed round trip, once something was measured.
    pub const fn smoothed(&self) -> Option<Duration> {
        match self.smoothed {
            0 => None,
            micros => Some(Duration::from_micros(micros as u64)),
        }
    }

    /// Returns the retransmission timeout: `srtt + max(4 rttvar, G)` with [`SLACK`] for G, within [`MIN`] and [`MAX`].
    pub fn timeout(&self) -> Duration {
        match self.smoothed {
            0 => INITIAL,
            micros => {
                let variation = Duration::from_micros(u64::from(self.variation) * 4);
                let late = variation.max(SLACK);
                Duration::from_micros(micros.into())
                    .saturating_add(late)
                    .clamp(MIN, MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_round_trip_is_learnt() {
        let mut rtt = Rtt::default();
        assert_eq!(rtt.timeout(), INITIAL);
        for _ in 0..64 {
            rtt.record(Duration::from_millis(300));
        }
        let smoothed = rtt.smoothed().unwrap();
        assert!(smoothed.abs_diff(Duration::from_millis(300)) < Duration::from_millis(1));
        let slack = rtt.timeout() - smoothed;
        assert_eq!(
            slack, SLACK,
            "an answer that is a little late is no dead peer"
        );
    }

    #[test]
    fn extreme_samples_stay_within_the_limits() {
        let mut rtt = Rtt::default();
        rtt.record(Duration::MAX);
        assert_eq!(rtt.timeout(), MAX);
        let mut rtt = Rtt::default();
        rtt.record(Duration::ZERO);
        assert_eq!(rtt.timeout(), MIN);
    }
}
