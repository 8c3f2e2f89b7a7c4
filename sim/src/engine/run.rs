//! A run: a world and the actions that are planned for it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::engine::malformed::Malformed;
use crate::engine::trace::Entry;
use crate::engine::{Timed, World};
use chordscope_core::base::time::Instant;

/// The longest a run may be: a day of virtual time, in milliseconds.
pub const MAX_MILLIS: u64 = 24 * 60 * 60 * 1_000;

/// A world and what is going to be done in it.
///
/// An action waits until nothing else is left to happen up to its time.
#[derive(Clone, Debug)]
pub struct Run<W: World> {
    pub(super) world: W,
    /// All actions done and planned, in order of time.
    pub(super) plan: Vec<Timed<W::Action>>,
    /// The number of these that have had their turn.
    pub(super) done: usize,
}

impl<W: World> Run<W> {
    /// A run of a set-up with the actions that belong to it, at time zero.
    ///
    /// # Errors
    /// [`Malformed`] says where the set-up is wrong.
    pub fn begin(setup: &Arc<W::Setup>, seed: u64) -> Result<Self, Malformed> {
        let plan = W::plan(setup).to_vec();
        Ok(Self::of(W::begin(setup, seed)?, plan))
    }

    /// A run of a world as it is, with actions planned in order of time.
    pub const fn of(world: W, plan: Vec<Timed<W::Action>>) -> Self {
        Self {
            world,
            plan,
            done: 0,
        }
    }

    /// Returns the world as it is now.
    pub const fn world(&self) -> &W {
        &self.world
    }

    /// Returns the world as it is now, without what is planned.
    pub fn into_world(self) -> W {
        self.world
    }

    /// Returns how many planned actions have had their turn.
    pub const fn done(&self) -> usize {
        self.done
    }

    /// Returns the time of the next event or action.
    pub fn next_at(&self) -> Option<Instant> {
        let planned = self.plan.get(self.done).map(|timed| timed.at);
        self.world.next_at().into_iter().chain(planned).min()
    }

    /// Lets the next event happen, or the next action, if that is by this time.
    pub fn step_until(&mut self, end: Instant) -> bool {
        let planned = self.plan.get(self.done).filter(|timed| timed.at <= end);
        if self.world.step_until(planned.map_or(end, |timed| timed.at)) {
            return true;
        }
        let Some(timed) = planned else {
            return false;
        };
        self.world.rest_until(timed.at);
        // An action planned for a node that is gone by then does nothing, but has had its turn.
        drop(self.world.act(timed.action.clone()));
        self.done += 1;
        true
    }

    /// Lets everything happen up to a time, and sets the clock to it.
    pub fn run_until(&mut self, end: Instant) {
        while self.step_until(end) {}
        self.world.rest_until(end);
    }

    /// Takes the trace entries since the last call.
    pub fn take_trace(&mut self) -> Vec<Entry<W::What>> {
        self.world.take_trace()
    }
}
