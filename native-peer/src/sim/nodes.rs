//! The ring given on the command line: `--bits` and `--nodes`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use chordscope_core::base::id::{Id, IdError, Space};
use chordscope_core::chord::ideal::{IdealRing, RingError};
use clap::Args;
use serde::{Serialize, Serializer};

use crate::failure::Failure;
use crate::id_words::no_id;
use crate::regular_file;

/// The longest list of nodes that is read, in bytes: several million ids.
const MAX_LIST: u64 = 1 << 28;

/// A ring of known nodes.
#[derive(Debug, Args)]
pub(crate) struct RingArgs {
    /// The width of ids in bits: the ring has 2^M positions
    #[arg(long, value_name = "M", allow_negative_numbers = true)]
    bits: String,
    /// The nodes: ids separated by commas, or @FILE with one a line
    #[arg(long, value_name = "LIST|@FILE", allow_negative_numbers = true)]
    nodes: String,
}

impl RingArgs {
    /// Reads the ring.
    pub(crate) fn ring(&self) -> Result<IdealRing, Failure> {
        let space = self.space()?;
        let ids = match self.nodes.strip_prefix('@') {
            Some(path) => {
                let text = read_file(path)?;
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                read_ids(space, lines)?
            }
            None if self.nodes.trim().is_empty() => Vec::new(),
            None => read_ids(space, self.nodes.split(','))?,
        };
        IdealRing::new(space, ids).map_err(|error| {
            let reason = match error {
                RingError::Empty => "the list is empty".to_string(),
                RingError::Duplicate(id) => format!("node {} is there twice", space.show(id)),
                error => error.to_string(),
            };
            Failure::usage("--nodes", reason)
        })
    }

    fn space(&self) -> Result<Space, Failure> {
        self.bits
            .trim()
            .parse::<u8>()
            .map_err(|_| IdError::Bits)
            .and_then(Space::new)
            .map_err(|error| Failure::usage("--bits", error))
    }
}

/// Reads an id given for `argument`.
pub(crate) fn read_id(space: Space, argument: &str, text: &str) -> Result<Id, Failure> {
    space
        .parse(text)
        .map_err(|error| Failure::usage(argument, no_id(space, text, error)))
}

/// An id for `argument` that must be in the ring.
pub(crate) fn read_member(ring: &IdealRing, argument: &str, text: &str) -> Result<Id, Failure> {
    let id = read_id(ring.space(), argument, text)?;
    if !ring.contains(id) {
        let shown = ring.space().show(id);
        return Err(Failure::usage(
            argument,
            format!("node {shown} is not in the ring"),
        ));
    }
    Ok(id)
}

fn read_ids<'a>(space: Space, texts: impl Iterator<Item = &'a str>) -> Result<Vec<Id>, Failure> {
    texts
        .enumerate()
        .map(|(at, text)| {
            space.parse(text).map_err(|error| {
                let reason = format!("entry {}: {}", at + 1, no_id(space, text, error));
                Failure::usage("--nodes", reason)
            })
        })
        .collect()
}

fn read_file(path: &str) -> Result<String, Failure> {
    let fail = |reason: String| Failure::usage("--nodes", format!("@{path}: {reason}"));
    let file = regular_file::open(Path::new(path), File::options().read(true));
    let file = file.map_err(|error| fail(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(MAX_LIST + 1).read_to_string(&mut text);
    let read = read.map_err(|error| fail(error.to_string()))?;
    if read as u64 > MAX_LIST {
        return Err(fail("the file is longer than 256 MiB".to_string()));
    }
    Ok(text)
}

/// An id in JSON: a number where a number holds it exactly, otherwise text.
#[derive(Debug)]
pub(crate) struct JsonId {
    space: Space,
    id: Id,
}

impl JsonId {
    pub(crate) const fn new(space: Space, id: Id) -> Self {
        Self { space, id }
    }
}

impl Serialize for JsonId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use chordscope_core::base::id::DECIMAL_BITS;
        match self.id.to_u64() {
            Some(number) if self.space.bits() <= DECIMAL_BITS => serializer.serialize_u64(number),
            _ => serializer.serialize_str(&self.space.show(self.id)),
        }
    }
}
