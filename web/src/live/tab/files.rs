//! The browser's private file system, as far as logs and fetched files need it.

mod heading;
mod kept;
mod left_behind;

use js_sys::{AsyncIterator, IteratorNext};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle as Folder, FileSystemFileHandle as FileHandle,
    FileSystemGetDirectoryOptions, FileSystemGetFileOptions, FileSystemReadWriteOptions,
    FileSystemSyncAccessHandle, WorkerGlobalScope,
};

pub(super) use self::heading::Heading;
pub(super) use self::kept::{KeptFile, NoFile, WholeFile};
pub(super) use self::left_behind::LeftBehind;
use super::clock::wall_millis;
use super::log::Slab;

/// Other applications of the same origin may keep files there, too.
const FOLDER: &str = "chordscope-tabs";
/// The end of the names of fetched files.
const FETCHED: &str = ".fetched";
/// The worker of a page that has just been reloaded may still hold the files.
const ATTEMPTS: u32 = 20;
const PAUSE: u32 = 100;
/// The milliseconds after which a log that no tab has written to holds only what has expired: a tab that was closed for good left it.
const ABANDONED: u64 = 7 * 24 * 60 * 60 * 1_000;

/// A file that this worker alone may use.
#[derive(Debug)]
pub(super) struct PrivateFile(FileSystemSyncAccessHandle);

impl PrivateFile {
    /// Makes it this long; `false` where there is no room.
    pub(super) fn resize(&self, length: u64) -> bool {
        self.0.truncate_with_f64(length as f64).is_ok()
    }

    /// Reads so many bytes from there on.
    pub(super) fn read_at(&self, start: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read = self
            .0
            .read_with_u8_array_and_options(&mut bytes, &at(start as f64));
        (read.ok()? as usize == length).then_some(bytes)
    }

    /// Writes there; `false` where not all of it was.
    pub(super) fn write_at(&self, start: u64, bytes: &[u8]) -> bool {
        let written = self
            .0
            .write_with_u8_array_and_options(bytes, &at(start as f64));
        written.is_ok_and(|count| count as usize == bytes.len())
    }
}

impl Slab for PrivateFile {
    fn size(&self) -> Option<usize> {
        self.0.get_size().ok().map(|size| size as usize)
    }

    fn read(&self, at: usize, length: usize) -> Option<Vec<u8>> {
        self.read_at(at as u64, length)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> bool {
        self.write_at(offset as u64, bytes)
    }

    fn cut(&mut self, length: usize) -> bool {
        self.resize(length as u64)
    }

    fn flush(&mut self) -> bool {
        self.0.flush().is_ok()
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn at(offset: f64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(offset);
    options
}

/// Opens the two files of a peer; none where the browser offers no private files.
pub(super) async fn open(name: &str) -> Option<[PrivateFile; 2]> {
    let folder = folder().await?;
    sweep(&folder).await;
    let first = file(&folder, &format!("{name}.0")).await?.1;
    let second = file(&folder, &format!("{name}.1")).await?.1;
    Some([first, second])
}

/// Removes the logs of tabs that were closed for good.
async fn sweep(folder: &Folder) {
    for handle in handles(folder).await {
        // A fetched file stays until its user removes it.
        let is_log = !handle.name().ends_with(FETCHED);
        if is_log && age(&handle).await.is_some_and(|age| age > ABANDONED) {
            // Other tabs may sweep at the same time: one that is gone already, or in use, is left alone.
            let _ = JsFuture::from(folder.remove_entry(&handle.name())).await;
        }
    }
}

/// Milliseconds since the last write to a file; none if it is gone meanwhile.
async fn age(handle: &FileHandle) -> Option<u64> {
    let file = JsFuture::from(handle.get_file()).await;
    let file: File = file.ok()?.dyn_into().ok()?;
    Some(wall_millis().saturating_sub(file.last_modified() as u64))
}

/// The files of a folder. Those that could be listed before an error are good.
async fn handles(folder: &Folder) -> Vec<FileHandle> {
    let mut found = Vec::new();
    // The list may end with an error: other tabs remove files at the same time.
    let _ = list(folder, &mut found).await;
    found
}

async fn list(folder: &Folder, found: &mut Vec<FileHandle>) -> Result<(), JsValue> {
    let values: AsyncIterator = folder.values();
    loop {
        let next: IteratorNext = JsFuture::from(values.next()?).await?.unchecked_into();
        if next.done() {
            return Ok(());
        }
        found.extend(next.value().dyn_into::<FileHandle>());
    }
}

async fn folder() -> Option<Folder> {
    let scope = js_sys::global().dyn_into::<WorkerGlobalScope>().ok()?;
    // Elsewhere there is no storage to ask for.
    if !scope.is_secure_context() {
        return None;
    }
    let root = JsFuture::from(scope.navigator().storage().get_directory()).await;
    let root: Folder = root.ok()?.dyn_into().ok()?;
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = JsFuture::from(root.get_directory_handle_with_options(FOLDER, &options)).await;
    folder.ok()?.dyn_into().ok()
}

async fn file(folder: &Folder, name: &str) -> Option<(FileHandle, PrivateFile)> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let handle = JsFuture::from(folder.get_file_handle_with_options(name, &options)).await;
    let handle: FileHandle = handle.ok()?.dyn_into().ok()?;
    for _ in 0..ATTEMPTS {
        if let Some(file) = open_at_once(&handle).await {
            return Some((handle, file));
        }
        gloo::timers::future::TimeoutFuture::new(PAUSE).await;
    }
    None
}

/// Opens a file unless another tab has it open.
async fn open_at_once(handle: &FileHandle) -> Option<PrivateFile> {
    let file = JsFuture::from(handle.create_sync_access_handle()).await;
    Some(PrivateFile(file.ok()?.dyn_into().ok()?))
}
