//! The branches of a history.

use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::Timed;
use chordscope_core::base::time::Instant;

/// The number of a branch; the first one is 0. No number is given twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BranchId(pub u32);

/// A branch, as a timeline shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchView {
    /// The branch's number.
    pub id: BranchId,
    /// The branch that it left; `None` for the first one.
    pub parent: Option<BranchId>,
    /// The time at which it left its parent.
    pub from: Instant,
    /// The farthest time that was reached.
    pub end: Instant,
    /// The first action of its own, in words. A branch that lacks its parent's action, and the first one, may have none.
    pub label: Option<String>,
    /// True if this is the branch that is shown.
    pub is_current: bool,
}

/// A branch: its actions, and where it left its parent.
#[derive(Clone, Debug)]
pub(super) struct Branch<A> {
    pub(super) parent: Option<BranchId>,
    pub(super) from: Instant,
    /// The number of actions that it shares with its parent.
    pub(super) shared: usize,
    pub(super) end: Instant,
    /// All actions done and planned, in order of time.
    pub(super) actions: Vec<Timed<A>>,
    /// The places of those that were carried out by hand, ascending. All actions before them have had their turn.
    pub(super) by_hand: Vec<usize>,
    /// The order of visits: the branch visited last has the greatest number.
    pub(super) visited: u64,
}

impl<A> Branch<A> {
    /// The branch that a history begins with.
    pub(super) const fn first() -> Self {
        Self {
            parent: None,
            from: Instant::ZERO,
            shared: 0,
            end: Instant::ZERO,
            actions: Vec::new(),
            by_hand: Vec::new(),
            visited: 0,
        }
    }

    /// A branch that leaves another one after so many of its actions.
    pub(super) fn leaving(parent: BranchId, from: Instant, shared: usize) -> Self {
        Self {
            parent: Some(parent),
            from,
            shared,
            end: from,
            ..Self::first()
        }
    }

    /// Leaves the parent's parent, since the parent is gone, no later than that did.
    pub(super) fn leave_earlier(&mut self, gone: &Self) {
        self.parent = gone.parent;
        self.from = self.from.min(gone.from);
        self.shared = self.shared.min(gone.shared);
    }
}
