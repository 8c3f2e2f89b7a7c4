//! What the user can ask of the engine.

use chordscope_core::base::id::Id;

/// How a lookup goes from node to node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Successor by successor, instead of by the finger table.
    pub linear: bool,
    /// The origin asks each hop, instead of each hop passing the question on.
    pub iterative: bool,
}

/// One intent of the user.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Start a built-in scenario afresh, by its name.
    Load(String),
    /// Show the run and the moment that a link names.
    Open(String),
    /// Let time run, or stop it.
    Play(bool),
    /// To the next event worth seeing.
    StepForward,
    /// To the last one before now.
    StepBack,
    /// To this moment, in microseconds of virtual time.
    Seek(u64),
    /// How fast time runs: an index into [`SPEEDS`](crate::engine::SPEEDS).
    Speed(usize),
    /// Who is responsible for this key? Asked at a node.
    Look {
        /// The node that asks.
        from: Id,
        /// The key.
        key: Id,
        /// How the question travels.
        way: Way,
    },
    /// The same, but the user says each next node first.
    Predict {
        /// The node that asks.
        from: Id,
        /// The key.
        key: Id,
        /// How the question travels.
        way: Way,
    },
    /// End a prediction and let the lookup go on.
    StopPredicting,
    /// The user clicked a node, or chose it in the list.
    Choose(Id),
    /// The pointer is over a node, or over none.
    Hover(Option<Id>),
    /// A new node joins.
    Insert(Id),
    /// A node leaves properly.
    Remove(Id),
    /// A node stops without a word.
    Crash(Id),
    /// Show upkeep in the event log too.
    ShowUpkeep(bool),
}
