//! What the panels need, as plain values: a picture of the engine at one moment.

use std::rc::Rc;

use chordscope_core::base::id::{Id, Space};

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

/// A lookup so far.
#[derive(Clone, Debug, PartialEq)]
pub struct LookupView {
    /// The node that asks.
    pub from: Id,
    /// The key.
    pub key: Id,
    /// The nodes visited so far, origin first.
    pub path: Vec<Id>,
    /// The responsible node, once reached.
    pub owner: Option<Id>,
    /// Whether the origin has its answer, or gave up.
    pub finished: bool,
    /// Why it failed.
    pub failed: Option<String>,
    /// When it began, in microseconds of virtual time.
    pub started: u64,
    /// Virtual time it took so far, in microseconds.
    pub took: u64,
    /// Hops that the ideal ring needs, successor by successor.
    pub linear_hops: usize,
    /// Whether it travels successor by successor.
    pub linear: bool,
}

impl LookupView {
    /// The hops made so far.
    pub const fn hops(&self) -> usize {
        self.path.len().saturating_sub(1)
    }
}

/// The mood of a caption: it chooses its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing is under way.
    #[default]
    Calm,
    /// A lookup is under way.
    Hop,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// The user is asked for the next node.
    Ask,
    /// And was right.
    Right,
    /// And was wrong.
    Wrong,
}

/// What happened last, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// Its mood.
    pub tone: Tone,
    /// The statement.
    pub lead: String,
    /// The reason.
    pub rest: String,
}

impl Caption {
    /// The caption with its long identifiers shortened: the panels have them in full.
    pub fn brief(self) -> Self {
        Self {
            tone: self.tone,
            lead: brief(&self.lead),
            rest: brief(&self.rest),
        }
    }
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

/// What an event is about: it chooses its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A lookup.
    Lookup,
    /// Upkeep of the ring.
    Upkeep,
    /// Something that the user or the scenario did.
    Action,
    /// A lost message, a dead node.
    Lost,
    /// A broken invariant.
    Violation,
    /// Anything else.
    Other,
}

/// A line of the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventView {
    /// Its index in the trace.
    pub index: u64,
    /// When, in microseconds.
    pub at: u64,
    /// In words.
    pub text: String,
    /// What it is about.
    pub about: About,
}

/// A tick of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkView {
    /// When, in microseconds.
    pub at: u64,
    /// What it is about.
    pub about: About,
    /// In words.
    pub label: String,
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

/// The first digits of a long identifier.
pub fn shorten(text: String) -> String {
    if text.len() <= 8 {
        return text;
    }
    format!("{}…", &text[..6])
}

/// A text with its long identifiers shortened.
pub fn brief(text: &str) -> String {
    let mut brief = String::with_capacity(text.len());
    for part in text.split_inclusive(|letter: char| !letter.is_ascii_hexdigit()) {
        let digits = part.trim_end_matches(|letter: char| !letter.is_ascii_hexdigit());
        if digits.len() > 12 {
            brief.push_str(&digits[..6]);
            brief.push('…');
        } else {
            brief.push_str(digits);
        }
        brief.push_str(&part[digits.len()..]);
    }
    brief
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn long_identifiers_are_shortened_in_a_text_and_words_are_not() {
        let long = "ea8f163db38682925e4491c5e58d4bb3506ef8c1";
        let text = format!("Node {long} faced (26, {long}] → 4: decade.");
        assert_eq!(
            brief(&text),
            "Node ea8f16… faced (26, ea8f16…] → 4: decade."
        );
    }
}
