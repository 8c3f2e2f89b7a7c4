//! Time as the controls of the player show it, as plain values.

use std::ops::Deref;
use std::rc::Rc;

use chordscope_sim::engine::trace::Entry;

use crate::page;

/// The player at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeView {
    /// Virtual time now, in microseconds.
    pub now: u64,
    /// The furthest virtual time reached.
    pub reached: u64,
    /// Where the timeline ends: there, or a little later.
    pub end: u64,
    /// Whether time runs.
    pub playing: bool,
    /// Whether there is a next step to go on to.
    pub can_continue: bool,
    /// The speed, as an index into [`SPEEDS`](crate::player::SPEEDS).
    pub speed: usize,
    /// The timeline's map, in order of time.
    pub ticks: Rc<Vec<Tick>>,
    /// From when to when the hops are those of interest: their ticks are tall.
    pub followed: Option<(u64, u64)>,
    /// Every branch of the run, each after the one that it left.
    pub branches: Rc<Vec<BranchRow>>,
    /// Whether there is a deed to undo.
    pub can_undo: bool,
    /// Whether there is an undone deed to do again.
    pub can_redo: bool,
    /// The last thing that the user is told of and that needs no answer.
    pub notice: Option<Notice>,
}

/// A tick of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// When, in microseconds.
    pub at: u64,
    /// Its kind.
    pub kind: TickKind,
    /// In words.
    pub label: String,
}

/// The kind of a tick, which chooses its form. Where ticks look like one, the greatest is named first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TickKind {
    /// Anything else.
    Other,
    /// Something that the user or the scenario did.
    Deed,
    /// A step of what the page follows.
    Hop,
    /// Something that is lost or wrong.
    Fault,
}

/// A line of the event log, told by a statement `S`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow<S> {
    /// Its number in the trace.
    pub index: u64,
    /// The time, in microseconds.
    pub at: u64,
    /// The event.
    pub what: S,
}

impl<S> EventRow<S> {
    /// The last lines of a log of at most so many, oldest first. `recent` are entries of the trace, newest first; `line` says which of them are told.
    pub fn last<'a, W: 'a>(
        recent: impl Iterator<Item = &'a Entry<W>>,
        most: usize,
        line: impl Fn(&Entry<W>) -> Option<S>,
    ) -> Vec<Self> {
        let rows = recent.filter_map(|entry| {
            Some(Self {
                index: entry.index,
                at: entry.at.as_micros(),
                what: line(entry)?,
            })
        });
        let mut rows: Vec<Self> = rows.take(most).collect();
        rows.reverse();
        rows
    }
}

/// A branch, as the tree above the timeline has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchRow {
    /// Its number: the first branch is 1.
    pub number: u32,
    /// The number of the branch that it left.
    pub parent: Option<u32>,
    /// The number of branches between it and the first one, that one included.
    pub depth: usize,
    /// When it left its parent, in microseconds of virtual time.
    pub from: u64,
    /// The first action on it.
    pub label: String,
    /// Whether it is the one that is shown.
    pub is_current: bool,
}

/// Something that the user is told of once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Tells it from the last one.
    pub number: u32,
    /// One or two sentences.
    pub text: String,
}

/// An address that the page is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Tells it from the last one.
    pub number: u32,
    /// The query.
    pub query: String,
}

/// Why a command was refused, and beside which control that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The control.
    pub beside: Beside,
    /// One sentence.
    pub text: String,
}

/// The control that a command came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The question above the stage, with the scenario.
    Question,
    /// The bar of time.
    Time,
    /// The card that changes the ring, or the swarm.
    Ring,
    /// The buttons that export and import a run.
    Run,
}

impl Refused {
    /// The sentence, if the command came by this control.
    pub fn beside(this: Option<&Self>, control: Beside) -> Option<&str> {
        let refused = this.filter(|refused| refused.beside == control);
        refused.map(|refused| refused.text.as_str())
    }

    /// The sentence for the bar of time. Where the stage is alone, nothing else has room for what cannot be done.
    pub fn in_bar(this: Option<&Self>) -> Option<&str> {
        match page::embedded() {
            true => this.map(|refused| refused.text.as_str()),
            false => Self::beside(this, Beside::Time),
        }
    }
}

/// A picture of something at a moment. It compares by identity: two pictures of one moment are one.
#[derive(Debug)]
pub struct View<T>(pub Rc<T>);

impl<T> Clone for View<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for View<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for View<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
