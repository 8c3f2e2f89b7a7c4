//! Files that tabs have left which are closed now.

use js_sys::{AsyncIterator, IteratorNext};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FileSystemDirectoryHandle as Folder, FileSystemFileHandle as FileHandle};

use super::heading::{HEADING, Heading};
use super::kept::Kept;
use super::{FETCHED, folder, open_at_once};

/// What earlier tabs have left and no other tab holds.
pub(in crate::live::tab) async fn left_behind(most: usize) -> Vec<Kept> {
    let mut found = Vec::new();
    if let Some(folder) = folder().await {
        // What could be read before an error is good.
        let _ = collect(&folder, most, &mut found).await;
    }
    found
}

async fn collect(folder: &Folder, most: usize, found: &mut Vec<Kept>) -> Result<(), JsValue> {
    let handles: AsyncIterator = folder.values();
    while found.len() < most {
        let next: IteratorNext = JsFuture::from(handles.next()?).await?.unchecked_into();
        if next.done() {
            break;
        }
        let Ok(handle) = next.value().dyn_into::<FileHandle>() else {
            continue;
        };
        if !handle.name().ends_with(FETCHED) {
            continue;
        }
        let Some(file) = open_at_once(&handle).await else {
            continue;
        };
        let heading = file.read_at(0, HEADING as usize);
        match heading.and_then(|bytes| Heading::decode(&bytes)) {
            Some(heading) => {
                let folder = folder.clone();
                found.push(Kept::again(file, folder, handle, heading));
            }
            // Its tab ended before it was begun.
            None => {
                drop(file);
                let _ = JsFuture::from(folder.remove_entry(&handle.name())).await;
            }
        }
    }
    Ok(())
}
