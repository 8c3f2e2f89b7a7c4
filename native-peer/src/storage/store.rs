//! The database of a store, open for writing.

use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chordscope_core::node::api as node;
use chordscope_core::store::group::Entry;
use chordscope_core::wire::codec::decode_entry;
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, StorageBackend, Table};

use super::count::Count;
use super::reading::remaining;
use super::seal::{seal, unseal};
use super::tables::{COMMITS, ENTRIES, OWN, RECORDS, RENEWALS, TOUCHES, TRIAL};
use super::{CACHE, private_file};
use crate::clock::wall_seconds;

/// The name of the database in the folder.
pub(super) const FILE: &str = "peer.redb";

/// The number of bytes that a disk must take before it is trusted again: several of the largest records.
const ROOM_FOR_TRIAL: usize = 256 << 10;

/// The medium of a store's file.
pub(super) trait Medium: Clone + std::fmt::Debug + Send + 'static {
    /// The database's access to the file.
    type Backend: StorageBackend;

    /// Gives the file to the database.
    fn attach(&self, file: File) -> Result<Self::Backend, DatabaseError>;

    /// Returns the time for which it is left alone after it has refused: at first, and at most.
    fn pauses(&self) -> RangeInclusive<Duration>;
}

/// A disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disk;

impl Medium for Disk {
    type Backend = FileBackend;

    fn attach(&self, file: File) -> Result<FileBackend, DatabaseError> {
        FileBackend::new(file)
    }

    fn pauses(&self) -> RangeInclusive<Duration> {
        Duration::from_millis(250)..=Duration::from_secs(30)
    }
}

/// A store that can be written to.
#[derive(Debug)]
pub(super) struct Store<M> {
    path: PathBuf,
    medium: M,
    /// The open database; none after a failure, until it is opened again.
    database: Option<Database>,
    count: Count,
    /// The number of transactions that it has committed.
    commits: u64,
}

/// The level of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    One,
    Quorum,
}

impl From<node::Level> for Level {
    fn from(level: node::Level) -> Self {
        match level {
            node::Level::One => Self::One,
            node::Level::Quorum => Self::Quorum,
        }
    }
}

/// The tables during a transaction.
pub(super) struct Tables<'t> {
    records: Table<'t, [u8; 20], (u64, &'static [u8])>,
    entries: Table<'t, [u8; 20], (u64, &'static [u8])>,
    renewals: Table<'t, [u8; 20], &'static [u8]>,
    touches: Table<'t, [u8; 20], &'static [u8]>,
    own: Table<'t, &'static str, &'static [u8]>,
}

impl Tables<'_> {
    /// Keeps a record or entry.
    pub(super) fn keep(
        &mut self,
        level: Level,
        key: &[u8; 20],
        expires: u64,
        bytes: &[u8],
    ) -> Result<(), redb::Error> {
        let (table, name) = match level {
            Level::One => (&mut self.records, "records"),
            Level::Quorum => (&mut self.entries, "entries"),
        };
        let sealed = seal(name, key, expires, bytes);
        table.insert(key, (expires, sealed.as_slice()))?;
        Ok(())
    }

    /// Drops a record or entry.
    pub(super) fn drop(&mut self, level: Level, key: &[u8; 20]) -> Result<(), redb::Error> {
        let table = match level {
            Level::One => &mut self.records,
            Level::Quorum => &mut self.entries,
        };
        table.remove(key)?;
        Ok(())
    }

    /// Takes out the entries under these keys, as far as they are there and whole.
    pub(super) fn take_entries(&mut self, keys: &[[u8; 20]]) -> Result<Vec<Entry>, redb::Error> {
        let now = wall_seconds();
        let mut entries = Vec::new();
        for key in keys {
            let Some(row) = self.entries.remove(key)? else {
                continue;
            };
            let (expires, sealed) = row.value();
            let bytes = unseal("entries", key, expires, sealed);
            if let Some(mut entry) = bytes.and_then(|bytes| decode_entry(bytes).ok()) {
                entry.copy.remaining = remaining(expires, now);
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// Keeps a renewal, or drops it.
    pub(super) fn renew(
        &mut self,
        level: Level,
        key: &[u8; 20],
        renewal: Option<&[u8]>,
    ) -> Result<(), redb::Error> {
        let (table, name) = match level {
            Level::One => (&mut self.renewals, "renewals"),
            Level::Quorum => (&mut self.touches, "touches"),
        };
        match renewal {
            Some(bytes) => {
                let sealed = seal(name, key, 0, bytes);
                table.insert(key, sealed.as_slice())?;
            }
            None => drop(table.remove(key)?),
        }
        Ok(())
    }

    /// Keeps a small thing by its name.
    pub(super) fn name(&mut self, name: &'static str, bytes: &[u8]) -> Result<(), redb::Error> {
        let sealed = seal("own", name.as_bytes(), 0, bytes);
        self.name_bare(name, &sealed)
    }

    /// Keeps a small thing that is not sealed.
    pub(super) fn name_bare(
        &mut self,
        name: &'static str,
        bytes: &[u8],
    ) -> Result<(), redb::Error> {
        self.own.insert(name, bytes)?;
        Ok(())
    }

    /// Drops a small thing.
    pub(super) fn forget(&mut self, name: &'static str) -> Result<(), redb::Error> {
        self.own.remove(name)?;
        Ok(())
    }
}

impl<M: Medium> Store<M> {
    /// Opens the database of a folder, or makes one, of which so many transactions are known.
    pub(super) fn open(
        folder: &Path,
        medium: M,
        count: Count,
        commits: u64,
    ) -> Result<Self, redb::Error> {
        let mut store = Self {
            path: folder.join(FILE),
            medium,
            database: None,
            count,
            commits,
        };
        store.database = Some(store.attach()?);
        Ok(store)
    }

    fn attach(&self) -> Result<Database, redb::Error> {
        let file = private_file(&self.path)?;
        Ok(Database::builder()
            .set_cache_size(CACHE)
            .create_with_backend(self.medium.attach(file)?)?)
    }

    /// Makes changes in one transaction. They are on the disk, and counted, when it returns.
    pub(super) fn transact(
        &mut self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<(), redb::Error>,
    ) -> Result<(), redb::Error> {
        let database = self.database.as_ref().ok_or(redb::Error::PreviousIo)?;
        let commits = self.commits + 1;
        let writing = database.begin_write()?;
        {
            let mut tables = Tables {
                records: writing.open_table(RECORDS)?,
                entries: writing.open_table(ENTRIES)?,
                renewals: writing.open_table(RENEWALS)?,
                touches: writing.open_table(TOUCHES)?,
                own: writing.open_table(OWN)?,
            };
            change(&mut tables)?;
            tables.name(COMMITS, &commits.to_le_bytes())?;
        }
        writing.commit()?;
        self.commits = commits;
        self.count.write(commits)?;
        Ok(())
    }

    /// Closes the database, which refuses everything after an error of the disk, opens it again and tries it out.
    pub(super) fn reopen(&mut self) -> Result<(), redb::Error> {
        self.database = None;
        let database = self.attach()?;
        let there = commits(&database)?;
        if there < self.commits {
            let text = format!("{} transactions are missing", self.commits - there);
            return Err(redb::Error::Corrupted(text));
        }
        // The transaction that failed may have become whole.
        self.commits = there;
        self.database = Some(database);
        let outcome = self
            .transact(|tables| tables.name(TRIAL, &[0; ROOM_FOR_TRIAL]))
            .and_then(|()| self.transact(|tables| tables.forget(TRIAL)));
        if outcome.is_err() {
            self.database = None;
        }
        outcome
    }

    /// Returns the room on the disk, in bytes, where that is to be known.
    pub(super) fn room(&self) -> Option<u64> {
        #[cfg(unix)]
        {
            let disk = rustix::fs::statvfs(self.path.parent()?).ok()?;
            Some(disk.f_bavail.saturating_mul(disk.f_frsize))
        }
        #[cfg(not(unix))]
        None
    }

    /// Returns the time for which the disk is left alone after it has refused: at first, and at most.
    pub(super) fn pauses(&self) -> RangeInclusive<Duration> {
        self.medium.pauses()
    }

    /// Returns the path of the store.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl<M> Drop for Store<M> {
    fn drop(&mut self) {
        // The database is whole without; a count that is too low after the machine has failed does no harm.
        let _ = self.count.flush();
    }
}

fn commits(database: &Database) -> Result<u64, redb::Error> {
    let reading = database.begin_read()?;
    let own = reading.open_table(OWN)?;
    let bytes = own.get(COMMITS)?;
    let bytes = bytes.as_ref().map(redb::AccessGuard::value);
    let bytes = bytes.and_then(|bytes| unseal("own", COMMITS.as_bytes(), 0, bytes));
    let number = bytes.and_then(|bytes| bytes.try_into().ok());
    number
        .map(u64::from_le_bytes)
        .ok_or_else(|| redb::Error::Corrupted("the count of transactions has changed".into()))
}
