//! Fetching a file: from a link to its name on disk.

use std::fs;
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
use super::{Files, Hashed, Item, Kind, Place, Refused, STOPPING, hash, refuse};

impl Files {
    /// Fetches what a link means into a folder; gives the path under which it will be.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        link: &Link,
        folder: &Path,
    ) -> Result<PathBuf, Refused> {
        if !folder.is_absolute() {
            return refuse("the folder must be absolute");
        }
        let name = match &link.name {
            Some(name) if !is_safe_part(name) => {
                return refuse(format!(
                    "{name:?} in the link is no name for a file on every system"
                ));
            }
            Some(name) => name.clone(),
            None => link.content.to_string()[..16].to_string(),
        };
        let path = folder.join(&name);
        match link.is_collection {
            true => self.fetch_collection(link, name, path.clone()).await?,
            false => {
                self.fetch_file(link.content, name, path.clone(), Kind::File)
                    .await?;
            }
        }
        Ok(path)
    }

    /// Fetches one file to a path.
    pub(super) async fn fetch_file(
        self: &Arc<Self>,
        content: ContentId,
        name: String,
        path: PathBuf,
        kind: Kind,
    ) -> Result<(), Refused> {
        if let Some(item) = self.item(content).filter(|item| item.problem.is_none()) {
            if item.entry.path == path {
                return match kind {
                    Kind::Part => Ok(()),
                    Kind::File | Kind::Folder => self.keep_by_itself(content),
                };
            }
            let place = item.place.map_or(item.entry.path, |place| place.path());
            return refuse(format!("it is here already, at {}", place.display()));
        }
        if path.exists() {
            return self.adopt(content, name, path, kind).await;
        }
        if self.is_taken(&path) {
            return refuse(format!(
                "something else is being fetched to {}: choose another folder",
                path.display()
            ));
        }
        let entry = Entry {
            name,
            path,
            length: None,
            complete: false,
            on_disk: false,
            is_collection: false,
            is_part: kind == Kind::Part,
        };
        self.start_fetch(content, entry).await
    }

    /// Whether something that is being fetched is to lie there.
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
    ) -> Result<(), Refused> {
        if let Some(folder) = entry.path.parent() {
            let made = fs::create_dir_all(folder);
            made.map_err(|error| Refused(format!("{}: {error}", folder.display())))?;
        }
        self.stop(content).await;
        self.register.keep(content, &entry)?;
        self.table().insert(content, Item::new(entry, None));
        let begun = self.driver.fetch(content).await;
        begun.map_err(|_| Refused(STOPPING.into()))??;
        Ok(())
    }

    /// A file is there already: it is good if it is the same.
    async fn adopt(
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
                    is_collection: false,
                    is_part: kind == Kind::Part,
                };
                let have = Bitfield::all(place.layout().count());
                self.begin(entry, manifest, have, place, &values).await
            }
            Ok(_) => refuse(format!(
                "{} is there already, and is something else: move it away, or choose another folder",
                path.display()
            )),
            Err(error) => refuse(format!("{}: {error}", path.display())),
        }
    }

    /// The length of a file that is being fetched is known: it gets its room on the disk.
    pub(super) async fn described(&self, content: ContentId) -> Result<(), Refused> {
        let manifest = self
            .driver
            .look(move |peer: &Peer| peer.swarm().manifest(content).cloned());
        let (Some(item), Ok(Some(manifest))) = (self.item(content), manifest.await) else {
            return Ok(());
        };
        let length = manifest.layout().length();
        let draft = item.entry.draft(content);
        let at = draft.clone();
        let place = spawn_blocking(move || Place::fill(&at, length)).await?;
        let place = place.map_err(|error| Refused(format!("{}: {error}", draft.display())))?;
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
        });
        let _ = self.driver.place(content, place).await;
        Ok(())
    }

    /// Every segment is there: the file gets its name. The disk may take longer.
    pub(super) async fn complete(self: &Arc<Self>, content: ContentId) {
        let Some(item) = self.item(content).filter(|item| !item.entry.complete) else {
            return;
        };
        let Some(place) = item.place.clone() else {
            return;
        };
        let (end, named) = (item.entry.path.clone(), Arc::clone(&place));
        let finished = spawn_blocking(move || named.finish(&end)).await;
        let finished = finished.unwrap_or_else(|_| Err(io::Error::other("writing stopped")));
        let entry = Entry {
            complete: true,
            ..item.entry
        };
        match finished.and_then(|()| self.register.keep(content, &entry)) {
            Ok(()) => self.change(content, |item| item.entry = entry),
            Err(error) => {
                self.fail(content, format!("{}: {error}", entry.path.display()));
                return;
            }
        }
        tokio::spawn(Arc::clone(self).settle(content, place));
    }

    /// Waits until a file is on disk, and remembers that it is.
    pub(super) async fn settle(self: Arc<Self>, content: ContentId, place: Arc<Place>) {
        let synced = spawn_blocking(move || place.sync()).await;
        let synced = synced.unwrap_or_else(|_| Err(io::Error::other("writing stopped")));
        // It may not be shared any more.
        let Some(item) = self.item(content) else {
            return;
        };
        let entry = Entry {
            on_disk: true,
            ..item.entry
        };
        match synced.and_then(|()| self.register.keep(content, &entry)) {
            Ok(()) => self.change(content, |item| item.entry.on_disk = true),
            Err(error) => self.fail(content, format!("{}: {error}", entry.path.display())),
        }
    }
}
