//! Models: the systems that the lesson compares the ring with, as state machines without I/O. The product ships none of them.
//!
//! Each has the shape of the core's `Node`: inputs never fail, outputs are drained by `poll_output`, `poll_timeout` says when to call
//! again. A world owns many of them and carries their messages. A model knows no world.

pub mod copies;
pub mod directory;
pub mod kademlia;
