//! Nodes, their tables, and what a change does to them.

use chordscope_core::base::id::Id;

/// A node on the ring.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    /// Its identifier.
    pub id: Id,
    /// Its identifier as the ring writes it.
    pub label: String,
    /// Its place on the circle.
    pub turn: f64,
    /// What it is to the ring.
    pub standing: Standing,
}

/// What a node is to the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It belongs to it.
    Member,
    /// It looks for its place.
    Joining,
    /// It does not answer any more.
    Crashed,
}

impl NodeView {
    /// Whether it belongs to the ring, so that it can be asked.
    pub fn is_member(&self) -> bool {
        self.standing == Standing::Member
    }

    /// Whether it answers.
    pub fn is_up(&self) -> bool {
        self.standing != Standing::Crashed
    }
}

/// One node's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// The node.
    pub id: Id,
    /// Whether it answers.
    pub alive: bool,
    /// Its predecessor, if it knows one.
    pub predecessor: Option<Id>,
    /// Its successors, nearest first.
    pub successors: Vec<Id>,
    /// Its finger table.
    pub fingers: Vec<FingerRow>,
    /// The keys it holds.
    pub keys: Vec<Id>,
}

impl Inspected {
    /// A node that is no more.
    pub const fn gone(id: Id) -> Self {
        Self {
            id,
            alive: false,
            predecessor: None,
            successors: Vec::new(),
            fingers: Vec::new(),
            keys: Vec::new(),
        }
    }
}

/// A row of a finger table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerRow {
    /// From 1.
    pub row: u8,
    /// The position whose successor it names.
    pub start: Id,
    /// That successor, if known.
    pub node: Option<Id>,
    /// Whether the lookup of interest takes this row here.
    pub used: bool,
    /// Whether it differs from the ideal ring's.
    pub stale: bool,
}

/// A change of membership and what it does to the tables of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeView {
    /// "Node 7 joined", and so on.
    pub title: String,
    /// The node that came or went.
    pub node: Id,
    /// The rows that must change.
    pub rows: Vec<ChangedRow>,
    /// How many of them upkeep has repaired by now.
    pub repaired: usize,
    /// The rule, with its numbers.
    pub rule: String,
}

/// A finger that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedRow {
    /// Whose.
    pub node: Id,
    /// Which row.
    pub row: u8,
    /// Where the row starts.
    pub start: Id,
    /// What it named before.
    pub old: Id,
    /// What it names once repaired.
    pub new: Id,
    /// Whether it does by now.
    pub repaired: bool,
}
