//! The choices of a peer, and its limits.

use alloc::string::String;

use crate::base::features::Features;
use crate::link::relay;
use crate::node::config::Config as NodeConfig;
use crate::swarm;

/// The configuration of a peer.
#[derive(Clone, Debug)]
pub struct Config {
    /// The configuration of its node.
    pub node: NodeConfig,
    /// The position of the peer among those of its key: 0 to 15. A peer with several is one of these for each, with the same
    /// signer.
    pub index: u8,
    /// The ring's name: peers of different rings do not talk. At most 64 bytes.
    pub ring: String,
    /// The ways to and from other peers.
    pub reach: Reach,
    /// The features that it announces. With none it speaks as release 0.1 does.
    pub features: Features,
    /// The limits of its links.
    pub limits: Limits,
}

/// The ways between a peer and others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Accepts connections at its addresses, dials others at theirs, and relays for peers that cannot be dialed.
    Direct,
    /// Cannot be dialed, as a browser tab: leases an address at two others, and dials no other peer.
    Relayed,
}

/// The limits on a peer's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Links and own circuits in all, open or in their handshake.
    pub links: usize,
    /// Nodes that are being dialed.
    pub dials: usize,
    /// Bytes that wait for one node to be reached.
    pub waiting_bytes: usize,
    /// Bytes of messages that wait for all links together; a mebibyte may wait for each in any case.
    pub message_bytes: usize,
    /// Limits of what it relays for others.
    pub relay: relay::Limits,
    /// Files that it shares and fetches.
    pub swarm: swarm::api::Limits,
}

impl Config {
    /// The choices of a peer that cannot be dialed, as a browser tab: its node is in no group of level `quorum`.
    pub fn relayed() -> Self {
        Self {
            node: NodeConfig::without_groups(),
            index: 0,
            ring: "main".into(),
            reach: Reach::Relayed,
            features: Features::ALL,
            limits: Limits::default(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node: NodeConfig::default(),
            reach: Reach::Direct,
            ..Self::relayed()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            links: 1_024,
            dials: 256,
            waiting_bytes: 1 << 20,
            message_bytes: 64 << 20,
            relay: relay::Limits::default(),
            swarm: swarm::api::Limits::default(),
        }
    }
}
