//! Files that the peer shares and fetches: where they lie, what is kept of them over restarts.
//!
//! The core decides which segments go where; here is the disk. What is shared stays where it is. What is fetched has a draft's
//! name until all of it was checked and is on disk.

mod digest;
mod ending;
mod fetching;
mod folder;
mod place;
mod positional;
mod register;
mod resume;
mod stamp;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::peer::Peer;
use chordscope_core::swarm::api::{Event, TransferView};
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::link::Link;
use chordscope_core::swarm::manifest::{DIGEST, Manifest};
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::driver::Handle;

pub(crate) use digest::{Hashed, hash};
pub(crate) use place::Place;
use register::{Entry, Register};
pub(crate) use stamp::Stamp;

/// All files of a peer.
#[derive(Debug)]
pub(crate) struct Files {
    register: Register,
    driver: Handle,
    clock: Clock,
    table: Mutex<BTreeMap<ContentId, Item>>,
    /// Something in the table has changed.
    changed: Notify,
}

/// A content that is shared or fetched.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) entry: Entry,
    pub(crate) place: Option<Arc<Place>>,
    /// Why it has come to an end.
    pub(crate) problem: Option<String>,
    /// Of a collection that is being fetched: its files, once known.
    pub(crate) parts: Vec<ContentId>,
    /// Of a collection: its files are still being put where they belong.
    pub(crate) is_filling: bool,
}

impl Item {
    fn new(entry: Entry, place: Option<Arc<Place>>) -> Self {
        Self {
            entry,
            place,
            problem: None,
            parts: Vec::new(),
            is_filling: false,
        }
    }
}

/// What a content is shared or fetched as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file by itself.
    File,
    /// A file of a folder.
    Part,
    /// A folder: its list of files.
    Folder,
}

/// Why something is not shared or fetched: a sentence.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) String);

impl<E: std::error::Error> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(reason.into()))
}

const STOPPING: &str = "the peer is stopping, or too busy to answer";

impl Files {
    /// The files that the peer knew when it ended. They are taken up again behind its back.
    pub(crate) fn open(
        folder: PathBuf,
        driver: Handle,
        clock: Clock,
        events: mpsc::UnboundedReceiver<Event>,
    ) -> Arc<Self> {
        let files = Arc::new(Self {
            register: Register::new(folder),
            driver,
            clock,
            table: Mutex::default(),
            changed: Notify::new(),
        });
        tokio::spawn(Arc::clone(&files).take_up());
        tokio::spawn(Arc::clone(&files).follow(events));
        files
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<ContentId, Item>> {
        // Every change of the table is one step.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, content: ContentId, change: impl FnOnce(&mut Item)) {
        if let Some(item) = self.table().get_mut(&content) {
            change(item);
        }
        self.changed.notify_waiters();
    }

    fn fail(&self, content: ContentId, reason: String) {
        tracing::warn!(%content, reason, "a transfer has ended");
        self.change(content, |item| item.problem = Some(reason));
    }

    /// Waits until a content has come to an end, in one way or the other.
    async fn ended(&self, content: ContentId) -> Option<Item> {
        loop {
            let changed = self.changed.notified();
            let item = self.item(content)?;
            if item.entry.complete || item.problem.is_some() {
                return Some(item);
            }
            changed.await;
        }
    }

    /// Waits until a file has come to an end, in one way or the other, but not longer than this. A folder ends with its files, so that
    /// all of the time is waited.
    pub(crate) async fn wait_for(&self, content: ContentId, wait: Duration) {
        let end = async {
            let item = self.ended(content).await;
            if item.is_some_and(|item| item.entry.is_collection && item.problem.is_none()) {
                sleep(wait).await;
            }
        };
        // What has not ended is looked at as well.
        let _ = timeout(wait, end).await;
    }

    /// A content, if it is shared or fetched.
    pub(crate) fn item(&self, content: ContentId) -> Option<Item> {
        self.table().get(&content).cloned()
    }

    /// All contents.
    pub(crate) fn contents(&self) -> Vec<ContentId> {
        self.table().keys().copied().collect()
    }

    /// How the core sees a transfer.
    pub(crate) async fn view(&self, content: ContentId) -> Option<TransferView> {
        let now = self.clock.now();
        let view = move |peer: &Peer| peer.swarm().view(now, content);
        self.driver.look(view).await.ok().flatten()
    }

    /// Shares a file of which the values of the blocks, or the digests of the segments, were computed already. Segments are checked when
    /// they are read first, unless the values are known and the file is still as it was when it was hashed.
    pub(crate) async fn share(
        &self,
        path: &Path,
        name: &str,
        values: &[[u8; DIGEST]],
        hashed: Option<Stamp>,
        kind: Kind,
    ) -> Result<Link, Refused> {
        if !path.is_absolute() {
            return refuse("the path must be absolute");
        }
        let whole = path.to_path_buf();
        let opened = spawn_blocking(move || Place::open(&whole)).await?;
        let place = opened.map_err(|error| Refused(format!("{}: {error}", path.display())))?;
        let layout = place.layout();
        let manifest =
            Manifest::of_blocks(layout, values).or_else(|| Manifest::of(layout, values.to_vec()));
        let Some(manifest) = manifest else {
            return refuse("the digests are not of this file: it has changed meanwhile");
        };
        let content = manifest.content();
        let link = Link {
            content,
            name: Some(name.to_string()),
            length: Some(layout.length()),
            is_collection: kind == Kind::Folder,
        };
        let known = self.item(content);
        if known.is_some_and(|item| item.entry.complete && item.problem.is_none()) {
            if kind != Kind::Part {
                self.keep_by_itself(content)?;
            }
            return Ok(link);
        }
        let entry = Entry {
            name: name.to_string(),
            path: path.to_path_buf(),
            length: Some(layout.length()),
            complete: true,
            on_disk: true,
            is_collection: kind == Kind::Folder,
            is_part: kind == Kind::Part,
        };
        let have = Bitfield::all(layout.count());
        self.stop(content).await;
        let is_checked = hashed.is_some() && hashed == place.stamp();
        let values = if is_checked { values } else { &[] };
        self.begin(entry, manifest, have, place, values).await?;
        Ok(link)
    }

    /// Puts a content whose digests are known before the core; and the values of its blocks, if it was hashed just now.
    async fn begin(
        &self,
        entry: Entry,
        manifest: Manifest,
        have: Bitfield,
        place: Place,
        values: &[[u8; DIGEST]],
    ) -> Result<(), Refused> {
        let content = manifest.content();
        let place = Arc::new(place);
        self.register.keep_digests(&manifest)?;
        self.register.keep(content, &entry)?;
        let item = Item::new(entry, Some(Arc::clone(&place)));
        self.table().insert(content, item);
        let values = values.to_vec();
        let begun = self.driver.share(manifest, have, place, values).await;
        begun.map_err(|_| Refused(STOPPING.into()))??;
        Ok(())
    }

    /// What the core says of transfers.
    async fn follow(self: Arc<Self>, mut events: mpsc::UnboundedReceiver<Event>) {
        while let Some(event) = events.recv().await {
            match event {
                Event::Described(content) => {
                    if let Err(Refused(reason)) = self.described(content).await {
                        let _ = self.driver.stop_transfer(content).await;
                        self.fail(content, reason);
                    }
                }
                Event::Complete(content) => self.complete(content).await,
                Event::Failed(content, failure) => {
                    self.change(content, |item| {
                        // The disk has said more.
                        item.problem.get_or_insert_with(|| failure.to_string());
                    });
                }
                Event::Banned(node, content, fault) => {
                    tracing::warn!(?node, %content, %fault, "a peer is asked nothing any more");
                }
            }
        }
    }
}
