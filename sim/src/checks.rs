//! Checks whether what clients of level `quorum` were told can be explained by one register.

pub mod linearizable;
pub mod register;
