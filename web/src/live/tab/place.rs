//! Where the bytes of a shared or fetched file are.

use chordscope_core::swarm::layout::Layout;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, File, FileReaderSync};

use super::files::{self, Entry, PrivateFile};
use super::log::Slab;

/// The longest file that is held in memory, in bytes: 64 MiB.
const MAX_IN_MEMORY: u64 = 64 << 20;

/// Where the bytes of a file are.
#[derive(Debug)]
pub(super) enum Place {
    /// In a file of the user's, or in one that was fetched and is whole.
    Whole(Blob, Option<Entry>),
    /// In a private file that is being filled.
    Draft(PrivateFile, Entry),
    /// In memory, as the browser offers no private files.
    Memory(Vec<u8>),
}

impl Place {
    /// An empty place for a file that is about to be fetched.
    pub(super) async fn make(peer: &str, number: u32) -> Self {
        match files::draft(peer, number).await {
            Some((file, entry)) => Self::Draft(file, entry),
            None => Self::Memory(Vec::new()),
        }
    }

    /// Makes room for a file of this length.
    ///
    /// # Errors
    /// Says why there is none.
    pub(super) fn reserve(&mut self, length: u64) -> Result<(), &'static str> {
        match self {
            Self::Draft(file, _) if !file.resize(length) => {
                Err("the browser has not enough room for it")
            }
            Self::Memory(_) if length > MAX_IN_MEMORY => Err(
                "this browser, or this insecure address, offers no private files, and memory takes 64 MiB at most",
            ),
            Self::Memory(bytes) => {
                bytes.resize(length as usize, 0);
                Ok(())
            }
            Self::Draft(..) | Self::Whole(..) => Ok(()),
        }
    }

    /// Reads a segment.
    pub(super) fn read(&self, layout: Layout, index: u32) -> Option<Vec<u8>> {
        let range = layout.range(index);
        match self {
            Self::Whole(blob, _) => {
                let slice = blob.slice_with_f64_and_f64(range.start as f64, range.end as f64);
                let buffer = FileReaderSync::new()
                    .ok()?
                    .read_as_array_buffer(&slice.ok()?);
                Some(Uint8Array::new(&buffer.ok()?.into()).to_vec())
            }
            Self::Draft(file, _) => file.read_at(range.start, layout.len(index)),
            Self::Memory(bytes) => {
                let bytes = bytes.get(range.start as usize..range.end as usize);
                bytes.map(<[u8]>::to_vec)
            }
        }
    }

    /// Writes a segment; `false` when that failed. It is not flushed: a draft does not outlive its tab.
    pub(super) fn write(&mut self, layout: Layout, index: u32, segment: &[u8]) -> bool {
        let range = layout.range(index);
        match self {
            Self::Whole(..) => false,
            Self::Draft(file, _) => file.write_at(range.start, segment),
            Self::Memory(bytes) => {
                let room = bytes.get_mut(range.start as usize..range.end as usize);
                let room = room.filter(|room| room.len() == segment.len());
                room.map(|room| room.copy_from_slice(segment)).is_some()
            }
        }
    }

    /// What is here as a file that the browser can save, once everything is written. The place stays as it is until then.
    pub(super) fn whole(&mut self) -> impl Future<Output = Option<Blob>> + use<> {
        let entry = match self {
            Self::Draft(file, entry) => file.flush().then(|| entry.clone()),
            Self::Whole(..) | Self::Memory(_) => None,
        };
        let blob = match self {
            Self::Whole(blob, _) => Some(blob.clone()),
            Self::Memory(bytes) => {
                let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
                Blob::new_with_u8_array_sequence(&parts).ok()
            }
            Self::Draft(..) => None,
        };
        async move {
            match entry {
                Some(entry) => entry.whole().await.map(Into::into),
                None => blob,
            }
        }
    }

    /// Reads from the whole file from now on.
    pub(super) fn settle(&mut self, blob: Blob) {
        let entry = match self {
            Self::Whole(..) => return,
            Self::Draft(_, entry) => Some(entry.clone()),
            Self::Memory(_) => None,
        };
        *self = Self::Whole(blob, entry);
    }

    /// Gives the room back.
    pub(super) fn remove(self) {
        let entry = match self {
            Self::Draft(file, entry) => {
                drop(file);
                Some(entry)
            }
            Self::Whole(_, entry) => entry,
            Self::Memory(_) => None,
        };
        if let Some(entry) = entry {
            spawn_local(entry.remove());
        }
    }
}

/// Reads a segment of a file while other things go on.
pub(super) async fn segment(file: &File, layout: Layout, index: u32) -> Result<Vec<u8>, JsValue> {
    let range = layout.range(index);
    let slice = file.slice_with_f64_and_f64(range.start as f64, range.end as f64)?;
    let buffer = JsFuture::from(slice.array_buffer()).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

#[cfg(test)]
mod tests;
