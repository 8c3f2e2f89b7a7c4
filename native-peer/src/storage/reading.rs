//! Reading all of a store, checked, without a change to its file.

use std::fs::File;
use std::path::Path;

use chordscope_core::base::id::Space;
use chordscope_core::base::identity::Scheme;
use chordscope_core::store::group::{Control, Entry, Lineage};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::renewal::Renewal;
use chordscope_core::wire::codec::{
    Cards, decode_control, decode_copy, decode_entry, decode_renewal,
};
use chordscope_core::wire::release_0_1;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, TableError};

use super::CACHE;
use super::fault::{Fault, looking};
use super::seal::unseal;
use super::shadow::{Look, Shadow};
use super::tables::{
    COMMITS, ENTRIES, FORMAT, GROUPS, INCARNATION, KNOWN, OWN, RECORDS, RENEWALS, SECRET,
    THIS_FORMAT, TOUCHES, UNSEALED_FORMAT, VERSION,
};

/// The contents of a store.
#[derive(Debug)]
pub(super) struct Contents {
    /// The secret key, in a store of the unsealed format.
    pub(super) secret: Option<[u8; 32]>,
    pub(super) incarnation: u64,
    pub(super) version: u64,
    pub(super) commits: u64,
    pub(super) known: Vec<String>,
    /// Records with their seconds of expiry, those that have not expired.
    pub(super) records: Vec<(u64, StoredRecord)>,
    /// The state of level `quorum`, or what is wrong with it: all of it counts, or nothing.
    pub(super) groups: Result<Groups, String>,
    /// The part of that which another incarnation takes over.
    pub(super) inherited: Inherited,
    /// The records that the peer renews.
    pub(super) renewals: Vec<Renewal>,
    /// Keys of records that have expired or are damaged.
    pub(super) stale: Vec<[u8; 20]>,
    /// The number of these that are damaged.
    pub(super) damaged: usize,
}

/// The contents of a store for level `quorum`.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub(super) control: Control,
    pub(super) entries: Vec<(u64, Entry)>,
    /// Keys of entries that have expired.
    pub(super) stale: Vec<[u8; 20]>,
}

/// The state that outlives an incarnation of a peer: it has no vote before the others take it in again, but its ring is the same,
/// and no ballot is used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Inherited {
    lineage: Option<Lineage>,
    round: u64,
}

impl Inherited {
    /// Returns what another incarnation takes over of this control record.
    pub(super) const fn of(control: &Control) -> Self {
        Self {
            lineage: control.lineage,
            round: control.round,
        }
    }

    /// Returns the control record that another incarnation begins with; nothing where nothing is known.
    pub(super) fn control(self, incarnation: u64) -> Control {
        match self == Self::default() {
            true => Control::default(),
            false => Control {
                incarnation,
                lineage: self.lineage,
                round: self.round,
                ..Control::default()
            },
        }
    }
}

/// Reads a store; `None` when nothing was ever written to it.
pub(super) fn read(path: &Path, now: u64) -> Result<Option<Contents>, Fault> {
    let file = File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| Fault::of_disk(&error))?;
    looking(|| {
        let database = Database::builder()
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(true)
            .create_with_backend(Shadow::new(file, Look::Whole)?)?;
        contents(&database.begin_read()?, now)
    })
}

fn contents(reading: &ReadTransaction, now: u64) -> Result<Option<Contents>, Fault> {
    let own = match reading.open_table(OWN) {
        Ok(own) => own,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let format = own.get(FORMAT)?.map(|bytes| bytes.value().to_vec());
    let sealed = match format.as_deref() {
        Some([THIS_FORMAT]) => true,
        Some([UNSEALED_FORMAT]) => false,
        Some([other]) => return Err(Fault::Format(*other)),
        _ => return Err(Fault::Damaged("it does not say its format".into())),
    };
    let row = |name: &str| -> Result<Option<Vec<u8>>, Fault> {
        let Some(bytes) = own.get(name)? else {
            return Ok(None);
        };
        let bytes = bytes.value();
        let bytes = match sealed {
            true => unseal("own", name.as_bytes(), 0, bytes)
                .ok_or_else(|| Fault::Damaged(format!("the row \"{name}\" has changed")))?,
            false => bytes,
        };
        Ok(Some(bytes.to_vec()))
    };
    let number = |name: &str| -> Result<u64, Fault> {
        let bytes = row(name)?.and_then(|bytes| bytes.try_into().ok());
        match bytes {
            Some(bytes) => Ok(u64::from_le_bytes(bytes)),
            None if sealed => Err(Fault::Damaged(format!("the row \"{name}\" is missing"))),
            None => Ok(0),
        }
    };
    let secret = match sealed {
        true => None,
        false => row(SECRET)?.and_then(|bytes| bytes.try_into().ok()),
    };
    let (groups, inherited) = groups(reading, row(GROUPS), sealed, now)?;
    let (mut records, mut stale, mut damaged) = (Vec::new(), Vec::new(), 0);
    for row in reading.open_table(RECORDS)?.iter()? {
        let (key, value) = row?;
        let (expires, bytes) = value.value();
        let bytes = match sealed {
            true => unseal("records", &key.value(), expires, bytes),
            false => Some(bytes),
        };
        match bytes.map(decode_copy) {
            Some(Ok(copy)) => match copy.lasting(remaining(expires, now)) {
                Some(copy) => records.push((expires, copy)),
                None => stale.push(key.value()),
            },
            Some(Err(_)) | None => {
                stale.push(key.value());
                damaged += 1;
            }
        }
    }
    Ok(Some(Contents {
        secret,
        incarnation: number(INCARNATION)?,
        version: number(VERSION)?,
        commits: number(COMMITS)?,
        known: lines(&row(KNOWN)?.unwrap_or_default()),
        records,
        groups,
        inherited,
        renewals: renewals(reading)?,
        stale,
        damaged,
    }))
}

/// Reads the state of level `quorum`. A member that has forgotten a promise must not be taken for one that has not: one row that
/// is not what was written spoils all of it.
fn groups(
    reading: &ReadTransaction,
    control: Result<Option<Vec<u8>>, Fault>,
    sealed: bool,
    now: u64,
) -> Result<(Result<Groups, String>, Inherited), Fault> {
    let mut groups = Groups::default();
    let nothing = Inherited::default();
    let mut cards = Cards::new(Space::FULL, Scheme::ED25519);
    let decode = match sealed {
        true => decode_control,
        false => release_0_1::decode_control,
    };
    match control {
        Ok(None) => {}
        Ok(Some(bytes)) => match decode(&bytes, &mut cards) {
            Ok(control) => groups.control = control,
            Err(error) => {
                let reason = format!("what it promised to its groups: {error}");
                return Ok((Err(reason), nothing));
            }
        },
        Err(Fault::Damaged(reason)) => return Ok((Err(reason), nothing)),
        Err(fault) => return Err(fault),
    }
    let inherited = Inherited::of(&groups.control);
    for row in reading.open_table(ENTRIES)?.iter()? {
        let (key, value) = row?;
        let (expires, bytes) = value.value();
        let entry = match sealed {
            true => unseal("entries", &key.value(), expires, bytes)
                .and_then(|bytes| decode_entry(bytes).ok()),
            false => release_0_1::decode_entry(bytes).ok(),
        };
        let Some(entry) = entry else {
            let reason = format!(
                "the entry {} has changed",
                data_encoding::HEXLOWER.encode(&key.value())
            );
            return Ok((Err(reason), inherited));
        };
        match entry.copy.lasting(remaining(expires, now)) {
            Some(copy) => {
                let entry = Entry { copy, ..entry };
                groups.entries.push((expires, entry));
            }
            None => groups.stale.push(key.value()),
        }
    }
    Ok((Ok(groups), inherited))
}

/// The records that the peer renews. One that cannot be read is lost: its user has to put the record again.
fn renewals(reading: &ReadTransaction) -> Result<Vec<Renewal>, Fault> {
    let mut renewals = Vec::new();
    for (table, name) in [(RENEWALS, "renewals"), (TOUCHES, "touches")] {
        let table = match reading.open_table(table) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        for row in table.iter()? {
            let (key, bytes) = row?;
            let bytes = unseal(name, &key.value(), 0, bytes.value());
            renewals.extend(bytes.and_then(|bytes| decode_renewal(bytes).ok()));
        }
    }
    Ok(renewals)
}

/// The remaining life in seconds; below 0, the seconds since its end.
pub(super) fn remaining(expires: u64, now: u64) -> i32 {
    let remaining = i128::from(expires) - i128::from(now);
    let at_the_limit = if remaining < 0 { i32::MIN } else { i32::MAX };
    i32::try_from(remaining).unwrap_or(at_the_limit)
}

/// The lines of a text that was stored.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().map(str::to_string).collect()
}
