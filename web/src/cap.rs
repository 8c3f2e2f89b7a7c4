//! The consistency page: the same calls to a store at level `one` and at level `quorum`, or to a step of the build-up towards it, on one seed and
//! one clock, while the network is cut and healed.
//!
//! `engine` knows no Yew: it routes commands to the player and its run, and gives snapshots. `panels` are the elements, `app` joins them with the
//! browser.

pub mod app;
pub mod engine;
pub mod panels;
