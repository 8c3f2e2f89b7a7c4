//! The engine of all simulated worlds: virtual time, the event queue, the network model, history.
//!
//! A [`World`] says when its next event is and lets it happen. A [`Run`](run::Run) carries out planned actions between the events, and a
//! [`History`](history::History) goes back and forth in a run and keeps its branches. Nothing here knows any world.

pub mod behaviour;
pub mod chrome;
pub(crate) mod content;
pub mod history;
pub mod json;
pub mod linked;
pub mod malformed;
pub mod network;
pub mod permalink;
pub mod queue;
pub mod run;
pub mod time_text;
pub mod trace;
pub mod weight;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::{Debug, Display};

use crate::engine::malformed::Malformed;
use crate::engine::trace::Entry;
use chordscope_core::base::time::Instant;

/// A simulated world. A clone is a checkpoint; the same set-up, seed and actions give the same trace.
pub trait World: Clone + Debug {
    /// A world at time zero, before there is a seed.
    type Setup: Clone + Debug;
    /// An action of a person.
    type Action: Clone + PartialEq + Debug;
    /// The reason why an action cannot be carried out.
    type Refusal: Display;
    /// The content of a trace entry.
    type What: Clone + Debug;

    /// Makes the world of a set-up, at time zero.
    ///
    /// # Errors
    /// [`Malformed`] says where the set-up is wrong.
    fn begin(setup: &Arc<Self::Setup>, seed: u64) -> Result<Self, Malformed>;

    /// Returns the actions that belong to the set-up, in order of time.
    fn plan(setup: &Self::Setup) -> &[Timed<Self::Action>];

    /// Returns the virtual time.
    fn now(&self) -> Instant;

    /// Returns the time of the next event.
    fn next_at(&self) -> Option<Instant>;

    /// Lets the next event happen, if it happens by this time.
    fn step_until(&mut self, end: Instant) -> bool;

    /// Sets the clock forward to a time before which nothing happens any more.
    fn rest_until(&mut self, to: Instant);

    /// Carries out an action now.
    ///
    /// # Errors
    /// The reason why it cannot be carried out; then nothing has changed.
    fn act(&mut self, action: Self::Action) -> Result<(), Self::Refusal>;

    /// Takes the trace entries since the last call.
    fn take_trace(&mut self) -> Vec<Entry<Self::What>>;

    /// Returns the number of trace entries so far.
    fn events(&self) -> u64;

    /// Returns the digest of the trace so far.
    fn trace_digest(&self) -> [u8; 32];

    /// Returns how much memory a clone takes, roughly.
    fn bytes(&self) -> usize;

    /// Returns whether an entry is worth stopping at in a step.
    fn is_notable(what: &Self::What) -> bool;

    /// Returns an action in words.
    fn describe(&self, action: &Self::Action) -> String;
}

/// An action and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed<A> {
    /// The time.
    pub at: Instant,
    /// The action.
    pub action: A,
}

impl<A> Timed<A> {
    /// Puts actions in order of time; those of one time stay in their order.
    pub fn put_in_order(actions: &mut [Self]) {
        actions.sort_by_key(|timed| timed.at);
    }
}
