//! Removing what nobody will come back for.

use js_sys::{AsyncIterator, IteratorNext};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FileSystemDirectoryHandle as Folder, FileSystemFileHandle as FileHandle};

use super::FETCHED;
use crate::live::tab::clock::wall_millis;

/// Files that nobody has touched for so long hold only what has expired: a tab that was closed for good left them.
const ABANDONED: u64 = 7 * 24 * 60 * 60 * 1_000;

/// Removes the records of tabs that were closed for good.
pub(super) async fn sweep(folder: &Folder) -> Result<(), JsValue> {
    let handles: AsyncIterator = folder.values();
    loop {
        let next: IteratorNext = JsFuture::from(handles.next()?).await?.unchecked_into();
        if next.done() {
            return Ok(());
        }
        let Ok(handle) = next.value().dyn_into::<FileHandle>() else {
            continue;
        };
        // What was fetched stays until its user removes it.
        let is_log = !handle.name().ends_with(FETCHED);
        if is_log && age(&handle).await? > ABANDONED {
            let _ = JsFuture::from(folder.remove_entry(&handle.name())).await;
        }
    }
}

/// Milliseconds since somebody wrote to a file.
async fn age(handle: &FileHandle) -> Result<u64, JsValue> {
    let file: File = JsFuture::from(handle.get_file()).await?.dyn_into()?;
    Ok(wall_millis().saturating_sub(file.last_modified() as u64))
}
