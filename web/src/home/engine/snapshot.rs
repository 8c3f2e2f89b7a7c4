//! All that the panels need of one moment.

use chordscope_core::base::id::{Id, Space};
use chordscope_sim::worlds::ring::RingWorld;

use crate::home::engine::caption::Caption;
use crate::home::engine::doors::DoorView;
use crate::home::engine::goals::GoalView;
use crate::home::engine::statement::Statement;

/// The page at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The address space.
    pub space: Space,
    /// Whether time runs.
    pub playing: bool,
    /// The nodes that are up and those that crashed, ascending.
    pub nodes: Vec<NodeView>,
    /// The node that the visitor looks at.
    pub chosen: Option<Id>,
    /// The node under the pointer.
    pub hovered: Option<Id>,
    /// The caption.
    pub caption: Caption,
    /// The stage in sentences.
    pub picture: Vec<Statement>,
    /// The goals, in order.
    pub goals: Vec<GoalView>,
    /// The node that asks for the key.
    pub asker: Option<Id>,
    /// The node that may be inserted.
    pub newcomer: Option<Id>,
    /// The node that may be crashed.
    pub victim: Option<Id>,
    /// The doors' figures, in order; none where one has not begun.
    pub doors: Vec<Option<DoorView>>,
    /// The reason why the last command was refused.
    pub refused: Option<String>,
}

/// A node on the stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeView {
    /// Its id.
    pub id: Id,
    /// Its place.
    pub turn: f64,
    /// Whether it is up.
    pub is_up: bool,
}

impl NodeView {
    /// The nodes of a world, with those that crashed.
    pub(super) fn all(world: &RingWorld, crashed: &[Id]) -> Vec<Self> {
        let space = world.space();
        let view = |id: Id, is_up| Self {
            id,
            turn: space.turn(id),
            is_up,
        };
        let up = world.nodes().map(|node| view(node.id(), true));
        let down = crashed.iter().map(|id| view(*id, false));
        let mut all: Vec<Self> = up.chain(down).collect();
        all.sort_unstable_by_key(|node| node.id);
        all
    }
}
