//! The probability that a read is fresh, by time since the write was confirmed, measured in the ring's own store.
//!
//! Three questions, on the lesson's ring with its three replicas of a name. *The levels in a whole network* ([`store`]): level `one` waits
//! for all replicas at writes and at reads, level `quorum` for a majority of a group. *The first answer* ([`first`]): the same messages of
//! level `one`, had it waited for the first replica only, beside the model WARS of PBS ([`wars()`]) with the same latencies and the same
//! N = 3, R = W = 1. *During and after a cut* ([`store`]): both levels again.
//!
//! Departures from the paper's model (ours): a node asks a silent replica again, and owners compare their records, so that a version may
//! come to a replica by another way than the write's; both make reads a little fresher.

pub mod first;
pub mod store;
pub mod wars;

use alloc::vec::Vec;
use core::ops::ControlFlow;
use core::time::Duration;

use serde::Serialize;

use crate::engine::network::Latency;
use crate::experiment::freshness::first::{Observed, READS, observe};
use crate::experiment::freshness::store::{Between, Share};
use crate::experiment::freshness::wars::{Replication, wars};
use crate::experiment::{Hear, News, Progress, collect};
use crate::worlds::consistency::setup::System;
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;

/// The times between confirmation and read, in milliseconds.
pub const TIMES: [u32; 11] = [1, 10, 25, 50, 100, 200, 1_000, 3_500, 4_500, 6_000, 9_000];
/// The latency in a whole network, and of the model: in the mean as in the lesson's ring, whose latencies of 20 to 40 ms are so alike that
/// no read ever overtakes a write.
pub const LATENCY: Latency = Latency::Exponential(LATENCY_MEAN_MS);
/// The mean of that, in milliseconds.
pub const LATENCY_MEAN_MS: u32 = 30;
/// The reads of a level for each time, in a whole network and again around a cut.
pub const RUNS: u32 = 200;
/// The time between the confirmation and the end of the cut, in milliseconds.
pub const HEALS_AFTER: u32 = 4_000;
/// Reads that take the first answer, for one run of a level.
const FIRST: u32 = 20;
/// The reads that take the first answer, in all rows.
pub const FIRST_READS: u32 = RUNS * FIRST;
/// Draws of the model for each of them.
const DRAWS: u32 = 20;
/// The work for a level and a time, in runs of reads that take the first answer: about.
const SHARE: f64 = 10.0;
/// The nodes of the lesson's ring.
pub const NODES: u32 = 9;

/// One time since the write.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FreshnessRow {
    /// The time from the confirmation of the write to the call of the read, in milliseconds. Of reads that take the first answer, the
    /// shortest time until they leave; the longest is the next row's.
    pub ms: u32,
    /// In a whole network, the part of reads at level `one` that were fresh.
    pub one_fresh: f64,
    /// The same by the model, with N = R = W = 3.
    pub one_model: f64,
    /// In a whole network, the part of reads at level `quorum` that were fresh.
    pub quorum_fresh: f64,
    /// In a whole network, the part of reads that would have been fresh with R = W = 1; `None` where no read left at such a time.
    pub first_fresh: Option<f64>,
    /// The same by the model.
    pub first_model: Option<f64>,
    /// During a cut, which heals at [`HEALS_AFTER`], the part of reads at level `one` that were fresh.
    pub cut_one_fresh: f64,
    /// The part of reads at level `one` that were stale.
    pub cut_one_stale: f64,
    /// The part of reads at level `quorum` that were fresh.
    pub cut_quorum_fresh: f64,
    /// The part of reads at level `quorum` that were refused.
    pub cut_quorum_refused: f64,
}

/// Measures all of [`TIMES`], so many runs each.
pub fn run(seed: u64, runs: u32, progress: Progress<'_>) -> Vec<FreshnessRow> {
    collect(progress, |hear| measure(seed, runs, hear))
}

/// The same, told row by row.
pub fn measure(seed: u64, runs: u32, hear: Hear<'_, FreshnessRow>) -> ControlFlow<()> {
    let settings = [
        (System::One, Between::Whole(LATENCY)),
        (System::Quorum, Between::Whole(LATENCY)),
        (System::One, Between::Cut),
        (System::Quorum, Between::Cut),
    ];
    let batches = runs.saturating_mul(FIRST).div_ceil(READS);
    let all = (TIMES.len() * settings.len()) as f64 * SHARE + f64::from(batches);
    let mut firsts = FirstAnswers::new(seed);
    let mut done = 0.0;
    for batch in 0..batches {
        firsts.take(&observe(LATENCY, seed.wrapping_add(batch.into())));
        done += 1.0;
        hear(News::Part(done / all))?;
    }
    for (place, ms) in TIMES.into_iter().enumerate() {
        let (first_fresh, first_model) = firsts.at(place);
        let mut shares = [Share::default(); 4];
        for (share, (system, between)) in shares.iter_mut().zip(settings) {
            *share = store::share(system, between, (seed, runs), ms);
            done += SHARE;
            hear(News::Part(done / all))?;
        }
        let [one, quorum, cut_one, cut_quorum] = shares;
        let three = Replication { n: 3, r: 3, w: 3 };
        let since = Duration::from_millis(ms.into());
        let mut rng = Rng::from_seed(seed, 0xf5e5 + u64::from(ms));
        hear(News::Row(FreshnessRow {
            ms,
            one_fresh: one.fresh,
            one_model: modelled(three, since, runs, &mut rng),
            quorum_fresh: quorum.fresh,
            first_fresh,
            first_model,
            cut_one_fresh: cut_one.fresh,
            cut_one_stale: cut_one.stale,
            cut_quorum_fresh: cut_quorum.fresh,
            cut_quorum_refused: cut_quorum.refused,
        }))?;
    }
    ControlFlow::Continue(())
}

fn modelled(replication: Replication, since: Duration, draws: u32, rng: &mut Rng) -> f64 {
    let anywhere = Id::default();
    let draw = |_, rng: &mut Rng| LATENCY.draw(anywhere, anywhere, rng);
    wars(replication, since, draws, rng, draw)
}

/// Reads that take the first answer, by [`TIMES`] up to the next.
struct FirstAnswers {
    rng: Rng,
    /// The number of reads that are fresh, the sum of the model's probabilities, and the number of reads.
    sums: [(f64, f64, u32); TIMES.len()],
}

impl FirstAnswers {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::from_seed(seed, 0xf2e0),
            sums: [(0.0, 0.0, 0); TIMES.len()],
        }
    }

    /// Takes observed reads in. The model is given each read's own time.
    fn take(&mut self, observed: &[Observed]) {
        let one = Replication { n: 3, r: 1, w: 1 };
        for (since, is_fresh) in observed.iter().filter_map(|read| read.read(one)) {
            let at = TIMES.partition_point(|ms| Duration::from_millis((*ms).into()) <= since);
            // The shortest times lie before the first row.
            let sums = at.checked_sub(1).and_then(|at| self.sums.get_mut(at));
            if let Some((fresh, model, all)) = sums {
                *fresh += f64::from(u8::from(is_fresh));
                *model += modelled(one, since, DRAWS, &mut self.rng);
                *all += 1;
            }
        }
    }

    /// The part of a row's reads that is fresh, and the same by the model.
    fn at(&self, place: usize) -> (Option<f64>, Option<f64>) {
        let (fresh, model, all) = self.sums[place];
        let part = |sum: f64| (all > 0).then(|| sum / f64::from(all));
        (part(fresh), part(model))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_store_beside_the_model_and_level_quorum_is_never_stale() {
        let rows = run(1, 12, &mut |_| true);
        assert_eq!(rows.len(), TIMES.len());
        for row in &rows {
            assert_eq!((row.one_fresh, row.one_model), (1.0, 1.0), "{row:?}");
            assert_eq!(row.quorum_fresh, 1.0, "{row:?}");
            let quorum = row.cut_quorum_fresh + row.cut_quorum_refused;
            assert!((quorum - 1.0).abs() < 1e-9, "{row:?}");
            // A read that is under way when the cut heals may go either way.
            if row.ms <= 1_000 {
                assert!(
                    row.cut_one_stale > 0.2 && row.cut_quorum_refused > 0.2,
                    "{row:?}"
                );
            }
        }
        let last = rows.last().unwrap();
        assert_eq!((last.cut_one_fresh, last.cut_quorum_fresh), (1.0, 1.0));
        // There are 240 such reads; some come before the confirmation.
        let soon = rows[2..5].iter().map(|row| row.first_model.unwrap());
        assert!(soon.is_sorted(), "{rows:?}");
    }
}
