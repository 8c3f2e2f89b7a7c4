//! The end of transfers, and what goes with a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::Collection;
use tokio::task::spawn_blocking;

use super::{Files, Item, Refused};

/// The outcome of ending a transfer on a user's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Whether all of the content was here.
    pub(crate) complete: bool,
    /// The number of its files that are whole, and stay where they are.
    pub(crate) kept: usize,
}

impl Files {
    /// Ends the sharing and fetching of a content; `None` if it is not here. A draft of something that was being fetched is
    /// removed, what was shared stays where it is. With a folder go its files, but for those that are here by themselves or in
    /// another folder. With `unfinished`, what is complete is shared on.
    pub(crate) async fn give_up(&self, content: ContentId, unfinished: bool) -> Option<Ended> {
        let item = self.item(content)?;
        let mut parts: BTreeSet<ContentId> = item.parts.iter().copied().collect();
        let ended = self.ended_with(content, &parts);
        if unfinished && ended.complete {
            return Some(ended);
        }
        if item.entry.is_collection {
            self.stop_filling(content).await;
            parts.extend(named_in(vec![self.list(content)]).await);
        }
        let ended = self.ended_with(content, &parts);
        let of_parts = parts.iter().filter_map(|part| self.item(*part));
        let made: Vec<_> = of_parts.map(|part| part.made).collect();
        let own = self.item(content).map(|item| item.made);
        let made = own.unwrap_or_default().and(made);
        if !self.remove(content, unfinished).await {
            return Some(Ended {
                complete: true,
                ..ended
            });
        }
        if !parts.is_empty() {
            let folders = named_in(self.lists()).await;
            for part in parts.difference(&folders) {
                if self.item(*part).is_some_and(|item| item.entry.is_part) {
                    self.remove(*part, false).await;
                }
            }
        }
        let _turn = self.turn.lock().await;
        made.remove();
        Some(ended)
    }

    /// Returns the outcome of ending a content with these files now.
    fn ended_with(&self, content: ContentId, parts: &BTreeSet<ContentId>) -> Ended {
        let table = self.table();
        let is_whole =
            |item: &Item| item.entry.complete && item.problem.is_none() && !item.is_filling;
        let own = table.get(&content).filter(|item| is_whole(item));
        let is_folder = table
            .get(&content)
            .is_some_and(|item| item.entry.is_collection);
        let whole = parts.iter().filter_map(|part| table.get(part));
        let whole = whole.filter(|item| is_whole(item)).count();
        Ended {
            complete: own.is_some() && whole == parts.len(),
            kept: if is_folder {
                whole
            } else {
                usize::from(own.is_some())
            },
        }
    }

    /// Ends one transfer for good; `false` if it is complete and only an unfinished one was meant.
    async fn remove(&self, content: ContentId, unfinished: bool) -> bool {
        let _turn = self.turn.lock().await;
        let Some(item) = self.item(content) else {
            return true;
        };
        let is_file = !item.entry.is_collection;
        if unfinished && is_file && item.entry.complete && item.problem.is_none() {
            return false;
        }
        self.stop(content).await;
        self.register.drop(content);
        if !item.entry.complete {
            let _ = fs::remove_file(item.entry.draft(content));
        }
        true
    }

    /// Ends a transfer. What is on the disk stays there, its entry in the register too.
    pub(super) async fn stop(&self, content: ContentId) {
        if self.table().remove(&content).is_none() {
            return;
        }
        self.changed.notify_waiters();
        let _ = self.driver.stop_transfer(content).await;
    }

    /// Takes note that a file that is here with a folder is wanted without it, too.
    pub(super) async fn keep_by_itself(&self, content: ContentId) -> Result<(), Refused> {
        let alone = self.driver.stand_alone(content).await;
        alone.map_err(|_| Refused::Stopping)??;
        self.change(content, |item| item.entry.is_part = false);
        self.keep_entry(content)
    }

    /// Writes the state of a content to the register.
    pub(super) fn keep_entry(&self, content: ContentId) -> Result<(), Refused> {
        // What is being given up at the same time is not kept after that.
        match self.table().get(&content) {
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
