//! The end of transfers, and what goes with a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::Collection;
use tokio::task::spawn_blocking;

use super::Files;
use super::table::{Item, Table};

/// The outcome of ending a transfer on a user's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// True if all of the content was here.
    pub(crate) complete: bool,
    /// The number of its files that are whole, and stay where they are.
    pub(crate) kept: usize,
}

/// Ends the sharing and fetching of a content; `None` if it is not here. A draft of something that was being fetched is
/// removed, what was shared stays where it is. With a folder go its files, but for those that are here by themselves or in
/// another folder. With `unfinished`, what is complete is shared on.
pub(super) async fn give_up(files: &Files, content: ContentId, unfinished: bool) -> Option<Ended> {
    let table = &files.table;
    let item = table.item(content)?;
    let mut parts: BTreeSet<ContentId> = item.parts.iter().copied().collect();
    let ended = ended_with(table, content, &parts);
    if unfinished && ended.complete {
        return Some(ended);
    }
    if item.entry.is_collection {
        files.folders.stop_filling(content).await;
        parts.extend(named_in(vec![files.folders.list(content)]).await);
    }
    let ended = ended_with(table, content, &parts);
    let of_parts = parts.iter().filter_map(|part| table.item(*part));
    let made: Vec<_> = of_parts.map(|part| part.made).collect();
    let own = table.item(content).map(|item| item.made);
    let made = own.unwrap_or_default().and(made);
    if !files.transfers.remove(content, unfinished).await {
        return Some(Ended {
            complete: true,
            ..ended
        });
    }
    if !parts.is_empty() {
        let folders = named_in(lists(files)).await;
        for part in parts.difference(&folders) {
            if table.item(*part).is_some_and(|item| item.entry.is_part) {
                files.transfers.remove(*part, false).await;
            }
        }
    }
    let _turn = files.transfers.turn().await;
    made.remove();
    Some(ended)
}

/// Returns the outcome of ending a content with these files now.
fn ended_with(table: &Table, content: ContentId, parts: &BTreeSet<ContentId>) -> Ended {
    let is_whole = |item: &&Item| item.entry.complete && item.problem.is_none() && !item.is_filling;
    table.read(|table| {
        let own = table.get(&content);
        let is_folder = own.is_some_and(|item| item.entry.is_collection);
        let own = own.filter(is_whole);
        let whole = parts.iter().filter_map(|part| table.get(part));
        let whole = whole.filter(is_whole).count();
        Ended {
            complete: own.is_some() && whole == parts.len(),
            kept: if is_folder {
                whole
            } else {
                usize::from(own.is_some())
            },
        }
    })
}

/// The lists of all folders.
fn lists(files: &Files) -> Vec<PathBuf> {
    files.table.read(|table| {
        let folders = table.iter().filter(|(_, item)| item.entry.is_collection);
        folders
            .map(|(content, _)| files.folders.list(*content))
            .collect()
    })
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
