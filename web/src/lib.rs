//! Three Yew applications, each a WebAssembly module of its own: the ring page runs the core's simulator and draws it; the lab has the
//! page of experiments (`experiments`); the live page (`live`) makes this browser tab a member of a real ring.
//!
//! `engine` owns the simulation and speaks in commands and snapshots; `scene` turns those into geometry and paint; both
//! know no Yew. `state` and `intent` are the controls; `components` show it all; `hooks` join them to the browser.

pub mod app;
pub mod brief;
pub mod components;
pub mod engine;
pub mod experiments;
pub mod hooks;
pub mod input;
pub mod intent;
pub mod live;
pub mod page;
pub mod scene;
pub mod state;
