//! The caption of a run: what happened, and what follows from it.

/// The mood of a caption: it chooses its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Calm,
    /// Something is under way.
    Asks,
    /// Ended well.
    Done,
    /// Something is wrong.
    Wrong,
}

/// A caption of statements `S`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption<S> {
    /// Its mood.
    pub tone: Tone,
    /// The event.
    pub lead: S,
    /// Why, and what follows.
    pub rest: Vec<S>,
}

impl<S> Caption<S> {
    /// The caption of an event, without what follows.
    pub const fn new(tone: Tone, lead: S) -> Self {
        Self {
            tone,
            lead,
            rest: Vec::new(),
        }
    }

    /// The sentences, in order.
    pub fn statements(&self) -> impl Iterator<Item = &S> {
        [&self.lead].into_iter().chain(&self.rest)
    }
}
