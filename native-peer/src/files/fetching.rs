//! Fetching a file: from a link to its name on disk.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chordscope_core::base::content::ContentId;
use chordscope_core::peer::Peer;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::collection::is_safe_part;
use chordscope_core::swarm::link::Link;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::digest::{Hashed, hash};
use super::made::Made;
use super::presence::Presence;
use super::register::{Entry, Register};
use super::table::Table;
use super::transfers::Transfers;
use super::{Kind, Place, Refused};
use crate::data::not_a_folder;
use crate::driver::Handle;
use crate::failure::{is_full, unwritten};

/// The number of files that are waited for at a time until they are on the disk itself.
const SETTLING: usize = 16;

/// Fetches of files: to a draft first, to their names at the end.
#[derive(Debug)]
pub(super) struct Fetching {
    table: Arc<Table>,
    register: Register,
    driver: Handle,
    transfers: Arc<Transfers>,
    presence: Arc<Presence>,
    /// Permits for files that are on their way to the disk itself: each is open meanwhile.
    settling: Semaphore,
}

impl Fetching {
    pub(super) fn new(
        table: Arc<Table>,
        register: Register,
        driver: Handle,
        transfers: Arc<Transfers>,
        presence: Arc<Presence>,
    ) -> Self {
        Self {
            table,
            register,
            driver,
            transfers,
            presence,
            settling: Semaphore::new(SETTLING),
        }
    }

    /// Fetches one file to a path.
    pub(super) async fn fetch(
        &self,
        content: ContentId,
        name: String,
        path: PathBuf,
        kind: Kind,
    ) -> Result<(), Refused> {
        let folder = match kind {
            Kind::Part(folder) => folder,
            Kind::File | Kind::Folder | Kind::Given => None,
        };
        loop {
            if let Some(item) = self.table.under_way(content) {
                if item.entry.path != path {
                    return Err(Refused::BeingFetched(item.entry.path));
                }
                if let Some(folder) = folder {
                    let _ = self.driver.look_in(content, folder).await;
                }
                return self.keep(content, kind).await;
            }
            if let Some(item) = self.presence.present(content).await {
                if item.entry.path != path {
                    self.presence.copy(content, item.entry.path, path).await?;
                }
                return self.keep(content, kind).await;
            }
            // A link that leads nowhere has the name, too.
            if path.symlink_metadata().is_ok() {
                return self.adopt(content, name, path, kind).await;
            }
            // A file that comes to a taken place by a folder is refused its name at the end.
            if !matches!(kind, Kind::Part(_)) && self.table.is_taken(&path) {
                return Err(Refused::Taken(path));
            }
            let entry = Entry {
                name: name.clone(),
                path: path.clone(),
                length: None,
                complete: false,
                on_disk: false,
                stamp: None,
                is_collection: false,
                is_part: matches!(kind, Kind::Part(_)),
                copies: Vec::new(),
            };
            if self.transfers.fetch(content, entry, folder).await? {
                return Ok(());
            }
        }
    }

    /// Keeps a content that is here in this role, too.
    async fn keep(&self, content: ContentId, kind: Kind) -> Result<(), Refused> {
        match kind {
            Kind::Part(_) => Ok(()),
            Kind::File | Kind::Folder | Kind::Given => self.transfers.keep_by_itself(content).await,
        }
    }

    /// Adopts a file that is there already: it is good if it is the same.
    pub(super) async fn adopt(
        &self,
        content: ContentId,
        name: String,
        path: PathBuf,
        kind: Kind,
    ) -> Result<(), Refused> {
        let at = path.clone();
        let hashed = spawn_blocking(move || -> io::Result<(Place, Hashed)> {
            let place = Place::open(&at)?;
            let hashed = hash(&place, |_| {})?;
            Ok((place, hashed))
        });
        match hashed.await? {
            Ok((_, Hashed { manifest, .. }))
                if manifest.content() == content
                    && self.presence.present(content).await.is_some() =>
            {
                // Another file that is the same was adopted meanwhile.
                self.presence.note_copy(content, &path)?;
                self.keep(content, kind).await
            }
            Ok((place, Hashed { manifest, values })) if manifest.content() == content => {
                let entry = Entry {
                    name,
                    length: Some(place.layout().length()),
                    path,
                    complete: true,
                    on_disk: true,
                    stamp: place.stamp(),
                    is_collection: kind == Kind::Folder,
                    is_part: matches!(kind, Kind::Part(_)),
                    copies: Vec::new(),
                };
                let have = Bitfield::all(place.layout().count());
                self.transfers
                    .begin(entry, manifest, have, place, &values)
                    .await
            }
            Ok(_) => Err(Refused::SomethingElse(path)),
            Err(error) => Err(Refused::At { path, error }),
        }
    }

    /// Gives a file that is being fetched its room on the disk, since its length is known.
    pub(super) async fn described(&self, content: ContentId) -> Result<(), Refused> {
        let manifest = self
            .driver
            .look(move |peer: &Peer| peer.swarm().manifest(content).cloned());
        let manifest = manifest.await;
        let _turn = self.transfers.turn().await;
        let (Some(item), Ok(Some(manifest))) = (self.table.item(content), manifest) else {
            return Ok(());
        };
        let length = manifest.layout().length();
        let at = item.entry.draft(content);
        let fill = move || -> io::Result<(Made, Place)> {
            let made = at.parent().map(Made::folder).transpose()?;
            let made = made.unwrap_or_default();
            match Place::fill(&at, length) {
                Ok(place) => Ok((made, place)),
                Err(error) => {
                    made.remove();
                    Err(error)
                }
            }
        };
        let filled = spawn_blocking(fill).await?;
        let (made, place) = filled.map_err(|error| {
            let said = unwritten(&item.entry.path, &error);
            match is_full(&error) {
                true => Refused::Full(said),
                false => Refused::Unwritable(said),
            }
        })?;
        let place = Arc::new(place);
        let entry = Entry {
            length: Some(length),
            ..item.entry
        };
        self.register.keep_digests(&manifest)?;
        self.register.keep(content, &entry)?;
        let kept = Arc::clone(&place);
        self.table.change(content, move |item| {
            item.entry = entry;
            item.place = Some(kept);
            item.made = made;
        });
        let _ = self.driver.place(content, place).await;
        Ok(())
    }

    /// Gives a file its name, since every segment is there. The disk may take longer.
    pub(super) async fn complete(self: &Arc<Self>, content: ContentId) {
        let _turn = self.transfers.turn().await;
        let Some(item) = self.table.item(content).filter(|item| !item.entry.complete) else {
            return;
        };
        let Some(place) = item.place.clone() else {
            return;
        };
        let (end, named) = (item.entry.path.clone(), Arc::clone(&place));
        let finished = spawn_blocking(move || named.finish(&end)).await;
        let finished = finished.unwrap_or_else(|_| Err(io::Error::other("writing stopped")));
        if let Err(error) = finished {
            self.table
                .fail(content, format!("{}: {error}", item.entry.path.display()));
            return;
        }
        self.table.change(content, |item| {
            item.entry.complete = true;
            item.entry.stamp = place.stamp();
        });
        match self.table.keep_entry(content) {
            Ok(()) => drop(tokio::spawn(Arc::clone(self).settle(content, place))),
            Err(refused) => self.table.fail(content, refused.to_string()),
        }
    }

    /// Waits until a file is on disk, and remembers that it is.
    pub(super) async fn settle(self: Arc<Self>, content: ContentId, place: Arc<Place>) {
        let permit = self.settling.acquire().await;
        let written = Arc::clone(&place);
        let synced = spawn_blocking(move || written.sync()).await;
        let synced = synced.unwrap_or_else(|_| Err(io::Error::other("writing stopped")));
        drop(permit);
        if let Err(error) = synced {
            let path = place.path();
            self.table
                .fail(content, format!("{}: {error}", path.display()));
            return;
        }
        // It may not be shared any more.
        self.table.change(content, |item| item.entry.on_disk = true);
        if let Err(refused) = self.table.keep_entry(content) {
            self.table.fail(content, refused.to_string());
        }
    }
}

/// The name of what a link means, and its path in a folder.
pub(super) fn destination(link: &Link, folder: &Path) -> Result<(String, PathBuf), Refused> {
    if !folder.is_absolute() {
        return Err(Refused::RelativeFolder);
    }
    if let Some(file) = not_a_folder(folder) {
        return Err(Refused::NotAFolder(file.to_path_buf()));
    }
    let name = match &link.name {
        Some(name) if !is_safe_part(name) => {
            return Err(Refused::LinkName(name.clone()));
        }
        Some(name) => name.clone(),
        None => link.content.to_string()[..16].to_string(),
    };
    let path = folder.join(&name);
    Ok((name, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_a_name_below_an_absolute_folder() {
        let folder = tempfile::tempdir().unwrap();
        let link = |name: Option<&str>| Link {
            content: ContentId([0xab; 32]),
            name: name.map(str::to_string),
            length: None,
            is_collection: false,
        };
        let (name, path) = destination(&link(Some("song")), folder.path()).unwrap();
        assert_eq!((name.as_str(), path), ("song", folder.path().join("song")));
        let (name, _) = destination(&link(None), folder.path()).unwrap();
        assert_eq!(name, "ab".repeat(8));
        let outside = destination(&link(Some("../song")), folder.path());
        assert!(matches!(outside, Err(Refused::LinkName(_))));
        let relative = destination(&link(None), Path::new("folder"));
        assert!(matches!(relative, Err(Refused::RelativeFolder)));
    }
}
