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
pub(in crate::live::tab) struct KeptFile {
    file: PrivateFile,
    folder: Folder,
    handle: FileHandle,
    heading: Heading,
}

/// A private file with all of what was fetched.
#[derive(Debug)]
pub(in crate::live::tab) struct WholeFile {
    handle: FileHandle,
    layout: Layout,
}

impl WholeFile {
    /// The bytes of the file, as something that the browser can save.
    pub(in crate::live::tab) async fn blob(self) -> Option<Blob> {
        let file = JsFuture::from(self.handle.get_file()).await;
        let file: File = file.ok()?.dyn_into().ok()?;
        let end = digests_at(self.layout);
        file.slice_with_f64_and_f64(HEADING as f64, end as f64).ok()
    }
}

/// The reason why there is no private file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live::tab) enum NoFile {
    /// The browser offers none.
    Unsupported,
    /// There is no room for one more.
    NoRoom,
}

impl KeptFile {
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

    /// Goes on with one that was begun before: its file and its heading.
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

    /// The heading.
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

    /// The layout and the digests of its segments; none while these are unknown.
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

    /// Notes that everything was checked and written. Returns the whole file, if that is safe now.
    pub(in crate::live::tab) fn finish(&mut self) -> Option<WholeFile> {
        self.heading.is_whole = true;
        let is_safe =
            self.file.flush() && self.file.write_at(0, &self.heading.encode()) && self.file.flush();
        let (handle, layout) = (self.handle.clone(), self.heading.layout?);
        is_safe.then_some(WholeFile { handle, layout })
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
