//! What the page and the worker with the tab's peer say to one another.

mod files;
mod state;

use chordscope_core::base::id::Id;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use web_sys::File;

pub use self::files::{
    Cell, FileRow, Folder, Here, MAX_CELLS, MAX_FILES, MAX_PARTS, MAX_SHARED, Part, SourceRow,
    Stage, Transfer, Wanted,
};
pub use self::state::{Cause, Connection, FingerRow, HeldKey, PeerRow, Refusal, Shelf, State};

/// From the page to the worker: a command and the number that its answer carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The number.
    pub number: u32,
    /// The command.
    pub command: Command,
}

/// What the page asks of the tab's peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Be the peer with this secret key. The first command, and only once.
    Start(Vec<u8>),
    /// Join the ring of the peer at this address.
    Join(String),
    /// Leave the ring, or stop trying to join one.
    Leave,
    /// Keep a value under a name.
    Put(String, String),
    /// Get the value of a name, or of a key.
    Get(String),
    /// Delete a name.
    Delete(String),
    /// Find out who is responsible for a key, asking hop by hop.
    LookUp(Id),
    /// Let others fetch a file of this computer. It crosses to the worker as it is: a handle, not its bytes.
    Share(#[serde(with = "serde_wasm_bindgen::preserve")] File),
    /// Let others fetch a folder of this computer.
    ShareFolder(Folder),
    /// Fetch a content. What comes of it is in the state, as of every file.
    Fetch(Wanted),
    /// Share or fetch the file with this number no more.
    Drop(u32),
}

/// From the worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// The worker listens.
    Ready,
    /// How the peer stands.
    State(Box<State>),
    /// The answer to the command with this number.
    Answer(u32, Answer),
    /// Something has happened, in words.
    Happened(String),
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A put or delete: the key, how many nodes have stored it, and its sequence number.
    Written {
        /// The key.
        key: Id,
        /// How many nodes have stored it.
        copies: u8,
        /// Its sequence number.
        sequence: u32,
        /// How many seconds it is held, unless it is renewed.
        held: Option<u32>,
    },
    /// A get: what the name stands for.
    Found {
        /// The value.
        value: Vec<u8>,
        /// Its sequence number.
        sequence: u32,
        /// How many seconds it is held, unless it is renewed.
        held: Option<u32>,
    },
    /// A get or a deletion: there is no such name.
    NoSuchName,
    /// A lookup.
    Path(Path),
    /// It could not be done, and why.
    Failed(String),
}

/// Where a lookup went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// The key.
    pub key: Id,
    /// Every node visited, origin first, owner last.
    pub hops: Vec<Hop>,
    /// How long it took, in microseconds.
    pub took: u32,
}

/// A node on a lookup's path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The node.
    pub id: Id,
    /// Its address, or through whom it is reached.
    pub address: Option<String>,
    /// The measured round trip in microseconds, where this tab asked it itself.
    pub rtt: Option<u32>,
}

/// A message as the browser carries it.
pub fn pack<T: Serialize>(message: &T) -> JsValue {
    // Every message here is plain data, which can be packed.
    serde_wasm_bindgen::to_value(message).unwrap_or(JsValue::NULL)
}

/// Reads a message; none if it is something else.
pub fn unpack<T: for<'de> Deserialize<'de>>(message: JsValue) -> Option<T> {
    serde_wasm_bindgen::from_value(message).ok()
}

/// A duration in whole microseconds, at most an hour.
pub fn micros(duration: std::time::Duration) -> u32 {
    let hour = std::time::Duration::from_secs(3_600);
    u32::try_from(duration.min(hour).as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
