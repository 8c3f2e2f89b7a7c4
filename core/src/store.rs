//! Records of the ring, which prove themselves, and the store of those that a node holds.
//!
//! Level `one`: any member of a key's replica group accepts a record, the group merges later. Level `quorum`, for named and
//! signed records: a group agrees on one order.

pub mod group;
pub mod life;
pub mod message;
pub mod record;
pub mod renewal;
pub mod replica;
