//! Reading what the user has lent: a file to find its content id, a folder to list its files, a piece that others want.

use std::fmt;
use std::ops::Range;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::{Collection, CollectionError, File as ListedFile};
use chordscope_core::swarm::layout::{Layout, MAX_SEGMENT};
use chordscope_core::swarm::manifest::{Manifest, digest};
use js_sys::{Array, ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File};

use super::table::{Counter, Reason};
use crate::live::tab::spent::Spent;
use crate::live::talk::LocalFile;

/// The number of bytes that are read at a time: whole segments, whatever their size.
const PIECE: u64 = 2 * MAX_SEGMENT as u64;

/// The reason why a file was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live::tab) enum Unread {
    /// The user does not want it any more.
    Stopped,
    /// The file is longer than any may be.
    TooLong,
    /// The browser cannot read it.
    Unreadable,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "reading it was stopped",
            Self::TooLong => "it is longer than 256 GiB",
            Self::Unreadable => "the browser could not read it to its end",
        })
    }
}

/// A folder that was read.
#[derive(Debug)]
pub(in crate::live::tab) struct ReadFolder {
    /// The list of its files.
    pub(super) list: Collection,
    /// The files.
    pub(super) files: Vec<(Manifest, Blob)>,
    /// The list as a file: the link of the folder leads to it.
    pub(super) own: (Manifest, Blob),
}

/// Reads some bytes.
pub(super) async fn piece(blob: &Blob, range: Range<u64>, spent: &Spent) -> Option<Vec<u8>> {
    taken(begin(blob, range)?, spent).await
}

/// Reads a file to find what its segments must be, and counts the bytes.
pub(super) async fn manifest(
    file: &File,
    spent: &Spent,
    counter: &Counter,
) -> Result<Manifest, Unread> {
    let layout = Layout::of(file.size() as u64).ok_or(Unread::TooLong)?;
    let length = layout.length();
    let piece = |from: u64| from..(from + PIECE).min(length);
    let (mut digests, mut at) = (Vec::with_capacity(layout.count() as usize), 0);
    // While a piece is hashed, the next one is read.
    let mut ahead = begin(file, piece(0));
    while let Some(promise) = ahead.take() {
        let bytes = taken(promise, spent).await.ok_or(Unread::Unreadable)?;
        at += bytes.len() as u64;
        if !counter.add(bytes.len() as u64) {
            return Err(Unread::Stopped);
        }
        if !bytes.is_empty() && at < length {
            ahead = begin(file, piece(at));
        }
        let first = digests.len() as u32;
        let segments = (first..).zip(bytes.chunks(layout.segment_size() as usize));
        digests.extend(segments.map(|(index, segment)| digest(layout, index, segment)));
    }
    if length == 0 {
        digests.push(digest(layout, 0, &[]));
    }
    // One that was cut short meanwhile has too few.
    Manifest::of(layout, digests)
        .filter(|_| at == length)
        .ok_or(Unread::Unreadable)
}

/// Checks that the files of a folder can be in one list.
///
/// # Errors
/// [`CollectionError`] names the path that cannot be.
pub(super) fn check_names(files: &[LocalFile]) -> Result<(), CollectionError> {
    let nothing = ContentId::of(&[]);
    let listed = files.iter().map(|file| listed(file, nothing));
    Collection::new(listed.collect()).map(|_| ())
}

/// Reads the files of a folder, one after the other, and counts their bytes.
pub(super) async fn folder(
    local: Vec<LocalFile>,
    spent: &Spent,
    counter: &Counter,
) -> Result<ReadFolder, Reason> {
    let (mut entries, mut files) = (Vec::new(), Vec::new());
    for file in local {
        let manifest = manifest(&file.file, spent, counter).await;
        let manifest = manifest.map_err(|why| Reason::UnreadPart(file.path.clone(), why))?;
        entries.push(listed(&file, manifest.content()));
        files.push((manifest, Blob::from(file.file)));
    }
    let list = Collection::new(entries).map_err(Reason::List)?;
    let own = as_file(&list).ok_or(Reason::LongList)?;
    Ok(ReadFolder { list, files, own })
}

fn listed(file: &LocalFile, content: ContentId) -> ListedFile {
    ListedFile {
        path: file.path.clone(),
        content,
        length: file.file.size() as u64,
    }
}

/// The list of a folder's files, as a file.
fn as_file(list: &Collection) -> Option<(Manifest, Blob)> {
    let bytes = list.encode();
    let layout = Layout::of(bytes.len() as u64)?;
    let segments = (0..).zip(bytes.chunks(layout.segment_size() as usize));
    let digests = segments.map(|(index, segment)| digest(layout, index, segment));
    let manifest = Manifest::of(layout, digests.collect())?;
    let bytes = Array::of1(&Uint8Array::from(bytes.as_slice()));
    Some((manifest, Blob::new_with_u8_array_sequence(&bytes).ok()?))
}

fn begin(blob: &Blob, range: Range<u64>) -> Option<Promise> {
    let slice = blob.slice_with_f64_and_f64(range.start as f64, range.end as f64);
    Some(slice.ok()?.array_buffer().unchecked_into())
}

async fn taken(piece: Promise, spent: &Spent) -> Option<Vec<u8>> {
    let buffer: ArrayBuffer = JsFuture::from(piece).await.ok()?.dyn_into().ok()?;
    let bytes = Uint8Array::new(&buffer).to_vec();
    spent.give_back(&buffer);
    Some(bytes)
}
