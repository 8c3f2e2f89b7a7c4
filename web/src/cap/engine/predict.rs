//! Predictions: what a call will return, at each level, guessed as it is made.

use std::collections::BTreeMap;

use chordscope_core::base::time::Instant;
use chordscope_sim::checks::history::{Asked, Value};
use chordscope_sim::engine::World;
use chordscope_sim::worlds::consistency::ConsistencyWorld;
use chordscope_sim::worlds::consistency::setup::System;
use chordscope_sim::worlds::consistency::side::Register;

use crate::cap::engine::statement::Came;

/// A guess of what an operation returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guess {
    /// A get returns this value.
    Value(String),
    /// A get returns that nothing is there.
    Nothing,
    /// A write is confirmed.
    Done,
    /// A conditional write is told that something else is there; a delete, that nothing is.
    Mismatch,
    /// There is no answer.
    Refused,
}

/// The time of a call, and the guess for each system.
type Answered = (Instant, Vec<(System, Guess)>);

/// The guesses of the user.
#[derive(Clone, Debug, Default)]
pub(super) struct Predictions {
    /// The moment since which the user wants to be asked; `None` if not at all.
    asking: Option<Instant>,
    /// The guesses by name and operation.
    answers: BTreeMap<(u8, Value), Answered>,
}

impl Predictions {
    pub(super) const fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    pub(super) const fn ask(&mut self, since: Option<Instant>) {
        self.asking = since;
    }

    pub(super) fn answer(
        &mut self,
        name: u8,
        number: Value,
        at: Instant,
        guesses: Vec<(System, Guess)>,
    ) {
        self.answers.insert((name, number), (at, guesses));
    }

    /// Forgets the guesses about what is called from a moment on: it is another call now.
    pub(super) fn forget_from(&mut self, at: Instant) {
        self.answers.retain(|_, (called, _)| *called < at);
    }

    /// The guesses about the last operation on a name that has any, with its number.
    pub(super) fn last(
        &self,
        world: &ConsistencyWorld,
        name: u8,
    ) -> Option<(Value, &[(System, Guess)])> {
        let all = self.answers.range((name, 0)..=(name, Value::MAX)).rev();
        let mut past = all.filter(|(_, (called, _))| *called <= world.now());
        let ((_, number), (_, guesses)) = past.next()?;
        Some((*number, guesses))
    }

    /// The operation on a name that waits for a guess, with the time of its call. Of a scenario only some are asked for.
    pub(super) fn open(
        &self,
        world: &ConsistencyWorld,
        name: u8,
        wanted: Option<&[Value]>,
    ) -> Option<(Value, Instant)> {
        let since = self.asking?;
        let register = |place: usize| world.sides().get(place)?.names().get(usize::from(name));
        let first: &Register = register(0)?;
        let all = (0..).zip(&first.history);
        let mut open = all.filter(|(number, operation)| {
            let at_once = |place: usize| {
                let of = register(place).and_then(|one| one.history.get(*number as usize));
                of.is_some_and(|of| of.returned.is_some_and(|(at, _)| at == of.called))
            };
            operation.called >= since
                && wanted.is_none_or(|wanted| wanted.contains(number))
                && !self.answers.contains_key(&(name, *number))
                && !(0..world.sides().len()).any(at_once)
        });
        open.next()
            .map(|(number, operation)| (number, operation.called))
    }
}

/// The guesses among which the user chooses, for a call on a name: values that clients have put there, and what else may come.
pub(super) fn choices(register: &Register, number: Value) -> Vec<Guess> {
    let Some(operation) = register.history.get(number as usize) else {
        return Vec::new();
    };
    let mut choices = match operation.asked {
        Asked::Get => {
            let mut values: Vec<Guess> = Vec::new();
            for call in register.calls.iter().take(number as usize) {
                let value = call.value.clone().map(Guess::Value);
                values.extend(value.filter(|value| !values.contains(value)));
            }
            values.push(Guess::Nothing);
            values
        }
        Asked::Put => vec![Guess::Done],
        Asked::Delete | Asked::Swap(_) => vec![Guess::Done, Guess::Mismatch],
    };
    choices.push(Guess::Refused);
    choices
}

/// The outcome of an operation as a guess would say it.
pub(super) fn came(came: &Came) -> Guess {
    match came {
        Came::Got(Some(value)) => Guess::Value(value.clone()),
        Came::Got(None) => Guess::Nothing,
        Came::Wrote(_) => Guess::Done,
        Came::Mismatch => Guess::Mismatch,
        Came::Refused(_) => Guess::Refused,
    }
}

impl Guess {
    /// The guess in a list.
    pub fn text(&self) -> String {
        match self {
            Self::Value(value) => format!("“{value}”"),
            Self::Nothing => "nothing is there".to_owned(),
            Self::Done => "it is confirmed".to_owned(),
            Self::Mismatch => "its condition does not hold".to_owned(),
            Self::Refused => "it is refused".to_owned(),
        }
    }
}
