//! A simulated network of real [`Node`](crate::node::Node)s: virtual time, real messages, one seed.
//!
//! [`scenario`] says what there is and what happens, [`world`] runs it, [`trace`] is what happened, [`history`] goes back
//! and forth in it, [`permalink`] puts a moment of it into a URL. [`peers`] simulates real frames between peers, [`swarm`] the transfer of a file, and
//! [`experiment`] measures what the papers did.

pub mod action;
pub mod builtin;
pub mod experiment;
pub mod history;
pub mod network;
pub mod peers;
pub mod permalink;
pub mod scenario;
pub mod swarm;
pub mod trace;
pub mod volume;
pub mod world;
