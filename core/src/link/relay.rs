//! The relay between the ends of circuits: leases, the two legs of each circuit, and frames that wait for the second leg.
//!
//! The relay knows lengths and numbers of frames only. What may be sent is what the receiving end has given credit for, so that a
//! slow or a silent one makes its own senders wait and no others.

mod table;

use alloc::vec::Vec;
use core::time::Duration;

pub use self::table::Relay;
use crate::base::id::Id;
use crate::link::Leg;

/// The time for which a lease outlives its link: a tab that reloads, or changes its network, is still there for others.
pub const LEASE_GRACE: Duration = Duration::from_secs(30);
/// The longest time for finding the way to a circuit's target.
pub const REACH_TIMEOUT: Duration = Duration::from_secs(5);

/// The limits of a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Leases.
    pub leases: usize,
    /// Circuits in all.
    pub circuits: usize,
    /// Circuits on one link: as many are relayed, and as many may end here.
    pub circuits_per_link: u16,
    /// Bytes that wait to be passed on, in all. Beyond it the circuit with the longest queue is closed.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            leases: 256,
            circuits: 4_096,
            circuits_per_link: 256,
            bytes: 64 << 20,
        }
    }
}

/// A circuit that waited for a way, which has been found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The leg by which it came.
    pub near: Leg,
    /// The node that it leads to.
    pub target: Id,
    /// The first frame of its opener, if that has come meanwhile.
    pub hello: Option<Vec<u8>>,
}
