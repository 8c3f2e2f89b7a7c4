//! The three vocabularies as bytes: frames, and messages inside them. Whatever comes in is hostile until it is checked.

pub mod block;
mod cards;
pub mod codec;
pub mod frame;
#[cfg(feature = "quorum")]
mod groups;
#[cfg(not(feature = "quorum"))]
#[path = "wire/groups_none.rs"]
mod groups;
mod vocabulary;
