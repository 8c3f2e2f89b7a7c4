//! Private files with what was fetched, or is being. They outlive their tab: whichever tab of this origin is opened next goes on
//! with those that no other holds, or lets go of in the next half minute.
//!
//! Such a file describes itself: a heading, the bytes, the digests of the segments. It is read and written segment by segment, and
//! flushed once, when it is whole; until then each segment is checked again before anybody counts on it.

use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::Manifest;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, File, FileSystemDirectoryHandle as Folder, FileSystemFileHandle as FileHandle,
};

use super::heading::{HEADING, Heading, digests_at, room};
use super::{FETCHED, PrivateFile, file, folder};
use crate::live::tab::log::Slab;

/// A private file with what was fetched, or is being.
#[derive(Debug)]
pub(in crate::live::tab) struct Kept {
    file: PrivateFile,
    folder: Folder,
    handle: FileHandle,
    heading: Heading,
}

/// Why there is no private file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live::tab) enum NoFile {
    /// The browser offers none.
    Unsupported,
    /// There is no room for one more.
    NoRoom,
}

impl Kept {
    /// Makes one for a fetch that begins.
    pub(in crate::live::tab) async fn begin(peer: &str, heading: Heading) -> Result<Self, NoFile> {
        let folder = folder().await.ok_or(NoFile::Unsupported)?;
        // Two tabs may fetch the same.
        let name = format!("{}-{peer}{FETCHED}", heading.content);
        let (handle, mut file) = file(&folder, &name).await.ok_or(NoFile::NoRoom)?;
        let begun = file.cut(0) && file.write_at(0, &heading.encode());
        let kept = Self::again(file, folder, handle, heading);
        if begun {
            return Ok(kept);
        }
        kept.remove().await;
        Err(NoFile::NoRoom)
    }

    /// One that was begun before: its file, and what is known of it.
    pub(super) const fn again(
        file: PrivateFile,
        folder: Folder,
        handle: FileHandle,
        heading: Heading,
    ) -> Self {
        Self {
            file,
            folder,
            handle,
            heading,
        }
    }

    /// What is known of it.
    pub(in crate::live::tab) const fn heading(&self) -> &Heading {
        &self.heading
    }

    /// Makes room for all of it and keeps the digests of its segments; whether there is room.
    pub(in crate::live::tab) fn describe(&mut self, manifest: &Manifest) -> bool {
        let layout = manifest.layout();
        // The heading comes last: a file without digests is one of unknown length.
        let kept = self.file.resize(room(layout))
            && self.file.write_at(digests_at(layout), manifest.encode());
        self.heading.layout = Some(layout);
        kept && self.file.write_at(0, &self.heading.encode())
    }

    /// How it is cut and what its segments must be; none while that is unknown.
    pub(in crate::live::tab) fn manifest(&self) -> Option<Manifest> {
        let layout = self.heading.layout?;
        let list = self
            .file
            .read_at(digests_at(layout), Manifest::encoded_len(layout))?;
        Manifest::check(self.heading.content, layout, &list)
    }

    /// Reads a segment.
    pub(in crate::live::tab) fn read(&self, layout: Layout, index: u32) -> Option<Vec<u8>> {
        let start = HEADING + layout.range(index).start;
        self.file.read_at(start, layout.len(index))
    }

    /// Writes a segment; `false` where there is no room. It is flushed when all are there: until then each is checked again
    /// before anybody counts on it.
    pub(in crate::live::tab) fn write(&self, layout: Layout, index: u32, bytes: &[u8]) -> bool {
        self.file
            .write_at(HEADING + layout.range(index).start, bytes)
    }

    /// Everything was checked and written; whether that is safe now.
    pub(in crate::live::tab) fn finish(&mut self) -> bool {
        self.heading.is_whole = true;
        self.file.flush() && self.file.write_at(0, &self.heading.encode()) && self.file.flush()
    }

    /// The bytes of the file, as something that the browser can save.
    pub(in crate::live::tab) fn blob(&self) -> impl Future<Output = Option<Blob>> + use<> {
        let (file, layout) = (self.handle.get_file(), self.heading.layout);
        async move {
            let file: File = JsFuture::from(file).await.ok()?.dyn_into().ok()?;
            let end = digests_at(layout?);
            file.slice_with_f64_and_f64(HEADING as f64, end as f64).ok()
        }
    }

    /// Gives its room back.
    pub(in crate::live::tab) async fn remove(self) {
        let Self {
            file,
            folder,
            handle,
            ..
        } = self;
        drop(file);
        // What cannot be removed now shows again when a tab is opened.
        let _ = JsFuture::from(folder.remove_entry(&handle.name())).await;
    }
}
