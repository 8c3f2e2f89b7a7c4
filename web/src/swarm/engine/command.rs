//! The commands of the user to the engine.

use chordscope_sim::engine::json::Json;

use crate::player::{Control, Given};
use crate::swarm::engine::levers::Levers;

/// One intent of the user.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A control of the player: time, and the branches of the run.
    Time(Control),
    /// Start a built-in scenario, by its name.
    Load(&'static str),
    /// Show the run and the moment that a link names.
    Open(String),
    /// Show the run that an exported file holds.
    Import(Json),
    /// Say why no run was exported or imported.
    Refuse(String),
    /// Start what is shown again.
    Again,
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

impl From<Given> for Command {
    fn from(given: Given) -> Self {
        match given {
            Given::Link(link) => Self::Open(link),
            Given::File(run) => Self::Import(run),
            Given::Refused(why) => Self::Refuse(why),
        }
    }
}

impl From<Control> for Command {
    fn from(control: Control) -> Self {
        Self::Time(control)
    }
}
