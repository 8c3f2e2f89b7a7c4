//! The simulated worlds. None of them knows another one.

pub mod peers;
pub mod ring;
pub mod swarm;
