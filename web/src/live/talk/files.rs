//! Files that the tab shares and fetches, as plain values.

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use chordscope_core::swarm::collection::File;
use serde::{Deserialize, Serialize};
use web_sys::File as Handle;

/// The most files of a tab, whatever became of them. A folder is one.
pub const MAX_FILES: usize = 64;
/// The most files of the folders that a tab shares.
pub const MAX_SHARED: usize = 960;

/// A file that the tab shares or fetches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// The number of the command that it began with.
    pub number: u32,
    /// What it is called.
    pub name: String,
    /// Its content, once known.
    pub content: Option<ContentId>,
    /// How many bytes it has, once known.
    pub length: Option<u64>,
    /// How far it is.
    pub stage: Stage,
}

impl FileRow {
    /// Whether it says that bytes move.
    pub fn moves(&self) -> bool {
        match &self.stage {
            Stage::Fetching(transfer) => transfer.down > 0,
            Stage::Here(here) => here.up > 0,
            Stage::Reading { .. } | Stage::Checking { .. } | Stage::Failed(_) => false,
        }
    }
}

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// A file of this computer is being read, to find its content id.
    Reading {
        /// How many bytes were read.
        done: u64,
    },
    /// It is being fetched.
    Fetching(Box<Transfer>),
    /// What is here of it, from before a reload, is being checked.
    Checking {
        /// How many bytes were checked.
        done: u64,
    },
    /// All of it is here, and others may fetch it.
    Here(Box<Here>),
    /// It did not come about, and why.
    Failed(String),
}

/// What is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The content.
    pub content: ContentId,
    /// What to call it: a name that every system takes.
    pub name: String,
    /// It is the list of a folder's files.
    pub is_folder: bool,
}

/// A folder of this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// What it is called.
    pub name: String,
    /// Its files, in no order.
    pub files: Vec<Part>,
}

/// A file of a folder of this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its path below the folder, parts separated by `/`.
    pub path: String,
    /// It crosses to the worker as it is: a handle, not its bytes.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub file: Handle,
}

/// A file that is here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    /// The link by which others fetch it.
    pub link: String,
    /// Where the browser keeps it, if it was fetched.
    pub saved: Option<String>,
    /// How many milliseconds fetching took, unless some of it was here before.
    pub took: Option<u64>,
    /// Bytes that others were sent.
    pub sent: u64,
    /// Bytes a second that go out.
    pub up: u64,
    /// If it is a folder: how many files it has, and the first [`MAX_PARTS`] of them.
    pub folder: Option<(u32, Vec<File>)>,
}

/// The most files of a folder that the page shows.
pub const MAX_PARTS: usize = 200;

/// A file on its way here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// How many segments are here.
    pub have: u32,
    /// How many there are; none while that is unknown.
    pub segments: Option<u32>,
    /// Bytes a second that come in.
    pub down: u64,
    /// What keeps it from being faster.
    pub limit: String,
    /// Which segments are here, in at most [`MAX_CELLS`] cells.
    pub map: Vec<Cell>,
    /// Who takes part.
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

/// Somebody who takes part in a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    /// Who.
    pub id: Id,
    /// How many segments it has.
    pub has: u32,
    /// Bytes a second that come from it.
    pub down: u64,
}
