//! A cache of open files: of all that are shared only those that were read or written last. The system counts what a process has open,
//! so that all peers of a process have them in common.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::descriptors;

/// The greatest number of files that stay open; fewer where the system allows few.
const MOST: usize = 256;

static OPENED: LazyLock<Opened> = LazyLock::new(|| {
    let allowed = descriptors::allowed().map_or(MOST as u64, |allowed| allowed / 8);
    Opened::new(usize::try_from(allowed).unwrap_or(MOST).clamp(8, MOST))
});

/// Open files, the least recently used of which is closed first.
#[derive(Debug)]
struct Opened {
    most: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    turn: u64,
    /// Each with the turn in which it was used last.
    files: BTreeMap<u64, (u64, Arc<File>)>,
    /// The slots, by the turn in which they were used last.
    used: BTreeMap<u64, u64>,
}

/// A file that is opened when it is used; closed when this is dropped, if not before.
#[derive(Debug)]
pub(super) struct Slot(u64);

impl Slot {
    /// A slot of its own.
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The file, which is opened if it is not.
    pub(super) fn file(&self, open: impl Fn() -> io::Result<File>) -> io::Result<Arc<File>> {
        OPENED.file(self.0, open)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        OPENED.close(self.0);
    }
}

impl Opened {
    fn new(most: usize) -> Self {
        Self {
            most,
            table: Mutex::default(),
        }
    }

    fn file(&self, slot: u64, open: impl Fn() -> io::Result<File>) -> io::Result<Arc<File>> {
        if let Some(file) = self.table().get(slot) {
            return Ok(file);
        }
        let file = open().or_else(|error| match descriptors::has_run_out(&error) {
            true => {
                // Others need descriptors, too: what rests here makes room.
                self.table().shrink(0);
                open()
            }
            false => Err(error),
        });
        let file = Arc::new(file.map_err(descriptors::explain)?);
        let mut table = self.table();
        table.put(slot, Arc::clone(&file));
        table.shrink(self.most);
        Ok(file)
    }

    fn close(&self, slot: u64) {
        self.table().remove(slot);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change of it is one step.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn get(&mut self, slot: u64) -> Option<Arc<File>> {
        let file = self.remove(slot)?;
        self.put(slot, Arc::clone(&file));
        Some(file)
    }

    fn put(&mut self, slot: u64, file: Arc<File>) {
        self.remove(slot);
        self.turn += 1;
        self.used.insert(self.turn, slot);
        self.files.insert(slot, (self.turn, file));
    }

    fn remove(&mut self, slot: u64) -> Option<Arc<File>> {
        let (turn, file) = self.files.remove(&slot)?;
        self.used.remove(&turn);
        Some(file)
    }

    fn shrink(&mut self, most: usize) {
        while self.files.len() > most
            && let Some((_, slot)) = self.used.pop_first()
        {
            self.files.remove(&slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_is_closed_first() {
        let opened = Opened::new(2);
        let count = AtomicU64::new(0);
        let open = || {
            count.fetch_add(1, Ordering::Relaxed);
            tempfile::tempfile()
        };
        // The first is used between, so that the second makes room for the third.
        for slot in [1, 2, 1, 3, 1, 3, 2] {
            opened.file(slot, open).unwrap();
            let table = opened.table();
            assert!(table.files.len() <= 2);
            assert_eq!(table.files.len(), table.used.len());
        }
        assert_eq!(count.load(Ordering::Relaxed), 4);
        opened.close(2);
        opened.close(7);
        assert_eq!(opened.table().files.len(), 1);
    }
}
