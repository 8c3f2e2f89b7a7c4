//! Chordscope's native side: the core's peer on real sockets, and the command line.

mod address_space;
pub mod cli;
mod client;
mod clock;
mod data;
mod descriptors;
mod driver;
pub mod failure;
mod files;
mod http;
mod links;
mod output;
mod peer_url;
mod running;
mod signals;
mod sim;
mod storage;
mod views;
