//! Seeded randomness. A production peer seeds it with operating-system entropy, a simulation with a number.

use core::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A deterministic stream of random numbers (ChaCha with 12 rounds).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(ChaCha12Rng);

impl Rng {
    /// A stream from 32 bytes of entropy.
    pub fn from_entropy(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    /// A stream from a small seed, for simulations. `stream` separates independent users of one seed, so that a node
    /// more or less does not shift what the others draw.
    pub fn from_seed(seed: u64, stream: u64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..].copy_from_slice(&stream.to_le_bytes());
        Self::from_entropy(blake3::derive_key(
            "chordscope 2026 simulation seed",
            &bytes,
        ))
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Fills `bytes` with random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// 32 random bytes, for a nonce or a key.
    pub fn bytes32(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }

    /// A number in `0..bound`, each equally likely; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Draws above the largest multiple of the bound would favour small results.
        let limit = u64::MAX - u64::MAX % bound;
        loop {
            let draw = self.next_u64();
            if draw < limit {
                return draw % bound;
            }
        }
    }

    /// True `numerator` times out of `denominator`.
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }

    /// A duration in `low..=high`, to the microsecond; `low` when the range is empty.
    pub fn duration(&mut self, low: Duration, high: Duration) -> Duration {
        let span = high.saturating_sub(low).as_micros();
        let span = u64::try_from(span).unwrap_or(u64::MAX - 1);
        low + Duration::from_micros(self.below(span.saturating_add(1)))
    }

    /// An exponentially distributed duration with this mean, to the microsecond: the gap between two events that come at
    /// random. At most 45 times the mean.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        // The negative logarithm of a draw from (0, 1] has mean 1.
        let binary = u128::from((64 << FRACTION) - log2(self.next_u64().max(1)));
        let natural = (binary * LN_2) >> FRACTION;
        let mean = u64::try_from(mean.as_micros()).unwrap_or(u64::MAX);
        let micros = (natural * u128::from(mean)) >> FRACTION;
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

/// Bits behind the point of the logarithms.
const FRACTION: u32 = 32;
/// The natural logarithm of 2, with [`FRACTION`] bits behind the point.
const LN_2: u128 = 2_977_044_472;

/// The binary logarithm of a number from 1, with [`FRACTION`] bits behind the point. In whole numbers, so that it is the
/// same on every machine.
fn log2(number: u64) -> u64 {
    let whole = number.ilog2();
    // From 1 to 2, with 63 bits behind the point.
    let mut rest = number << (63 - whole);
    let mut log = u64::from(whole);
    for _ in 0..FRACTION {
        // Squaring doubles the logarithm; what then reaches 2 has another one in its next binary place.
        let square = (u128::from(rest) * u128::from(rest)) >> 63;
        let carry = square >> 64;
        log = (log << 1) | u64::from(carry != 0);
        rest = u64::try_from(square >> carry).unwrap_or(u64::MAX);
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_for_ever() {
        let mut rng = Rng::from_seed(1, 2);
        let first = rng.next_u64();
        assert_eq!(Rng::from_seed(1, 2).next_u64(), first);
        assert_ne!(Rng::from_seed(1, 3).next_u64(), first);
        assert_ne!(Rng::from_seed(2, 2).next_u64(), first);
    }

    #[test]
    fn draws_stay_below_their_bound() {
        let mut rng = Rng::from_seed(7, 0);
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.below(1), 0);
        let mut seen = [0_u32; 6];
        for _ in 0..6_000 {
            seen[usize::try_from(rng.below(6)).unwrap()] += 1;
        }
        assert!(
            seen.iter().all(|count| (800..1_200).contains(count)),
            "{seen:?}"
        );
    }

    #[test]
    fn durations_include_both_ends() {
        let mut rng = Rng::from_seed(7, 0);
        let (low, high) = (Duration::from_micros(3), Duration::from_micros(4));
        let draws: alloc::vec::Vec<_> = (0..64).map(|_| rng.duration(low, high)).collect();
        assert!(draws.contains(&low) && draws.contains(&high));
    }

    #[test]
    fn logarithms_are_right_to_nine_digits() {
        for number in [1, 2, 3, 10, 1_000_003, u64::MAX / 3, u64::MAX] {
            let ours = log2(number) as f64 / 2_f64.powi(32);
            let exact = (number as f64).log2();
            assert!((ours - exact).abs() < 1e-8, "{number}: {ours}, not {exact}");
        }
    }

    #[test]
    fn random_gaps_have_their_mean_and_their_long_tail() {
        let mut rng = Rng::from_seed(7, 0);
        let mean = Duration::from_millis(50);
        let draws: alloc::vec::Vec<_> = (0..20_000).map(|_| rng.exponential(mean)).collect();
        let sum: Duration = draws.iter().sum();
        assert!((sum / 20_000).abs_diff(mean) < Duration::from_millis(1));
        // One in e^3 takes three times the mean, and one in e^7 seven times.
        for (times, expected) in [(1, 7_358), (3, 996), (7, 18)] {
            let longer = draws.iter().filter(|draw| **draw > mean * times).count();
            assert!(
                longer.abs_diff(expected) <= expected / 2,
                "{times}: {longer}"
            );
        }
        assert_eq!(rng.exponential(Duration::ZERO), Duration::ZERO);
        assert!(rng.exponential(Duration::MAX) > Duration::from_secs(1));
    }
}
