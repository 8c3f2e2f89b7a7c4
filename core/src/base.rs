//! The lowest floor: time, randomness, ring arithmetic, identity. It is independent of all protocols.

pub mod address;
pub(crate) mod bytes;
pub mod contact;
pub mod content;
pub mod digest;
pub mod features;
pub mod gather;
pub mod id;
pub mod identity;
pub mod rng;
pub mod rtt;
pub mod time;
