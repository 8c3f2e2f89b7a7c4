//! Folders: a list of files that is fetched first, then its files, a few at a time.

use std::path::PathBuf;
use std::sync::Arc;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::{Collection, File};
use chordscope_core::swarm::link::Link;
use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};

use super::register::Entry;
use super::{Files, Refused, refuse};

/// How many files of a folder are fetched at a time.
const AT_A_TIME: usize = 8;
/// The longest list of files, in bytes.
const MAX_LIST: u64 = 64 << 20;

impl Files {
    /// Keeps a list of files and shares it. The files themselves are shared each on its own.
    pub(crate) async fn share_list(&self, name: &str, bytes: Vec<u8>) -> Result<Link, Refused> {
        Collection::decode(&bytes)?;
        let path = self.list(ContentId::of(&bytes));
        std::fs::create_dir_all(self.register.folder())?;
        std::fs::write(&path, &bytes)?;
        let place = super::Place::open(&path)?;
        let manifest = super::manifest_of(&place, |_| {})?;
        let digests = match manifest.encode() {
            [] => manifest.content().0.to_vec(),
            digests => digests.to_vec(),
        };
        self.share(&path, name, &digests, true).await
    }

    fn list(&self, content: ContentId) -> PathBuf {
        self.register.folder().join(format!("{content}.list"))
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
                is_collection: true,
            };
            self.start_fetch(content, entry).await?;
        }
        let note = self.register.folder().join(format!("{content}.into"));
        std::fs::write(note, path.to_string_lossy().as_bytes())?;
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
        let read = std::fs::read(&item.entry.path).map_err(Refused::from);
        let list = read.and_then(|bytes| Ok(Collection::decode(&bytes)?));
        let list = match list {
            Ok(list) => list,
            Err(Refused(reason)) => return self.fail(content, reason),
        };
        let parts = list.files().iter().map(|file| file.content).collect();
        self.change(content, |item| item.parts = parts);
        let files = list.files().iter().cloned();
        let each: Vec<_> = files
            .map(|file| Arc::clone(&self).fetch_part(file, path.clone()))
            .collect();
        let mut rest = stream::iter(each).buffer_unordered(AT_A_TIME);
        while let Some(outcome) = rest.next().await {
            if let Err(Refused(reason)) = outcome {
                self.fail(content, reason);
            }
        }
        let note = self.register.folder().join(format!("{content}.into"));
        let _ = std::fs::remove_file(note);
        self.change(content, |_| {});
    }

    async fn fetch_part(self: Arc<Self>, file: File, folder: PathBuf) -> Result<(), Refused> {
        // The list was checked: no path in it leads out of the folder.
        let path = file
            .path
            .split('/')
            .fold(folder, |path, part| path.join(part));
        let name = file.path.rsplit('/').next().unwrap_or_default().to_string();
        self.fetch_file(file.content, name, path.clone()).await?;
        match self.ended(file.content).await.and_then(|item| item.problem) {
            Some(problem) => refuse(format!("{}: {problem}", path.display())),
            None => Ok(()),
        }
    }
}

/// Goes on with folders that were being fetched when the peer ended.
pub(super) async fn take_up(files: &Arc<Files>) {
    let Ok(entries) = std::fs::read_dir(files.register.folder()) else {
        return;
    };
    let mut tasks = FuturesUnordered::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let content = name.strip_suffix(".into").and_then(ContentId::parse);
        if let (Some(content), Ok(path)) = (content, std::fs::read_to_string(entry.path())) {
            tasks.push(Arc::clone(files).fetch_parts(content, path.into()));
        }
    }
    while tasks.next().await.is_some() {}
}
