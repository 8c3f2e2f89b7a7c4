//! Rates of bytes, and token buckets that limit them.

use core::time::Duration;

use crate::base::time::Instant;

/// The length of a sample of a rate.
const SAMPLE: Duration = Duration::from_millis(500);

/// The time without a byte after which the shown rate is 0.
const QUIET: Duration = Duration::from_secs(4);

/// A smoothed rate of bytes: an exponentially weighted average over samples of half a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    smoothed: u64,
    bytes: u64,
    since: Instant,
    measured: bool,
    total: u64,
}

impl Rate {
    /// Counts bytes that have moved.
    pub fn record(&mut self, now: Instant, bytes: usize) {
        self.settle(now);
        self.bytes += bytes as u64;
        self.total += bytes as u64;
    }

    /// The rate in bytes a second.
    pub fn per_second(&self, now: Instant) -> u64 {
        let mut settled = *self;
        settled.settle(now);
        let known = match settled.measured {
            true => settled.smoothed,
            false => 0,
        };
        // What has come in the running sample is the least that a whole one brings: a transfer need not wait for its first sample.
        let sample = u64::try_from(SAMPLE.as_millis()).unwrap_or(u64::MAX);
        known.max(settled.bytes.saturating_mul(1000) / sample)
    }

    /// The same, as it is shown: nothing once no byte has moved for a few seconds.
    pub fn shown(&self, now: Instant) -> u64 {
        match now.since(self.since) < QUIET {
            true => self.per_second(now),
            false => 0,
        }
    }

    /// The number of bytes recorded so far.
    pub const fn total(&self) -> u64 {
        self.total
    }

    fn settle(&mut self, now: Instant) {
        let span = now.since(self.since);
        if span < SAMPLE {
            return;
        }
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
        let sample = self.bytes.saturating_mul(1000) / millis;
        // One long sample outweighs the past as much as the short ones that it stands for.
        self.smoothed = match self.measured && span < 4 * SAMPLE {
            true => (self.smoothed * 3 + sample) / 4,
            false => sample,
        };
        self.measured = self.measured || self.bytes > 0;
        self.bytes = 0;
        self.since = now;
    }
}

/// A token bucket: a limit in bytes a second, which allows a burst of a quarter of a second's worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    per_second: Option<u64>,
    left: i64,
    filled: Instant,
}

impl Throttle {
    /// A limit in bytes a second; `None` for none.
    pub const fn new(per_second: Option<u64>) -> Self {
        Self {
            per_second,
            left: 0,
            filled: Instant::ZERO,
        }
    }

    /// Returns the time at which bytes may move; now or later. A block may be larger than what is left: what is owed delays the
    /// next.
    pub fn ready(&mut self, now: Instant) -> Instant {
        let Some(rate) = self.per_second else {
            return now;
        };
        let rate = rate.clamp(1, 1 << 40);
        let micros = u64::try_from(now.since(self.filled).as_micros()).unwrap_or(u64::MAX);
        let gain = micros.min(1 << 22) * rate / 1_000_000;
        if gain > 0 {
            let most = i64::try_from(rate / 4).unwrap_or(i64::MAX);
            self.left = self.left.saturating_add(gain as i64).min(most);
            self.filled = now;
        }
        match self.left {
            0.. => now,
            owed => now + Duration::from_micros(owed.unsigned_abs() * 1_000_000 / rate + 1),
        }
    }

    /// Takes tokens for bytes that have moved. The balance may become negative.
    pub fn spend(&mut self, bytes: usize) {
        if self.per_second.is_some() {
            self.left -= i64::try_from(bytes).unwrap_or(i64::MAX / 2);
        }
    }
}

/// The age up to which a wait of the other way gives it precedence.
const TURN: Duration = Duration::from_millis(250);
/// The pause before this way asks again meanwhile.
const AGAIN: Duration = Duration::from_millis(5);

/// A limit that two ways out share: while both want to send, they take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedThrottle {
    throttle: Throttle,
    /// The times since which the ways wait.
    waits: [Option<Instant>; 2],
    last: Way,
}

/// The way by which bytes leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over links to other nodes.
    Links,
    /// By another way of the owner's, such as answering over HTTP.
    Outside,
}

impl SharedThrottle {
    /// A limit in bytes a second; `None` for none.
    pub const fn new(per_second: Option<u64>) -> Self {
        Self {
            throttle: Throttle::new(per_second),
            waits: [None; 2],
            last: Way::Outside,
        }
    }

    /// Returns the time at which bytes may leave by this way; now or later.
    pub fn ready(&mut self, now: Instant, way: Way) -> Instant {
        let ready = self.throttle.ready(now);
        let (own, other) = match way {
            Way::Links => (0, 1),
            Way::Outside => (1, 0),
        };
        let other_waits = self.waits[other].is_some_and(|since| now.since(since) < TURN);
        let at = match ready > now {
            true => ready,
            false if other_waits && self.last == way => now + AGAIN,
            false => now,
        };
        self.waits[own] = (at > now).then_some(now);
        at
    }

    /// Takes tokens for bytes that have left by this way.
    pub fn spend(&mut self, bytes: usize, way: Way) {
        self.throttle.spend(bytes);
        self.last = way;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_is_measured() {
        let mut rate = Rate::default();
        let mut now = Instant::ZERO;
        for _ in 0..200 {
            now += Duration::from_millis(50);
            rate.record(now, 50_000);
        }
        let measured = rate.per_second(now);
        assert!((900_000..1_100_000).contains(&measured), "{measured}");
        assert!(rate.per_second(now + Duration::from_secs(60)) < 1_000);
    }

    #[test]
    fn what_is_shown_ends_soon_after_the_last_byte() {
        let mut rate = Rate::default();
        let mut now = Instant::ZERO;
        for _ in 0..20 {
            now += Duration::from_millis(50);
            rate.record(now, 50_000);
        }
        assert!(rate.shown(now) > 500_000);
        // A stream of a block every three seconds still moves.
        for _ in 0..5 {
            now += Duration::from_secs(3);
            assert!(rate.shown(now) > 0);
            rate.record(now, 65_536);
        }
        assert_eq!(rate.shown(now + Duration::from_secs(4)), 0);
    }

    #[test]
    fn what_comes_is_known_before_the_first_sample_is_over() {
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(Instant::ZERO), 0);
        rate.record(Instant::from_millis(1), 1_000_000);
        assert_eq!(rate.per_second(Instant::from_millis(2)), 2_000_000);
    }

    #[test]
    fn a_throttle_lets_through_what_it_says() {
        let mut throttle = Throttle::new(Some(1_000_000));
        let (mut now, mut moved) = (Instant::ZERO, 0_u64);
        while now < Instant::from_millis(10_000) {
            let ready = throttle.ready(now);
            if ready > now {
                now = ready;
                continue;
            }
            throttle.spend(65_536);
            moved += 65_536;
        }
        assert!((9_900_000..10_400_000).contains(&moved), "{moved}");
        let mut free = Throttle::new(None);
        free.spend(usize::MAX);
        assert_eq!(free.ready(now), now);
    }

    #[test]
    fn two_ways_take_turns_and_one_alone_has_it_all() {
        let run = |ways: &[Way]| {
            let mut shared = SharedThrottle::new(Some(1_000_000));
            let mut due = [Instant::ZERO; 2];
            let mut moved = [0_u64; 2];
            loop {
                let ways = ways.iter().map(|way| (due[*way as usize], *way));
                let (now, way) = ways.min_by_key(|(at, _)| *at).unwrap();
                if now >= Instant::from_millis(10_000) {
                    return moved;
                }
                let ready = shared.ready(now, way);
                due[way as usize] = ready;
                if ready <= now {
                    shared.spend(65_536, way);
                    moved[way as usize] += 65_536;
                }
            }
        };
        let both = run(&[Way::Links, Way::Outside]);
        let all = both[0] + both[1];
        assert!((9_500_000..10_400_000).contains(&all), "{both:?}");
        assert!(both[0].abs_diff(both[1]) <= 2 * 65_536, "{both:?}");
        for way in [Way::Links, Way::Outside] {
            let alone = run(&[way])[way as usize];
            assert!((9_900_000..10_400_000).contains(&alone), "{alone}");
        }
        let mut free = SharedThrottle::new(None);
        free.spend(usize::MAX, Way::Outside);
        for way in [Way::Outside, Way::Links, Way::Outside] {
            assert_eq!(free.ready(Instant::ZERO, way), Instant::ZERO);
        }
    }
}
