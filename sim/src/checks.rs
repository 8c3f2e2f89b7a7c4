//! Checks of linearizability: whether one register explains the answers that clients of level `quorum` were given.

pub mod linearizable;
pub mod register;
