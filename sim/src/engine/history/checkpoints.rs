//! Checkpoints: copies of a world, from which any moment is replayed.

use alloc::collections::BTreeMap;

use crate::engine::World;
use crate::engine::run::Run;
use chordscope_core::base::time::Instant;

/// The number of checkpoints that are kept; then every other one goes and the distance doubles.
pub const MAX_CHECKPOINTS: usize = 96;
/// The number of bytes of checkpoints that are kept, roughly, beside the first one; then every other one goes and the distance
/// doubles.
pub const MAX_BYTES: usize = 320 << 20;
/// The initial number of trace entries between two checkpoints.
const DISTANCE: u64 = 400;

/// Checkpoints of one branch, by time and then by the number of trace entries.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints<W> {
    taken: BTreeMap<(Instant, u64), Checkpoint<W>>,
    distance: u64,
}

#[derive(Clone, Debug)]
struct Checkpoint<W> {
    world: W,
    /// The number of actions that have had their turn.
    done: usize,
    bytes: usize,
}

impl<W: World> Checkpoints<W> {
    pub(super) const fn new() -> Self {
        Self {
            taken: BTreeMap::new(),
            distance: DISTANCE,
        }
    }

    pub(super) fn take_when_due(&mut self, run: &Run<W>) {
        let last = self.taken.keys().next_back().map_or(0, |key| key.1);
        if run.world.events() >= last + self.distance {
            self.take(run);
        }
    }

    pub(super) fn take(&mut self, run: &Run<W>) {
        let key = (run.world.now(), run.world.events());
        let checkpoint = Checkpoint {
            world: run.world.clone(),
            done: run.done,
            bytes: run.world.bytes(),
        };
        self.taken.insert(key, checkpoint);
        self.thin();
    }

    /// Drops every other one while there are too many.
    fn thin(&mut self) {
        while self.taken.len() > MAX_CHECKPOINTS || self.taken.len() > 1 && self.bytes() > MAX_BYTES
        {
            let mut keep = false;
            self.taken.retain(|_, _| {
                keep = !keep;
                keep
            });
            self.distance *= 2;
        }
    }

    fn bytes(&self) -> usize {
        self.taken.values().map(|taken| taken.bytes).sum()
    }

    /// Sets a run back to the last checkpoint by this time.
    pub(super) fn restore(&self, to: Instant, run: &mut Run<W>) {
        // One at exactly that time may lie in the midst of what happens then; replay covers the rest.
        let before = self.taken.range(..=(to, u64::MAX)).next_back();
        if let Some((_, taken)) = before.or_else(|| self.taken.first_key_value()) {
            run.world = taken.world.clone();
            run.done = taken.done;
        }
    }

    /// Forgets those that another branch does not have: it shares so many actions with this one, and parts with an action at a time, if
    /// it has more.
    pub(super) fn keep_shared(&mut self, shared: usize, parting: Option<Instant>) {
        let is_before = |at: Instant| parting.is_none_or(|parting| at <= parting);
        self.taken
            .retain(|(at, _), taken| taken.done <= shared && is_before(*at));
    }
}
