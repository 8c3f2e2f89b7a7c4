//! WARS, the model of PBS: the four latencies of each replica are drawn, and times are compared.
//!
//! Bailis, Venkataraman, Franklin, Hellerstein and Stoica, *Probabilistically bounded staleness for practical partial quorums*, VLDB 2012,
//! §4. As there, no message is lost, no node stops, and nothing but the write itself brings a version to a replica.

use alloc::vec::Vec;
use core::time::Duration;

use chordscope_core::base::rng::Rng;

/// The numbers of replicas of a partial quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replication {
    /// The replicas.
    pub n: usize,
    /// The replicas that a read waits for.
    pub r: usize,
    /// The replicas that a write waits for.
    pub w: usize,
}

/// A leg of a message's way in WARS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// A write, to a replica.
    Write,
    /// Its acknowledgement.
    Acknowledge,
    /// A read, to a replica.
    Read,
    /// Its response.
    Respond,
}

/// The part of fresh reads by the model WARS: each leg to and from each replica is drawn, and the times are compared.
pub fn wars(
    replication: Replication,
    since: Duration,
    draws: u32,
    rng: &mut Rng,
    mut draw: impl FnMut(Leg, &mut Rng) -> Duration,
) -> f64 {
    let Replication { n, r, w } = replication;
    let fresh = (0..draws).filter(|_| {
        let mut legs = |leg| -> Vec<Duration> { (0..n).map(|_| draw(leg, rng)).collect() };
        let (writes, acknowledgements) = (legs(Leg::Write), legs(Leg::Acknowledge));
        let (reads, responses) = (legs(Leg::Read), legs(Leg::Respond));
        let mut written: Vec<Duration> =
            (0..n).map(|at| writes[at] + acknowledgements[at]).collect();
        written.sort_unstable();
        let confirmed = written[w.clamp(1, n) - 1];
        let mut first: Vec<usize> = (0..n).collect();
        first.sort_by_key(|at| reads[*at] + responses[*at]);
        let mut first = first.into_iter().take(r);
        first.any(|at| writes[at] <= confirmed + since + reads[at])
    });
    fresh.count() as f64 / f64::from(draws.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exponential legs, with these means in microseconds: of writes, and of the three others.
    fn exponential(writes: u64, others: u64) -> impl Fn(Leg, &mut Rng) -> Duration {
        move |leg, rng| {
            let mean = match leg {
                Leg::Write => writes,
                _ => others,
            };
            rng.exponential(Duration::from_micros(mean))
        }
    }

    /// PBS §5.3: N = 3 and R = W = 1, the three other legs exponential with a mean of 1 ms.
    #[test]
    fn the_model_gives_the_figures_of_its_paper() {
        let one = Replication { n: 3, r: 1, w: 1 };
        let mut rng = Rng::from_seed(1, 0xb5);
        let mut fresh = |writes, millis| {
            let since = Duration::from_millis(millis);
            wars(one, since, 40_000, &mut rng, exponential(writes, 1_000))
        };
        let fast = fresh(250, 0);
        assert!((0.92..0.96).contains(&fast), "{fast}");
        assert!(fresh(250, 1) > 0.997);
        let slow = fresh(10_000, 0);
        assert!((0.38..0.44).contains(&slow), "{slow}");
        assert!((0.997..1.0).contains(&fresh(10_000, 65)));
    }

    #[test]
    fn a_read_and_a_write_that_overlap_are_always_fresh() {
        let mut rng = Rng::from_seed(2, 0xb5);
        for (n, r, w) in [(3, 2, 2), (3, 3, 1), (3, 1, 3), (5, 3, 3)] {
            let legs = exponential(8_000, 2_000);
            let fresh = wars(
                Replication { n, r, w },
                Duration::ZERO,
                5_000,
                &mut rng,
                legs,
            );
            assert_eq!(fresh, 1.0, "{n} {r} {w}");
        }
    }
}
