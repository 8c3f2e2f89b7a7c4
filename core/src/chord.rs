//! The ring: successors and predecessors, the owner of a key, and the way of a lookup to it.
//!
//! Nothing here knows of frames, sockets, clocks or request numbers. [`membership`] decides on the neighbours, [`fingers`] keeps
//! the shortcuts, [`candidates`] the nodes that may stand for one (proximity neighbour selection), [`route`] is the routing rule,
//! and [`ideal`] computes from global knowledge what all of it ought to come to.

pub mod candidates;
pub mod fingers;
pub mod ideal;
pub mod invariant;
pub mod membership;
pub mod message;
pub mod route;
pub mod successors;
