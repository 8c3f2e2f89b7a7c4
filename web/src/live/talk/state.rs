//! The state of the tab's peer with its files, as plain values.

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use chordscope_core::swarm::collection::File as ListedFile;
use serde::{Deserialize, Serialize};

/// The state of the tab's peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TabState {
    /// Its id.
    pub id: Id,
    /// Its connection to a ring.
    pub connection: Connection,
    /// The place of its records.
    pub shelf: Shelf,
    /// The memory that the peer's module takes, in bytes.
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
    /// The number of replicas that it holds for others.
    pub keys_copied: u32,
    /// The first of them, with those that are deleted.
    pub keys: Vec<HeldKey>,
    /// The files that it shares and fetches, oldest first.
    pub files: Vec<FileRow>,
}

/// The connection of the tab's peer to a ring.
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
    /// Not let in.
    Refused(Refusal),
}

/// A join that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The address that was tried.
    pub address: String,
    /// The cause.
    pub cause: Cause,
}

/// The cause that kept a tab out of a ring. The browser does not tell a page more than this.
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

/// The place in which a tab keeps records.
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
    /// Its roles for the tab: predecessor, successor 1, fingers 3–7, relay.
    pub roles: Vec<String>,
    /// Its address, or the relay through which it is reached.
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

/// The most files of a tab, whatever became of them. A folder is one.
pub const MAX_FILES: usize = 64;
/// The most files of the folders that a tab shares.
pub const MAX_SHARED: usize = 960;

/// A file or folder that the tab shares or fetches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// The number of the command that it began with.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its content, once known.
    pub content: Option<ContentId>,
    /// Its length in bytes, once known.
    pub length: Option<u64>,
    /// Its progress.
    pub progress: Progress,
}

impl FileRow {
    /// Whether bytes move, so that the row changes without any event.
    pub fn moves(&self) -> bool {
        match &self.progress {
            Progress::Reading { .. } | Progress::Checking { .. } => true,
            Progress::Fetching(transfer) => transfer.down > 0,
            Progress::Here(here) => here.up > 0,
            Progress::Failed(_) => false,
        }
    }
}

/// The progress of a file or folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// A file of this computer is being read, to find its content id.
    Reading {
        /// The bytes that were read.
        done: u64,
    },
    /// The segments come from others.
    Fetching(Box<Transfer>),
    /// Some of it is here from before a reload, and is being checked.
    Checking {
        /// The bytes that were checked.
        done: u64,
    },
    /// All of it is here, and others may fetch it.
    Here(Box<Here>),
    /// Nothing came of it, for this reason.
    Failed(String),
}

/// A file that is here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    /// The link by which others fetch it.
    pub link: String,
    /// The address at which the browser saves it, if it was fetched.
    pub saved: Option<String>,
    /// The milliseconds that fetching took, unless some of it was here before.
    pub took: Option<u64>,
    /// The bytes that others were sent.
    pub sent: u64,
    /// Bytes a second that go out.
    pub up: u64,
    /// Of a folder: the number of its files, and the first [`MAX_PARTS`] of them.
    pub folder: Option<(u32, Vec<ListedFile>)>,
}

/// The most files of a folder that the page shows.
pub const MAX_PARTS: usize = 200;

/// A file on its way here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The number of segments that are here.
    pub have: u32,
    /// The number of all segments; none while that is unknown.
    pub segments: Option<u32>,
    /// Bytes a second that come in.
    pub down: u64,
    /// The limit of its speed, in words.
    pub limit: String,
    /// The segments that are here, in at most [`MAX_CELLS`] cells.
    pub map: Vec<Cell>,
    /// The other members of the swarm.
    pub sources: Vec<SourceRow>,
}

/// The most cells of a map; of longer files, each stands for several segments.
pub const MAX_CELLS: u32 = 128;

/// Neighbouring segments of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    /// None is here or asked for.
    Missing,
    /// Some are here, or asked for.
    Part,
    /// All are here.
    Here,
}

/// Another member of the swarm of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    /// Its id.
    pub id: Id,
    /// The number of segments that it has.
    pub has: u32,
    /// Bytes a second that come from it.
    pub down: u64,
}
