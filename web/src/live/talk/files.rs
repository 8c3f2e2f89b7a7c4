//! Files that the tab shares and fetches, as plain values.

use chordscope_core::base::id::Id;
use serde::{Deserialize, Serialize};

/// The most files of a tab, whatever became of them.
pub const MAX_FILES: usize = 64;

/// A file that the tab shares or fetches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// The number of the command that it began with.
    pub number: u32,
    /// What it is called.
    pub name: String,
    /// How many bytes it has, once known.
    pub length: Option<u64>,
    /// How far it is.
    pub stage: Stage,
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
    /// All of it is here, and others may fetch it.
    Here {
        /// The link by which they do.
        link: String,
        /// Where the browser keeps it, if it was fetched.
        saved: Option<String>,
        /// Bytes that others were sent.
        sent: u64,
        /// Bytes a second that go out.
        up: u64,
    },
    /// It did not come about, and why.
    Failed(String),
}

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
