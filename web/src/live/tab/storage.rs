//! The tab's records on disk: in private files of the browser, or nowhere but in memory.
//!
//! Where there are private files a record counts as stored once it is in one and flushed, as a native peer's does on its disk.

use chordscope_core::base::id::Id;
use chordscope_core::node::api::StorageEvent;
use chordscope_core::store::message::StoredRecord;
use chordscope_core::wire::codec::{decode_copy, encode_copy};

use super::clock::wall_seconds;
use super::files::{self, PrivateFile};
use super::log::{KeptRecord, Log};
use crate::live::talk::Shelf;

/// The tab's storage.
#[derive(Debug)]
pub(super) enum Storage {
    Files(Log<PrivateFile>),
    Memory,
}

impl Storage {
    /// Opens what the peer of this name kept before, and gives its records that have not expired.
    pub(super) async fn open(name: &str) -> (Self, Vec<StoredRecord>) {
        let now = wall_seconds();
        let opened = files::open(name).await;
        match opened.and_then(|files| Log::open(files, now)) {
            Some((log, kept)) => {
                let copies = kept.iter().filter_map(|kept| copy(kept, now)).collect();
                (Self::Files(log), copies)
            }
            None => (Self::Memory, Vec::new()),
        }
    }

    /// The kind of storage.
    pub(super) const fn shelf(&self) -> Shelf {
        match self {
            Self::Files(_) => Shelf::Files,
            Self::Memory => Shelf::Memory,
        }
    }

    /// Keeps a record, and says whether it is safe now.
    pub(super) fn keep(&mut self, token: u64, key: Id, copy: &StoredRecord) -> StorageEvent {
        let Self::Files(log) = self else {
            // The node holds it itself.
            return StorageEvent::Stored(token);
        };
        let expires = wall_seconds().saturating_add_signed(i64::from(copy.remaining));
        let kept = encode_copy(copy).is_ok_and(|bytes| {
            log.keep(&KeptRecord {
                key,
                expires,
                bytes,
            })
        });
        match kept {
            true => StorageEvent::Stored(token),
            false => StorageEvent::Failed(token),
        }
    }

    /// Drops a record.
    pub(super) fn drop_record(&mut self, key: Id) {
        if let Self::Files(log) = self {
            log.drop_record(key);
        }
    }
}

/// A record with the life it has left. What cannot be read is left out; the ring holds other copies.
fn copy(kept: &KeptRecord, now: u64) -> Option<StoredRecord> {
    let left = kept.expires.cast_signed().saturating_sub(now.cast_signed());
    let copy = decode_copy(&kept.bytes).ok()?;
    // A clock that was put back does not let it live longer.
    let remaining = i32::try_from(left.min(i64::from(copy.remaining))).unwrap_or(i32::MIN);
    copy.lasting(remaining)
}
