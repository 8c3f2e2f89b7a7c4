//! The state of the tab's peer, as plain values.

use chordscope_core::base::id::Id;
use serde::{Deserialize, Serialize};

use super::FileRow;

/// How the tab's peer stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Its id.
    pub id: Id,
    /// How it is connected.
    pub connection: Connection,
    /// Where records are kept.
    pub shelf: Shelf,
    /// How much memory the peer's module takes, in bytes.
    pub memory: u64,
    /// Its predecessor.
    pub predecessor: Option<Id>,
    /// Its successors, nearest first.
    pub successors: Vec<Id>,
    /// Its finger table, rows with the same node as one.
    pub fingers: Vec<FingerRow>,
    /// Every node it knows or has a link with.
    pub peers: Vec<PeerRow>,
    /// The number of records that it holds and is responsible for, without those that are deleted.
    pub keys_owned: u32,
    /// How many it holds as copies for others.
    pub keys_copied: u32,
    /// The first of them, with those that are deleted.
    pub keys: Vec<HeldKey>,
    /// What it shares and fetches, oldest first.
    pub files: Vec<FileRow>,
}

/// How the tab's peer is connected to a ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Connection {
    /// In no ring, and not on the way to one.
    Outside,
    /// A peer is being dialed, at this address.
    Connecting(String),
    /// A peer has answered; the ring gives the tab its place.
    Joining(String),
    /// A member.
    Joined {
        /// Whether the ring is large enough for its promises.
        safe: bool,
        /// The peers through which others reach this tab.
        relays: Vec<Id>,
    },
    /// A member that has lost everybody.
    Alone,
    /// On the way out: records are handed over.
    Leaving,
    /// It did not get in.
    Refused(Refusal),
}

/// Why a tab did not get in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The address that was tried.
    pub address: String,
    /// What happened.
    pub cause: Cause,
}

/// What happened instead of a connection to a ring. The browser does not tell a page more than this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// No connection came about.
    Unreachable,
    /// None came about in good time.
    Silent,
    /// One came about and the other side closed it, with this code and these words.
    Closed(u16, String),
    /// This side closed it, for this reason.
    Broken(String),
    /// The peer spoke, but the ring had no place.
    NoPlace,
}

/// Where a tab keeps records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shelf {
    /// In the browser's private file system: they outlive a reload.
    Files,
    /// In memory only.
    Memory,
}

/// Rows of a finger table with one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FingerRow {
    /// The first row.
    pub first: u8,
    /// The last row.
    pub last: u8,
    /// The node.
    pub node: Id,
}

/// A node that the tab knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerRow {
    /// The node.
    pub id: Id,
    /// What it is to the tab: predecessor, successor 1, fingers 3–7, relay.
    pub roles: Vec<String>,
    /// Its address, or through whom it is reached.
    pub address: Option<String>,
    /// Whether there is a link.
    pub linked: bool,
    /// The smoothed round trip in microseconds, where one was measured.
    pub rtt: Option<u32>,
    /// Bytes of frames sent.
    pub sent: u64,
    /// Bytes of frames received.
    pub received: u64,
}

/// A record that the tab holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldKey {
    /// Its key.
    pub key: Id,
    /// Its name.
    pub name: String,
    /// Whether the tab is the one responsible; otherwise it holds a copy.
    pub owned: bool,
    /// Whether it says only that the name is deleted.
    pub deleted: bool,
}
