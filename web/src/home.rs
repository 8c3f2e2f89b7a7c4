//! The home page: the lesson's ring, which runs, three goals that the simulation ticks, and a door to the pages of each objective.
//!
//! `engine` knows no Yew: it routes commands to the player and to the small figures of the doors, and gives snapshots. `panels` are the
//! elements, `app` joins them with the browser, and `stage` paints the engine.

pub mod app;
pub mod engine;
pub mod panels;
mod stage;
