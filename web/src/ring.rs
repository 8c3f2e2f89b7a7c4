//! The ring page: a simulated ring, drawn and explained.
//!
//! `engine` owns the simulation and speaks in commands and snapshots; it knows no Yew. `state` holds the controls, `intent` is what buttons and
//! keys mean. `panels` show it all; `stage` paints it, and `app` joins them.

pub mod app;
pub mod engine;
pub mod intent;
pub mod panels;
mod stage;
pub mod state;
