//! Chordscope's core: Chord as pure state machines, without I/O, clock or global randomness.
//!
//! The modules, lowest first; each imports only from those below it:
//!
//! - [`base`]: time, randomness, ring arithmetic, identity, contacts
//! - [`chord`]: membership, fingers, the routing rule, the ideal ring
//! - [`store`]: signed records and who holds them
//! - [`node`]: one ring member, which joins the two
//! - `sim` (feature): a simulated network of nodes

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod base;
pub mod chord;
pub mod node;
#[cfg(feature = "sim")]
pub mod sim;
pub mod store;
