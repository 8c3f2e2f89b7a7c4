//! The three vocabularies as bytes: frames, and messages inside them. Whatever comes in is hostile until it is checked.

pub mod block;
mod cards;
pub mod codec;
pub mod frame;
mod groups;
mod kept;
pub mod release_0_1;
