//! Chordscope's simulator: a simulated network of real [`Node`](chordscope_core::node::Node)s: virtual time, real messages, one seed.
//!
//! [`scenario`] says what there is and what happens, [`world`] runs it, [`trace`] is what happened, [`history`] goes back
//! and forth in it, [`permalink`] puts a moment of it into a URL. [`peers`] simulates real frames between peers, [`swarm`] the transfer of a file, and
//! [`experiment`] measures what the papers did. [`classic`] are the rules of 2001; [`checks`] judges histories of level `quorum`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod action;
pub mod behaviour;
pub mod builtin;
pub mod checks;
pub mod classic;
pub mod experiment;
pub mod history;
pub mod kind;
pub mod network;
pub mod peers;
pub mod permalink;
pub mod scenario;
pub mod swarm;
pub mod trace;
pub mod volume;
pub mod world;
