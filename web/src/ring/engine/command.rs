//! The commands of the engine.

use chordscope_core::base::id::Id;
use chordscope_sim::engine::json::Json;

use crate::input::Key;
use crate::player::{Control, Given};
use crate::scene::hit::Under;

/// Routing and mode of a lookup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Successor by successor, instead of by the finger table.
    pub linear: bool,
    /// The origin asks each node in turn, instead of each node forwarding the lookup.
    pub iterative: bool,
}

/// One intent of the user.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Start a built-in scenario afresh, by its name.
    Load(String),
    /// Show the run and the moment that a link names.
    Open(String),
    /// Show the run that an exported file holds.
    Import(Json),
    /// Say why no run was exported or imported.
    Refuse(String),
    /// A control of the player: time, and the branches of the run.
    Time(Control),
    /// Look up, at a node, the node that is responsible for a key.
    Look {
        /// The node that asks.
        from: Id,
        /// The key.
        key: Id,
        /// Routing and mode.
        way: Way,
    },
    /// The same, but the user says each next node first.
    Predict {
        /// The node that asks.
        from: Id,
        /// The key.
        key: Id,
        /// Routing and mode.
        way: Way,
    },
    /// End a prediction and let the lookup go on.
    StopPredicting,
    /// The user clicked a node: that answers an open question.
    Choose(Id),
    /// The user moves the choice to a node without answering.
    Move(Id),
    /// The pointer is over something, or over nothing.
    Hover(Option<Under<Id>>),
    /// This is typed as a key, or nothing that is one.
    Type(Option<Key>),
    /// A new node joins.
    Insert(Id),
    /// A node leaves properly.
    Remove(Id),
    /// A node stops without a word.
    Crash(Id),
    /// Show stabilization in the event log too.
    ShowUpkeep(bool),
}

impl Command {
    /// Whether it leaves standing what is said of the last command that was refused.
    pub(super) const fn is_aside(&self) -> bool {
        match self {
            Self::Hover(_) | Self::Type(_) | Self::ShowUpkeep(_) => true,
            Self::Time(control) => control.is_speed(),
            _ => false,
        }
    }
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
