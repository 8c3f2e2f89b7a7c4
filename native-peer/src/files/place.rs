//! A file on disk whose segments are read and written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chordscope_core::swarm::layout::Layout;

use crate::files::opened::Slot;
use crate::files::positional::{read_at, set_length, write_at};
use crate::files::stamp::Stamp;
use crate::regular_file::open;

/// The error for files whose content the system makes up.
const MADE_UP: &str = "what can be read in this file is not as long as the system says, as in files of /proc and /sys: a copy of it can be \
                       shared";
/// The error for a file that is not as long as it was.
const ANOTHER_LENGTH: &str = "the file does not have the length that it had when reading began: try again when nobody writes to it";

/// The number of bytes of two files that are compared at a time.
const COMPARED: usize = 64 * 1024;

/// The place of a content on the disk. While it is being fetched it has another name than at its end.
#[derive(Debug)]
pub(crate) struct Place {
    slot: Slot,
    layout: Layout,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    path: PathBuf,
    /// True if the file is a draft, which is written to.
    is_draft: bool,
    /// The file as it was seen last; none while it is being filled.
    stamp: Option<Stamp>,
    /// The number of times that another program was seen to have written to it.
    changes: u64,
    /// True if the whole file, as it was seen last, was checked in this run.
    is_checked: bool,
}

impl Place {
    /// A file that is there, and stays as it is.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let slot = Slot::new();
        let file = slot.file(|| open(path, File::options().read(true)))?;
        let meta = file.metadata()?;
        if meta.len() == 0 && follows(&file, 0)? {
            return Err(io::Error::other(MADE_UP));
        }
        Self::of(slot, path, meta.len(), Some(Stamp::of(&meta)?))
    }

    /// A file that is to be filled, or filled further. Nothing of it is taken for good yet.
    pub(crate) fn fill(path: &Path, length: u64) -> io::Result<Self> {
        let slot = Slot::new();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = slot.file(|| open(path, &mut options.clone()))?;
        // A disk without room for all of it says so now.
        if let Err(error) = set_length(&file, length) {
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        Self::of(slot, path, length, None)
    }

    fn of(slot: Slot, path: &Path, length: u64, stamp: Option<Stamp>) -> io::Result<Self> {
        let layout = Layout::of(length);
        Ok(Self {
            slot,
            layout: layout.ok_or_else(|| io::Error::other("longer than 256 GiB"))?,
            state: Mutex::new(State {
                path: path.to_path_buf(),
                is_draft: stamp.is_none(),
                stamp,
                changes: 0,
                is_checked: false,
            }),
        })
    }

    /// The file, opened again if it was not used for long.
    fn file(&self) -> io::Result<Arc<File>> {
        self.slot.file(|| {
            let state = self.state();
            open(
                &state.path,
                File::options().read(true).write(state.is_draft),
            )
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of it is one step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the layout of the file.
    pub(crate) const fn layout(&self) -> Layout {
        self.layout
    }

    /// Returns the path of the file now.
    pub(crate) fn path(&self) -> PathBuf {
        self.state().path.clone()
    }

    /// The file as it was seen last; none while it is being filled.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.state().stamp
    }

    /// Returns the number of times that another program was seen to have written to it: what was checked before may be something
    /// else by now.
    pub(crate) fn changes(&self) -> u64 {
        self.state().changes
    }

    /// Reads a segment.
    pub(crate) fn read(&self, index: u32) -> io::Result<Vec<u8>> {
        let range = self.layout.range(index);
        let file = self.file()?;
        let bytes = read_at(&file, self.layout.len(index), range.start);
        let bytes = bytes.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::other(self.wrong_length(&file)),
            _ => error,
        })?;
        let now = Stamp::of(&file.metadata()?)?;
        let mut state = self.state();
        if state.stamp.is_some_and(|before| before != now) {
            state.stamp = Some(now);
            state.changes += 1;
            state.is_checked = false;
        }
        Ok(bytes)
    }

    /// Checks, once all of it was read, that this was all: the file is as long as it was, and nothing follows.
    pub(crate) fn check_end(&self) -> io::Result<()> {
        let (file, length) = (self.file()?, self.layout.length());
        match file.metadata()?.len() == length && !follows(&file, length)? {
            true => Ok(()),
            false => Err(io::Error::other(self.wrong_length(&file))),
        }
    }

    /// The error where there is more or less to read than there should be.
    fn wrong_length(&self, file: &File) -> &'static str {
        match file.metadata() {
            Ok(meta) if meta.len() == self.layout.length() => MADE_UP,
            _ => ANOTHER_LENGTH,
        }
    }

    /// Takes note that all of it is what it ought to be, as it was with this stamp.
    pub(crate) fn confirm(&self, stamp: Option<Stamp>) {
        let mut state = self.state();
        state.is_checked = stamp.is_some() && state.stamp == stamp;
    }

    /// Returns whether the file under its name is the one that was checked in this run, and was not removed, replaced or changed since.
    pub(crate) fn is_untouched(&self) -> bool {
        let state = self.state();
        let there = std::fs::metadata(&state.path).and_then(|meta| match meta.is_file() {
            true => Stamp::of(&meta),
            false => Err(io::ErrorKind::NotFound.into()),
        });
        state.is_checked && there.ok() == state.stamp
    }

    /// Writes a segment, which comes in pieces.
    pub(crate) fn write(&self, index: u32, pieces: &[Bytes]) -> io::Result<()> {
        write_at(&*self.file()?, pieces, self.layout.range(index).start)
    }

    /// Waits until all of it is on disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file()?.sync_all()
    }

    /// Gives the file, of which all is there, its name. A file of the same content that has the name is that file: the process may have
    /// ended between naming it and noting that.
    pub(crate) fn finish(&self, path: &Path) -> io::Result<()> {
        let file = self.file()?;
        let mut state = self.state();
        // Unlike a rename, a link never replaces what has come to be there meanwhile.
        std::fs::hard_link(&state.path, path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists if !are_alike(&state.path, path)? => Err(error),
            _ => std::fs::rename(&state.path, path),
        })?;
        let _ = std::fs::remove_file(&state.path);
        state.path = path.to_path_buf();
        state.is_draft = false;
        state.stamp = Some(Stamp::of(&file.metadata()?)?);
        // Each segment was checked before it was written.
        state.is_checked = true;
        Ok(())
    }
}

/// Returns whether two files have the same content.
fn are_alike(one: &Path, other: &Path) -> io::Result<bool> {
    let read = |path| open(path, File::options().read(true));
    let (one, other) = (read(one)?, read(other)?);
    let length = one.metadata()?.len();
    if other.metadata()?.len() != length {
        return Ok(false);
    }
    let mut readers = [one, other].map(|file| BufReader::with_capacity(COMPARED, file));
    loop {
        let [first, second] = &mut readers;
        let (here, there) = (first.fill_buf()?, second.fill_buf()?);
        let read = here.len().min(there.len());
        if here[..read] != there[..read] {
            return Ok(false);
        }
        if read == 0 {
            return Ok(here.is_empty() && there.is_empty());
        }
        first.consume(read);
        second.consume(read);
    }
}

/// Returns whether there is something to read at this place of a file.
fn follows(file: &File, at: u64) -> io::Result<bool> {
    match read_at(file, 1, at) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regular_file::NO_FILE;

    #[test]
    fn a_file_that_has_its_name_already_is_taken_for_it_and_another_one_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (draft, end) = (folder.path().join("draft"), folder.path().join("end"));
        for (there, is_it) in [("the file", true), ("another!", false), ("the", false)] {
            std::fs::write(&end, there).unwrap();
            let place = Place::fill(&draft, 8).unwrap();
            place.write(0, &[b"the file".to_vec().into()]).unwrap();
            let error = place.finish(&end).err().map(|error| error.kind());
            assert_eq!(
                error,
                (!is_it).then_some(io::ErrorKind::AlreadyExists),
                "{there}"
            );
            assert_eq!(draft.exists(), !is_it, "{there}");
            assert_eq!(std::fs::read_to_string(&end).unwrap(), there);
        }
    }

    #[test]
    fn segments_go_where_they_belong_and_the_name_comes_last() {
        let folder = tempfile::tempdir().unwrap();
        let (draft, end) = (folder.path().join("draft"), folder.path().join("end"));
        let place = Place::fill(&draft, 100_000).unwrap();
        place
            .write(1, &[vec![7; 34_000].into(), vec![7; 464].into()])
            .unwrap();
        assert_eq!(place.read(1).unwrap(), [7; 34_464]);
        assert_eq!(place.read(0).unwrap(), [0; 65_536]);
        place.finish(&end).unwrap();
        assert!(!draft.exists() && end.exists());
        assert_eq!(Place::open(&end).unwrap().read(1).unwrap(), [7; 34_464]);
        let other = Place::fill(&draft, 1).unwrap();
        let refused = other.finish(&end).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::metadata(&end).unwrap().len(), 100_000);
    }

    #[test]
    fn it_is_noticed_when_somebody_writes_to_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, [7; 1000]).unwrap();
        let place = Place::open(&path).unwrap();
        let before = place.stamp();
        place.read(0).unwrap();
        assert_eq!(place.changes(), 0);
        let other = File::options().write(true).open(&path).unwrap();
        let later = std::time::UNIX_EPOCH + std::time::Duration::from_secs(7);
        other.set_modified(later).unwrap();
        place.read(0).unwrap();
        place.read(0).unwrap();
        assert_eq!(place.changes(), 1);
        assert_ne!(place.stamp(), before);
    }

    #[test]
    fn a_file_that_gets_longer_or_shorter_while_it_is_read_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, [7; 1000]).unwrap();
        let place = Place::open(&path).unwrap();
        place.check_end().unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(1001).unwrap();
        place.read(0).unwrap();
        let said = place.check_end().unwrap_err().to_string();
        assert_eq!(said, ANOTHER_LENGTH);
        file.set_len(999).unwrap();
        assert_eq!(place.read(0).unwrap_err().to_string(), ANOTHER_LENGTH);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_says_it_is_empty_and_is_not_is_refused() {
        let refused = Place::open(Path::new("/proc/self/status")).unwrap_err();
        assert_eq!(refused.to_string(), MADE_UP);
        // Its length is 0, and reading at its beginning fails.
        let refused = Place::open(Path::new("/proc/self/mem")).unwrap_err();
        assert!(refused.raw_os_error().is_some(), "{refused}");
        // Here the length is that of a page of memory, whatever there is.
        let odd = Path::new("/sys/kernel/mm/transparent_hugepage/enabled");
        if odd.exists() {
            let read = Place::open(odd).unwrap().read(0);
            assert_eq!(read.unwrap_err().to_string(), MADE_UP);
        }
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "").unwrap();
        Place::open(&empty).unwrap().check_end().unwrap();
    }

    #[test]
    fn a_file_that_has_no_room_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let draft = folder.path().join("draft");
        // No file system takes so much.
        Place::fill(&draft, u64::MAX).unwrap_err();
        assert!(!draft.exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_waits_at_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for refused in [Place::open(&pipe), Place::fill(&pipe, 10)] {
            assert_eq!(refused.unwrap_err().to_string(), NO_FILE);
        }
        assert!(pipe.exists());
        let device = Place::open(Path::new("/dev/null")).unwrap_err();
        assert_eq!(device.to_string(), NO_FILE);
        let itself = Place::open(folder.path()).unwrap_err();
        assert_eq!(itself.to_string(), "this is a folder");
    }
}
