//! Chordscope's simulator: a simulated network of real [`Node`](chordscope_core::node::Node)s: virtual time, real messages, one seed.
//!
//! [`engine`] is what is not about any one world: time, the event queue, the network model, and a history that goes back and forth.
//! [`worlds`] are what it runs: a ring of nodes with its scenarios, traces and permalinks, real frames between peers, the transfer of a
//! file. [`models`] are the systems beside the ring that the product does not ship: directories, Kademlia. [`experiment`] measures what
//! the papers did. [`classic`] are the rules of 2001; [`checks`] judges histories of level `quorum`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod checks;
pub mod classic;
pub mod engine;
pub mod experiment;
#[cfg(feature = "fuzz-targets")]
pub mod fuzz_targets;
pub mod models;
pub mod worlds;
