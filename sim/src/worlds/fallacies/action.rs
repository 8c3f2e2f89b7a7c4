//! Actions of a user on a world of fallacies. Peers and names are numbered from 0.

use alloc::format;
use alloc::string::String;
use core::fmt;

use chordscope_core::base::id::Id;

/// An action on a world of fallacies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A peer looks a key up.
    Lookup {
        /// The peer.
        peer: u16,
        /// The key.
        key: Id,
    },
    /// A peer gets the value of a name.
    Get {
        /// The peer.
        peer: u16,
        /// The name.
        name: u16,
    },
    /// A peer puts a new value under a name.
    Put {
        /// The peer.
        peer: u16,
        /// The name.
        name: u16,
    },
    /// A peer crashes; its disk stays. It comes back by [`Action::Return`] alone.
    Crash(u16),
    /// A peer that is gone comes back.
    Return(u16),
}

/// The reason why an action is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No peer of this number is a member of the ring now.
    NoPeer(u16),
    /// The peer of this number is not gone.
    NotGone(u16),
    /// There is no such name.
    NoName(u16),
    /// The key is outside the address space.
    NoKey(Id),
    /// No other peer is left.
    Last,
    /// The peer can take no more operations now, or its release does not know the level.
    Busy(u16),
}

impl Action {
    /// The action in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Lookup { peer, key } => format!("peer {peer} looks up {key:?}"),
            Self::Get { peer, name } => format!("peer {peer} gets name {name}"),
            Self::Put { peer, name } => format!("peer {peer} puts name {name}"),
            Self::Crash(peer) => format!("peer {peer} crashes"),
            Self::Return(peer) => format!("peer {peer} comes back"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPeer(peer) => write!(f, "Peer {peer} is not in the ring."),
            Self::NotGone(peer) => write!(f, "Peer {peer} is not gone."),
            Self::NoName(name) => write!(f, "There is no name {name}."),
            Self::NoKey(key) => write!(f, "{key:?} is outside the ring's address space."),
            Self::Last => f.write_str("No other peer runs."),
            Self::Busy(peer) => write!(f, "Peer {peer} cannot do this now."),
        }
    }
}

impl core::error::Error for Refusal {}
