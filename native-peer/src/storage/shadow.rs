//! A copy-on-write view of a store's file: what the database writes while it reads stays in memory, so that a file that turns out to be damaged
//! is kept as it was found.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

const PAGE: usize = 4_096;
/// The place of the byte of flags in a database's header (redb's docs/design.md, "Database header").
const FLAGS: u64 = 9;
/// The flag of a database that was not closed.
const NOT_CLOSED: u8 = 2;

/// The degree of the database's caution that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The file as it is, which no other process may have open.
    Whole,
    /// The last transaction as it is, for rows that are checked one by one: the file seems to have been closed properly, and locks
    /// are granted, as its folder is locked.
    Rows,
}

/// The file, under what was written since.
#[derive(Debug)]
pub(super) struct Shadow {
    file: FileBackend,
    look: Look,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    pages: BTreeMap<u64, Box<[u8; PAGE]>>,
    length: u64,
    /// The number of bytes of the file that show: a file that was cut and has grown again shows zeros behind the cut.
    shows: u64,
}

impl Shadow {
    pub(super) fn new(file: File, look: Look) -> Result<Self, DatabaseError> {
        let file = FileBackend::new(file)?;
        let length = file.len().map_err(redb::StorageError::from)?;
        let written = Written {
            pages: BTreeMap::new(),
            length,
            shows: length,
        };
        Ok(Self {
            file,
            look,
            written: Mutex::new(written),
        })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page of the file, zeros where it has none.
    fn page_of_file(&self, number: u64, shows: u64) -> io::Result<Box<[u8; PAGE]>> {
        let mut page = Box::new([0; PAGE]);
        let from = number * PAGE as u64;
        let there = shows.saturating_sub(from).min(PAGE as u64);
        let there = usize::try_from(there).unwrap_or(PAGE);
        if there > 0 {
            self.file.read(from, &mut page[..there])?;
        }
        if self.look == Look::Rows && number == 0 {
            page[FLAGS as usize] &= !NOT_CLOSED;
        }
        Ok(page)
    }

    /// Calls a function for each page that a range of bytes lies in: its number, where the range begins in it, and in the range.
    fn each_page(
        offset: u64,
        length: usize,
        mut visit: impl FnMut(u64, usize, usize, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut done = 0;
        while done < length {
            let at = offset + done as u64;
            let number = at / PAGE as u64;
            let begin = usize::try_from(at % PAGE as u64).unwrap_or_default();
            let count = (PAGE - begin).min(length - done);
            visit(number, begin, done, count)?;
            done += count;
        }
        Ok(())
    }
}

/// Returns whether a page is a branch of a tree with a child larger than the file. The database takes memory for a page before it reads it,
/// gigabytes for a number that has changed, and checks no number when it looks at rows alone.
fn leads_astray(page: &[u8], length: u64) -> bool {
    // redb's docs/design.md, "Branch page": type, keys, checksums of children, numbers of children.
    const BRANCH: u8 = 2;
    let [BRANCH, _, low, high, ..] = *page else {
        return false;
    };
    let children = usize::from(u16::from_le_bytes([low, high])) + 1;
    let numbers = page.get(8 + 16 * children..8 + 24 * children);
    numbers.is_none_or(|numbers| {
        let order = |number: &[u8]| number[7] >> 3;
        let mut orders = numbers.chunks_exact(8).map(order);
        orders.any(|order| (PAGE as u64) << order > length)
    })
}

impl StorageBackend for Shadow {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written();
        let end = offset.checked_add(out.len() as u64);
        if end.is_none_or(|end| end > written.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = out.len();
        Self::each_page(offset, length, |number, begin, done, count| {
            let out = &mut out[done..done + count];
            match written.pages.get(&number) {
                Some(page) => out.copy_from_slice(&page[begin..begin + count]),
                None => {
                    let page = self.page_of_file(number, written.shows)?;
                    out.copy_from_slice(&page[begin..begin + count]);
                }
            }
            Ok(())
        })?;
        match self.look == Look::Rows && offset > 0 && leads_astray(out, written.length) {
            true => Err(io::ErrorKind::InvalidData.into()),
            false => Ok(()),
        }
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut written = self.written();
        if length < written.length {
            let last = length.div_ceil(PAGE as u64);
            written.pages.retain(|number, _| *number < last);
            let rest = usize::try_from(length % PAGE as u64).unwrap_or_default();
            if let Some(page) = written.pages.get_mut(&(length / PAGE as u64)) {
                page[rest..].fill(0);
            }
        }
        written.shows = written.shows.min(length);
        written.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        let shows = written.shows;
        Self::each_page(offset, data.len(), |number, begin, done, count| {
            let page = match written.pages.entry(number) {
                Entry::Occupied(page) => page.into_mut(),
                Entry::Vacant(none) => none.insert(self.page_of_file(number, shows)?),
            };
            page[begin..begin + count].copy_from_slice(&data[done..done + count]);
            Ok(())
        })
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        match self.look {
            Look::Whole => self.file.try_lock_range(start, end),
            Look::Rows => Ok(true),
        }
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        match self.look {
            Look::Whole => self.file.try_lock_shared_range(start, end),
            Look::Rows => Ok(true),
        }
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        match self.look {
            Look::Whole => self.file.lock_range(start, end),
            Look::Rows => Ok(()),
        }
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        match self.look {
            Look::Whole => self.file.lock_shared_range(start, end),
            Look::Rows => Ok(()),
        }
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        match self.look {
            Look::Whole => self.file.unlock_range(start, end),
            Look::Rows => Ok(()),
        }
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        match self.look {
            Look::Whole => self.file.query_lock_range(start, end),
            Look::Rows => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_shows_and_stays_out_of_the_file() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let before: Vec<u8> = (0..10_000_u32).map(|n| n as u8).collect();
        std::fs::write(path.path(), &before).unwrap();
        let shadow = Shadow::new(path.reopen().unwrap(), Look::Whole).unwrap();
        let read = |at: u64, count: usize| {
            let mut out = vec![0; count];
            shadow.read(at, &mut out).map(|()| out)
        };
        assert_eq!(read(4_000, 6_000).unwrap(), before[4_000..]);
        assert!(read(9_000, 1_001).is_err());
        shadow.write(4_090, &[0xaa; 10]).unwrap();
        let mut expected = before.clone();
        expected[4_090..4_100].fill(0xaa);
        assert_eq!(read(0, 10_000).unwrap(), expected);
        shadow.set_len(4_095).unwrap();
        shadow.set_len(9_000).unwrap();
        assert_eq!(read(4_095, 4_905).unwrap(), vec![0; 4_905]);
        assert_eq!(std::fs::read(path.path()).unwrap(), before);
    }

    #[test]
    fn a_branch_with_a_child_larger_than_the_file_leads_astray() {
        let mut page = vec![0; PAGE];
        (page[0], page[2]) = (2, 1);
        assert!(!leads_astray(&page, 8_192));
        // The order of the second child: 8 KiB, then 16.
        page[8 + 32 + 15] = 1 << 3;
        assert!(!leads_astray(&page, 8_192));
        page[8 + 32 + 15] = 2 << 3;
        assert!(leads_astray(&page, 8_192));
        assert!(!leads_astray(&page, 16_384));
        page[3] = 0xff;
        assert!(
            leads_astray(&page, u64::MAX),
            "more keys than there is room for"
        );
        page[0] = 1;
        assert!(!leads_astray(&page, 0), "a leaf");
        assert!(!leads_astray(&[2, 0], 0));
    }
}
