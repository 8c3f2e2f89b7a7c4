//! The commands of the visitor to the engine.

use chordscope_core::base::id::Id;

use crate::home::engine::doors::Door;

/// One intent of the visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Let time run, or stop it, with all figures.
    Play(bool),
    /// Whichever of the two is not so.
    Toggle,
    /// The pointer is over a node, or over none.
    Hover(Option<Id>),
    /// Look at a node: the answer to the first goal.
    Choose(Id),
    /// Look the key up.
    LookUp,
    /// Insert the node that the snapshot names.
    Insert,
    /// Crash the node that the snapshot names.
    Crash,
    /// Begin with the lesson's ring again. Goals that are reached stay so.
    Again,
    /// A door comes into view, or goes.
    Wake(Door, bool),
}
