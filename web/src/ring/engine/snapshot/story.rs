//! The run as a story: lookups, captions, events, the timeline's ticks.

use chordscope_core::base::id::{Id, Space};

use crate::ring::engine::statement::Statement;

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
    pub failed: Option<Statement>,
    /// When it began, in microseconds of virtual time.
    pub started: u64,
    /// Virtual time it took so far, in microseconds.
    pub took: u64,
    /// Its progress.
    pub progress: Statement,
    /// Its hops and its time.
    pub measured: Statement,
    /// The cost of lookups in this ring, while that is as it was when the lookup began, and stable.
    pub ring: Vec<Statement>,
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
    /// Success.
    Done,
    /// A failure.
    Failed,
    /// The user is asked for the next node.
    Ask,
    /// And was right.
    Right,
    /// And was wrong.
    Wrong,
}

/// The caption: the last event and its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    /// Its mood.
    pub tone: Tone,
    /// The event.
    pub lead: Statement,
    /// Why, and what follows.
    pub rest: Vec<Statement>,
}

impl Caption {
    /// All that it says, in order.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        std::iter::once(&self.lead).chain(&self.rest)
    }

    /// The caption as text.
    pub fn text(&self, space: Space) -> String {
        let texts: Vec<String> = self.statements().map(|one| one.text(space)).collect();
        texts.join(" ")
    }

    /// Whether it tells of the same step as another one.
    pub fn is_same_step(&self, other: &Self) -> bool {
        let pairs = self.statements().zip(other.statements());
        self.rest.len() == other.rest.len()
            && pairs
                .into_iter()
                .all(|(one, other)| one.is_same_step(other))
    }

    /// Whether it says the same as another one of other nodes and numbers: such a caption is read at a glance.
    pub fn is_alike(&self, other: &Self, space: Space) -> bool {
        let (text, other) = (self.text(space), other.text(space));
        let is_number = |word: &str| word.contains(|letter: char| letter.is_ascii_digit());
        let agree = |one: &str, other: &str| one == other || is_number(one) && is_number(other);
        let words: Vec<&str> = text.split_whitespace().collect();
        let others: Vec<&str> = other.split_whitespace().collect();
        let pairs = words.iter().zip(&others);
        words.len() == others.len() && pairs.into_iter().all(|(one, other)| agree(one, other))
    }
}

/// The subject of an event, which chooses its colour.
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
    /// Its subject.
    pub about: About,
}
