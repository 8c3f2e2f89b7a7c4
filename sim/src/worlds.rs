//! The simulated worlds. None of them knows another one.

pub mod consistency;
pub mod directory;
pub mod fallacies;
pub mod peers;
pub mod ring;
pub mod swarm;
