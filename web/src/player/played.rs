//! The interface between the player and a run that it plays.

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::trace::Entry;

/// The end of a run that has none: no time that is ever reached.
pub const NEVER: Instant = Instant::from_micros(u64::MAX);

/// A run that a player plays: a world with its history, and what its page tells of it.
pub trait Played {
    /// The world.
    type World: World;
    /// The facts of a moment from which it follows later whether time stops: what is going on, for instance.
    type Moment;

    /// The history.
    fn history(&self) -> &History<Self::World>;

    /// The history, to move through it.
    fn history_mut(&mut self) -> &mut History<Self::World>;

    /// The facts of this moment.
    fn moment(&self) -> Self::Moment;

    /// Returns how many virtual seconds pass in a second of this moment at the automatic speed.
    fn pace(&self, moment: &Self::Moment) -> f64;

    /// Whether time stops by itself, as something has come since a moment: an end, or what the user waits for.
    fn has_come_since(&self, before: &Self::Moment) -> bool;

    /// Takes up what is new in the history; whether it has to be shown at once.
    fn take_up(&mut self) -> bool;

    /// Takes up what the caption says now: if that is another step than before, returns for how many milliseconds it is read at the
    /// automatic speed.
    fn step(&mut self) -> Option<f64>;

    /// Takes up that the player moved through the history otherwise than by letting time pass.
    fn turn(&mut self, turn: Turn);

    /// Whether an entry of the trace may change what the caption says.
    fn is_news(entry: &Entry<<Self::World as World>::What>) -> bool {
        let _ = entry;
        true
    }

    /// Whether the world is small enough to compare captions event by event.
    fn is_followed(&self) -> bool {
        true
    }

    /// Returns the time at which a scenario stops; [`NEVER`] for a run without such a time.
    fn until(&self) -> Instant {
        NEVER
    }

    /// Whether a scenario is over.
    fn has_ended(&self) -> bool {
        false
    }

    /// Whether there is no next step.
    fn is_over(&self) -> bool {
        self.has_ended()
    }

    /// Returns the moment at which the user has to answer before time goes on.
    fn question(&self) -> Option<Instant> {
        None
    }

    /// Takes back that the user wants to be asked.
    fn stop_asking(&mut self) {}
}

/// A move through the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// To another moment of this branch.
    Travelled,
    /// That moment is a step's end.
    Stepped,
    /// Something was done at this moment: what was read of the time from there on is out of date.
    Acted(Instant),
    /// Another branch is shown: all that was read is out of date. The history is far ahead for once, so that what is known of this branch can
    /// be read; then it goes back.
    Entered,
}
