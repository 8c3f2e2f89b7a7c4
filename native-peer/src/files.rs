//! Files that the peer shares and fetches: their paths, and their state over restarts.
//!
//! The core decides which segments go where; here is the disk. What is shared stays where it is. What is fetched has a draft's
//! name until all of it was checked and is on disk.

//!
//! [`Files`] is the router: it hands each command, and each event of the core, to the part that it concerns.

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
mod sharing;
mod stamp;
mod table;
mod transfers;

use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Space;
use chordscope_core::peer::Peer;
use chordscope_core::swarm::api::{Event, Failure, TransferView};
use chordscope_core::swarm::link::Link;
use chordscope_core::swarm::manifest::DIGEST;
use tokio::sync::mpsc;

use crate::burst::Burst;
use crate::clock::Clock;
use crate::driver::Handle;

pub(crate) use digest::{Hashed, hash};
pub(crate) use ending::Ended as TransferEnd;
use fetching::{Fetching, destination};
use folder::Folders;
pub(crate) use folder::MAX_LIST;
pub(crate) use place::Place;
use presence::Presence;
pub(crate) use refused::Refused;
use register::Register;
pub(crate) use register::is_kept;
use sharing::Sharing;
pub(crate) use stamp::Stamp;
pub(crate) use table::Item;
use table::Table;
use transfers::Transfers;

/// All files of a peer.
#[derive(Debug)]
pub(crate) struct Files {
    register: Register,
    driver: Handle,
    clock: Clock,
    table: Arc<Table>,
    transfers: Arc<Transfers>,
    presence: Arc<Presence>,
    sharing: Arc<Sharing>,
    fetching: Arc<Fetching>,
    folders: Arc<Folders>,
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

/// The number of transfers that are looked at at a time.
const AT_A_LOOK: usize = 512;

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
        let register = Register::new(folder);
        let table = Arc::new(Table::new(register.clone()));
        let transfers = Transfers::new(Arc::clone(&table), register.clone(), driver.clone());
        let transfers = Arc::new(transfers);
        let presence = Arc::new(Presence::new(
            Arc::clone(&table),
            register.clone(),
            driver.clone(),
            Arc::clone(&transfers),
        ));
        let sharing = Arc::new(Sharing::new(
            Arc::clone(&table),
            register.clone(),
            Arc::clone(&transfers),
            Arc::clone(&presence),
        ));
        let fetching = Arc::new(Fetching::new(
            Arc::clone(&table),
            register.clone(),
            driver.clone(),
            Arc::clone(&transfers),
            Arc::clone(&presence),
        ));
        let folders = Arc::new(Folders::new(
            Arc::clone(&table),
            register.clone(),
            Arc::clone(&transfers),
            Arc::clone(&presence),
            Arc::clone(&sharing),
            Arc::clone(&fetching),
        ));
        let files = Arc::new(Self {
            register,
            driver,
            clock,
            table,
            transfers,
            presence,
            sharing,
            fetching,
            folders,
        });
        tokio::spawn(resume::take_up(Arc::clone(&files)));
        tokio::spawn(Arc::clone(&files).follow(events));
        files
    }

    // Looking.

    /// A content, if it is shared or fetched.
    pub(crate) fn item(&self, content: ContentId) -> Option<Item> {
        self.table.item(content)
    }

    /// All contents.
    pub(crate) fn contents(&self) -> Vec<ContentId> {
        self.table.contents()
    }

    /// The file of a folder that has this path. The folder's own name may stand before it.
    pub(crate) async fn below(&self, folder: ContentId, path: &str) -> Option<ContentId> {
        self.folders.below(folder, path).await
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
            self.table.read(|table| {
                for (content, view) in some.iter().zip(views.chain(iter::repeat(None))) {
                    if let Some(item) = table.get(content) {
                        look(*content, item, view);
                    }
                }
            });
        }
    }

    /// Waits until a file, or a folder with all its files, has come to an end, in one way or the other, but not longer than this.
    pub(crate) async fn wait_for(&self, content: ContentId, wait: Duration) {
        self.table.wait_for(content, wait).await;
    }

    // Sharing and fetching.

    /// Shares a file of which the values of the blocks, or the digests of the segments, were computed already; gives its link, and whether
    /// this began it.
    pub(crate) async fn share(
        &self,
        path: &Path,
        name: &str,
        values: &[[u8; DIGEST]],
        hashed: Option<Stamp>,
        kind: Kind,
    ) -> Result<(Link, bool), Refused> {
        self.sharing.share(path, name, values, hashed, kind).await
    }

    /// Keeps a list of files and shares it. The files themselves are shared each on its own.
    pub(crate) async fn share_list(
        &self,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<(Link, bool), Refused> {
        self.folders.share_list(name, bytes).await
    }

    /// Fetches what a link means into a folder; gives the path under which it will be, and whether this began it.
    pub(crate) async fn fetch(
        &self,
        link: &Link,
        folder: &Path,
    ) -> Result<(PathBuf, bool), Refused> {
        let (name, path) = destination(link, folder)?;
        let known = self.item(link.content);
        let is_under_way = known.is_some_and(|item| {
            item.problem.is_none() && (!item.entry.complete || item.is_filling)
        });
        match link.is_collection {
            true => self.folders.fetch(link, name, path.clone()).await?,
            false => {
                let fetching = &self.fetching;
                fetching
                    .fetch(link.content, name, path.clone(), Kind::File)
                    .await?;
            }
        }
        Ok((path, !is_under_way))
    }

    /// Replaces a content that could not be read as it ought to be by a copy of it, in the background, or ends its share.
    pub(crate) fn look_again(&self, content: ContentId) {
        tokio::spawn(Arc::clone(&self.presence).look_again(content));
    }

    /// Ends the sharing and fetching of a content; `None` if it is not here. With `unfinished`, what is complete is shared on.
    pub(crate) async fn give_up(
        &self,
        content: ContentId,
        unfinished: bool,
    ) -> Option<TransferEnd> {
        ending::give_up(self, content, unfinished).await
    }

    /// Follows the core's events of transfers.
    async fn follow(self: Arc<Self>, mut events: mpsc::UnboundedReceiver<Event>) {
        while let Some(event) = events.recv().await {
            match event {
                Event::Described(content) => {
                    if let Err(refused) = self.fetching.described(content).await {
                        let _ = self.driver.stop_transfer(content).await;
                        self.table.fail(content, refused.to_string());
                    }
                }
                Event::Complete(content) => self.fetching.complete(content).await,
                Event::Failed(content, Failure::Changed) => self.look_again(content),
                Event::Failed(content, failure) => {
                    self.table.change(content, |item| {
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
