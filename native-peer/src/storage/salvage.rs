//! Records of level `one` from a damaged store, and what another incarnation takes over: each is what was last written, by its own
//! checksum, or is left.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use chordscope_core::base::id::Space;
use chordscope_core::base::identity::Scheme;
use chordscope_core::store::message::StoredRecord;
use chordscope_core::wire::codec::{Cards, decode_control, decode_copy};
use redb::{
    AccessGuard, ConcurrencyMode, Database, ReadTransaction, ReadableDatabase, ReadableTable,
};

use super::CACHE;
use super::fault::{Fault, looking};
use super::reading::{Inherited, lines, remaining};
use super::seal::unseal;
use super::shadow::{Look, Shadow};
use super::tables::{COMMITS, GROUPS, KNOWN, OWN, RECORDS, VERSION};

/// The number of consecutive rows that may be damaged before the rest is given up: a damaged tree may lead in a circle.
const MAX_DAMAGED: usize = 4_096;

/// The rows that could be read.
#[derive(Debug, Default)]
pub(super) struct Salvaged {
    pub(super) records: Vec<(u64, StoredRecord)>,
    pub(super) known: Vec<String>,
    pub(super) version: u64,
    pub(super) inherited: Inherited,
}

type Rows = BTreeMap<[u8; 20], (u64, Vec<u8>)>;

/// Reads what can be read of a store, of which this many transactions were counted. An older copy of the store has nothing to give:
/// its records may have been replaced or deleted since.
pub(super) fn salvage(path: &Path, commits: u64, now: u64) -> Salvaged {
    let mut found = Salvaged::default();
    let mut rows = Rows::new();
    // From both ends, as reading ends where the tree of the table is damaged.
    for backwards in [false, true] {
        let _ = looking(|| {
            let reading = open(path)?;
            let own = reading.open_table(OWN)?;
            let row = |name: &str| -> Result<Vec<u8>, Fault> {
                let bytes = own.get(name)?;
                let bytes = bytes.as_ref().map(AccessGuard::value);
                let bytes = bytes.and_then(|bytes| unseal("own", name.as_bytes(), 0, bytes));
                bytes
                    .map(<[u8]>::to_vec)
                    .ok_or_else(|| Fault::Damaged(name.into()))
            };
            let number = |name: &str| -> Result<u64, Fault> {
                let bytes = row(name)?.try_into();
                bytes
                    .map(u64::from_le_bytes)
                    .map_err(|_| Fault::Damaged(name.into()))
            };
            if number(COMMITS)? < commits {
                return Ok(());
            }
            found.version = number(VERSION).unwrap_or_default();
            found.known = row(KNOWN).map_or_else(|_| Vec::new(), |text| lines(&text));
            let mut cards = Cards::new(Space::FULL, Scheme::ED25519);
            if let Some(control) = row(GROUPS)
                .ok()
                .and_then(|bytes| decode_control(&bytes, &mut cards).ok())
            {
                found.inherited = Inherited::of(&control);
            }
            gather(&reading, backwards, &mut rows)
        });
    }
    for (expires, bytes) in rows.into_values() {
        let copy = decode_copy(&bytes).ok();
        if let Some(copy) = copy.and_then(|copy| copy.lasting(remaining(expires, now))) {
            found.records.push((expires, copy));
        }
    }
    found
}

/// The last transaction, unchecked. A reader beside a writer in another process asks for no more than the header: that is the way
/// past the check of the whole.
fn open(path: &Path) -> Result<ReadTransaction, Fault> {
    let file = File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| Fault::of_disk(&error))?;
    let database = Database::builder()
        .set_cache_size(CACHE)
        .set_concurrency_mode(ConcurrencyMode::SingleWriter)
        .open_read_only_with_backend(Shadow::new(file, Look::Rows)?)?;
    Ok(database.begin_read()?)
}

/// Adds the rows that are as they were written, in the order of their keys, until the order breaks.
fn gather(reading: &ReadTransaction, backwards: bool, rows: &mut Rows) -> Result<(), Fault> {
    let table = reading.open_table(RECORDS)?;
    let mut all = table.iter()?;
    let mut last: Option<[u8; 20]> = None;
    let mut damaged = 0;
    loop {
        let next = match backwards {
            true => all.next_back(),
            false => all.next(),
        };
        let Some(row) = next else { return Ok(()) };
        let (key, value) = row?;
        let (key, (expires, sealed)) = (key.value(), value.value());
        let Some(bytes) = unseal("records", &key, expires, sealed) else {
            damaged += 1;
            if damaged > MAX_DAMAGED {
                return Ok(());
            }
            continue;
        };
        let ordered = last.is_none_or(|last| match backwards {
            true => key < last,
            false => key > last,
        });
        if !ordered {
            return Ok(());
        }
        (last, damaged) = (Some(key), 0);
        rows.insert(key, (expires, bytes.to_vec()));
    }
}
