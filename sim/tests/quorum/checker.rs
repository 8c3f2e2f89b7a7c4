//! A register of numbers, whose histories are checked for linearizability.

use chordscope_sim::checks::linearizable::{self, Deed};

/// The value of a register: the number of a write, 0 before the first.
pub(crate) type Value = u32;

/// An operation on a register and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A read that gave this.
    Read(Value),
    /// A write in the place of `expected` that took effect.
    Swapped { expected: Value, new: Value },
    /// A write in the place of `expected` that was told what was there instead.
    Mismatch { expected: Value, found: Value },
    /// A write in the place of this that was told that something else is there.
    Differs(Value),
    /// A write in the place of anything that took effect.
    Wrote(Value),
    /// A write in the place of anything that may have taken effect.
    MaybeWrote(Value),
    /// A write in the place of `expected` that may have taken effect.
    Unsure { expected: Value, new: Value },
}

/// One operation on one key.
pub(crate) type Operation = linearizable::Operation<Act>;

impl Deed for Act {
    type State = Value;

    fn apply(self, state: Value) -> Option<Value> {
        match self {
            Self::Read(value) => (state == value).then_some(state),
            Self::Swapped { expected, new } => (state == expected).then_some(new),
            Self::Mismatch { expected, found } => {
                (state == found && state != expected).then_some(state)
            }
            Self::Differs(expected) => (state != expected).then_some(state),
            Self::Wrote(new) | Self::MaybeWrote(new) => Some(new),
            // Without its expected value it does nothing: as if it never happened.
            Self::Unsure { expected, new } => (state == expected).then_some(new),
        }
    }

    fn is_sure(self) -> bool {
        !matches!(self, Self::Unsure { .. } | Self::MaybeWrote(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chordscope_sim::checks::linearizable::is_linearizable;

    fn read(value: Value, start: u64, end: u64) -> Operation {
        let act = Act::Read(value);
        Operation { act, start, end }
    }

    fn swap(expected: Value, new: Value, start: u64, end: u64) -> Operation {
        let act = Act::Swapped { expected, new };
        Operation { act, start, end }
    }

    fn unsure(expected: Value, new: Value, start: u64) -> Operation {
        let act = Act::Unsure { expected, new };
        let end = u64::MAX;
        Operation { act, start, end }
    }

    fn mismatch(expected: Value, found: Value, start: u64, end: u64) -> Operation {
        let act = Act::Mismatch { expected, found };
        Operation { act, start, end }
    }

    #[test]
    fn good_histories_are_accepted() {
        let good: [&[Operation]; 7] = [
            &[],
            &[read(0, 0, 1), swap(0, 1, 2, 3), read(1, 4, 5)],
            // While a write is under way, reads may see either; once the new one was seen, it stays.
            &[swap(0, 1, 0, 9), read(0, 1, 2), read(1, 3, 4)],
            &[swap(0, 1, 0, 9), swap(1, 2, 0, 9), read(1, 2, 3)],
            // A write whose outcome nobody knows takes effect late, or never.
            &[unsure(0, 1, 0), read(0, 5, 6), read(1, 7, 8)],
            &[unsure(0, 1, 0), read(0, 5, 6), swap(0, 2, 7, 8)],
            &[swap(0, 1, 0, 1), mismatch(0, 1, 2, 3), read(1, 4, 5)],
        ];
        for history in good {
            assert!(is_linearizable(history), "{history:?}");
        }
    }

    #[test]
    fn bad_histories_are_refused() {
        let bad: [&[Operation]; 8] = [
            // Stale: the write had ended.
            &[swap(0, 1, 0, 1), read(0, 2, 3)],
            // Back in time, even while the write is under way.
            &[swap(0, 1, 0, 9), read(1, 1, 2), read(0, 3, 4)],
            // Of nobody's making.
            &[read(7, 0, 1)],
            // Two that replaced the same.
            &[swap(0, 1, 0, 9), swap(0, 2, 0, 9)],
            // Lost.
            &[swap(0, 1, 0, 1), swap(1, 2, 2, 3), read(1, 4, 5)],
            // Once seen, an unsure write has happened.
            &[unsure(0, 1, 0), read(1, 2, 3), read(0, 4, 5)],
            // An unsure write does not happen before it begins.
            &[read(1, 0, 1), unsure(0, 1, 2)],
            // Told of what was never there.
            &[swap(0, 1, 0, 1), mismatch(0, 2, 2, 3)],
        ];
        for history in bad {
            assert!(!is_linearizable(history), "{history:?}");
        }
    }

    #[test]
    fn an_order_that_a_greedy_search_misses_is_found() {
        let history = [
            swap(0, 1, 0, 10),
            swap(1, 2, 0, 10),
            unsure(2, 3, 0),
            unsure(2, 4, 0),
            read(4, 20, 21),
            unsure(4, 5, 0),
            read(5, 30, 31),
        ];
        assert!(is_linearizable(&history));
        let mut more = history.to_vec();
        more.push(read(3, 40, 41));
        assert!(!is_linearizable(&more));
    }
}
