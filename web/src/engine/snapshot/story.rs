//! What happens: lookups, captions, events, the timeline's ticks.

use chordscope_core::base::id::Id;

use crate::brief::brief;

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
