//! The interface between a page's engine and the rest of the page: the loop of frames, links, files.

use chordscope_sim::engine::chrome::{self, Charted};
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::history::export::{self, Portable};
use chordscope_sim::engine::json::Json;

use crate::page::Route;
use crate::player::{Address, Beside, Played, Player, Refused, TimeView, files};

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

/// An engine whose run leaves the page as a link or a file, and that takes such a run.
pub trait Shareable: Driven<Run: Played<World: Portable + Charted>, Command: From<Given>> {
    /// The page.
    const PAGE: Route;

    /// The query of a link to this moment.
    ///
    /// # Errors
    /// One sentence that says why there can be none.
    fn link(&self) -> Result<String, String>;

    /// The name of the run in those of files.
    fn name(&self) -> &str;

    /// The run with its branches, as the text of a file.
    fn export(&self) -> String {
        export::write(self.history())
    }

    /// The trace up to now as a chart of time, for Perfetto.
    fn trace(&self) -> String {
        let history = self.history();
        chrome::write(history.world(), history.entries())
    }

    /// The name of a file of this run, of this kind.
    fn file_name(&self, kind: &str) -> String {
        files::name(kind, self.name(), self.history().now())
    }
}

/// A snapshot of a page with a run: what the frame around its stage shows.
pub trait Pictured {
    /// Time.
    fn time(&self) -> &TimeView;

    /// Why the last command was refused, or what to know of the link that was followed.
    fn refused(&self) -> Option<&Refused>;

    /// The query of a link to the run, which the user began last.
    fn address(&self) -> Option<&Address>;

    /// Why the last command that came by this control was refused.
    fn refused_beside(&self, control: Beside) -> Option<&str> {
        Refused::beside(self.refused(), control)
    }
}

/// A run that comes from outside, to be shown instead of the present one.
#[derive(Debug)]
pub enum Given {
    /// A link: the query of an address.
    Link(String),
    /// The content of a file.
    File(Json),
    /// A file that cannot be read or written, with the reason in one sentence.
    Refused(String),
}
