//! The table of contents that are shared and fetched. Each change wakes those who wait for the end of a content.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::made::Made;
use super::register::{Entry, Register};
use super::{Place, Refused};
use crate::burst::Burst;

/// Transfers that have failed: of a folder, those of all its files may at once.
static FAILED: Burst = Burst::new();

/// A content that is shared or fetched.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) entry: Entry,
    pub(crate) place: Option<Arc<Place>>,
    /// The reason why it has come to an end.
    pub(crate) problem: Option<String>,
    /// Of a collection that is being fetched: its files, once known.
    pub(crate) parts: Arc<[ContentId]>,
    /// True while the files of this collection are being put where they belong.
    pub(crate) is_filling: bool,
    /// The folders that were made for it.
    pub(super) made: Made,
}

impl Item {
    pub(super) fn new(entry: Entry, place: Option<Arc<Place>>) -> Self {
        Self {
            entry,
            place,
            problem: None,
            parts: Arc::default(),
            is_filling: false,
            made: Made::default(),
        }
    }

    /// Returns whether all of it is here, in the file that was checked in this run.
    pub(super) fn is_whole(&self) -> bool {
        let place = self.place.as_ref();
        self.entry.complete
            && self.problem.is_none()
            && place.is_some_and(|place| place.is_untouched())
    }
}

/// The state of each content. Its entries are kept in the register, too.
#[derive(Debug)]
pub(super) struct Table {
    register: Register,
    items: Mutex<BTreeMap<ContentId, Item>>,
    /// The signal that something has changed.
    changed: Notify,
}

impl Table {
    pub(super) fn new(register: Register) -> Self {
        Self {
            register,
            items: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn items(&self) -> MutexGuard<'_, BTreeMap<ContentId, Item>> {
        // Every change of the table is one step.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at all contents, none of which changes meanwhile.
    pub(super) fn read<T>(&self, look: impl FnOnce(&BTreeMap<ContentId, Item>) -> T) -> T {
        look(&self.items())
    }

    /// Takes a content in.
    pub(super) fn insert(&self, content: ContentId, item: Item) {
        self.items().insert(content, item);
    }

    /// Forgets a content; `false` if it is not here.
    pub(super) fn remove(&self, content: ContentId) -> bool {
        let is_here = self.items().remove(&content).is_some();
        if is_here {
            self.changed.notify_waiters();
        }
        is_here
    }

    /// Changes what is known of a content, and wakes those who wait for its end.
    pub(super) fn change(&self, content: ContentId, change: impl FnOnce(&mut Item)) {
        if let Some(item) = self.items().get_mut(&content) {
            change(item);
        }
        self.changed.notify_waiters();
    }

    /// Ends a transfer that has failed, for this reason.
    pub(super) fn fail(&self, content: ContentId, reason: String) {
        FAILED.warn(format!("the transfer of {content} has ended: {reason}"));
        self.change(content, |item| item.problem = Some(reason));
    }

    /// Waits until a content has come to an end, in one way or the other.
    pub(super) async fn ended(&self, content: ContentId) -> Option<Item> {
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
    pub(super) async fn wait_for(&self, content: ContentId, wait: Duration) {
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
    pub(super) fn item(&self, content: ContentId) -> Option<Item> {
        self.items().get(&content).cloned()
    }

    /// All contents.
    pub(super) fn contents(&self) -> Vec<ContentId> {
        self.items().keys().copied().collect()
    }

    /// A content that is being fetched.
    pub(super) fn under_way(&self, content: ContentId) -> Option<Item> {
        let is_under_way = |item: &Item| !item.entry.complete && item.problem.is_none();
        self.item(content).filter(is_under_way)
    }

    /// Returns whether something that is being fetched is to lie there.
    pub(super) fn is_taken(&self, path: &Path) -> bool {
        let table = self.items();
        let open = |item: &&Item| !item.entry.complete && item.problem.is_none();
        table
            .values()
            .filter(open)
            .any(|item| item.entry.path == path)
    }

    /// Writes the state of a content to the register.
    pub(super) fn keep_entry(&self, content: ContentId) -> Result<(), Refused> {
        // What is being given up at the same time is not kept after that.
        match self.items().get(&content) {
            Some(item) => Ok(self.register.keep(content, &item.entry)?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: ContentId = ContentId([7; 32]);

    fn table(folder: &Path) -> Table {
        Table::new(Register::new(folder.to_path_buf()))
    }

    fn entry(path: &Path) -> Entry {
        Entry {
            name: "file".into(),
            path: path.join("file"),
            length: None,
            complete: false,
            on_disk: false,
            stamp: None,
            is_collection: false,
            is_part: false,
            copies: Vec::new(),
        }
    }

    #[tokio::test]
    async fn who_waits_for_the_end_of_a_content_hears_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path());
        assert!(table.ended(CONTENT).await.is_none(), "it is not here");
        table.insert(CONTENT, Item::new(entry(folder.path()), None));
        let fail = async { table.fail(CONTENT, "no room".into()) };
        let (ended, ()) = tokio::join!(table.ended(CONTENT), fail);
        assert_eq!(ended.unwrap().problem.as_deref(), Some("no room"));
        assert!(table.under_way(CONTENT).is_none());
    }

    #[test]
    fn a_place_is_taken_until_the_fetch_to_it_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path());
        let entry = entry(folder.path());
        table.insert(CONTENT, Item::new(entry.clone(), None));
        assert!(table.is_taken(&entry.path));
        assert!(!table.is_taken(folder.path()));
        table.change(CONTENT, |item| item.entry.complete = true);
        assert!(!table.is_taken(&entry.path));
    }

    #[test]
    fn what_was_given_up_is_kept_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path());
        table.insert(CONTENT, Item::new(entry(folder.path()), None));
        table.keep_entry(CONTENT).unwrap();
        assert_eq!(table.register.entries().len(), 1);
        table.register.drop(CONTENT);
        assert!(table.remove(CONTENT));
        assert!(!table.remove(CONTENT));
        table.keep_entry(CONTENT).unwrap();
        assert!(table.register.entries().is_empty());
    }
}
