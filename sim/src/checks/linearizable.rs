//! Linearizability of a history of one register: a search after Wing and Gong (1993), with the memory of Lowe (2017).
//!
//! An operation takes effect at one moment between its beginning and its end. One whose outcome is unknown takes
//! effect at any moment after its beginning, or never.

use alloc::collections::BTreeSet;
use alloc::vec;

/// An operation on a register together with its answer.
pub trait Deed: Copy {
    /// The state of a register; the default before the first operation.
    type State: Copy + Ord + Default;

    /// Returns the state afterwards, if the deed is possible in this state.
    fn apply(self, state: Self::State) -> Option<Self::State>;

    /// Returns whether it took effect for sure.
    fn is_sure(self) -> bool;
}

/// One operation on one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation<D> {
    /// The request and its outcome.
    pub act: D,
    /// The time at which it began, in any unit.
    pub start: u64,
    /// The time at which its outcome was known, in the same unit.
    pub end: u64,
}

/// The most operations that a history may have.
pub const MAX_OPERATIONS: usize = 128;

/// Returns whether there is an order of the operations that respects time and that a single register could have had.
///
/// # Panics
/// With more than [`MAX_OPERATIONS`].
pub fn is_linearizable<D: Deed>(history: &[Operation<D>]) -> bool {
    assert!(history.len() <= MAX_OPERATIONS, "too long a history");
    let sure = |n: &usize| history[*n].act.is_sure();
    let required = (0..history.len()).filter(sure);
    let required = required.fold(0_u128, |set, n| set | 1 << n);
    let mut seen = BTreeSet::new();
    let mut open = vec![(0_u128, D::State::default())];
    while let Some((done, state)) = open.pop() {
        if done & required == required {
            return true;
        }
        if !seen.insert((done, state)) {
            continue;
        }
        let left = |n: &usize| done & (1 << n) == 0;
        // Nothing that began after another had ended comes before it.
        let must = (0..history.len()).filter(|n| left(n) && required & (1 << n) != 0);
        let earliest_end = must.map(|n| history[n].end).min().unwrap_or(u64::MAX);
        for n in (0..history.len()).filter(left) {
            if history[n].start <= earliest_end
                && let Some(after) = history[n].act.apply(state)
            {
                open.push((done | 1 << n, after));
            }
        }
    }
    false
}
