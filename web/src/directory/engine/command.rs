//! The commands of the user to the engine.

use chordscope_sim::worlds::directory::action::{Member, Part};
use chordscope_sim::worlds::directory::setup::Kind;

use crate::player::programme::RunCommand;
use crate::player::{Control, Given};

/// One intent of the user.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// About the run as a whole: its time, and which run it is.
    Run(RunCommand),
    /// The selected peer, or the first that is up, asks all directories for the chosen title.
    Ask,
    /// Choose the title that is asked for, by its number.
    Title(u32),
    /// Choose the part that is taken out or put back.
    Choose(Part),
    /// Predict how many of the next lookups of a kind will find.
    Predict(Kind, u32),
    /// Take the chosen part out.
    TakeOut,
    /// Put the chosen part back.
    PutBack,
    /// Select a peer by its place, from 1, or nobody if it is selected already.
    Select(u16),
    /// Select the next peer, or the one before.
    Move(bool),
    /// Select nobody.
    Leave,
    /// The pointer is over something, or over nothing.
    Hover(Option<Over>),
}

/// A thing on the stage, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// A peer or a machine.
    Member(Member),
    /// The card of a title at a machine.
    Card(Member, u32),
}

impl From<RunCommand> for Command {
    fn from(command: RunCommand) -> Self {
        Self::Run(command)
    }
}

impl From<Given> for Command {
    fn from(given: Given) -> Self {
        Self::Run(given.into())
    }
}

impl From<Control> for Command {
    fn from(control: Control) -> Self {
        Self::Run(control.into())
    }
}
