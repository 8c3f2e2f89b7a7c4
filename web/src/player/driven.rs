//! The interface between a page's engine and the loop of frames that drives it.

use chordscope_sim::engine::history::History;

use crate::player::{Played, Player};

/// A page's engine: a player of a run, and what the user looks at.
pub trait Driven: 'static {
    /// The run that is played.
    type Run: Played;
    /// The user's commands.
    type Command: 'static;
    /// The pictures of a moment, for the panels.
    type Snapshot: 'static;

    /// The player.
    fn player(&self) -> &Player<Self::Run>;

    /// The player, to let time pass.
    fn player_mut(&mut self) -> &mut Player<Self::Run>;

    /// Carries out a command.
    fn apply(&mut self, command: impl Into<Self::Command>);

    /// The engine at this moment.
    fn snapshot(&self) -> Self::Snapshot;

    /// The run that is shown.
    fn history(&self) -> &History<<Self::Run as Played>::World> {
        self.player().run().history()
    }

    /// Lets real time pass, in milliseconds. Works for at most `work` milliseconds by `clock`.
    fn advance(&mut self, real: f64, work: f64, clock: fn() -> f64) {
        self.player_mut().advance(real, work, clock);
    }

    /// Whether a snapshot is due: something has changed, and it is urgent or has `waited` for long enough.
    fn is_due(&self, waited: bool) -> bool {
        let player = self.player();
        player.has_news() && (waited || player.is_urgent())
    }

    /// A snapshot to show.
    fn publish(&mut self) -> Self::Snapshot {
        self.player_mut().published();
        self.snapshot()
    }
}
