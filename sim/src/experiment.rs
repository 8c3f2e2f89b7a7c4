//! The papers' measurements, counted by the papers' conventions.
//!
//! Each experiment takes a seed and reports while it runs: its progress, and each row once that is measured. The
//! listener may end it. [`plan`] is all of them as data, for programs that let their users choose; [`table`] is what they measure.

pub mod churn;
pub mod directory;
pub mod failures;
pub mod fallacies;
pub mod freshness;
pub mod kademlia;
pub mod latency;
pub mod load;
pub mod path_length;
pub mod plan;
pub mod swarm;
pub mod swarm_compare;
pub mod table;

use alloc::vec::Vec;
use core::ops::ControlFlow;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::ideal::IdealRing;

/// A report of a running experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum News<R> {
    /// The part of the work that is done, from 0 to 1. It never gets smaller.
    Part(f64),
    /// The next row.
    Row(R),
}

/// Hears what a running experiment tells; `Break` ends it.
pub type Hear<'a, R> = &'a mut dyn FnMut(News<R>) -> ControlFlow<()>;

/// Hears how far an experiment is, from 0 to 1; `false` ends it.
pub type Progress<'a> = &'a mut dyn FnMut(f64) -> bool;

/// All rows of an experiment, or those that it came to before `progress` ended it.
fn collect<R>(
    progress: Progress<'_>,
    measure: impl FnOnce(Hear<'_, R>) -> ControlFlow<()>,
) -> Vec<R> {
    let mut rows = Vec::new();
    let _ = measure(&mut |news| {
        match news {
            News::Part(part) if !progress(part) => return ControlFlow::Break(()),
            News::Part(_) => {}
            News::Row(row) => rows.push(row),
        }
        ControlFlow::Continue(())
    });
    rows
}

/// A ring of this many nodes at random positions.
fn random_ring(nodes: usize, rng: &mut Rng) -> Option<IdealRing> {
    let ids = (0..nodes).map(|_| random_id(rng)).collect();
    // Of 160 bits, two are never the same.
    IdealRing::new(Space::FULL, ids).ok()
}

fn random_id(rng: &mut Rng) -> Id {
    let mut bytes = [0; 20];
    rng.fill(&mut bytes);
    Id::from_bytes(bytes)
}

fn pick<'a, T>(from: &'a [T], rng: &mut Rng) -> Option<&'a T> {
    let at = rng.below(from.len().max(1) as u64);
    from.get(usize::try_from(at).unwrap_or(0))
}

/// The frequency of each small number.
#[derive(Clone, Debug, Default)]
struct Tally {
    counts: Vec<u64>,
    total: u64,
}

impl Tally {
    fn add(&mut self, value: u32) {
        let at = value as usize;
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += 1;
        self.total += 1;
    }

    fn mean(&self) -> f64 {
        let values = self.counts.iter().enumerate();
        let sum: u64 = values.map(|(value, count)| value as u64 * count).sum();
        sum as f64 / self.total.max(1) as f64
    }

    /// The smallest value that at least `percent` of a hundred do not exceed.
    fn percentile(&self, percent: u64) -> u32 {
        let mut seen = 0;
        for (value, count) in (0..).zip(&self.counts) {
            seen += count;
            if seen * 100 >= self.total * percent {
                return value;
            }
        }
        0
    }

    fn max(&self) -> u32 {
        u32::try_from(self.counts.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_came() {
        let mut tally = Tally::default();
        for value in 1..=100 {
            tally.add(value);
        }
        assert_eq!(tally.percentile(1), 1);
        assert_eq!(tally.percentile(99), 99);
        assert_eq!((tally.mean(), tally.max()), (50.5, 100));
        assert_eq!(Tally::default().percentile(99), 0);
    }
}
