//! The swarm page: real [`Swarm`](chordscope_core::swarm::Swarm) machines over links with latency and bandwidth, drawn as a grid of peers and segments.
//!
//! `engine` knows no Yew: it routes commands to the player and its run, and gives snapshots. `panels` are the elements, `stage` paints,
//! and `app` joins them with the browser.

pub mod app;
pub mod engine;
pub mod panels;
mod stage;
