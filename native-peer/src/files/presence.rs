//! The presence of files: whether what ought to be on the disk is there, and what takes over where it is not; the disk decides,
//! not the register.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::api::Failure;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::Manifest;
use tempfile::NamedTempFile;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::digest::{check, hash};
use super::register::{Entry, Register};
use super::table::{Item, Table};
use super::transfers::Transfers;
use super::{Place, Refused};
use crate::driver::Handle;

/// The number of places of one content that are remembered besides the one that it is read from.
const MAX_COPIES: usize = 16;

/// The places of each content, of which one is used.
#[derive(Debug)]
pub(super) struct Presence {
    table: Arc<Table>,
    register: Register,
    driver: Handle,
    transfers: Arc<Transfers>,
    /// The lock under which one content at a time is looked for at its other places.
    falling_back: Mutex<()>,
}

impl Presence {
    pub(super) fn new(
        table: Arc<Table>,
        register: Register,
        driver: Handle,
        transfers: Arc<Transfers>,
    ) -> Self {
        Self {
            table,
            register,
            driver,
            transfers,
            falling_back: Mutex::default(),
        }
    }

    /// A content that is complete, if the disk has it still. Where its file is gone or is another one, a copy takes over.
    pub(super) async fn present(&self, content: ContentId) -> Option<Item> {
        if self.is_untouched(content).await {
            return self.table.item(content);
        }
        let _turn = self.falling_back.lock().await;
        if self.is_untouched(content).await {
            return self.table.item(content);
        }
        let item = self.table.item(content);
        let item = item.filter(|item| item.entry.complete && item.problem.is_none())?;
        self.fall_back(content, item.entry).await
    }

    /// Returns whether a content is complete, and its file the one that was checked in this run.
    async fn is_untouched(&self, content: ContentId) -> bool {
        let Some(item) = self.table.item(content) else {
            return false;
        };
        let whole = spawn_blocking(move || item.is_whole()).await;
        whole.unwrap_or(false)
    }

    /// Goes on with the first place of a content at which all of it is found.
    pub(super) async fn fall_back(&self, content: ContentId, entry: Entry) -> Option<Item> {
        let manifest = self.register.manifest(content, entry.length?)?;
        let mut paths = vec![entry.path.clone()];
        paths.extend(entry.copies.iter().cloned());
        let known = manifest.clone();
        let found = spawn_blocking(move || first_good(paths, &known)).await;
        let (place, copies) = found.ok().flatten()?;
        let entry = Entry {
            path: place.path(),
            stamp: place.stamp(),
            copies,
            ..entry
        };
        let have = Bitfield::all(manifest.layout().count());
        // A core that refuses it, and a peer that stops, leave it without a place.
        let _ = self
            .transfers
            .begin(entry, manifest, have, place, &[])
            .await;
        self.table.item(content)
    }

    /// A content could not be read as it ought to be: a copy takes over, or it is shared no more.
    pub(super) async fn look_again(self: Arc<Self>, content: ContentId) {
        let _turn = self.falling_back.lock().await;
        let Some(item) = self.table.item(content) else {
            return;
        };
        if item.problem.is_some() || self.fall_back(content, item.entry).await.is_some() {
            return;
        }
        let _ = self.driver.stop_transfer(content).await;
        // Another start must not take it for what it was.
        self.table.change(content, |item| item.entry.stamp = None);
        if let Err(refused) = self.table.keep_entry(content) {
            tracing::warn!("{content} is not noted as changed: {refused}");
        }
        self.table.fail(content, Failure::Changed.to_string());
    }

    /// The same lies at this path, too.
    pub(super) fn note_copy(&self, content: ContentId, path: &Path) -> Result<(), Refused> {
        self.table.change(content, |item| {
            let entry = &mut item.entry;
            let is_new = entry.path != path && entry.copies.iter().all(|copy| copy != path);
            if is_new && entry.copies.len() < MAX_COPIES {
                entry.copies.push(path.to_path_buf());
            }
        });
        self.table.keep_entry(content)
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

/// The first of these files that is all of a content, and the paths behind it.
fn first_good(mut paths: Vec<PathBuf>, known: &Manifest) -> Option<(Place, Vec<PathBuf>)> {
    let is_good = |path: &PathBuf| {
        let place = Place::open(path).ok()?;
        let have = check(&place, known, |_| {}).ok()?;
        have.is_full().then_some(place)
    };
    let (at, place) = paths
        .iter()
        .enumerate()
        .find_map(|(at, path)| Some((at, is_good(path)?)))?;
    Some((place, paths.split_off(at + 1)))
}

/// Copies a file, if it is all of a content, to where nothing is yet, or the same.
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
