//! The end of transfers, and what goes with a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::Collection;
use tokio::task::spawn_blocking;

use super::{Files, Refused};

impl Files {
    /// Nobody wants a content any more; `false` if it is not here. A draft of something that was being fetched is removed, what was shared
    /// stays where it is. With a folder go its files, but for those that are here by themselves or in another folder.
    pub(crate) async fn give_up(&self, content: ContentId) -> bool {
        let Some(item) = self.item(content) else {
            return false;
        };
        let mut parts: BTreeSet<ContentId> = item.parts.into_iter().collect();
        if item.entry.is_collection {
            parts.extend(named_in(vec![self.list(content)]).await);
        }
        self.stop(content).await;
        if !item.entry.complete {
            let _ = fs::remove_file(item.entry.draft(content));
        }
        if parts.is_empty() {
            return true;
        }
        let folders = named_in(self.lists()).await;
        for part in parts.difference(&folders) {
            if self.item(*part).is_some_and(|item| item.entry.is_part) {
                Box::pin(self.give_up(*part)).await;
            }
        }
        true
    }

    /// Ends a transfer. What is on the disk stays there.
    pub(super) async fn stop(&self, content: ContentId) {
        if self.table().remove(&content).is_none() {
            return;
        }
        self.changed.notify_waiters();
        let _ = self.driver.stop_transfer(content).await;
        self.register.drop(content);
    }

    /// A file that is here with a folder is wanted without it, too.
    pub(super) fn keep_by_itself(&self, content: ContentId) -> Result<(), Refused> {
        self.change(content, |item| item.entry.is_part = false);
        match self.item(content) {
            Some(item) => Ok(self.register.keep(content, &item.entry)?),
            None => Ok(()),
        }
    }

    /// The lists of all folders.
    fn lists(&self) -> Vec<PathBuf> {
        let table = self.table();
        let folders = table.iter().filter(|(_, item)| item.entry.is_collection);
        folders.map(|(content, _)| self.list(*content)).collect()
    }
}

/// The files that these lists name, as far as they are there.
async fn named_in(lists: Vec<PathBuf>) -> BTreeSet<ContentId> {
    let read = move || {
        let bytes = lists.iter().filter_map(|list| fs::read(list).ok());
        let lists = bytes.filter_map(|bytes| Collection::decode(&bytes).ok());
        let files = lists.flat_map(|list| list.files().to_vec());
        files.map(|file| file.content).collect()
    };
    spawn_blocking(read).await.unwrap_or_default()
}
