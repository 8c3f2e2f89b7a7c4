//! Chordscope's core: Chord as pure state machines (sans-I/O), without clock or global randomness.
//!
//! The modules, lowest first; each imports only from those below it:
//!
//! - [`base`]: time, randomness, ring arithmetic, identity, contacts
//! - [`chord`]: membership, fingers, the routing rule, the ideal ring; [`store`]: records and who holds them;
//!   [`swarm`]: segmented file transfer. None knows the others
//! - [`message`]: the messages of all three, with request numbers
//! - [`node`]: one ring member, which joins ring and store; [`wire`]: messages as bytes. Neither knows the other
//! - [`link`]: handshake and tagged frames
//! - [`peer`]: a node over links

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod base;
pub mod chord;
pub mod link;
pub mod message;
pub mod node;
#[cfg(test)]
mod page;
pub mod peer;
pub mod store;
pub mod swarm;
pub mod wire;
