//! Lookups right after many nodes have failed at once. ToN 2003 Table II.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use serde::Serialize;

use crate::experiment::{Hear, News, Progress, Tally, collect, pick, random_id, random_ring};
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::ideal::IdealRing;

/// Length of the successor lists: twice the logarithm of 1,000.
const SUCCESSORS: usize = 20;
/// Rings that each fraction is measured on, and lookups in each: where the failed nodes lie moves the means of a single
/// ring by a tenth of a hop.
const RINGS: u32 = 40;
const LOOKUPS: u32 = 250;

/// Lookups when this fraction has failed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FailureRow {
    /// The part of all nodes that has failed.
    pub failed_fraction: f64,
    /// Mean path length.
    pub mean_hops: f64,
    /// Mean number of failed nodes that were asked.
    pub mean_timeouts: f64,
    /// Lookups that did not find the key's successor among the living.
    pub lookup_failures: u32,
    /// Lookups in all.
    pub lookups: u32,
}

/// ToN 2003 Table II: failed fraction, mean path, mean timeouts. No lookup failed.
pub const PAPER: [(f64, f64, f64); 6] = [
    (0.0, 3.84, 0.0),
    (0.1, 4.03, 0.60),
    (0.2, 4.22, 1.17),
    (0.3, 4.44, 2.02),
    (0.4, 4.69, 3.23),
    (0.5, 5.09, 5.10),
];

/// Lets 0 to 50 % of a stable ring fail at once, with stabilization stopped, and looks 10,000 random keys up from the living.
/// A path ends at the first node whose successor list covers the key; the contact to the key's successor is one more
/// hop. Within one lookup its origin remembers the nodes that did not answer.
pub fn run(seed: u64, nodes: u32, progress: Progress<'_>) -> Vec<FailureRow> {
    collect(progress, |hear| measure(seed, nodes, hear))
}

/// The same, told row by row.
pub fn measure(seed: u64, nodes: u32, hear: Hear<'_, FailureRow>) -> ControlFlow<()> {
    for tenths in 0..=5_u32 {
        let (mut hops, mut timeouts) = (Tally::default(), Tally::default());
        let mut lookup_failures = 0;
        for run in 0..RINGS {
            let mut rng = Rng::from_seed(seed, u64::from(tenths * RINGS + run) + 1);
            let Some(ring) = random_ring(nodes as usize, &mut rng) else {
                return ControlFlow::Continue(());
            };
            let wreck = Wreck::of(ring, tenths, &mut rng);
            for _ in 0..LOOKUPS {
                let from = pick(&wreck.living, &mut rng).copied().unwrap_or_default();
                match wreck.lookup(from, random_id(&mut rng)) {
                    Some((path, failed)) => {
                        hops.add(path);
                        timeouts.add(failed);
                    }
                    None => lookup_failures += 1,
                }
            }
            let done = f64::from(tenths * RINGS + run + 1);
            hear(News::Part(done / f64::from(6 * RINGS)))?;
        }
        hear(News::Row(FailureRow {
            failed_fraction: f64::from(tenths) / 10.0,
            mean_hops: hops.mean(),
            mean_timeouts: timeouts.mean(),
            lookup_failures,
            lookups: RINGS * LOOKUPS,
        }))?;
    }
    ControlFlow::Continue(())
}

/// A ring whose tables still name the failed nodes.
struct Wreck {
    ring: IdealRing,
    living: Vec<Id>,
    failed: BTreeSet<Id>,
}

impl Wreck {
    fn of(ring: IdealRing, tenths: u32, rng: &mut Rng) -> Self {
        let fails = |_: &&Id| rng.chance(u64::from(tenths), 10);
        let failed: BTreeSet<Id> = ring.ids().iter().filter(fails).copied().collect();
        let living = ring.ids().iter().filter(|id| !failed.contains(id));
        Self {
            living: living.copied().collect(),
            failed,
            ring,
        }
    }

    /// Path length and timeouts; `None` when a whole successor list has failed.
    fn lookup(&self, from: Id, key: Id) -> Option<(u32, u32)> {
        let (mut at, mut hops) = (from, 0);
        let mut silent = BTreeSet::new();
        loop {
            let list = self.ring.successors(at, SUCCESSORS);
            let covers = |last: &Id| key.is_within(at, *last);
            if list.last().is_none_or(covers) {
                let candidates = list.iter().filter(|id| !id.is_between(at, key));
                if self.first_living(candidates, &mut silent).is_some() {
                    return Some((hops + 1, u32::try_from(silent.len()).ok()?));
                }
                // The key's own successors have all failed as far as this list goes: the last one before them knows more.
            }
            at = self.next(at, key, &list, &mut silent)?;
            hops += 1;
        }
    }

    /// The living node closest before the key that this one knows.
    fn next(&self, at: Id, key: Id, list: &[Id], silent: &mut BTreeSet<Id>) -> Option<Id> {
        let fingers = self.ring.fingers(at).into_iter().map(|(_, node)| node);
        let mut known: Vec<Id> = fingers.chain(list.iter().copied()).collect();
        known.retain(|node| node.is_between(at, key));
        known.sort_by_key(|node| self.ring.space().distance(at, *node));
        self.first_living(known.iter().rev(), silent)
    }

    /// Asks one after the other; those that do not answer are remembered.
    fn first_living<'a>(
        &self,
        candidates: impl Iterator<Item = &'a Id>,
        silent: &mut BTreeSet<Id>,
    ) -> Option<Id> {
        for node in candidates {
            if !self.failed.contains(node) {
                return Some(*node);
            }
            silent.insert(*node);
        }
        None
    }
}
