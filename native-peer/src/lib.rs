//! Chordscope's native side: the core's peer on real sockets, and the command line.

mod address_space;
mod burst;
pub mod cli;
mod client;
mod clock;
mod data;
mod descriptors;
mod driver;
pub mod failure;
mod files;
mod http;
mod id_words;
mod links;
#[cfg(test)]
mod manual;
mod output;
mod peer_url;
mod regular_file;
mod running;
mod signals;
mod sim;
mod storage;
mod views;
