//! Folders: a list of files that is fetched first, then its files, a few at a time.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::{Collection, File, is_safe_part};
use chordscope_core::swarm::link::Link;
use futures_util::StreamExt;
use futures_util::stream;
use tempfile::NamedTempFile;
use tokio::task::{JoinHandle, spawn_blocking};

use super::register::Entry;
use super::{Files, Item, Kind, Made, Place, Refused, hash};

/// The number of files of a folder that are fetched at a time.
const AT_A_TIME: usize = 8;
/// The longest list of files, in bytes: as many files as there may be, with paths as long as they may be.
pub(crate) const MAX_LIST: u64 = 72 << 20;

impl Files {
    /// Keeps a list of files and shares it. The files themselves are shared each on its own.
    pub(crate) async fn share_list(
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
        self.share(&path, name, &values, hashed, Kind::Folder).await
    }

    pub(super) fn list(&self, content: ContentId) -> PathBuf {
        self.register.folder().join(format!("{content}.list"))
    }

    /// The file of a folder that has this path. The folder's own name may stand before it.
    pub(crate) async fn below(&self, folder: ContentId, path: &str) -> Option<ContentId> {
        let item = self.item(folder)?;
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

    /// The list of a folder that is here. The one that was asked for last stays in memory: whoever reads one file of it reads others.
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
    pub(super) async fn fetch_collection(
        self: &Arc<Self>,
        link: &Link,
        name: String,
        path: PathBuf,
    ) -> Result<(), Refused> {
        let content = link.content;
        let note = self.register.folder().join(format!("{content}.into"));
        let known = self.item(content).filter(|item| item.problem.is_none());
        if known.is_some_and(|item| item.is_filling) {
            let into = fs::read_to_string(&note).unwrap_or_default();
            let into = Path::new(&into);
            return match into == path {
                true => Ok(()),
                false => Err(Refused::BeingFetched(into.to_path_buf())),
            };
        }
        let list = self.list(content);
        let is_here = self.present(content).await.is_some()
            || list.exists()
                && self
                    .adopt(content, name.clone(), list.clone(), Kind::Folder)
                    .await
                    .is_ok();
        if !is_here {
            if let Some(length) = link.length.filter(|length| *length > MAX_LIST) {
                return Err(Refused::LongList(length));
            }
            self.stop(content).await;
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
            self.start_fetch(content, entry, None).await?;
        }
        fs::write(note, path.to_string_lossy().as_bytes())?;
        self.fill(content, path);
        Ok(())
    }

    /// Fetches the files of a folder in the background.
    fn fill(self: &Arc<Self>, content: ContentId, path: PathBuf) {
        self.change(content, |item| item.is_filling = true);
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
            Err(refused) => return self.fail(content, refused.to_string()),
        };
        let parts = list.files().iter().map(|file| file.content).collect();
        self.change(content, |item| {
            item.parts = parts;
            item.made = made;
        });
        let (files, folder) = (Arc::clone(&self), path.clone());
        // Each is begun in its turn: there may be very many.
        let each = stream::iter(list.files().to_vec())
            .map(move |file| Arc::clone(&files).fetch_part(content, file, folder.clone()));
        let mut rest = each.buffer_unordered(AT_A_TIME);
        while let Some(outcome) = rest.next().await {
            if let Err(refused) = outcome {
                self.fail(content, refused.to_string());
            }
        }
        let note = self.register.folder().join(format!("{content}.into"));
        let _ = fs::remove_file(note);
        self.change(content, |item| item.is_filling = false);
    }

    async fn fetch_part(
        self: Arc<Self>,
        list: ContentId,
        file: File,
        folder: PathBuf,
    ) -> Result<(), Refused> {
        if self.item(list).is_none() {
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
            if self.item(file.content).is_some_and(is_elsewhere) {
                self.ended(file.content).await;
            }
            let (name, kind) = (name.to_string(), Kind::Part(Some(list)));
            let begun = self.fetch_file(file.content, name, path.clone(), kind);
            match begun.await {
                Err(_) if self.item(file.content).is_some_and(is_elsewhere) => {}
                outcome => break outcome?,
            }
        }
        match self.ended(file.content).await.and_then(|item| item.problem) {
            Some(problem) => Err(Refused::Part { path, problem }),
            None => Ok(()),
        }
    }

    /// Puts a second copy of what is here under another path.
    pub(super) async fn copy(
        &self,
        content: ContentId,
        from: PathBuf,
        to: PathBuf,
    ) -> Result<(), Refused> {
        let at = to.clone();
        let copied = spawn_blocking(move || copy_checked(content, &from, &at)).await?;
        copied.map_err(|error| Refused::At {
            path: to.clone(),
            error,
        })?;
        self.note_copy(content, &to)
    }
}

fn copy_checked(content: ContentId, from: &Path, to: &Path) -> io::Result<()> {
    let is_content = |path: &Path| -> io::Result<bool> {
        let manifest = hash(&Place::open(path)?, |_| {})?.manifest;
        Ok(manifest.content() == content)
    };
    if to.symlink_metadata().is_ok() {
        return match is_content(to)? {
            true => Ok(()),
            false => Err(io::Error::other("something else is there already")),
        };
    }
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder)?;
    let draft = NamedTempFile::new_in(folder)?;
    fs::copy(from, draft.path())?;
    if !is_content(draft.path())? {
        let changed = format!("{} has changed since it was shared", from.display());
        return Err(io::Error::other(changed));
    }
    draft.as_file().sync_all()?;
    draft.persist_noclobber(to)?;
    Ok(())
}

/// Goes on with folders that were being fetched when the peer ended.
pub(super) fn take_up(files: &Arc<Files>) {
    let Ok(entries) = fs::read_dir(files.register.folder()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let content = name.strip_suffix(".into").and_then(ContentId::parse);
        if let (Some(content), Ok(path)) = (content, fs::read_to_string(entry.path())) {
            files.fill(content, path.into());
        }
    }
}
