//! What the two ends of a connection do before and around messages: prove who they are, and tag every frame.

pub mod handshake;
pub mod reason;
pub mod session;
