//! The thread that writes.

use chordscope_core::node::api::StorageEvent;
use redb::Database;
use tokio::sync::mpsc;

use crate::storage::tables::{ENTRIES, GROUPS, KNOWN, OWN, RECORDS};

/// How many changes go into one transaction.
const MAX_BATCH: usize = 256;

/// Something that is to be on disk, or not any more.
#[derive(Debug)]
pub(super) enum Change {
    Keep {
        table: Table,
        token: u64,
        key: [u8; 20],
        expires: u64,
        bytes: Vec<u8>,
    },
    Drop(Table, [u8; 20]),
    Known(String),
    Groups {
        token: u64,
        bytes: Vec<u8>,
    },
}

/// Which level's records.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    /// Level `one`.
    Records,
    /// Level `quorum`.
    Entries,
}

impl Table {
    /// The one of the two that it means.
    fn of<T>(self, records: T, entries: T) -> T {
        match self {
            Self::Records => records,
            Self::Entries => entries,
        }
    }
}

impl Change {
    /// Under which number the outcome is awaited.
    const fn token(&self) -> Option<u64> {
        match self {
            Self::Keep { token, .. } | Self::Groups { token, .. } => Some(*token),
            Self::Drop(..) | Self::Known(_) => None,
        }
    }
}

/// Carries changes out, many to a transaction, until nobody sends any more. `stored` is told what became of them.
pub(super) fn write_all(
    database: &Database,
    mut waiting: mpsc::Receiver<Change>,
    stored: &mpsc::UnboundedSender<StorageEvent>,
) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while waiting.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
        let outcome = write(database, &batch);
        if let Err(error) = &outcome {
            tracing::error!(%error, "cannot write to disk");
        }
        for change in batch.drain(..) {
            if let Some(token) = change.token() {
                // Nobody listens any more once the peer has ended.
                let _ = stored.send(match outcome {
                    Ok(()) => StorageEvent::Stored(token),
                    Err(_) => StorageEvent::Failed(token),
                });
            }
        }
    }
}

fn write(database: &Database, batch: &[Change]) -> Result<(), redb::Error> {
    let writing = database.begin_write()?;
    {
        let mut records = writing.open_table(RECORDS)?;
        let mut entries = writing.open_table(ENTRIES)?;
        let mut own = writing.open_table(OWN)?;
        for change in batch {
            match change {
                Change::Keep {
                    table,
                    key,
                    expires,
                    bytes,
                    ..
                } => {
                    let table = table.of(&mut records, &mut entries);
                    table.insert(key, (*expires, bytes.as_slice()))?;
                }
                Change::Drop(table, key) => {
                    table.of(&mut records, &mut entries).remove(key)?;
                }
                Change::Known(text) => {
                    own.insert(KNOWN, text.as_bytes())?;
                }
                Change::Groups { bytes, .. } => {
                    own.insert(GROUPS, bytes.as_slice())?;
                }
            }
        }
    }
    writing.commit()?;
    Ok(())
}
