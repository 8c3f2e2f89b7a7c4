//! Path lengths of lookups. SIGCOMM 2001 Fig. 10, ToN 2003 Fig. 10.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use serde::Serialize;

use crate::experiment::{Hear, News, Progress, Tally, collect, pick, random_id, random_ring};
use chordscope_core::base::rng::Rng;

/// The sizes of the figure: 2^3 to 2^14.
pub const SIZES: [u32; 12] = [
    8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384,
];
/// Lookups for each node of a ring.
pub const LOOKUPS: u32 = 100;
/// Nodes whose lookups are made between two reports of progress.
const TELL_EVERY: u32 = 256;

/// The path lengths of one ring size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PathRow {
    /// Nodes in the ring.
    pub nodes: u32,
    /// Mean number of hops.
    pub mean_hops: f64,
    /// First percentile.
    pub p1: u32,
    /// 99th percentile.
    pub p99: u32,
}

/// SIGCOMM 2001 Fig. 10, digitised.
pub const PAPER: [PathRow; 12] = {
    const fn row(nodes: u32, mean_hops: f64, p1: u32, p99: u32) -> PathRow {
        PathRow {
            nodes,
            mean_hops,
            p1,
            p99,
        }
    }
    [
        row(8, 1.72, 1, 3),
        row(16, 2.09, 1, 4),
        row(32, 2.49, 1, 5),
        row(64, 2.96, 1, 5),
        row(128, 3.39, 1, 6),
        row(256, 3.88, 1, 7),
        row(512, 4.38, 1, 7),
        row(1_024, 4.89, 2, 8),
        row(2_048, 5.36, 2, 9),
        row(4_096, 5.85, 2, 10),
        row(8_192, 6.35, 2, 10),
        row(16_384, 6.87, 3, 11),
    ]
};

/// Looks 100 random keys for each node up in stable rings of these sizes, along fingers only. A path ends at the node before the key;
/// lookups that begin there are not counted.
pub fn run(seed: u64, sizes: &[u32], progress: Progress<'_>) -> Vec<PathRow> {
    collect(progress, |hear| measure(seed, sizes, hear))
}

/// The same, told row by row.
pub fn measure(seed: u64, sizes: &[u32], hear: Hear<'_, PathRow>) -> ControlFlow<()> {
    let all: f64 = sizes.iter().map(|nodes| f64::from(*nodes)).sum();
    let mut done = 0.0;
    for (stream, nodes) in (1..).zip(sizes) {
        let mut rng = Rng::from_seed(seed, stream);
        let Some(ring) = random_ring(*nodes as usize, &mut rng) else {
            continue;
        };
        let mut hops = Tally::default();
        for node in 0..*nodes {
            for _ in 0..LOOKUPS {
                let from = pick(ring.ids(), &mut rng).copied().unwrap_or_default();
                match ring.hops_to_predecessor(from, random_id(&mut rng)) {
                    0 => {}
                    count => hops.add(count),
                }
            }
            if node % TELL_EVERY == 0 {
                hear(News::Part((done + f64::from(node)) / all))?;
            }
        }
        done += f64::from(*nodes);
        hear(News::Row(PathRow {
            nodes: *nodes,
            mean_hops: hops.mean(),
            p1: hops.percentile(1),
            p99: hops.percentile(99),
        }))?;
        hear(News::Part(done / all))?;
    }
    ControlFlow::Continue(())
}
