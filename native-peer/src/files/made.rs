//! Folders that were made for a fetch: one that comes to nothing leaves none of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that were made, none of which was there before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made(Vec<PathBuf>);

impl Made {
    /// Makes a folder, and those above it that are missing.
    pub(super) fn folder(path: &Path) -> io::Result<Self> {
        let missing = path.ancestors().take_while(|folder| !folder.exists());
        let missing = missing.map(Path::to_path_buf).collect();
        fs::create_dir_all(path)?;
        Ok(Self(missing))
    }

    /// Adds others.
    pub(super) fn and(mut self, others: impl IntoIterator<Item = Self>) -> Self {
        self.0.extend(others.into_iter().flat_map(|made| made.0));
        self
    }

    /// Removes the folders that are empty.
    pub(super) fn remove(mut self) {
        self.0.sort_by_key(|folder| folder.components().count());
        for folder in self.0.iter().rev() {
            // What holds something stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_goes_and_what_was_there_or_holds_something_stays() {
        let home = tempfile::tempdir().unwrap();
        let there = home.path().join("there");
        fs::create_dir(&there).unwrap();
        let (album, extras) = (there.join("new/album"), there.join("new/album/extras"));
        let first = Made::folder(&album).unwrap();
        let second = Made::folder(&extras).unwrap();
        assert!(Made::folder(&extras).unwrap().0.is_empty());
        fs::write(album.join("song"), "").unwrap();
        first.clone().and([second.clone()]).remove();
        assert!(album.is_dir() && !extras.exists());
        fs::remove_file(album.join("song")).unwrap();
        first.and([second]).remove();
        assert!(there.is_dir() && !there.join("new").exists());
    }
}
