//! Looks of a member for rings at addresses that it knows or was given, so that rings begun apart meet.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Address;
use crate::base::time::Instant;

/// The pause before the first looks of a peer that was in a ring before: the others of it may be in another ring than this peer is
/// now, and each ring is without the other's records until they meet.
pub(super) const SOON: Duration = Duration::from_secs(1);
/// The first pause; it doubles from time to time.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// The longest pause.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(16 * 60);

/// A member's looks at addresses that may be of other rings.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookout {
    due: Option<Instant>,
    pause: Duration,
    /// The addresses that are still to be looked at this time.
    rest: VecDeque<Address>,
}

impl Lookout {
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Begins the pauses anew: the peer has become a member, for the first time or again.
    pub(super) fn restart(&mut self, now: Instant, is_fresh: bool, jitter: u32) {
        self.pause = FIRST_PAUSE;
        self.rest.clear();
        let first = if is_fresh { FIRST_PAUSE } else { SOON };
        self.due = Some(now + strayed(first, jitter));
    }

    /// The next address to look at, of all there are.
    pub(super) fn step(&mut self, now: Instant, all: Vec<Address>, jitter: u32) -> Option<Address> {
        if self.rest.is_empty() {
            self.rest = all.into();
        }
        let next = self.rest.pop_front();
        if self.rest.is_empty() {
            self.due = Some(now + strayed(self.pause, jitter));
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        next
    }
}

/// Longer by up to a quarter, so that peers do not go on in step.
fn strayed(pause: Duration, jitter: u32) -> Duration {
    pause * (1_024 + jitter) / 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_looked_at_and_pauses_double_up_to_the_longest() {
        let address = |port: u16| Address::parse_url(&alloc::format!("ws://a:{port}")).unwrap();
        let all = || alloc::vec![address(1), address(2)];
        let mut lookout = Lookout::default();
        assert_eq!(lookout.due(), None);
        lookout.restart(Instant::ZERO, true, 0);
        let mut times = Vec::new();
        for _ in 0..9 {
            let due = lookout.due().unwrap();
            times.push(due.as_micros() / 1_000_000);
            assert_eq!(lookout.step(due, all(), 0), Some(address(1)));
            assert_eq!(lookout.due(), Some(due));
            assert_eq!(lookout.step(due, all(), 0), Some(address(2)));
        }
        assert_eq!(times, [15, 30, 60, 120, 240, 480, 960, 1_920, 2_880]);
        lookout.restart(Instant::ZERO, false, 0);
        assert_eq!(lookout.due(), Some(Instant::ZERO + SOON));
        assert_eq!(lookout.step(Instant::ZERO, Vec::new(), 0), None);
    }

    #[test]
    fn the_page_says_how_often_other_rings_are_looked_for() {
        crate::page::must_say(&alloc::format!(
            "{} seconds after it joined ({} where it was in a ring before), then after {}, up to {} minutes apart",
            FIRST_PAUSE.as_secs(),
            SOON.as_secs(),
            2 * FIRST_PAUSE.as_secs(),
            LONGEST_PAUSE.as_secs() / 60
        ));
    }
}
