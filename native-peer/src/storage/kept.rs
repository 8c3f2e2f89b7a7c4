//! What was on disk when the peer started.

use chordscope_core::base::id::Space;
use chordscope_core::base::identity::Scheme;
use chordscope_core::store::group::{Control, Entry};
use chordscope_core::store::message::Copy;
use chordscope_core::wire::codec::{Cards, decode_control, decode_copy, decode_entry};
use redb::{Database, ReadableDatabase, ReadableTable};

use crate::clock::wall_seconds;
use crate::storage::tables::{
    ENTRIES, FORMAT, GROUPS, KNOWN, OWN, RECORDS, SECRET, THIS_FORMAT, VERSION,
};

/// What was on disk when the peer started.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The secret key, from which the id follows.
    pub(crate) secret: [u8; 32],
    /// Greater than at every earlier start.
    pub(crate) version: u64,
    /// Records that have not expired.
    pub(crate) records: Vec<Copy>,
    /// Peers of the last run, a line each.
    pub(crate) known: Vec<String>,
    /// What the peer remembers of its groups.
    pub(crate) control: Control,
    /// The entries of its groups that have not expired.
    pub(crate) entries: Vec<Entry>,
}

/// The secret and the version of this start, in a folder of this format.
fn begin(database: &Database, now: u64) -> Result<([u8; 32], u64), Box<dyn std::error::Error>> {
    let writing = database.begin_write()?;
    let (secret, version) = {
        writing.open_table(RECORDS)?;
        writing.open_table(ENTRIES)?;
        let mut own = writing.open_table(OWN)?;
        let format = own
            .insert(FORMAT, THIS_FORMAT)?
            .map(|bytes| bytes.value().to_vec());
        let begun = own.get(SECRET)?.is_some();
        if begun && format.as_deref() != Some(THIS_FORMAT) {
            let reason =
                "another version of chordscope wrote it: choose another folder with --data";
            return Err(reason.into());
        }
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        let last = own.get(VERSION)?.map_or(0, |bytes| number(bytes.value()));
        // A clock that was set back must not make a restarted peer look older than it was.
        let version = now.max(last + 1);
        own.insert(VERSION, version.to_le_bytes().as_slice())?;
        let known = own
            .get(SECRET)?
            .and_then(|bytes| bytes.value().try_into().ok());
        let secret = match known {
            Some(secret) => secret,
            None => {
                let mut fresh = [0; 32];
                getrandom::fill(&mut fresh)?;
                own.insert(SECRET, fresh.as_slice())?;
                fresh
            }
        };
        (secret, version)
    };
    writing.commit()?;
    Ok((secret, version))
}

pub(super) fn read(database: &Database) -> Result<Kept, Box<dyn std::error::Error>> {
    let now = wall_seconds();
    let (secret, version) = begin(database, now)?;
    let reading = database.begin_read()?;
    let own = reading.open_table(OWN)?;
    let known = own.get(KNOWN)?.map_or_else(Vec::new, |bytes| {
        let text = String::from_utf8_lossy(bytes.value()).into_owned();
        text.lines().map(str::to_string).collect()
    });
    let mut records = Vec::new();
    for entry in reading.open_table(RECORDS)?.iter()? {
        let (_, value) = entry?;
        let (expires, bytes) = value.value();
        let left = u32::try_from(expires.saturating_sub(now)).unwrap_or(u32::MAX);
        // What cannot be read is left out; the ring holds other copies.
        if let (1.., Ok(copy)) = (left, decode_copy(bytes)) {
            records.push(Copy {
                remaining: left,
                ..copy
            });
        }
    }
    let mut entries = Vec::new();
    for entry in reading.open_table(ENTRIES)?.iter()? {
        let (_, value) = entry?;
        let (expires, bytes) = value.value();
        let left = u32::try_from(expires.saturating_sub(now)).unwrap_or(u32::MAX);
        let mut entry = decode_entry(bytes)?;
        if left > 0 {
            entry.copy.remaining = left;
            entries.push(entry);
        }
    }
    // A member that has forgotten its promises must not come back under its name: what cannot be read ends the start.
    let mut cards = Cards::new(Space::FULL, Scheme::Ed25519);
    let control = match own.get(GROUPS)? {
        Some(bytes) => decode_control(bytes.value(), &mut cards)?,
        None => Control::default(),
    };
    Ok(Kept {
        secret,
        version,
        records,
        known,
        control,
        entries,
    })
}
