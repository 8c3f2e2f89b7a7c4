//! Files that tabs have left which are closed now.

use wasm_bindgen_futures::JsFuture;
use web_sys::{FileSystemDirectoryHandle as Folder, FileSystemFileHandle as FileHandle};

use super::heading::{HEADING, State};
use super::kept::KeptFile;
use super::{FETCHED, folder, handles, open_at_once};
use crate::live::tab::log::Slab;

/// Files that tabs had begun when this one was opened, as far as it has not taken them up.
#[derive(Debug)]
pub(in crate::live::tab) struct LeftBehind {
    folder: Folder,
    handles: Vec<FileHandle>,
}

impl LeftBehind {
    /// Finds them; none where the browser offers no private files.
    pub(in crate::live::tab) async fn find() -> Option<Self> {
        let folder = folder().await?;
        let mut handles = handles(&folder).await;
        handles.retain(|handle| handle.name().ends_with(FETCHED));
        Some(Self { folder, handles })
    }

    /// Whether there are none any more.
    pub(in crate::live::tab) const fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    /// Takes files that no tab holds, at most so many.
    pub(in crate::live::tab) async fn free(&mut self, most: usize) -> Vec<KeptFile> {
        let (mut found, mut held) = (Vec::new(), Vec::new());
        for handle in std::mem::take(&mut self.handles) {
            if found.len() == most {
                held.push(handle);
                continue;
            }
            let Some(file) = open_at_once(&handle).await else {
                held.push(handle);
                continue;
            };
            match State::of(file.size(), || file.read_at(0, HEADING as usize)) {
                State::Begun(heading) => {
                    let folder = self.folder.clone();
                    found.push(KeptFile::again(file, folder, handle, heading));
                }
                State::Empty => {
                    drop(file);
                    let _ = JsFuture::from(self.folder.remove_entry(&handle.name())).await;
                }
                State::Unread => held.push(handle),
                State::Foreign => {}
            }
        }
        self.handles = held;
        found
    }
}
