//! Latency of lookups against a round trip to the owner, when each finger chooses among several nodes (proximity neighbour
//! selection). ToN 2003 Table IV.

pub mod whole;

use alloc::vec::Vec;
use core::ops::ControlFlow;

use serde::Serialize;

use crate::experiment::{Hear, News, Progress, collect, pick, random_id, random_ring};
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::ideal::IdealRing;

/// Lookups for each row.
const LOOKUPS: u32 = 10_000;
/// Lookups between two reports of progress.
const TELL_EVERY: u32 = 500;
/// The numbers of nodes that a finger chooses from, a row each.
const CHOICES: [u32; 5] = [1, 2, 4, 8, 16];
/// The nodes lie in a cube with edges of this length; a message takes as long as its way is.
const EDGE: u64 = 1 << 20;

/// Lookup time over round trip, the median of all lookups.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LatencyRow {
    /// The number of nodes that each finger chooses from: itself and the next ones.
    pub successors_per_finger: u32,
    /// The stretch when the origin asks each hop.
    pub iterative_stretch: f64,
    /// The stretch when each hop hands the lookup on.
    pub recursive_stretch: f64,
}

/// ToN 2003 Table IV, the columns of the three-dimensional space.
pub const PAPER: [LatencyRow; 5] = [
    row(1, 7.8, 4.5),
    row(2, 7.2, 3.5),
    row(4, 6.1, 2.7),
    row(8, 4.7, 2.1),
    row(16, 3.4, 1.7),
];

const fn row(successors_per_finger: u32, iterative: f64, recursive: f64) -> LatencyRow {
    LatencyRow {
        successors_per_finger,
        iterative_stretch: iterative,
        recursive_stretch: recursive,
    }
}

/// Lookups of random keys from random nodes of a stable ring whose nodes lie anywhere in a cube. Each node hands a lookup to
/// the nearest of the nodes that its finger chooses from, as long as they precede the key. The lookup ends with the
/// answer of the node before the key, which names the owner; the owner itself is not asked.
pub fn run(seed: u64, nodes: u32, progress: Progress<'_>) -> Vec<LatencyRow> {
    collect(progress, |hear| measure(seed, nodes, hear))
}

/// The same, told row by row.
pub fn measure(seed: u64, nodes: u32, hear: Hear<'_, LatencyRow>) -> ControlFlow<()> {
    for (done, choices) in (0_u32..).zip(CHOICES) {
        // The same ring and the same lookups for each row.
        let mut rng = Rng::from_seed(seed, 1);
        let Some(space) = Place::of(nodes, &mut rng) else {
            return ControlFlow::Continue(());
        };
        let (mut iterative, mut recursive) = (Vec::new(), Vec::new());
        for lookup in 0..LOOKUPS {
            if lookup % TELL_EVERY == 0 {
                let part = f64::from(done) + f64::from(lookup) / f64::from(LOOKUPS);
                hear(News::Part(part / CHOICES.len() as f64))?;
            }
            let from = pick(space.ring.ids(), &mut rng).copied();
            let Some(took) = space.lookup(from.unwrap_or_default(), random_id(&mut rng), choices)
            else {
                continue;
            };
            iterative.push(took.iterative as f64 / took.round_trip as f64);
            recursive.push(took.recursive as f64 / took.round_trip as f64);
        }
        hear(News::Row(row(
            choices,
            median(iterative),
            median(recursive),
        )))?;
    }
    hear(News::Part(1.0))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A ring, and where its nodes lie.
struct Place {
    ring: IdealRing,
    points: Vec<[u64; 3]>,
}

struct Took {
    iterative: u64,
    recursive: u64,
    round_trip: u64,
}

impl Place {
    fn of(nodes: u32, rng: &mut Rng) -> Option<Self> {
        let ring = random_ring(nodes as usize, rng)?;
        let points = ring.ids().iter();
        let points = points.map(|_| core::array::from_fn(|_| rng.below(EDGE)));
        Some(Self {
            points: points.collect(),
            ring,
        })
    }

    /// The way of a message.
    fn distance(&self, from: Id, to: Id) -> u64 {
        let point = |id| self.points[self.ring.rank(id)];
        let (from, to) = (point(from), point(to));
        let square = |axis: usize| from[axis].abs_diff(to[axis]).pow(2);
        (square(0) + square(1) + square(2)).isqrt()
    }

    /// `None` when there is nothing to be measured: the origin is the owner, or lies where the owner lies.
    fn lookup(&self, from: Id, key: Id, choices: u32) -> Option<Took> {
        let owner = self.ring.successor(key);
        let goal = self.ring.predecessor(owner);
        let round_trip = 2 * self.distance(from, owner);
        if round_trip == 0 {
            return None;
        }
        let (mut iterative, mut recursive, mut at) = (0, 0, from);
        while at != goal {
            let next = self.next(at, goal, choices);
            recursive += self.distance(at, next);
            iterative += 2 * self.distance(from, next);
            at = next;
        }
        Some(Took {
            iterative,
            recursive: recursive + self.distance(at, from),
            round_trip,
        })
    }

    /// The nearest node of those that the closest finger chooses from.
    fn next(&self, at: Id, goal: Id, choices: u32) -> Id {
        let row = self.ring.space().distance(at, goal).bit_length().max(1);
        let (_, finger) = self.ring.finger(at, row);
        let behind = self.ring.successors(finger, choices as usize - 1);
        // The next ones follow one another, so that the last one before the key is known: no other node need be asked.
        if behind.contains(&goal) {
            return goal;
        }
        let usable = behind
            .into_iter()
            .take_while(|node| node.is_within(at, goal));
        core::iter::once(finger)
            .chain(usable)
            .min_by_key(|node| self.distance(at, *node))
            .unwrap_or(finger)
    }
}
