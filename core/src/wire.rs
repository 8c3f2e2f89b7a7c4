//! The three vocabularies as bytes: frames, and messages inside them. Whatever comes in is hostile until it is checked.

mod cards;
pub mod codec;
pub mod frame;
mod groups;
mod vocabulary;
