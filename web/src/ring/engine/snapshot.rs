//! The snapshot: a picture of the engine at one moment, as plain values for the panels.

mod node;
mod story;

use std::rc::Rc;

use chordscope_core::base::id::{Id, Space};

pub(in crate::ring::engine) use self::node::is_responsible;
pub use self::node::{
    ChangeView, ChangedRow, FingerRow, Gone, Inspected, KeyView, NodeView, Standing,
};
pub use self::story::{About, Caption, EventView, LookupView, Tone};
use crate::brief::{brief, shorten};
use crate::input::Key;
use crate::player::TimeView;
pub use crate::player::{Beside, Refused};
use crate::ring::engine::command::Way;
use crate::ring::engine::statement::Statement;
use crate::scene::hit::Under;

/// The engine at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The ring's address space.
    pub space: Space,
    /// Every scenario there is: name and title.
    pub scenarios: Rc<Vec<(String, String)>>,
    /// The scenario that runs.
    pub scenario: ScenarioView,
    /// Time, and the branches of the run.
    pub time: Rc<TimeView>,
    /// Every node that is or was on the ring, ascending.
    pub nodes: Rc<Vec<NodeView>>,
    /// Keys that hold a value, ascending.
    pub keys: Rc<Vec<KeyView>>,
    /// The key that is typed.
    pub typed: Option<Key>,
    /// The node whose tables are shown.
    pub inspected: Option<Inspected>,
    /// Whether the user chose that node; otherwise it follows the lookup.
    pub chosen: bool,
    /// The node that the user has chosen: to see its tables, or to answer with it while a prediction asks.
    pub choice: Option<Id>,
    /// The target under the pointer.
    pub hovered: Option<Under<Id>>,
    /// The range that the node there, or the chosen one, takes itself to be responsible for.
    pub claim: Option<Statement>,
    /// The lookup of interest: the last one.
    pub lookup: Option<LookupView>,
    /// Whether the stage shows it: not once the ring has changed since.
    pub lookup_shown: bool,
    /// The last event and its reason.
    pub caption: Caption,
    /// Whether the user predicts the hops of the lookup under way.
    pub predicting: bool,
    /// The last change of membership.
    pub change: Option<ChangeView>,
    /// The last events, oldest first.
    pub events: Vec<EventView>,
    /// Whether stabilization is among them.
    pub upkeep_shown: bool,
    /// The health of the ring, invariant by invariant; empty where no node is.
    pub health: Vec<Statement>,
    /// The number of violated invariants.
    pub violations: Statement,
    /// The picture in words.
    pub picture: Vec<Statement>,
    /// The numbers of messages sent so far.
    pub counters: Counters,
    /// The digest of all that happened so far, in hexadecimal: the same run has the same digest everywhere.
    pub digest: String,
    /// Why the last command was refused, or what to know of the link that was followed.
    pub refused: Option<Refused>,
}

/// A scenario, as the combobox and the line below it show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScenarioView {
    /// Its name in links.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The hint on where to look.
    pub watch: String,
    /// The first question it asks.
    pub asks: Option<Question>,
}

/// A question, as the controls show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The key.
    pub key: String,
    /// The node that asks.
    pub from: String,
    /// Routing and mode.
    pub way: Way,
}

/// Messages sent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// For lookups.
    pub lookup: u64,
    /// For stabilization: of successors, predecessors and fingers.
    pub upkeep: u64,
    /// Anything else, such as values.
    pub other: u64,
    /// Of all these, how many never arrived.
    pub lost: u64,
}

impl Snapshot {
    /// An identifier as the ring writes it.
    pub fn show(&self, id: Id) -> String {
        self.space.show(id)
    }

    /// An identifier, shortened where the ring writes many digits.
    pub fn short(&self, id: Id) -> String {
        shorten(self.space.show(id))
    }

    /// A statement as text, with long identifiers shortened.
    pub fn say(&self, statement: &Statement) -> String {
        brief(&statement.text(self.space))
    }

    /// Statements as text, one after the other.
    pub fn say_all(&self, statements: &[Statement]) -> String {
        let texts: Vec<String> = statements.iter().map(|one| self.say(one)).collect();
        texts.join(" ")
    }

    /// Where a node is among the nodes.
    pub fn position(&self, id: Id) -> Option<usize> {
        self.nodes.binary_search_by_key(&id, |node| node.id).ok()
    }

    /// A node.
    pub fn node(&self, id: Id) -> Option<&NodeView> {
        self.position(id).map(|at| &self.nodes[at])
    }

    /// Why the last command that came by this control was refused.
    pub fn refused_beside(&self, control: Beside) -> Option<&str> {
        Refused::beside(self.refused.as_ref(), control)
    }

    /// A key that holds a value.
    pub fn stored(&self, id: Id) -> Option<&KeyView> {
        let at = self.keys.binary_search_by_key(&id, |key| key.id).ok()?;
        Some(&self.keys[at])
    }
}
