//! The ticks of the timeline, read from the trace of a run as it grows.

use std::rc::Rc;

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::trace::Entry;

use crate::player::Tick;

/// The most ticks; the oldest go first.
const MOST: usize = 20_000;

/// The ticks as far as the run was played on this branch.
#[derive(Debug, Default)]
pub struct Ticks {
    all: Rc<Vec<Tick>>,
    /// The number of the entry of the trace that is read next.
    next: u64,
}

impl Ticks {
    /// Reads what is new in the trace; `tick` says which entries have one.
    pub fn read<W: World>(
        &mut self,
        history: &History<W>,
        tick: impl Fn(&Entry<W::What>) -> Option<Tick>,
    ) {
        let entries = history.entries();
        let first = entries.partition_point(|entry| entry.index < self.next);
        let Some(last) = entries.last().filter(|last| last.index >= self.next) else {
            return;
        };
        self.next = last.index + 1;
        let all = Rc::make_mut(&mut self.all);
        all.extend(entries[first..].iter().filter_map(tick));
        let excess = all.len().saturating_sub(MOST);
        all.drain(..excess);
    }

    /// Forgets what was read of the time from a moment on.
    pub fn forget_from<W: World>(&mut self, history: &History<W>, at: Instant) {
        Rc::make_mut(&mut self.all).retain(|tick| tick.at < at.as_micros());
        let entries = history.entries();
        let first = entries.partition_point(|entry| entry.at < at);
        let next = entries.get(first).map(|entry| entry.index);
        self.next = next.unwrap_or_else(|| history.world().events());
    }

    /// All of them, in order of time.
    pub fn all(&self) -> Rc<Vec<Tick>> {
        Rc::clone(&self.all)
    }
}
