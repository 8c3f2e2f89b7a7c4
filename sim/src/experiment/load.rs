//! Load: the number of keys that a node is responsible for. SIGCOMM 2001 Fig. 8 and 9, ToN 2003 Fig. 8 and 9.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use serde::Serialize;

use crate::experiment::{Hear, News, Progress, Tally, collect, random_id};
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;

/// Keys to a step of the figure.
const STEP: u32 = 100_000;
/// Steps of the figure.
const STEPS: u32 = 10;
/// Runs that each figure is taken over.
const RUNS: u32 = 20;
/// Positions of each node, for the figure about virtual nodes.
const POSITIONS: [u32; 5] = [1, 2, 5, 10, 20];

/// The load at one number of keys.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LoadRow {
    /// Keys in the ring.
    pub keys: u32,
    /// Keys of a node in the mean.
    pub mean: f64,
    /// First percentile.
    pub p1: u32,
    /// 99th percentile.
    pub p99: u32,
    /// The most that any node had in any run.
    pub max: u32,
}

/// The load with one number of virtual nodes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct VirtualRow {
    /// Positions of each node.
    pub virtual_nodes: u32,
    /// First percentile of a node's keys.
    pub p1: u32,
    /// 99th percentile.
    pub p99: u32,
}

/// SIGCOMM 2001 Fig. 8, digitised, and of its text the most at 500,000 keys: keys, mean, p1, p99, max.
pub const PAPER: [(u32, f64, u32, u32, Option<u32>); 10] = [
    (100_000, 10.0, 0, 48, None),
    (200_000, 20.0, 0, 91, None),
    (300_000, 30.0, 0, 138, None),
    (400_000, 40.0, 0, 181, None),
    (500_000, 50.0, 0, 228, Some(457)),
    (600_000, 60.0, 0, 273, None),
    (700_000, 70.0, 0, 320, None),
    (800_000, 80.0, 0, 364, None),
    (900_000, 90.0, 0, 411, None),
    (1_000_000, 100.0, 1, 463, None),
];

/// SIGCOMM 2001 Fig. 9, digitised.
pub const VIRTUAL_PAPER: [VirtualRow; 5] = {
    const fn row(virtual_nodes: u32, p1: u32, p99: u32) -> VirtualRow {
        VirtualRow {
            virtual_nodes,
            p1,
            p99,
        }
    }
    [
        row(1, 0, 477),
        row(2, 7, 347),
        row(5, 24, 220),
        row(10, 38, 186),
        row(20, 50, 161),
    ]
};

/// Positions on the ring, each with the node that it belongs to.
struct Places {
    sorted: Vec<(Id, u32)>,
    keys: Vec<u32>,
}

impl Places {
    fn random(nodes: u32, each: u32, rng: &mut Rng) -> Self {
        let mut sorted = Vec::new();
        for node in 0..nodes {
            sorted.extend((0..each).map(|_| (random_id(rng), node)));
        }
        sorted.sort_unstable();
        Self {
            sorted,
            keys: vec![0; nodes as usize],
        }
    }

    /// Gives a key to the node of the first position at or after it.
    fn place(&mut self, key: Id) {
        let at = self.sorted.partition_point(|(id, _)| *id < key);
        let owner = self.sorted.get(at).or_else(|| self.sorted.first());
        let count = owner.and_then(|(_, node)| self.keys.get_mut(*node as usize));
        if let Some(count) = count {
            *count += 1;
        }
    }
}

/// Keys per node for 100,000 to 1,000,000 random keys, over 20 runs.
pub fn run(seed: u64, nodes: u32, progress: Progress<'_>) -> Vec<LoadRow> {
    collect(progress, |hear| measure(seed, nodes, hear))
}

/// The same, told row by row: all come at the end, as each is over all runs.
pub fn measure(seed: u64, nodes: u32, hear: Hear<'_, LoadRow>) -> ControlFlow<()> {
    let mut tallies: BTreeMap<u32, Tally> = BTreeMap::new();
    for run in 0..RUNS {
        let mut rng = Rng::from_seed(seed, u64::from(run) + 1);
        let mut places = Places::random(nodes, 1, &mut rng);
        for step in 1..=STEPS {
            for _ in 0..STEP {
                places.place(random_id(&mut rng));
            }
            let tally = tallies.entry(step * STEP).or_default();
            for count in &places.keys {
                tally.add(*count);
            }
            let done = run * STEPS + step;
            hear(News::Part(f64::from(done) / f64::from(RUNS * STEPS)))?;
        }
    }
    for (keys, tally) in tallies {
        hear(News::Row(LoadRow {
            keys,
            mean: tally.mean(),
            p1: tally.percentile(1),
            p99: tally.percentile(99),
            max: tally.max(),
        }))?;
    }
    ControlFlow::Continue(())
}

/// Keys per node for 1,000,000 random keys, when each node has several positions.
pub fn run_virtual(seed: u64, nodes: u32, progress: Progress<'_>) -> Vec<VirtualRow> {
    collect(progress, |hear| measure_virtual(seed, nodes, hear))
}

/// The same, told row by row.
pub fn measure_virtual(seed: u64, nodes: u32, hear: Hear<'_, VirtualRow>) -> ControlFlow<()> {
    for (done, each) in (0_u32..).zip(POSITIONS) {
        let mut rng = Rng::from_seed(seed, u64::from(each));
        let mut places = Places::random(nodes, each, &mut rng);
        for step in 0..STEPS {
            for _ in 0..STEP {
                places.place(random_id(&mut rng));
            }
            let part = f64::from(done) + f64::from(step + 1) / f64::from(STEPS);
            hear(News::Part(part / POSITIONS.len() as f64))?;
        }
        let mut tally = Tally::default();
        for count in &places.keys {
            tally.add(*count);
        }
        hear(News::Row(VirtualRow {
            virtual_nodes: each,
            p1: tally.percentile(1),
            p99: tally.percentile(99),
        }))?;
    }
    ControlFlow::Continue(())
}
