//! What the user can ask of the engine.

use chordscope_core::base::id::Id;
use chordscope_sim::engine::json::Json;

use crate::input::Key;
use crate::scene::hit::Under;

/// How a lookup goes from node to node.
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
    /// Let time run, or stop it.
    Play(bool),
    /// On to the next step, and stop there; while time runs, at once.
    Continue,
    /// To the next event worth seeing.
    StepForward,
    /// To the last one before now.
    StepBack,
    /// To this moment, in microseconds of virtual time.
    Seek(u64),
    /// How fast time runs: an index into [`SPEEDS`](crate::ring::engine::SPEEDS).
    Speed(usize),
    /// To the next speed above the present one.
    Faster,
    /// To the next speed below.
    Slower,
    /// Who is responsible for this key? Asked at a node.
    Look {
        /// The node that asks.
        from: Id,
        /// The key.
        key: Id,
        /// How the lookup travels.
        way: Way,
    },
    /// The same, but the user says each next node first.
    Predict {
        /// The node that asks.
        from: Id,
        /// The key.
        key: Id,
        /// How the lookup travels.
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
    /// Take the last deed back.
    Undo,
    /// Do again what was undone last.
    Redo,
    /// Go to the branch of this number.
    Branch(u32),
    /// Show stabilization in the event log too.
    ShowUpkeep(bool),
}
