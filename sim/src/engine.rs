//! What is not about any one world: virtual time, the event queue, the network model, history.

pub mod behaviour;
pub mod history;
pub mod network;
pub mod queue;
