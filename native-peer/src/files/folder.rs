//! Folders: a list of files that is fetched first, then its files, a few at a time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::{Collection, File, is_safe_part};
use chordscope_core::swarm::link::Link;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::task::{JoinHandle, spawn_blocking};

use super::digest::hash;
use super::fetching::Fetching;
use super::made::Made;
use super::presence::Presence;
use super::register::{Entry, Register};
use super::sharing::Sharing;
use super::table::{Item, Table};
use super::transfers::Transfers;
use super::{Kind, Place, Refused};

/// The number of files of a folder that are fetched at a time.
const AT_A_TIME: usize = 8;
/// The longest list of files, in bytes: as many files as there may be, with paths as long as they may be.
pub(crate) const MAX_LIST: u64 = 72 << 20;

/// Folders that are shared and fetched.
#[derive(Debug)]
pub(super) struct Folders {
    table: Arc<Table>,
    register: Register,
    transfers: Arc<Transfers>,
    presence: Arc<Presence>,
    sharing: Arc<Sharing>,
    fetching: Arc<Fetching>,
    /// Folders whose files are being put where they belong.
    filling: Mutex<BTreeMap<ContentId, JoinHandle<()>>>,
    /// The list of the folder that a file was looked for in last.
    last_list: Mutex<Option<(ContentId, Arc<Collection>)>>,
}

impl Folders {
    pub(super) fn new(
        table: Arc<Table>,
        register: Register,
        transfers: Arc<Transfers>,
        presence: Arc<Presence>,
        sharing: Arc<Sharing>,
        fetching: Arc<Fetching>,
    ) -> Self {
        Self {
            table,
            register,
            transfers,
            presence,
            sharing,
            fetching,
            filling: Mutex::default(),
            last_list: Mutex::default(),
        }
    }

    /// Keeps a list of files and shares it. The files themselves are shared each on its own.
    pub(super) async fn share_list(
        &self,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<(Link, bool), Refused> {
        if !is_safe_part(name) {
            return Err(Refused::Name(name.to_string(), "folder"));
        }
        Collection::decode(&bytes)?;
        let path = self.list(ContentId::of(&bytes));
        fs::create_dir_all(self.register.folder())?;
        fs::write(&path, &bytes)?;
        let place = Place::open(&path)?;
        let values = hash(&place, |_| {})?.values;
        let hashed = place.stamp();
        let shared = self
            .sharing
            .share(&path, name, &values, hashed, Kind::Folder);
        shared.await
    }

    /// The path of a folder's list.
    pub(super) fn list(&self, content: ContentId) -> PathBuf {
        self.register.folder().join(format!("{content}.list"))
    }

    /// The file of a folder that has this path. The folder's own name may stand before it.
    pub(super) async fn below(&self, folder: ContentId, path: &str) -> Option<ContentId> {
        let item = self.table.item(folder)?;
        if !item.entry.is_collection || !item.entry.complete {
            return None;
        }
        let list = self.opened(folder).await?;
        let find = |path: &str| {
            let files = list.files();
            let at = files.binary_search_by(|file| file.path.as_str().cmp(path));
            files.get(at.ok()?)
        };
        let inner = path
            .strip_prefix(&item.entry.name)
            .and_then(|path| path.strip_prefix('/'));
        let found = find(path).or_else(|| find(inner?));
        found.map(|file| file.content)
    }

    /// The list of a folder that is here. The one that was asked for last stays in memory: a reader of one file of it reads others.
    async fn opened(&self, folder: ContentId) -> Option<Arc<Collection>> {
        let known = self.last_list().clone();
        if let Some((_, list)) = known.filter(|(content, _)| *content == folder) {
            return Some(list);
        }
        let path = self.list(folder);
        let read = move || Collection::decode(&fs::read(path).ok()?).ok();
        let list = Arc::new(spawn_blocking(read).await.ok()??);
        *self.last_list() = Some((folder, Arc::clone(&list)));
        Some(list)
    }

    fn last_list(&self) -> MutexGuard<'_, Option<(ContentId, Arc<Collection>)>> {
        // Every change of it is one step.
        let last = self.last_list.lock();
        last.unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches a list, and then its files into a folder of this path.
    pub(super) async fn fetch(
        self: &Arc<Self>,
        link: &Link,
        name: String,
        path: PathBuf,
    ) -> Result<(), Refused> {
        let content = link.content;
        let note = self.register.folder().join(format!("{content}.into"));
        let known = self
            .table
            .item(content)
            .filter(|item| item.problem.is_none());
        if known.is_some_and(|item| item.is_filling) {
            let into = fs::read_to_string(&note).unwrap_or_default();
            let into = Path::new(&into);
            return match into == path {
                true => Ok(()),
                false => Err(Refused::BeingFetched(into.to_path_buf())),
            };
        }
        let list = self.list(content);
        let is_here = self.presence.present(content).await.is_some()
            || list.exists()
                && self
                    .fetching
                    .adopt(content, name.clone(), list.clone(), Kind::Folder)
                    .await
                    .is_ok();
        if !is_here {
            if let Some(length) = link.length.filter(|length| *length > MAX_LIST) {
                return Err(Refused::LongList(length));
            }
            self.transfers.stop(content).await;
            self.register.drop(content);
            let entry = Entry {
                name,
                path: list,
                length: None,
                complete: false,
                on_disk: false,
                stamp: None,
                is_collection: true,
                is_part: false,
                copies: Vec::new(),
            };
            self.transfers.fetch(content, entry, None).await?;
        }
        fs::write(note, path.to_string_lossy().as_bytes())?;
        self.fill(content, path);
        Ok(())
    }

    /// Fetches the files of a folder in the background.
    fn fill(self: &Arc<Self>, content: ContentId, path: PathBuf) {
        self.table.change(content, |item| item.is_filling = true);
        let task = tokio::spawn(Arc::clone(self).fetch_parts(content, path));
        self.filling().insert(content, task);
    }

    fn filling(&self) -> MutexGuard<'_, BTreeMap<ContentId, JoinHandle<()>>> {
        // Every change of it is one step.
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops filling a folder: no further file of it is begun once this has returned.
    pub(super) async fn stop_filling(&self, content: ContentId) {
        let task = self.filling().remove(&content);
        if let Some(task) = task {
            task.abort();
            // It has ended, or was cancelled.
            let _ = task.await;
        }
    }

    async fn fetch_parts(self: Arc<Self>, content: ContentId, path: PathBuf) {
        let Some(item) = self
            .table
            .ended(content)
            .await
            .filter(|item| item.problem.is_none())
        else {
            return;
        };
        let read = || -> Result<(Made, Collection), Refused> {
            // A folder without files is one, too.
            let made = Made::folder(&path)?;
            Ok((made, Collection::decode(&fs::read(&item.entry.path)?)?))
        };
        let (made, list) = match read() {
            Ok(read) => read,
            Err(refused) => return self.table.fail(content, refused.to_string()),
        };
        let parts = list.files().iter().map(|file| file.content).collect();
        self.table.change(content, |item| {
            item.parts = parts;
            item.made = made;
        });
        let (folders, folder) = (Arc::clone(&self), path.clone());
        // Each is begun in its turn: there may be very many.
        let each = stream::iter(list.files().to_vec())
            .map(move |file| Arc::clone(&folders).fetch_part(content, file, folder.clone()));
        let mut rest = each.buffer_unordered(AT_A_TIME);
        while let Some(outcome) = rest.next().await {
            if let Err(refused) = outcome {
                self.table.fail(content, refused.to_string());
            }
        }
        let note = self.register.folder().join(format!("{content}.into"));
        let _ = fs::remove_file(note);
        self.table.change(content, |item| item.is_filling = false);
    }

    async fn fetch_part(
        self: Arc<Self>,
        list: ContentId,
        file: File,
        folder: PathBuf,
    ) -> Result<(), Refused> {
        if self.table.item(list).is_none() {
            // The folder is not wanted any more.
            return Ok(());
        }
        // The list was checked: no path in it leads out of the folder.
        let path = file
            .path
            .split('/')
            .fold(folder, |path, part| path.join(part));
        let name = file.path.rsplit('/').next().unwrap_or_default();
        // Files of a folder may be alike, and another folder may have the same: one place is fetched to, and copied from.
        let is_elsewhere =
            |item: Item| item.problem.is_none() && !item.entry.complete && item.entry.path != path;
        loop {
            if self.table.item(file.content).is_some_and(is_elsewhere) {
                self.table.ended(file.content).await;
            }
            let (name, kind) = (name.to_string(), Kind::Part(Some(list)));
            let begun = self.fetching.fetch(file.content, name, path.clone(), kind);
            match begun.await {
                Err(_) if self.table.item(file.content).is_some_and(is_elsewhere) => continue,
                outcome => outcome?,
            }
            match self.table.ended(file.content).await {
                Some(Item {
                    problem: Some(problem),
                    ..
                }) => return Err(Refused::Part { path, problem }),
                // It was given up and began anew for another file that is the same: this one is a copy.
                Some(item) if item.entry.path != path && !path.exists() => {}
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Goes on with folders that were being fetched when the peer ended.
    pub(super) fn take_up(self: &Arc<Self>) {
        let Ok(entries) = fs::read_dir(self.register.folder()) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let content = name.strip_suffix(".into").and_then(ContentId::parse);
            if let (Some(content), Ok(path)) = (content, fs::read_to_string(entry.path())) {
                self.fill(content, path.into());
            }
        }
    }
}
