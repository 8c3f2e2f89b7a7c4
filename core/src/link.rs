//! Connections: their two ends, and a relay between them, before and around messages. The ends prove their
//! identities, tag every frame, and carry circuits.
//!
//! A *circuit* is a connection inside connections: it leads from one node over a relay, or two, to a node that cannot be
//! dialed. Its ends go through a handshake of their own, so that a relay can neither read into their session's keys nor forge
//! a frame.

pub mod circuit;
pub mod credit;
pub mod fair_queue;
pub mod handshake;
pub mod reason;
pub mod relay;
pub mod relay_message;
pub mod session;

/// A connection, numbered by the owner. A number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// One leg of a circuit: a link and the circuit's number on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leg {
    /// The link.
    pub link: LinkId,
    /// The circuit's number: not 0, odd if the link's initiator opened it, else even.
    pub circuit: u32,
}
