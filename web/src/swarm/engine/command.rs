//! The commands of the user to the engine.

use crate::player::programme::RunCommand;
use crate::player::{Control, Given};
use crate::swarm::engine::levers::Levers;

/// One intent of the user.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// About the run as a whole: its time, and which run it is.
    Run(RunCommand),
    /// Start again with these settings.
    Begin(Levers),
    /// Select a client, or none if it is selected already.
    Select(u64),
    /// Select the next client, or the one before.
    Move(bool),
    /// Select nobody.
    Leave,
    /// The pointer is over something, or over nothing.
    Hover(Option<Over>),
    /// A member leaves.
    Remove(u64),
}

/// A thing on the stage, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// A member.
    Member(u64),
    /// A segment at a member.
    Cell(u64, u32),
    /// A segment.
    Segment(u32),
    /// A segment on its way: from, to, which.
    Flow(u64, u64, u32),
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
