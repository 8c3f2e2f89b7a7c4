//! Every frame and message of docs/protocol.md as bytes, and what is refused and why, in files that other implementations
//! read.
//!
//! With `CHORDSCOPE_BLESS=1` the tests write the files anew and fail; what has changed shows as a difference of files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod caller;
mod cards;
mod circuits;
mod describe;
mod digests;
mod faults;
mod file;
mod files;
mod frames;
mod groups;
mod handshakes;
mod links;
mod messages;
mod play;
mod records;
mod seals;
