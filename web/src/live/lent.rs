//! Files and folders that the user lends, by choosing them or by dropping them anywhere on the page.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    DataTransfer, DragEvent, Event, FileList, FileSystemDirectoryEntry as FolderEntry,
    FileSystemEntry as Entry, FileSystemFileEntry as FileEntry,
};
use yew::{Callback, UseStateHandle, hook, use_state};

use crate::hooks::use_listener::use_listener;
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

/// Shares what is dropped while the page is shown: on all of it, since a browser goes to a file that lands beside its target, and the
/// tab's peer would be gone. Returns whether files are being dragged over it.
#[hook]
pub fn use_drop(intend: Callback<Intent>, shown: bool) -> bool {
    let over: UseStateHandle<bool> = use_state(|| false);
    let carries = move |event: &Event| -> Option<DragEvent> {
        let event = event.dyn_ref::<DragEvent>().filter(|_| shown)?.clone();
        let types = event.data_transfer()?.types();
        types.includes(&"Files".into(), 0).then_some(event)
    };
    let (enter, leave, end) = (over.clone(), over.clone(), over.clone());
    let dragged = Callback::from(move |event: Event| {
        if let Some(event) = carries(&event) {
            event.prevent_default();
            if !*enter {
                enter.set(true);
            }
        }
    });
    let left = Callback::from(move |event: Event| {
        // Between two elements of the page there is always a next one.
        let event = event.dyn_into::<DragEvent>().ok();
        if event.is_some_and(|event| event.related_target().is_none()) {
            leave.set(false);
        }
    });
    let drop = Callback::from(move |event: Event| {
        end.set(false);
        if let Some(event) = carries(&event) {
            event.prevent_default();
            if let Some(data) = event.data_transfer() {
                dropped(&data, &intend);
            }
        }
    });
    use_listener(|window| Some(window.clone().into()), "dragover", dragged);
    use_listener(|window| Some(window.clone().into()), "dragleave", left);
    use_listener(|window| Some(window.clone().into()), "drop", drop);
    *over
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
