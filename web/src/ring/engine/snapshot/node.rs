//! Nodes, their tables, and what a change does to them.

use chordscope_core::base::id::Id;

use crate::ring::engine::statement::Statement;

/// A node on the ring.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    /// Its identifier.
    pub id: Id,
    /// Its identifier as the ring writes it.
    pub label: String,
    /// Its place on the circle.
    pub turn: f64,
    /// Its standing in the ring.
    pub standing: Standing,
    /// Its predecessor, if it knows one: it is responsible for everything after that, up to itself.
    pub predecessor: Option<Id>,
    /// Its successor, if it has one; itself while it is alone.
    pub successor: Option<Id>,
}

/// A key that holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// The key.
    pub id: Id,
    /// The names of its values.
    pub names: Vec<String>,
    /// The nodes that hold one and take themselves to be responsible for the key.
    pub owners: Vec<Id>,
    /// The nodes that hold one for another node.
    pub replicas: Vec<Id>,
}

/// The standing of a node in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A member.
    Member,
    /// A newcomer that looks for its place.
    Joining,
    /// A member that hands over its keys to leave.
    Leaving,
    /// A crashed node: it does not answer.
    Crashed,
}

impl NodeView {
    /// Whether it belongs to the ring, so that it can be asked.
    pub fn is_member(&self) -> bool {
        matches!(self.standing, Standing::Member | Standing::Leaving)
    }

    /// Whether it answers.
    pub fn is_up(&self) -> bool {
        self.standing != Standing::Crashed
    }
}

/// One node's tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// The node.
    pub id: Id,
    /// The reason why it is not there, if it is not.
    pub gone: Option<Gone>,
    /// Its predecessor, if it knows one.
    pub predecessor: Option<Id>,
    /// Its successors, nearest first.
    pub successors: Vec<Id>,
    /// Its finger table.
    pub fingers: Vec<FingerRow>,
    /// The entry that the lookup of interest took from its tables, if they name it no more.
    pub since: Option<Statement>,
    /// The keys it holds.
    pub keys: Vec<Id>,
}

impl Inspected {
    /// Whether it is there.
    pub const fn is_there(&self) -> bool {
        self.gone.is_none()
    }

    /// The keys whose records are here: those that the node takes itself to be responsible for, and the others.
    pub fn split_keys(&self) -> (Vec<Id>, Vec<Id>) {
        let alone = self.successors.is_empty();
        let owns = |key: &&Id| is_responsible(self.id, self.predecessor, alone, **key);
        self.keys.iter().partition(owns)
    }

    /// A node that is no more.
    pub const fn gone(id: Id, gone: Gone) -> Self {
        Self {
            id,
            gone: Some(gone),
            predecessor: None,
            successors: Vec::new(),
            fingers: Vec::new(),
            since: None,
            keys: Vec::new(),
        }
    }
}

/// Whether a node takes itself to be responsible for a key.
pub(in crate::ring::engine) fn is_responsible(
    node: Id,
    predecessor: Option<Id>,
    alone: bool,
    key: Id,
) -> bool {
    match predecessor {
        Some(before) => key.is_within(before, node),
        None => alone,
    }
}

/// The reason why a node is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// A crash.
    Crashed,
    /// An orderly departure.
    Left,
    /// A node that has not joined yet.
    NotYet,
}

impl Gone {
    /// The same in a few words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Crashed => "does not answer",
            Self::Left => "has left",
            Self::NotYet => "is not on the ring",
        }
    }

    /// Returns the consequence for the others.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Crashed => {
                "It is gone, and its tables with it. The others notice when it does not answer."
            }
            Self::Left => {
                "It has left, and its tables are gone with it. Before, it handed over its keys and told its neighbours."
            }
            Self::NotYet => "It has no tables yet.",
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

/// The last change of membership, with those that were under way when it began, and what they do to the tables of others.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeView {
    /// The events, oldest first.
    pub titles: Vec<Statement>,
    /// The node that came or went last.
    pub node: Id,
    /// The rows that are affected.
    pub rows: Vec<ChangedRow>,
    /// The number of those that name the right node now.
    pub right: usize,
    /// The number of updated rows in words, if the change is one that affects rows.
    pub affected: Option<Statement>,
    /// The rule, with the numbers of each change, if there are such rows.
    pub rules: Vec<Statement>,
}

/// A finger that a change affects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedRow {
    /// Whose.
    pub node: Id,
    /// Which row.
    pub row: u8,
    /// Where the row starts.
    pub start: Id,
    /// The right node before the change.
    pub old: Id,
    /// The right node now.
    pub new: Id,
    /// Whether it names that now.
    pub updated: bool,
}
