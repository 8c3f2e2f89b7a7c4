//! Linearizability of a history of one register: a search after Wing and Gong (1993), with the memory of Lowe (2017).
//!
//! An operation takes effect at one moment between its beginning and its end. One whose outcome is unknown takes
//! effect at any moment after its beginning, or never.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

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

/// The outcome of a search for an order of operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An order that respects time and that a single register could have had, as places in the history. Operations that are not sure are
    /// in it only where they took effect.
    Order(Vec<usize>),
    /// There is none. This is the longest beginning of one.
    Nothing(Vec<usize>),
    /// The search was given up.
    GaveUp,
}

/// One point of a search: what has taken effect, in which state the register is, and the way there.
struct Reached<S> {
    done: u128,
    state: S,
    /// The operation that took effect last, and the point before it.
    last: Option<(usize, usize)>,
}

/// Returns whether there is an order of the operations that respects time and that a single register could have had.
///
/// # Panics
/// With more than [`MAX_OPERATIONS`].
pub fn is_linearizable<D: Deed>(history: &[Operation<D>]) -> bool {
    assert!(history.len() <= MAX_OPERATIONS, "too long a history");
    matches!(search(history, usize::MAX), Found::Order(_))
}

/// Looks for an order of the operations that respects time and that a single register could have had, through at most so many states.
/// More than [`MAX_OPERATIONS`] are given up at once.
pub fn search<D: Deed>(history: &[Operation<D>], budget: usize) -> Found {
    if history.len() > MAX_OPERATIONS {
        return Found::GaveUp;
    }
    let sure = |n: &usize| history[*n].act.is_sure();
    let required = (0..history.len()).filter(sure);
    let required = required.fold(0_u128, |set, n| set | 1 << n);
    let mut seen = BTreeSet::new();
    let mut points = vec![Reached {
        done: 0,
        state: D::State::default(),
        last: None,
    }];
    let mut open = vec![0];
    let mut farthest = 0;
    while let Some(at) = open.pop() {
        let (done, state) = (points[at].done, points[at].state);
        if done & required == required {
            return Found::Order(way(&points, at));
        }
        if !seen.insert((done, state)) {
            continue;
        }
        if seen.len() > budget {
            return Found::GaveUp;
        }
        let sure_ones = |at: usize| (points[at].done & required).count_ones();
        if sure_ones(at) > sure_ones(farthest) {
            farthest = at;
        }
        let left = |n: &usize| done & (1 << n) == 0;
        // Nothing that began after another had ended comes before it.
        let must = (0..history.len()).filter(|n| left(n) && required & (1 << n) != 0);
        let earliest_end = must.map(|n| history[n].end).min().unwrap_or(u64::MAX);
        for n in (0..history.len()).filter(left) {
            if history[n].start <= earliest_end
                && let Some(after) = history[n].act.apply(state)
            {
                open.push(points.len());
                points.push(Reached {
                    done: done | 1 << n,
                    state: after,
                    last: Some((n, at)),
                });
            }
        }
    }
    Found::Nothing(way(&points, farthest))
}

/// Returns the operations on the way to a point, first one first.
fn way<S>(points: &[Reached<S>], to: usize) -> Vec<usize> {
    let mut order = Vec::new();
    let mut at = to;
    while let Some((operation, before)) = points[at].last {
        order.push(operation);
        at = before;
    }
    order.reverse();
    order
}
