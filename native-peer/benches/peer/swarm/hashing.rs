//! The cost of checking segments, beside plain BLAKE3.

use std::hint::black_box;
use std::time::Duration;

use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::digest;

use crate::swarm::contest::now;

/// The number of turns that each has.
const TURNS: u32 = 10;

/// MiB/s of one thread.
pub(crate) struct Hashing {
    pub(crate) segments: f64,
    alone: f64,
}

impl Hashing {
    /// Returns the speed at which segments are checked, as a share of that of plain BLAKE3.
    pub(crate) fn share(&self) -> f64 {
        self.segments / self.alone
    }
}

/// Both by turns, over the same bytes.
pub(crate) fn measure(measure: Duration) -> Hashing {
    let bytes = vec![7; 64 << 20];
    let Some(layout) = Layout::of(1 << 30) else {
        return Hashing {
            segments: 0.0,
            alone: 0.0,
        };
    };
    let segment = layout.segment_size() as usize;
    let by_segments = || {
        for (index, part) in (0..).zip(bytes.chunks(segment)) {
            black_box(digest(layout, index, part));
        }
    };
    let at_once = || {
        black_box(blake3::hash(&bytes));
    };
    let (mut segments, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        segments.push(rate(measure / TURNS / 2, bytes.len(), &by_segments));
        alone.push(rate(measure / TURNS / 2, bytes.len(), &at_once));
    }
    let best = |rates: Vec<f64>| rates.into_iter().fold(0.0, f64::max);
    Hashing {
        segments: best(segments),
        alone: best(alone),
    }
}

fn rate(measure: Duration, bytes: usize, work: &impl Fn()) -> f64 {
    let (start, mut times) = (now(), 0.0);
    while times == 0.0 || start.elapsed() < measure {
        work();
        times += 1.0;
    }
    times * bytes as f64 / f64::from(1 << 20) / start.elapsed().as_secs_f64()
}
