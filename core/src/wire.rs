//! The three vocabularies as bytes: frames, and messages inside them. Whatever comes in is hostile until it is checked.

pub mod codec;
pub mod frame;
mod vocabulary;
