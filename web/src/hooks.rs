//! Hooks: frames, listeners, the keyboard, the address.

pub mod use_animation_frame;
pub mod use_colours;
pub mod use_file_drop;
pub mod use_frames;
pub mod use_in_view;
pub mod use_listener;
pub mod use_route;
pub mod use_shortcuts;
