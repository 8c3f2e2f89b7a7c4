//! Fetching a file: from a link to its name on disk.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chordscope_core::base::content::ContentId;
use chordscope_core::peer::Peer;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::collection::is_safe_part;
use chordscope_core::swarm::link::Link;
use tokio::task::spawn_blocking;

use super::register::Entry;
use super::{Files, Hashed, Item, Kind, Made, Place, Refused, hash};
use crate::data::not_a_folder;
use crate::driver::Belongs;
use crate::failure::{is_full, unwritten};

impl Files {
    /// Fetches what a link means into a folder; gives the path under which it will be, and whether this began it.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        link: &Link,
        folder: &Path,
    ) -> Result<(PathBuf, bool), Refused> {
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
        let known = self.item(link.content);
        let is_under_way = known.is_some_and(|item| {
            item.problem.is_none() && (!item.entry.complete || item.is_filling)
        });
        match link.is_collection {
            true => self.fetch_collection(link, name, path.clone()).await?,
            false => {
                self.fetch_file(link.content, name, path.clone(), Kind::File)
                    .await?;
            }
        }
        Ok((path, !is_under_way))
    }

    /// Fetches one file to a path.
    pub(super) async fn fetch_file(
        self: &Arc<Self>,
        content: ContentId,
        name: String,
        path: PathBuf,
        kind: Kind,
    ) -> Result<(), Refused> {
        let folder = match kind {
            Kind::Part(folder) => folder,
            Kind::File | Kind::Folder | Kind::Given => None,
        };
        if let Some(item) = self.under_way(content) {
            if item.entry.path != path {
                return Err(Refused::BeingFetched(item.entry.path));
            }
            if let Some(folder) = folder {
                let _ = self.driver.look_in(content, folder).await;
            }
            return self.keep(content, kind).await;
        }
        if let Some(item) = self.present(content).await {
            if item.entry.path != path {
                self.copy(content, item.entry.path, path).await?;
            }
            return self.keep(content, kind).await;
        }
        // A link that leads nowhere has the name, too.
        if path.symlink_metadata().is_ok() {
            return self.adopt(content, name, path, kind).await;
        }
        // A file that comes to a taken place by a folder is refused its name at the end.
        if !matches!(kind, Kind::Part(_)) && self.is_taken(&path) {
            return Err(Refused::Taken(path));
        }
        let entry = Entry {
            name,
            path,
            length: None,
            complete: false,
            on_disk: false,
            stamp: None,
            is_collection: false,
            is_part: matches!(kind, Kind::Part(_)),
            copies: Vec::new(),
        };
        self.start_fetch(content, entry, folder).await
    }

    /// A content that is being fetched.
    fn under_way(&self, content: ContentId) -> Option<Item> {
        let is_under_way = |item: &Item| !item.entry.complete && item.problem.is_none();
        self.item(content).filter(is_under_way)
    }

    /// Keeps a content that is here in this role, too.
    async fn keep(&self, content: ContentId, kind: Kind) -> Result<(), Refused> {
        match kind {
            Kind::Part(_) => Ok(()),
            Kind::File | Kind::Folder | Kind::Given => self.keep_by_itself(content).await,
        }
    }

    /// Returns whether something that is being fetched is to lie there.
    fn is_taken(&self, path: &Path) -> bool {
        let table = self.table();
        let open = |item: &&Item| !item.entry.complete && item.problem.is_none();
        table
            .values()
            .filter(open)
            .any(|item| item.entry.path == path)
    }

    pub(super) async fn start_fetch(
        &self,
        content: ContentId,
        entry: Entry,
        folder: Option<ContentId>,
    ) -> Result<(), Refused> {
        let belongs = match entry.is_part {
            true => Belongs::Folder(folder),
            false => Belongs::Alone,
        };
        let _turn = self.turn.lock().await;
        if let Some(folder) = entry.path.parent().filter(|_| !entry.is_part) {
            // It is made once there is something to put in it; that it cannot be is said now.
            let made = Made::folder(folder);
            let made = made.map_err(|error| Refused::At {
                path: folder.to_path_buf(),
                error,
            })?;
            made.remove();
        }
        if let Some(item) = self.under_way(content) {
            return Err(Refused::BeingFetched(item.entry.path));
        }
        self.stop(content).await;
        // A folder that is being fetched is remembered, and begins its files again, until there is something of them on the disk.
        if folder.is_none() {
            self.register.keep(content, &entry)?;
        }
        self.table().insert(content, Item::new(entry, None));
        let begun = self.driver.fetch(content, belongs).await;
        self.has_begun(content, begun)
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
                self.stop(content).await;
                self.begin(entry, manifest, have, place, &values).await
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
        let _turn = self.turn.lock().await;
        let (Some(item), Ok(Some(manifest))) = (self.item(content), manifest) else {
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
        self.change(content, move |item| {
            item.entry = entry;
            item.place = Some(kept);
            item.made = made;
        });
        let _ = self.driver.place(content, place).await;
        Ok(())
    }

    /// Gives a file its name, since every segment is there. The disk may take longer.
    pub(super) async fn complete(self: &Arc<Self>, content: ContentId) {
        let _turn = self.turn.lock().await;
        let Some(item) = self.item(content).filter(|item| !item.entry.complete) else {
            return;
        };
        let Some(place) = item.place.clone() else {
            return;
        };
        let (end, named) = (item.entry.path.clone(), Arc::clone(&place));
        let finished = spawn_blocking(move || named.finish(&end)).await;
        let finished = finished.unwrap_or_else(|_| Err(io::Error::other("writing stopped")));
        if let Err(error) = finished {
            self.fail(content, format!("{}: {error}", item.entry.path.display()));
            return;
        }
        self.change(content, |item| {
            item.entry.complete = true;
            item.entry.stamp = place.stamp();
        });
        match self.keep_entry(content) {
            Ok(()) => drop(tokio::spawn(Arc::clone(self).settle(content, place))),
            Err(refused) => self.fail(content, refused.to_string()),
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
            self.fail(content, format!("{}: {error}", path.display()));
            return;
        }
        // It may not be shared any more.
        self.change(content, |item| item.entry.on_disk = true);
        if let Err(refused) = self.keep_entry(content) {
            self.fail(content, refused.to_string());
        }
    }
}
