//! Hooks: the engine's loop, the keyboard, the address.

pub mod use_animation_frame;
pub mod use_colours;
pub mod use_dropped_run;
pub mod use_engine;
pub mod use_frames;
pub mod use_listener;
pub mod use_route;
pub mod use_shortcuts;
