//! Reading what the user has lent, while other things go on.

use std::ops::Range;

use chordscope_core::swarm::layout::{Layout, MAX_SEGMENT};
use chordscope_core::swarm::manifest::{Manifest, digest};
use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File};

use super::spent::Spent;

/// How much is read at a time, in bytes: whole segments, whatever their size.
const PIECE: u64 = 2 * MAX_SEGMENT as u64;

/// Why a file was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// The user has changed their mind.
    Stopped,
    /// It is longer than any file may be.
    TooLong,
    /// The browser cannot read it.
    Unreadable,
}

impl Unread {
    /// What to say of it, unless the user knows.
    pub(super) const fn words(self) -> Option<&'static str> {
        match self {
            Self::Stopped => None,
            Self::TooLong => Some("it is longer than 256 GiB"),
            Self::Unreadable => Some("the browser could not read it to its end"),
        }
    }
}

/// Reads some bytes.
pub(super) async fn piece(blob: &Blob, range: Range<u64>, spent: &Spent) -> Option<Vec<u8>> {
    taken(begin(blob, range)?, spent).await
}

/// Reads a file to find what its segments must be. `note` is told how many bytes were read since, and says whether to go on.
pub(super) async fn manifest(
    file: &File,
    spent: &Spent,
    mut note: impl FnMut(u64) -> bool,
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
        if !note(bytes.len() as u64) {
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
