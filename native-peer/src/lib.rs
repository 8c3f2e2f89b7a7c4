//! Chordscope's native side: the core's peer on real sockets, and the command line.

pub mod cli;
pub mod failure;
mod output;
mod sim;
