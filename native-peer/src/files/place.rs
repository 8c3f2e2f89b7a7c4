//! A file on disk whose segments are read and written.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chordscope_core::swarm::layout::Layout;

/// Where a content lies. While it is being fetched it has another name than at its end.
#[derive(Debug)]
pub(crate) struct Place {
    file: File,
    path: Mutex<PathBuf>,
    layout: Layout,
}

impl Place {
    /// A file that is there, and stays as it is.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("this is no file"));
        }
        Self::of(file, path, meta.len())
    }

    /// A file that is to be filled, or filled further. Nothing of it is taken for good yet.
    pub(crate) fn fill(path: &Path, length: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path)?;
        file.set_len(length)?;
        Self::of(file, path, length)
    }

    fn of(file: File, path: &Path, length: u64) -> io::Result<Self> {
        let layout = Layout::of(length);
        Ok(Self {
            file,
            path: Mutex::new(path.to_path_buf()),
            layout: layout.ok_or_else(|| io::Error::other("longer than 256 GiB"))?,
        })
    }

    /// How the file is cut.
    pub(crate) const fn layout(&self) -> Layout {
        self.layout
    }

    /// Where it is now.
    pub(crate) fn path(&self) -> PathBuf {
        // A path is replaced in one step.
        self.path
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Reads a segment.
    pub(crate) fn read(&self, index: u32) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.layout.len(index)];
        read_at(&self.file, &mut bytes, self.layout.range(index).start)?;
        Ok(bytes)
    }

    /// Writes a segment.
    pub(crate) fn write(&self, index: u32, bytes: &[u8]) -> io::Result<()> {
        write_at(&self.file, bytes, self.layout.range(index).start)
    }

    /// All of it is there: it gets its name, once it is on disk.
    pub(crate) fn finish(&self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        let mut place = self.path.lock().unwrap_or_else(PoisonError::into_inner);
        // Unlike a rename, a link never replaces what has come to be there meanwhile.
        std::fs::hard_link(&*place, path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            _ => std::fs::rename(&*place, path),
        })?;
        let _ = std::fs::remove_file(&*place);
        *place = path.to_path_buf();
        Ok(())
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        at += read as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        bytes = &bytes[written..];
        at += written as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_go_where_they_belong_and_the_name_comes_last() {
        let folder = tempfile::tempdir().unwrap();
        let (draft, end) = (folder.path().join("draft"), folder.path().join("end"));
        let place = Place::fill(&draft, 100_000).unwrap();
        place.write(1, &[7; 34_464]).unwrap();
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
}
