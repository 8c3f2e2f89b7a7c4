//! Real processes on loopback: rings, the commands that use them, and hostile clients.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bulk;
mod cancel;
mod commands;
mod control;
mod disk;
mod folders;
mod histories;
mod hostile;
mod interop;
mod interrupted;
mod many;
mod member;
mod present;
mod process;
mod python;
mod quorum;
mod reader;
mod records;
mod release;
mod returning;
mod sharing;
mod survival;
mod tab;
mod tabs;
mod torrents;
mod transfers;
mod virtual_nodes;
mod young;
