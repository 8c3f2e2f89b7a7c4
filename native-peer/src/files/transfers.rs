//! Transfers of the core: each is begun and ended together with its entry in the table and the register.

use std::fs;
use std::sync::Arc;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::api::StartError;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::{DIGEST, Manifest};
use tokio::sync::{Mutex, MutexGuard};

use super::made::Made;
use super::register::{Entry, Register};
use super::table::{Item, Table};
use super::{Place, Refused};
use crate::driver::{Belongs, Ended, Handle};

/// The beginnings and ends of the core's transfers.
#[derive(Debug)]
pub(super) struct Transfers {
    table: Arc<Table>,
    register: Register,
    driver: Handle,
    /// Beginning a transfer, making its draft, naming its file and giving it up are one step each.
    turn: Mutex<()>,
}

impl Transfers {
    pub(super) fn new(table: Arc<Table>, register: Register, driver: Handle) -> Self {
        Self {
            table,
            register,
            driver,
            turn: Mutex::default(),
        }
    }

    /// Begins a step during which no other one begins.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Puts a content whose digests are known before the core, in place of what was known of it; and the values of its blocks, if
    /// it was hashed just now.
    pub(super) async fn begin(
        &self,
        entry: Entry,
        manifest: Manifest,
        have: Bitfield,
        place: Place,
        values: &[[u8; DIGEST]],
    ) -> Result<(), Refused> {
        let content = manifest.content();
        let place = Arc::new(place);
        let _turn = self.turn().await;
        // Ending the one and beginning the other are one step: what began between them would be in the core and not in the table.
        self.stop_in_turn(content).await;
        self.register.keep_digests(&manifest)?;
        self.register.keep(content, &entry)?;
        let belongs = match entry.is_part {
            true => Belongs::Folder(None),
            false => Belongs::Alone,
        };
        let item = Item::new(entry, Some(Arc::clone(&place)));
        self.table.insert(content, item);
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
            Ok(Err(error)) => error,
            Err(Ended) => return Err(Refused::Stopping),
        };
        self.table.remove(content);
        self.register.drop(content);
        Err(refused.into())
    }

    /// Begins to fetch a content whose digests are not known; `false` if all of it has come to be here meanwhile.
    pub(super) async fn fetch(
        &self,
        content: ContentId,
        entry: Entry,
        folder: Option<ContentId>,
    ) -> Result<bool, Refused> {
        let belongs = match entry.is_part {
            true => Belongs::Folder(folder),
            false => Belongs::Alone,
        };
        let _turn = self.turn().await;
        if self.table.item(content).is_some_and(|item| item.is_whole()) {
            return Ok(false);
        }
        if let Some(folder) = entry.path.parent().filter(|_| !entry.is_part) {
            // It is made once there is something to put in it; that it cannot be is said now.
            let made = Made::folder(folder);
            let made = made.map_err(|error| Refused::At {
                path: folder.to_path_buf(),
                error,
            })?;
            made.remove();
        }
        match self.table.under_way(content) {
            Some(item) if item.entry.path == entry.path => return Ok(true),
            Some(item) => return Err(Refused::BeingFetched(item.entry.path)),
            None => self.stop_in_turn(content).await,
        }
        // A folder that is being fetched is remembered, and begins its files again, until there is something of them on the disk.
        if folder.is_none() {
            self.register.keep(content, &entry)?;
        }
        self.table.insert(content, Item::new(entry, None));
        let begun = self.driver.fetch(content, belongs).await;
        self.has_begun(content, begun).map(|()| true)
    }

    /// Ends one transfer for good; `false` if it is complete and only an unfinished one was meant.
    pub(super) async fn remove(&self, content: ContentId, unfinished: bool) -> bool {
        let _turn = self.turn().await;
        let Some(item) = self.table.item(content) else {
            return true;
        };
        let is_file = !item.entry.is_collection;
        if unfinished && is_file && item.entry.complete && item.problem.is_none() {
            return false;
        }
        self.stop_in_turn(content).await;
        self.register.drop(content);
        if !item.entry.complete {
            let _ = fs::remove_file(item.entry.draft(content));
        }
        true
    }

    /// Ends a transfer. What is on the disk stays there, its entry in the register too.
    pub(super) async fn stop(&self, content: ContentId) {
        let _turn = self.turn().await;
        self.stop_in_turn(content).await;
    }

    /// As [`Self::stop`], during a step that has begun.
    async fn stop_in_turn(&self, content: ContentId) {
        if self.table.remove(content) {
            let _ = self.driver.stop_transfer(content).await;
        }
    }

    /// Takes note that a file that is here with a folder is wanted without it, too.
    pub(super) async fn keep_by_itself(&self, content: ContentId) -> Result<(), Refused> {
        let alone = self.driver.stand_alone(content).await;
        alone.map_err(|_| Refused::Stopping)??;
        self.table
            .change(content, |item| item.entry.is_part = false);
        self.table.keep_entry(content)
    }
}
