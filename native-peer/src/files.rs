//! Files that the peer shares and fetches: where they lie, what is kept of them over restarts.
//!
//! The core decides which segments go where; here is the disk. What is shared stays where it is. What is fetched has a draft's
//! name until all of it was checked and is on disk.

mod digest;
mod ending;
mod fetching;
mod folder;
mod made;
mod opened;
mod place;
mod positional;
mod presence;
mod refused;
mod register;
mod resume;
mod stamp;

use std::collections::BTreeMap;
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Space;
use chordscope_core::peer::Peer;
use chordscope_core::swarm::api::{Event, Failure, StartError, TransferView};
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::collection::{Collection, is_safe_part};
use chordscope_core::swarm::link::Link;
use chordscope_core::swarm::manifest::{DIGEST, Manifest};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::burst::Burst;
use crate::clock::Clock;
use crate::driver::{Belongs, Ended, Handle};

pub(crate) use digest::{Hashed, hash};
pub(crate) use ending::Ended as TransferEnd;
pub(crate) use folder::MAX_LIST;
use made::Made;
pub(crate) use place::Place;
pub(crate) use refused::Refused;
pub(crate) use register::is_kept;
use register::{Entry, Register};
pub(crate) use stamp::Stamp;

/// All files of a peer.
#[derive(Debug)]
pub(crate) struct Files {
    register: Register,
    driver: Handle,
    clock: Clock,
    table: Mutex<BTreeMap<ContentId, Item>>,
    /// The signal that the table has changed.
    changed: Notify,
    /// Beginning a transfer, making its draft, naming its file and giving it up are one step each.
    turn: tokio::sync::Mutex<()>,
    /// The lock under which one file at a time begins to be shared.
    sharing: tokio::sync::Mutex<()>,
    /// Permits for files that are on their way to the disk itself: each is open meanwhile.
    settling: Semaphore,
    /// The lock under which one content at a time is looked for at its other places.
    falling_back: tokio::sync::Mutex<()>,
    /// Folders whose files are being put where they belong.
    filling: Mutex<BTreeMap<ContentId, JoinHandle<()>>>,
    /// The list of the folder that a file was looked for in last.
    last_list: Mutex<Option<(ContentId, Arc<Collection>)>>,
}

/// A content that is shared or fetched.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) entry: Entry,
    pub(crate) place: Option<Arc<Place>>,
    /// The reason why it has come to an end.
    pub(crate) problem: Option<String>,
    /// Of a collection that is being fetched: its files, once known.
    pub(crate) parts: Arc<[ContentId]>,
    /// Whether the files of this collection are still being put where they belong.
    pub(crate) is_filling: bool,
    /// The folders that were made for it.
    made: Made,
}

impl Item {
    fn new(entry: Entry, place: Option<Arc<Place>>) -> Self {
        Self {
            entry,
            place,
            problem: None,
            parts: Arc::default(),
            is_filling: false,
            made: Made::default(),
        }
    }
}

/// The role in which a content is shared or fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file by itself.
    File,
    /// A file of a folder, which is known when it is fetched.
    Part(Option<ContentId>),
    /// A folder: its list of files.
    Folder,
    /// A file by itself, which the peer takes over, and removes when it is shared no more.
    Given,
}

/// The number of files that are waited for at a time until they are on the disk itself.
const SETTLING: usize = 16;
/// The number of transfers that are looked at at a time.
const AT_A_LOOK: usize = 512;

/// Transfers that have failed: of a folder, those of all its files may at once.
static FAILED: Burst = Burst::new();
/// Peers that have sent what was wrong.
static BANNED: Burst = Burst::new();

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
            turn: tokio::sync::Mutex::default(),
            sharing: tokio::sync::Mutex::default(),
            settling: Semaphore::new(SETTLING),
            falling_back: tokio::sync::Mutex::default(),
            filling: Mutex::default(),
            last_list: Mutex::default(),
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
        FAILED.warn(format!("the transfer of {content} has ended: {reason}"));
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

    /// Waits until a file, or a folder with all its files, has come to an end, in one way or the other, but not longer than this.
    pub(crate) async fn wait_for(&self, content: ContentId, wait: Duration) {
        let end = async {
            loop {
                let changed = self.changed.notified();
                let is_over =
                    |item: Item| item.problem.is_some() || item.entry.complete && !item.is_filling;
                if self.item(content).is_none_or(is_over) {
                    return;
                }
                changed.await;
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

    /// Looks at those of these contents that are shared or fetched, and at how the core sees them.
    pub(crate) async fn look_at(
        &self,
        contents: &[ContentId],
        mut look: impl FnMut(ContentId, &Item, Option<&TransferView>),
    ) {
        let now = self.clock.now();
        // The driver, and whoever wants the table, have other things to do between.
        for some in contents.chunks(AT_A_LOOK) {
            let asked = some.to_vec();
            let see = move |peer: &Peer| -> Vec<_> {
                let asked = asked.into_iter();
                asked
                    .map(|content| peer.swarm().view(now, content))
                    .collect()
            };
            let views = self.driver.look(see).await.unwrap_or_default();
            let views = views.iter().map(Option::as_ref);
            let table = self.table();
            for (content, view) in some.iter().zip(views.chain(iter::repeat(None))) {
                if let Some(item) = table.get(content) {
                    look(*content, item, view);
                }
            }
        }
    }

    /// Shares a file of which the values of the blocks, or the digests of the segments, were computed already; gives its link, and whether
    /// this began it. Segments are checked when they are read first, unless the values are known and the file is still as it was when it
    /// was hashed.
    pub(crate) async fn share(
        &self,
        path: &Path,
        name: &str,
        values: &[[u8; DIGEST]],
        hashed: Option<Stamp>,
        kind: Kind,
    ) -> Result<(Link, bool), Refused> {
        if !path.is_absolute() {
            return Err(Refused::RelativePath);
        }
        if !is_safe_part(name) {
            return Err(Refused::Name(name.to_string(), "file"));
        }
        let whole = path.to_path_buf();
        let opened = spawn_blocking(move || Place::open(&whole)).await?;
        let mut place = opened.map_err(|error| Refused::At {
            path: path.to_path_buf(),
            error,
        })?;
        let layout = place.layout();
        let manifest =
            Manifest::of_blocks(layout, values).or_else(|| Manifest::of(layout, values.to_vec()));
        let Some(manifest) = manifest else {
            return Err(Refused::Changed);
        };
        let content = manifest.content();
        let link = Link {
            content,
            name: Some(name.to_string()),
            length: Some(layout.length()),
            is_collection: kind == Kind::Folder,
        };
        // Of two files that are alike the second is a copy of the first.
        let _sharing = self.sharing.lock().await;
        let known = self.item(content);
        let is_fetched = known.is_some_and(|item| item.problem.is_none() && !item.entry.complete);
        if self.present(content).await.is_some() {
            if kind != Kind::Given {
                self.note_copy(content, path)?;
            }
            if !matches!(kind, Kind::Part(_)) {
                self.keep_by_itself(content).await?;
            }
            return Ok((link, false));
        }
        place.confirm(hashed);
        let is_checked = hashed.is_some() && hashed == place.stamp();
        if kind == Kind::Given {
            let kept = self.register.take_over(content, path)?;
            place = spawn_blocking(move || Place::open(&kept)).await??;
        }
        let entry = Entry {
            name: name.to_string(),
            path: place.path(),
            length: Some(layout.length()),
            complete: true,
            on_disk: true,
            stamp: place.stamp().filter(|_| is_checked),
            is_collection: kind == Kind::Folder,
            is_part: matches!(kind, Kind::Part(_)),
            copies: Vec::new(),
        };
        let have = Bitfield::all(layout.count());
        self.stop(content).await;
        let values = if is_checked { values } else { &[] };
        self.begin(entry, manifest, have, place, values).await?;
        Ok((link, !is_fetched))
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
        let _turn = self.turn.lock().await;
        self.register.keep_digests(&manifest)?;
        self.register.keep(content, &entry)?;
        let belongs = match entry.is_part {
            true => Belongs::Folder(None),
            false => Belongs::Alone,
        };
        let item = Item::new(entry, Some(Arc::clone(&place)));
        self.table().insert(content, item);
        let values = values.to_vec();
        let begun = self.driver.share(manifest, have, place, values, belongs);
        self.has_begun(content, begun.await)
    }

    /// Forgets a content that the core has not taken.
    fn has_begun(
        &self,
        content: ContentId,
        begun: Result<Result<(), StartError>, Ended>,
    ) -> Result<(), Refused> {
        let refused = match begun {
            Ok(Ok(())) => return Ok(()),
            // Somebody else has just begun it.
            Ok(Err(StartError::Already)) => return Err(StartError::Already.into()),
            Ok(Err(error)) => error,
            Err(Ended) => return Err(Refused::Stopping),
        };
        self.table().remove(&content);
        self.changed.notify_waiters();
        self.register.drop(content);
        Err(refused.into())
    }

    /// Follows the core's events of transfers.
    async fn follow(self: Arc<Self>, mut events: mpsc::UnboundedReceiver<Event>) {
        while let Some(event) = events.recv().await {
            match event {
                Event::Described(content) => {
                    if let Err(refused) = self.described(content).await {
                        let _ = self.driver.stop_transfer(content).await;
                        self.fail(content, refused.to_string());
                    }
                }
                Event::Complete(content) => self.complete(content).await,
                Event::Failed(content, Failure::Changed) => {
                    // Reading all of a copy takes its time.
                    tokio::spawn(Arc::clone(&self).look_again(content));
                }
                Event::Failed(content, failure) => {
                    self.change(content, |item| {
                        // The disk has said more.
                        item.problem.get_or_insert_with(|| failure.to_string());
                    });
                }
                Event::Banned(node, content, fault) => {
                    let node = Space::FULL.show(node);
                    BANNED.warn(format!(
                        "peer {node} is asked nothing of {content} any more: {fault}"
                    ));
                }
            }
        }
    }
}
