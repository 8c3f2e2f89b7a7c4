//! The page: a Yew application that runs the core's simulator and draws it.
//!
//! `engine` owns the simulation and speaks in commands and snapshots; `scene` turns those into geometry and paint; both
//! know no Yew. `state` and `intent` are the controls; `components` show it all; `hooks` join them to the browser.

pub mod app;
pub mod components;
pub mod engine;
pub mod hooks;
pub mod input;
pub mod intent;
pub mod page;
pub mod scene;
pub mod state;
