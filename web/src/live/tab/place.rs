//! Where the bytes of a shared or fetched file are.

use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::Manifest;
use js_sys::{Array, Uint8Array};
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

use super::files::{Heading, Kept, NoFile};

/// The longest file that is held in memory, in bytes: 64 MiB.
const MAX_IN_MEMORY: u64 = 64 << 20;

/// Where the bytes of a file are.
#[derive(Debug)]
pub(super) enum Place {
    /// With the user, who chose it, or with the browser, to which it was given out of memory.
    Lent(Blob),
    /// In a private file.
    Kept(Kept),
    /// In memory, as the browser offers no private files.
    Memory(Vec<u8>),
}

impl Place {
    /// An empty place for a file that is about to be fetched.
    ///
    /// # Errors
    /// Says why there is none.
    pub(super) async fn make(peer: &str, heading: Heading) -> Result<Self, &'static str> {
        match Kept::begin(peer, heading).await {
            Ok(kept) => Ok(Self::Kept(kept)),
            Err(NoFile::Unsupported) => Ok(Self::Memory(Vec::new())),
            Err(NoFile::NoRoom) => Err(NO_ROOM),
        }
    }

    /// Makes room for a file that is described now.
    ///
    /// # Errors
    /// Says why there is none.
    pub(super) fn describe(&mut self, manifest: &Manifest) -> Result<(), &'static str> {
        let length = manifest.layout().length();
        match self {
            Self::Kept(kept) => kept.describe(manifest).then_some(()).ok_or(NO_ROOM),
            Self::Memory(_) if length > MAX_IN_MEMORY => Err(
                "this browser, or this insecure address, offers no private files, and memory takes 64 MiB at most",
            ),
            Self::Memory(bytes) => {
                bytes.resize(length as usize, 0);
                Ok(())
            }
            Self::Lent(_) => Ok(()),
        }
    }

    /// Reads a segment of what was not lent.
    pub(super) fn read(&self, layout: Layout, index: u32) -> Option<Vec<u8>> {
        let range = layout.range(index);
        match self {
            // That takes a while: see `reading`.
            Self::Lent(_) => None,
            Self::Kept(kept) => kept.read(layout, index),
            Self::Memory(bytes) => {
                let bytes = bytes.get(range.start as usize..range.end as usize);
                bytes.map(<[u8]>::to_vec)
            }
        }
    }

    /// Writes a segment; `false` when that failed.
    pub(super) fn write(&mut self, layout: Layout, index: u32, segment: &[u8]) -> bool {
        let range = layout.range(index);
        match self {
            Self::Lent(_) => false,
            Self::Kept(kept) => kept.write(layout, index, segment),
            Self::Memory(bytes) => {
                let room = bytes.get_mut(range.start as usize..range.end as usize);
                let room = room.filter(|room| room.len() == segment.len());
                room.map(|room| room.copy_from_slice(segment)).is_some()
            }
        }
    }

    /// What is here as a file that the browser can save, once everything is written.
    pub(super) fn whole(&mut self) -> impl Future<Output = Option<Blob>> + use<> {
        let kept = match self {
            Self::Kept(kept) => kept.finish().then(|| kept.blob()),
            Self::Lent(_) | Self::Memory(_) => None,
        };
        if let Self::Memory(bytes) = self {
            let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
            if let Ok(blob) = Blob::new_with_u8_array_sequence(&parts) {
                *self = Self::Lent(blob);
            }
        }
        let lent = match self {
            Self::Lent(blob) => Some(blob.clone()),
            Self::Kept(_) | Self::Memory(_) => None,
        };
        async move {
            match kept {
                Some(kept) => kept.await,
                None => lent,
            }
        }
    }

    /// Gives the room back.
    pub(super) fn remove(self) {
        if let Self::Kept(kept) = self {
            spawn_local(kept.remove());
        }
    }
}

/// Why something is not fetched, or no further.
pub(super) const NO_ROOM: &str = "the browser has no room for it: remove files here, or free some of the disk, and fetch it again";

#[cfg(test)]
mod tests;
