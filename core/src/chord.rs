//! The ring: who is whose successor, where a key belongs, and how a lookup gets there.
//!
//! Nothing here knows of frames, sockets, clocks or request numbers. [`membership`] decides who the neighbours are,
//! [`fingers`] keeps the shortcuts, [`candidates`]
//! who else may stand for one, [`route`] is the routing rule, and [`ideal`] computes from global knowledge what all
//! of it ought to come to.

pub mod candidates;
pub mod fingers;
pub mod ideal;
pub mod invariant;
pub mod membership;
pub mod message;
pub mod route;
pub mod successors;
