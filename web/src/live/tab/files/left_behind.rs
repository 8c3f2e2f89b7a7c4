//! Files that tabs have left which are closed now.

use js_sys::{AsyncIterator, IteratorNext};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FileSystemDirectoryHandle as Folder, FileSystemFileHandle as FileHandle};

use super::heading::{HEADING, Heading};
use super::kept::Kept;
use super::{FETCHED, folder, open_at_once};

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
        let mut handles = Vec::new();
        // What could be read before an error is good.
        let _ = collect(&folder, &mut handles).await;
        Some(Self { folder, handles })
    }

    /// Whether there are none any more.
    pub(in crate::live::tab) const fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    /// Takes so many that no tab holds.
    pub(in crate::live::tab) async fn free(&mut self, most: usize) -> Vec<Kept> {
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
            let heading = file.read_at(0, HEADING as usize);
            match heading.and_then(|bytes| Heading::decode(&bytes)) {
                Some(heading) => {
                    let folder = self.folder.clone();
                    found.push(Kept::again(file, folder, handle, heading));
                }
                // Its tab ended before it was begun.
                None => {
                    drop(file);
                    let _ = JsFuture::from(self.folder.remove_entry(&handle.name())).await;
                }
            }
        }
        self.handles = held;
        found
    }
}

async fn collect(folder: &Folder, found: &mut Vec<FileHandle>) -> Result<(), JsValue> {
    let handles: AsyncIterator = folder.values();
    loop {
        let next: IteratorNext = JsFuture::from(handles.next()?).await?.unchecked_into();
        if next.done() {
            return Ok(());
        }
        let handle = next.value().dyn_into::<FileHandle>();
        found.extend(
            handle
                .ok()
                .filter(|handle| handle.name().ends_with(FETCHED)),
        );
    }
}
