//! The record under a name at level `quorum`, as a register with a sequence number: what may be asked of it, and what that may come to.

use crate::checks::linearizable::Deed;

/// The request of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The value.
    Get,
    /// A value in the place of anything; `None` deletes what is there.
    Put(Option<u32>),
    /// A value in the place of what has this sequence number, 0 for nothing.
    Swap(u64, u32),
}

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A value and its sequence number.
    Got(Option<(u32, u64)>),
    /// Written with this sequence number.
    Written(u64),
    /// Another value is there, with this sequence number.
    Mismatch(u64),
    /// The outcome is unknown.
    Unsure,
}

/// One operation, and its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act(pub Asked, pub Outcome);

/// The record under a name: its sequence number, and its value unless it is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Register {
    sequence: u64,
    value: Option<u32>,
}

impl Register {
    fn visible(self) -> u64 {
        self.value.map_or(0, |_| self.sequence)
    }
}

impl Deed for Act {
    type State = Register;

    fn apply(self, state: Register) -> Option<Register> {
        let Self(asked, outcome) = self;
        let next = |value| Register {
            sequence: state.sequence + 1,
            value,
        };
        let (after, fits) = match asked {
            Asked::Get => (state, true),
            Asked::Put(None) => (next(None), state.value.is_some()),
            Asked::Put(value) => (next(value), true),
            Asked::Swap(expected, value) => (next(Some(value)), state.visible() == expected),
        };
        match outcome {
            Outcome::Got(got) => {
                let there = state.value.map(|value| (value, state.sequence));
                (there == got).then_some(state)
            }
            Outcome::Written(sequence) => (fits && after.sequence == sequence).then_some(after),
            Outcome::Mismatch(found) => (!fits && state.visible() == found).then_some(state),
            Outcome::Unsure => fits.then_some(after),
        }
    }

    fn is_sure(self) -> bool {
        self.1 != Outcome::Unsure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delete_of_nothing_says_so_and_takes_no_sequence_number() {
        let nothing = Register::default();
        let there = Register {
            sequence: 4,
            value: Some(7),
        };
        let delete = |outcome, state| Act(Asked::Put(None), outcome).apply(state);
        assert_eq!(delete(Outcome::Mismatch(0), nothing), Some(nothing));
        assert_eq!(delete(Outcome::Written(1), nothing), None);
        assert_eq!(delete(Outcome::Mismatch(0), there), None);
        let gone = delete(Outcome::Written(5), there);
        assert_eq!(
            gone.map(|state| (state.sequence, state.value)),
            Some((5, None))
        );
    }
}
