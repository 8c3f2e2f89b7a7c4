//! Folders: a list of files that is fetched first, then its files, a few at a time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::{Collection, File};
use chordscope_core::swarm::link::Link;
use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use super::register::Entry;
use super::{Files, Kind, Place, Refused, hash, refuse};

/// How many files of a folder are fetched at a time.
const AT_A_TIME: usize = 8;
/// The longest list of files, in bytes.
const MAX_LIST: u64 = 64 << 20;

impl Files {
    /// Keeps a list of files and shares it. The files themselves are shared each on its own.
    pub(crate) async fn share_list(&self, name: &str, bytes: Vec<u8>) -> Result<Link, Refused> {
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
        let list = self.list(folder);
        let bytes = spawn_blocking(move || fs::read(list)).await.ok()?.ok()?;
        let list = Collection::decode(&bytes).ok()?;
        let find = |path: &str| list.files().iter().find(|file| file.path == path);
        let inner = path
            .strip_prefix(&item.entry.name)
            .and_then(|path| path.strip_prefix('/'));
        let found = find(path).or_else(|| find(inner?));
        found.map(|file| file.content)
    }

    /// Fetches a list, and then its files into a folder of this path.
    pub(super) async fn fetch_collection(
        self: &Arc<Self>,
        link: &Link,
        name: String,
        path: PathBuf,
    ) -> Result<(), Refused> {
        let content = link.content;
        let known = self.item(content).filter(|item| item.problem.is_none());
        if known.is_none() {
            if link.length.is_some_and(|length| length > MAX_LIST) {
                return refuse("the link's list of files is too long");
            }
            let entry = Entry {
                name,
                path: self.list(content),
                length: None,
                complete: false,
                on_disk: false,
                is_collection: true,
                is_part: false,
            };
            self.start_fetch(content, entry).await?;
        }
        let note = self.register.folder().join(format!("{content}.into"));
        fs::write(note, path.to_string_lossy().as_bytes())?;
        self.change(content, |item| item.is_filling = true);
        tokio::spawn(Arc::clone(self).fetch_parts(content, path));
        Ok(())
    }

    async fn fetch_parts(self: Arc<Self>, content: ContentId, path: PathBuf) {
        let Some(item) = self
            .ended(content)
            .await
            .filter(|item| item.problem.is_none())
        else {
            return;
        };
        let read = || -> Result<Collection, Refused> {
            // A folder without files is one, too.
            fs::create_dir_all(&path)?;
            Ok(Collection::decode(&fs::read(&item.entry.path)?)?)
        };
        let list = match read() {
            Ok(list) => list,
            Err(Refused(reason)) => return self.fail(content, reason),
        };
        let parts = list.files().iter().map(|file| file.content).collect();
        self.change(content, |item| item.parts = parts);
        let files = list.files().iter().cloned();
        let each: Vec<_> = files
            .map(|file| Arc::clone(&self).fetch_part(content, file, path.clone()))
            .collect();
        let mut rest = stream::iter(each).buffer_unordered(AT_A_TIME);
        while let Some(outcome) = rest.next().await {
            if let Err(Refused(reason)) = outcome {
                self.fail(content, reason);
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
        let known = self
            .item(file.content)
            .filter(|item| item.problem.is_none());
        if known.is_some_and(|item| item.entry.path != path) {
            return self.copy(file.content, path).await;
        }
        let name = file.path.rsplit('/').next().unwrap_or_default().to_string();
        self.fetch_file(file.content, name, path.clone(), Kind::Part)
            .await?;
        match self.ended(file.content).await.and_then(|item| item.problem) {
            Some(problem) => refuse(format!("{}: {problem}", path.display())),
            None => Ok(()),
        }
    }

    /// Puts a second copy of what is here, or will be, under another path: files of a folder may be alike.
    async fn copy(&self, content: ContentId, to: PathBuf) -> Result<(), Refused> {
        let Some(item) = self.ended(content).await else {
            return Ok(());
        };
        if let Some(problem) = item.problem {
            return refuse(format!("{}: {problem}", to.display()));
        }
        let (from, at) = (item.entry.path, to.clone());
        let copied = spawn_blocking(move || copy_checked(content, &from, &at)).await?;
        copied.map_err(|error| Refused(format!("{}: {error}", to.display())))
    }
}

fn copy_checked(content: ContentId, from: &Path, to: &Path) -> io::Result<()> {
    let is_content = |path: &Path| -> io::Result<bool> {
        let manifest = hash(&Place::open(path)?, |_| {})?.manifest;
        Ok(manifest.content() == content)
    };
    if to.exists() {
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
pub(super) async fn take_up(files: &Arc<Files>) {
    let Ok(entries) = fs::read_dir(files.register.folder()) else {
        return;
    };
    let mut tasks = FuturesUnordered::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let content = name.strip_suffix(".into").and_then(ContentId::parse);
        if let (Some(content), Ok(path)) = (content, fs::read_to_string(entry.path())) {
            files.change(content, |item| item.is_filling = true);
            tasks.push(Arc::clone(files).fetch_parts(content, path.into()));
        }
    }
    while tasks.next().await.is_some() {}
}
