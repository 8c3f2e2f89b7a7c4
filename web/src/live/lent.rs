//! Files and folders that the user lends, by choosing them or by dropping them anywhere on the page.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    DataTransfer, FileList, FileSystemDirectoryEntry as FolderEntry, FileSystemEntry as Entry,
    FileSystemFileEntry as FileEntry,
};
use yew::{Callback, hook};

use crate::hooks::use_file_drop::use_file_drop;
use crate::live::intent::Intent;
use crate::live::talk::{LocalFile, LocalFolder, MAX_SHARED};

/// Shares each of the files that were chosen.
pub fn files(list: &FileList, intend: &Callback<Intent>) {
    for file in (0..list.length()).filter_map(|index| list.get(index)) {
        intend.emit(Intent::Share(file));
    }
}

/// Shares the folder that was chosen. A browser gives the files of all that is in it, each with its path; of one without files, nothing.
pub fn folder(list: &FileList, intend: &Callback<Intent>) {
    let files = (0..list.length()).filter_map(|index| list.get(index));
    let mut called = None;
    let local = |file: web_sys::File| {
        let path = Reflect::get(&file, &"webkitRelativePath".into()).ok()?;
        let path = path.as_string()?;
        let (name, path) = path.split_once('/')?;
        called.get_or_insert_with(|| name.to_owned());
        let path = path.to_owned();
        Some(LocalFile { path, file })
    };
    let files = files.filter_map(local).collect();
    if let Some(name) = called {
        intend.emit(Intent::ShareFolder(LocalFolder { name, files }));
    }
}

/// Shares what is dropped while the page is shown. Returns whether files are being dragged over it.
#[hook]
pub fn use_drop(intend: Callback<Intent>, shown: bool) -> bool {
    let shared = Callback::from(move |data: DataTransfer| dropped(&data, &intend));
    use_file_drop(shown, shared)
}

/// Shares each of the files and folders that were dropped.
fn dropped(data: &DataTransfer, intend: &Callback<Intent>) {
    let items = data.items();
    for item in (0..items.length()).filter_map(|index| items.get(index)) {
        // Only now, while the event is handled, can it be asked for.
        let entry = item.webkit_get_as_entry().ok().flatten();
        match entry.filter(Entry::is_directory) {
            Some(entry) => spawn_local(share(entry.unchecked_into(), intend.clone())),
            None => {
                if let Ok(Some(file)) = item.get_as_file() {
                    intend.emit(Intent::Share(file));
                }
            }
        }
    }
}

async fn share(folder: FolderEntry, intend: Callback<Intent>) {
    let (name, files) = (folder.name(), files_below(folder).await);
    intend.emit(match files {
        Ok(files) => Intent::ShareFolder(LocalFolder { name, files }),
        Err(_) => Intent::Unreadable(name),
    });
}

/// The files of a folder and of all folders in it; of too many, one more than a tab takes.
async fn files_below(folder: FolderEntry) -> Result<Vec<LocalFile>, JsValue> {
    let (mut files, mut open) = (Vec::new(), vec![(String::new(), folder)]);
    while let Some((below, folder)) = open.pop() {
        let reader = folder.create_reader();
        loop {
            let read = promised(|done, failed| {
                reader.read_entries_with_callback_and_callback(done, failed)
            });
            let entries: Array = read.await?.unchecked_into();
            if entries.length() == 0 {
                break;
            }
            for entry in entries.iter() {
                let entry: Entry = entry.unchecked_into();
                let path = format!("{below}{}", entry.name());
                if entry.is_directory() {
                    open.push((format!("{path}/"), entry.unchecked_into()));
                    continue;
                }
                let entry: FileEntry = entry.unchecked_into();
                let file = promised(|done, failed| {
                    entry.file_with_callback_and_callback(done, failed);
                    Ok(())
                });
                let file = file.await?.unchecked_into();
                files.push(LocalFile { path, file });
                if files.len() > MAX_SHARED {
                    return Ok(files);
                }
            }
        }
    }
    Ok(files)
}

/// Returns the value that a browser tells one of two callbacks.
async fn promised(
    mut begin: impl FnMut(&js_sys::Function, &js_sys::Function) -> Result<(), JsValue>,
) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |done, failed| {
        if let Err(error) = begin(&done, &failed) {
            let _ = failed.call1(&JsValue::NULL, &error);
        }
    });
    JsFuture::from(promise).await
}
