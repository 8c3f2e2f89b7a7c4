//! The messages between the page and the worker with the tab's peer.

mod state;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use web_sys::File;

pub use self::state::{
    Cause, Cell, Connection, FileRow, FingerRow, HeldKey, Here, MAX_CELLS, MAX_FILES, MAX_PARTS,
    MAX_SHARED, PeerRow, Progress, Refusal, Shelf, SourceRow, TabState, Transfer,
};

/// From the page to the worker: a command and the number that its answer carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The number.
    pub number: u32,
    /// The command.
    pub command: Command,
}

/// A command of the page for the tab's peer.
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
    /// Find the node that is responsible for a key, asking hop by hop.
    LookUp(Id),
    /// Let others fetch a file of this computer, which crosses to the worker as it is: a handle, not its bytes.
    Share(#[serde(with = "serde_wasm_bindgen::preserve")] File),
    /// Let others fetch a folder of this computer.
    ShareFolder(LocalFolder),
    /// Fetch a content. The state tells of its progress, as of every file's.
    Fetch(Wanted),
    /// Share or fetch the file with this number no more.
    Drop(u32),
}

/// A content to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The content.
    pub content: ContentId,
    /// The name for it, which every system takes.
    pub name: String,
    /// Whether this is the list of a folder's files.
    pub is_folder: bool,
}

/// A folder of this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalFolder {
    /// Its name.
    pub name: String,
    /// Its files, in no order.
    pub files: Vec<LocalFile>,
}

/// A file of a folder of this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalFile {
    /// Its path below the folder, parts separated by `/`.
    pub path: String,
    /// The file, which crosses to the worker as it is: a handle, not its bytes.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub file: File,
}

/// From the worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// The worker listens.
    Ready,
    /// The state of the peer.
    State(Box<TabState>),
    /// The answer to the command with this number.
    Answer(u32, Answer),
    /// An event of the peer, in words.
    Happened(String),
    /// The file of this name is not taken: there are [`MAX_FILES`] others.
    NoRoom(String),
    /// The peer cannot be started.
    NotStarted,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The record of a put or a deletion.
    Written {
        /// The key.
        key: Id,
        /// The number of nodes that have stored it.
        copies: u8,
        /// Its sequence number.
        sequence: u32,
        /// The seconds for which it is held, unless it is renewed.
        held: Option<u32>,
    },
    /// The record that a get has found.
    Found {
        /// The value.
        value: Vec<u8>,
        /// Its sequence number.
        sequence: u32,
        /// The seconds for which it is held, unless it is renewed.
        held: Option<u32>,
    },
    /// There is no such name to get or delete.
    NoSuchName,
    /// The path of a lookup.
    Path(Path),
    /// Not done, for this reason.
    Failed(String),
}

/// The path of a lookup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// The key.
    pub key: Id,
    /// Every node visited, origin first, owner last.
    pub hops: Vec<Hop>,
    /// The time that it took, in microseconds.
    pub took: u32,
}

/// A node on a lookup's path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The node.
    pub id: Id,
    /// Its address, or the relay through which it is reached.
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
mod tests {
    use chordscope_core::base::content::ContentId;
    use chordscope_core::base::id::Space;
    use serde::de::DeserializeOwned;
    use serde_json::{from_str, to_string};

    use super::*;

    /// Checks that the page unpacks what the worker packs. (The browser's own format cannot be tested here.)
    fn carried<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: T) {
        let text = to_string(&message).unwrap();
        assert_eq!(from_str::<T>(&text).unwrap(), message, "{text}");
    }

    /// A file of each kind of progress.
    fn files(id: Id) -> Vec<FileRow> {
        let transfer = Transfer {
            have: 1,
            segments: Some(2),
            down: 3,
            limit: "the network".to_owned(),
            map: vec![Cell::Here, Cell::Part, Cell::Missing],
            sources: vec![SourceRow {
                id,
                has: 2,
                down: 3,
            }],
        };
        let file = chordscope_core::swarm::collection::File {
            path: "a/b".to_owned(),
            content: ContentId::of(b"some"),
            length: 4,
        };
        let here = Here {
            link: "chordscope:…".to_owned(),
            saved: Some("blob:…".to_owned()),
            took: Some(7),
            sent: 5,
            up: 6,
            folder: Some((1, vec![file])),
        };
        let all = [
            Progress::Reading { done: 4 },
            Progress::Fetching(Box::new(transfer)),
            Progress::Checking { done: 4 },
            Progress::Here(Box::new(here)),
            Progress::Failed("no".to_owned()),
        ];
        let row = |(number, progress)| FileRow {
            number,
            name: "a file".to_owned(),
            content: Some(ContentId::of(b"a file")),
            length: Some(9),
            progress,
        };
        (0..).zip(all).map(row).collect()
    }

    #[test]
    fn every_message_arrives_as_it_was_sent() {
        let id = Space::FULL.finger_start(Id::ZERO, 160);
        let commands = [
            Command::Start(vec![7; 32]),
            Command::Join("ws://127.0.0.1:7340/ws".to_owned()),
            Command::Leave,
            Command::Put("name".to_owned(), "value".to_owned()),
            Command::Get("name".to_owned()),
            Command::Delete("name".to_owned()),
            Command::LookUp(id),
            Command::Fetch(Wanted {
                content: ContentId::of(b"some"),
                name: "name".to_owned(),
                is_folder: false,
            }),
            Command::Drop(7),
        ];
        for (number, command) in (0..).zip(commands) {
            carried(Asked { number, command });
        }
        let path = Path {
            key: id,
            hops: vec![Hop {
                id,
                address: None,
                rtt: Some(5),
            }],
            took: 9,
        };
        let refusal = Refusal {
            address: "ws://a/ws".to_owned(),
            cause: Cause::Closed(4_013, "no".to_owned()),
        };
        let state = TabState {
            id,
            connection: Connection::Refused(refusal),
            shelf: Shelf::Files,
            memory: 2 << 20,
            predecessor: None,
            successors: vec![id],
            fingers: Vec::new(),
            peers: Vec::new(),
            keys_owned: 1,
            keys_copied: 2,
            keys: Vec::new(),
            files: files(id),
        };
        carried(Report::Answer(3, Answer::Path(path)));
        carried(Report::State(Box::new(state)));
        carried(Report::Happened("something".to_owned()));
        carried(Report::NoRoom("a file".to_owned()));
        carried(Report::NotStarted);
    }

    #[test]
    fn a_very_long_time_fits() {
        let day = std::time::Duration::from_secs(24 * 3_600);
        assert_eq!(micros(day), 3_600_000_000);
    }
}
