//! The time that the farthest seeks in a long history take, and that recording it takes.

use chordscope_core::base::id::Space;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant as Moment;
use chordscope_sim::worlds::ring::History;
use chordscope_sim::worlds::ring::scenario::Scenario;

use super::ring::random_id;
use super::{Figures, Stopwatch};

/// Nodes of the ring.
const NODES: usize = 500;
/// Entries of the history's trace.
const ENTRIES: u64 = 100_000;
/// Moments that are sought.
const SEEKS: u64 = 200;

pub(super) fn measure(figures: &mut Figures) {
    let mut rng = Rng::from_seed(1, 4);
    let ids: Vec<_> = (0..NODES).map(|_| random_id(&mut rng)).collect();
    let history = Scenario::plain(Space::FULL, ids);
    let Some(mut history) = history.ok().and_then(|ring| History::new(ring, 1).ok()) else {
        return;
    };
    let start = Stopwatch::start();
    let mut millis = 0;
    while history.world().events() < ENTRIES {
        millis += 100;
        history.advance_to(Moment::from_millis(millis));
    }
    let made = start.elapsed().as_secs_f64();
    let (mut longest, mut all) = (0.0_f64, 0.0);
    for _ in 0..SEEKS {
        let to = Moment::from_millis(rng.below(millis));
        let start = Stopwatch::start();
        history.seek(to);
        let took = start.elapsed().as_secs_f64() * 1e3;
        longest = longest.max(took);
        all += took;
    }
    figures.push(("history_of_100000_entries_made", made, "s"));
    figures.push(("seek_in_100000_entries_longest", longest, "ms"));
    figures.push(("seek_in_100000_entries_mean", all / SEEKS as f64, "ms"));
}
