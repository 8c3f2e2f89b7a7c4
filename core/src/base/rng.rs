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
}
