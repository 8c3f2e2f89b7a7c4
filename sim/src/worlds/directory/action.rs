//! The actions of a user on a world of directories.

use alloc::format;
use alloc::string::String;
use core::fmt;

use chordscope_core::base::id::Id;

/// A part of the world that can be taken out and put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The central directory.
    Directory,
    /// The tracker of this number, from 0.
    Tracker(u8),
    /// A peer.
    Peer(Id),
    /// So many peers, chosen at random by the seed.
    Peers(u32),
    /// All peers of a region.
    Region(u16),
}

/// A member of the world, by its place: what people call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The central directory.
    Directory,
    /// The tracker of this number, from 0.
    Tracker(u8),
    /// The peer of this place in ascending order of all ids, from 1, up or not.
    Peer(u16),
}

/// The name of a tracker: they have letters, so that nobody takes them for peers.
fn tracker_name(number: u8) -> String {
    format!("tracker {}", char::from(b'A'.saturating_add(number)))
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory => f.write_str("the central directory"),
            Self::Tracker(number) => f.write_str(&tracker_name(*number)),
            Self::Peer(place) => write!(f, "peer {place}"),
        }
    }
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A peer asks for a title, of all kinds of directory.
    Ask {
        /// The peer.
        peer: Id,
        /// The title's number.
        title: u32,
    },
    /// A peer looks a key up: its owner in the ring, the closest node in Kademlia.
    Find {
        /// The peer.
        peer: Id,
        /// The key.
        key: Id,
    },
    /// A part is gone from one moment to the next, with all that it knew.
    TakeOut(Part),
    /// A part comes back, and knows nothing but where the others are. Peers of [`Part::Peers`] come back in the order in which they went.
    PutBack(Part),
}

/// The reason why an action is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The peer is not there.
    NoPeer,
    /// No title has this number.
    NoTitle,
    /// The key is outside the address space.
    NoKey,
    /// There is nothing of that kind to take out or put back.
    NoPart,
    /// The peer asks the ring for this key already.
    Busy,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory => f.write_str("the central directory"),
            Self::Tracker(number) => f.write_str(&tracker_name(*number)),
            Self::Peer(id) => write!(f, "peer {id:?}"),
            Self::Peers(1) => f.write_str("a peer"),
            Self::Peers(count) => write!(f, "{count} peers"),
            Self::Region(region) => write!(f, "region {}", region + 1),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPeer => "The peer is not there.",
            Self::NoTitle => "There is no such title.",
            Self::NoKey => "The key is outside the address space.",
            Self::NoPart => "There is nothing of that kind.",
            Self::Busy => "The peer asks for this already.",
        })
    }
}

impl core::error::Error for Refusal {}
