//! The file `peer.commits`: how many transactions the store has committed, and a lock that makes the folder one process's.
//!
//! After a crash the database goes back to the transaction before the last one when the last one cannot be read, as it may be half
//! written. If it was whole and is damaged since, that loses what was acknowledged without a word. So the count of transactions is
//! in the store and here: a store with fewer than were counted is an older copy of itself. The count is written over the one
//! before, after each transaction and before it is acknowledged, and is not flushed: what the process wrote outlives its crash,
//! and when the machine fails, a count that is too low does no harm.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use chordscope_core::base::digest::Digest;

use super::private_file;

pub(super) const FILE: &str = "peer.commits";
const PURPOSE: &str = "chordscope 2026 count of transactions";

/// The count, and the lock of the folder for as long as this lives.
#[derive(Debug)]
pub(super) struct Count {
    file: File,
}

/// The reason why the count is not to be had.
#[derive(Debug)]
pub(super) enum Refused {
    /// Another process has the folder.
    Busy,
    Disk(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Count {
    /// Takes the folder.
    pub(super) fn take(folder: &Path) -> Result<Self, Refused> {
        let file = private_file(&folder.join(FILE))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(Refused::Busy),
            // Some network file systems lock nothing, and the database asks no more of them.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Self { file })
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Returns whether a count was begun here.
    pub(super) fn is_begun(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.len() > 0)
    }

    /// The count; `None` when it is damaged or was never begun.
    pub(super) fn read(&self) -> io::Result<Option<u64>> {
        let mut bytes = Vec::new();
        let mut file = &self.file;
        file.rewind()?;
        // More than there should be is damage as well.
        file.take(17).read_to_end(&mut bytes)?;
        let count = bytes.first_chunk::<8>().map(|le| u64::from_le_bytes(*le));
        Ok(count.filter(|count| bytes == encode(*count)))
    }

    /// Notes the count.
    pub(super) fn write(&self, count: u64) -> io::Result<()> {
        let mut file = &self.file;
        file.rewind()?;
        file.write_all(&encode(count))
    }

    /// Begins to count, whatever was there before. That is on the disk before there is a store: a store without a count has lost it.
    pub(super) fn begin(&self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.write(0)?;
        self.flush()
    }

    /// Waits until the count is on the disk.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

fn encode(count: u64) -> [u8; 16] {
    let digest = Digest::new(PURPOSE).part(&count.to_le_bytes()).finish();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&count.to_le_bytes());
    bytes[8..].copy_from_slice(&digest[..8]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_read_as_it_was_written_or_known_to_be_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let count = Count::take(folder.path()).unwrap();
        assert_eq!(count.read().unwrap(), None);
        assert!(!count.is_begun().unwrap());
        count.begin().unwrap();
        assert!(count.is_begun().unwrap());
        assert_eq!(count.read().unwrap(), Some(0));
        count.write(300).unwrap();
        assert_eq!(count.read().unwrap(), Some(300));
        assert!(matches!(Count::take(folder.path()), Err(Refused::Busy)));
        let path = folder.path().join(FILE);
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 4;
            std::fs::write(&path, flipped).unwrap();
            assert_eq!(count.read().unwrap(), None, "byte {at}");
        }
        std::fs::write(&path, &whole[..9]).unwrap();
        assert_eq!(count.read().unwrap(), None);
    }
}
