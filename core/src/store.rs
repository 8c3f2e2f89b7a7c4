//! Values in the ring: signed records, and which of them a node holds.
//!
//! Level `one`: any member of a key's replica group accepts a record, the group merges later, the newer version wins.

pub mod group;
pub mod message;
pub mod record;
pub mod replica;
