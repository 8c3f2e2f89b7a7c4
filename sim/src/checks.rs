//! Checks of what clients of the store were told: verdicts on single answers, and linearizability of a whole history.

pub mod history;
pub mod judge;
pub mod linearizable;
pub mod register;
pub mod smallest;
pub mod verdict;
