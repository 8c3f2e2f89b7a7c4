//! Private files for what is being fetched. They do not outlive the worker of their peer.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FileSystemDirectoryHandle as Folder, FileSystemFileHandle as FileHandle};

use super::{PrivateFile, file, folder};
use crate::live::tab::log::Slab;

/// Makes an empty file for what is being fetched; none where the browser offers no private files.
pub(in crate::live::tab) async fn draft(name: &str, number: u32) -> Option<(PrivateFile, Entry)> {
    let folder = folder().await?;
    let name = format!("{}{number}", prefix(name));
    let (handle, mut draft) = file(&folder, &name).await?;
    draft.cut(0).then_some((draft, Entry { folder, handle }))
}

/// Where a draft stands in the private file system.
#[derive(Clone, Debug)]
pub(in crate::live::tab) struct Entry {
    folder: Folder,
    handle: FileHandle,
}

impl Entry {
    /// What it holds, as a file that the browser can save.
    pub(in crate::live::tab) async fn whole(self) -> Option<File> {
        let file = JsFuture::from(self.handle.get_file()).await;
        file.ok()?.dyn_into().ok()
    }

    /// Gives its room back. Nobody may have it open.
    pub(in crate::live::tab) async fn remove(self) {
        let removed = self.folder.remove_entry(&self.handle.name());
        // What cannot be removed now is when this peer starts again.
        let _ = JsFuture::from(removed).await;
    }
}

/// What the names of a peer's drafts begin with.
pub(super) fn prefix(name: &str) -> String {
    format!("{name}.draft-")
}
