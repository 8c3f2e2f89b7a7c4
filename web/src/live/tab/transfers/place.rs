//! The place of a shared or fetched file's bytes.

use std::fmt;

use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::Manifest;
use js_sys::{Array, Uint8Array};
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

use crate::live::tab::files::{Heading, KeptFile, NoFile, WholeFile};

/// The longest file that is held in memory, in bytes: 64 MiB.
const MAX_IN_MEMORY: u64 = 64 << 20;

/// The place of a file's bytes.
#[derive(Debug)]
pub(in crate::live::tab) enum Place {
    /// With the user, who chose it, or with the browser, to which it was given out of memory.
    Lent(Blob),
    /// In a private file.
    Kept(KeptFile),
    /// In memory, as the browser offers no private files.
    Memory(Vec<u8>),
}

/// A whole file, as the browser is asked for it.
#[derive(Debug)]
pub(in crate::live::tab) enum Whole {
    Lent(Blob),
    Kept(WholeFile),
}

/// The reason why there is no place for a file, or for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live::tab) enum NoPlace {
    /// The browser grants the page no more of its disk.
    NoRoom,
    /// Without private files, memory takes no more than [`MAX_IN_MEMORY`].
    Memory,
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoom => {
                "the browser has no room for it: remove files here, or free some of the disk, and fetch it again"
            }
            Self::Memory => {
                "this browser, or this insecure address, offers no private files, and memory takes 64 MiB at most"
            }
        })
    }
}

impl Place {
    /// Makes an empty place for a file that is about to be fetched.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub(super) async fn make(peer: &str, heading: Heading) -> Result<Self, NoPlace> {
        match KeptFile::begin(peer, heading).await {
            Ok(kept) => Ok(Self::Kept(kept)),
            Err(NoFile::Unsupported) => Ok(Self::Memory(Vec::new())),
            Err(NoFile::NoRoom) => Err(NoPlace::NoRoom),
        }
    }

    /// Makes room for a file that is described now.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub(super) fn describe(&mut self, manifest: &Manifest) -> Result<(), NoPlace> {
        let length = manifest.layout().length();
        match self {
            Self::Kept(kept) => kept.describe(manifest).then_some(()).ok_or(NoPlace::NoRoom),
            Self::Memory(_) if length > MAX_IN_MEMORY => Err(NoPlace::Memory),
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
            // That takes a while: it is a job.
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

    /// Finishes a place that has every segment. Returns the whole file; none where the browser does not keep it.
    pub(super) fn whole(&mut self) -> Option<Whole> {
        if let Self::Memory(bytes) = self {
            let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
            *self = Self::Lent(Blob::new_with_u8_array_sequence(&parts).ok()?);
        }
        match self {
            Self::Kept(kept) => kept.finish().map(Whole::Kept),
            Self::Lent(blob) => Some(Whole::Lent(blob.clone())),
            Self::Memory(_) => None,
        }
    }

    /// Gives the room back.
    pub(super) fn remove(self) {
        if let Self::Kept(kept) = self {
            spawn_local(kept.remove());
        }
    }
}

impl Whole {
    /// The file as something that the browser can save.
    pub(super) async fn blob(self) -> Option<Blob> {
        match self {
            Self::Lent(blob) => Some(blob),
            Self::Kept(file) => file.blob().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(layout: Layout) -> Manifest {
        Manifest::of(layout, vec![[0; 32]; layout.count() as usize]).unwrap()
    }

    #[test]
    fn memory_gives_back_the_segments_that_were_written() {
        let layout = Layout::of(65_536 + 3).unwrap();
        let mut place = Place::Memory(Vec::new());
        assert!(!place.write(layout, 1, b"end"), "there is no room yet");
        place.describe(&manifest(layout)).unwrap();
        assert!(place.write(layout, 1, b"end"));
        assert_eq!(place.read(layout, 1).as_deref(), Some(&b"end"[..]));
        assert_eq!(place.read(layout, 0), Some(vec![0; 65_536]));
        assert!(!place.write(layout, 1, b"too long"));
    }

    #[test]
    fn memory_takes_no_file_that_is_too_long_for_it() {
        let mut place = Place::Memory(Vec::new());
        let layout = Layout::of(MAX_IN_MEMORY + 1).unwrap();
        let why = place.describe(&manifest(layout)).unwrap_err();
        assert_eq!(why, NoPlace::Memory);
        assert!(why.to_string().contains("64 MiB"), "{why}");
        assert!(matches!(place, Place::Memory(bytes) if bytes.is_empty()));
    }
}
