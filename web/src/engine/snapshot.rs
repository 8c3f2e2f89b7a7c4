//! What the panels need, as plain values: a picture of the engine at one moment.

mod node;
mod story;

use std::rc::Rc;

use chordscope_core::base::id::{Id, Space};

use crate::brief::shorten;

pub use self::node::{ChangeView, ChangedRow, FingerRow, Inspected, NodeView, Standing};
pub use self::story::{About, Caption, EventView, LookupView, MarkView, Tone};

/// The engine at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The ring's address space.
    pub space: Space,
    /// Every scenario there is: name and title.
    pub scenarios: Rc<Vec<(String, String)>>,
    /// The scenario that runs.
    pub scenario: ScenarioView,
    /// Virtual time now, in microseconds.
    pub now: u64,
    /// The furthest virtual time reached.
    pub end: u64,
    /// Whether time runs.
    pub playing: bool,
    /// How fast, as an index into [`SPEEDS`](crate::engine::SPEEDS).
    pub speed: usize,
    /// Every node that is or was on the ring, ascending.
    pub nodes: Rc<Vec<NodeView>>,
    /// Keys that hold a value.
    pub keys: Rc<Vec<Id>>,
    /// The node whose tables are shown.
    pub inspected: Option<Inspected>,
    /// Whether the user chose that node; otherwise it follows the lookup.
    pub chosen: bool,
    /// The node under the pointer, with what it is responsible for.
    pub hovered: Option<(Id, Option<Id>)>,
    /// The lookup of interest: the last one.
    pub lookup: Option<LookupView>,
    /// Whether the stage shows it: not once the ring has changed since.
    pub lookup_shown: bool,
    /// What happened last and why.
    pub caption: Caption,
    /// Whether the user predicts hops.
    pub predicting: bool,
    /// The last change of membership.
    pub change: Option<ChangeView>,
    /// The last events, oldest first.
    pub events: Vec<EventView>,
    /// Whether upkeep is among them.
    pub upkeep_shown: bool,
    /// The timeline.
    pub marks: Rc<Vec<MarkView>>,
    /// What holds of the ring.
    pub health: Vec<Check>,
    /// How many messages were sent so far.
    pub counters: Counters,
    /// The digest of all that happened so far, in hexadecimal: the same run has the same digest everywhere.
    pub digest: String,
    /// Why the last command was refused.
    pub refused: Option<String>,
}

/// A scenario, as the combobox and the line below it show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScenarioView {
    /// Its name in links.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What to watch for.
    pub watch: String,
    /// The first question it asks: key, and the node that asks, as the controls show them.
    pub asks: Option<(String, String)>,
}

/// Something that should hold of the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// In words.
    pub label: String,
    /// Whether it does.
    pub holds: bool,
}

/// Messages sent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// For lookups.
    pub lookup: u64,
    /// For the upkeep of the ring: stabilize, notify, fingers, pings.
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

    /// Where a node is among the nodes.
    pub fn position(&self, id: Id) -> Option<usize> {
        self.nodes.binary_search_by_key(&id, |node| node.id).ok()
    }
}
