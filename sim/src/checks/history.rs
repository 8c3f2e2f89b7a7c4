//! The history of one name as its clients saw it: calls, answers, and the times of both.
//!
//! Each put writes a value that no other put of the history writes, known by the number of its operation, so that a reader tells whose
//! value it got. What the store does inside is no part of it.

use alloc::vec::Vec;

use crate::checks::linearizable::{self, Deed};
use chordscope_core::base::time::Instant;

/// A value: the number of the operation that wrote it, in its history.
pub type Value = u32;

/// The request of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The value.
    Get,
    /// A value of its own in the place of anything.
    Put,
    /// Nothing in the place of anything.
    Delete,
    /// A value of its own, if what is there is what its client saw last: this value, or nothing. A compare-and-set.
    Swap(Option<Value>),
}

/// A version of a name, as the store numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The sequence number, from 1.
    pub sequence: u64,
    /// The operation that wrote it; of a deletion, the delete.
    pub by: Value,
}

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A get's version; `None` where nothing is there, be it deleted or never put.
    Got(Option<Version>),
    /// A put, delete or swap took effect, with this sequence number.
    Done(u64),
    /// A swap was told that something else is there, or a delete that nothing is. Nothing has changed.
    Mismatch,
    /// There was no answer in time, or none that says what happened: a write may take effect nevertheless, now or later.
    Refused,
}

/// One operation on the name. Its number is its place in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The request.
    pub asked: Asked,
    /// The time of the call.
    pub called: Instant,
    /// The time of the return and the outcome; `None` while the operation is in flight.
    pub returned: Option<(Instant, Answer)>,
}

impl Asked {
    /// Returns whether it may change what is there.
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Get)
    }
}

impl Operation {
    /// The outcome, once there is one.
    pub fn answer(&self) -> Option<Answer> {
        self.returned.map(|(_, answer)| answer)
    }

    /// Returns whether its client was told that something happened, or what there is: neither refused nor in flight.
    pub fn is_answered(&self) -> bool {
        !matches!(self.answer(), None | Some(Answer::Refused))
    }

    /// The operation as the search for an order takes it; `None` where it says nothing about any order, as a get without an answer.
    pub fn as_deed(&self, number: Value) -> Option<linearizable::Operation<Effect>> {
        let answer = self.answer().filter(|answer| *answer != Answer::Refused);
        let act = match (self.asked, answer) {
            (Asked::Get, Some(Answer::Got(version))) => {
                Effect::Reads(version.map(|version| version.by))
            }
            (Asked::Get, _) => return None,
            (Asked::Delete, Some(Answer::Mismatch)) => Effect::Reads(None),
            (Asked::Swap(expected), Some(Answer::Mismatch)) => Effect::Differs(expected),
            (Asked::Put, Some(_)) => Effect::Writes(Some(number)),
            (Asked::Delete, Some(_)) => Effect::Deletes,
            (Asked::Swap(expected), Some(_)) => Effect::Swaps(expected, number),
            (Asked::Put, None) => Effect::MayWrite(Some(number)),
            (Asked::Delete, None) => Effect::MayWrite(None),
            (Asked::Swap(expected), None) => Effect::MaySwap(expected, number),
        };
        let end = match (act.is_sure(), self.returned) {
            (true, Some((at, _))) => at.as_micros(),
            _ => u64::MAX,
        };
        Some(linearizable::Operation {
            act,
            start: self.called.as_micros(),
            end,
        })
    }
}

/// An operation's effect on a register that holds a value or nothing, and what it demands of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// This was there.
    Reads(Option<Value>),
    /// Something else was there.
    Differs(Option<Value>),
    /// This is there afterwards, whatever was.
    Writes(Option<Value>),
    /// Something was there, and nothing is afterwards.
    Deletes,
    /// The first was there, the second is afterwards.
    Swaps(Option<Value>, Value),
    /// As `Writes`, or nothing happened.
    MayWrite(Option<Value>),
    /// As `Swaps`, or nothing happened.
    MaySwap(Option<Value>, Value),
}

/// The state of a register: a value or nothing.
impl Deed for Effect {
    type State = Option<Value>;

    fn apply(self, state: Option<Value>) -> Option<Option<Value>> {
        match self {
            Self::Reads(value) => (state == value).then_some(state),
            Self::Differs(value) => (state != value).then_some(state),
            Self::Writes(value) | Self::MayWrite(value) => Some(value),
            Self::Deletes => state.is_some().then_some(None),
            Self::Swaps(expected, new) | Self::MaySwap(expected, new) => {
                (state == expected).then_some(Some(new))
            }
        }
    }

    fn is_sure(self) -> bool {
        !matches!(self, Self::MayWrite(_) | Self::MaySwap(..))
    }
}

/// Returns the operations of a history that say something about an order, with their numbers.
pub fn deeds(history: &[Operation]) -> Vec<(Value, linearizable::Operation<Effect>)> {
    let numbered = (0..).zip(history);
    let deeds = numbered.filter_map(|(number, operation)| {
        let deed = operation.as_deed(number)?;
        Some((number, deed))
    });
    deeds.collect()
}
