//! Real processes on loopback: rings, the commands that use them, and hostile clients.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod control;
mod folders;
mod hostile;
mod interrupted;
mod process;
mod quorum;
mod reader;
mod records;
mod survival;
mod tab;
mod tabs;
mod torrents;
mod transfers;
mod virtual_nodes;
