//! Files on this machine's disk, as this command sees them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::{Collection, CollectionError, File};
use indicatif::ProgressBar;
use walkdir::WalkDir;

use crate::failure::Failure;
use crate::files::{self, Hashed, Place, Stamp};
use crate::regular_file::NO_FILE;

/// A file's hashes, and its stamp if it was not written to while it was hashed. The bar goes on with what is hashed.
pub(super) fn hash(path: &Path, bar: &ProgressBar) -> Result<(Hashed, Option<Stamp>), Failure> {
    let fail = |error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
    let place = Place::open(path).map_err(|error| wrong(path, &error))?;
    let hashed = files::hash(&place, |bytes| bar.inc(bytes)).map_err(fail)?;
    let stamp = place.stamp().filter(|_| place.changes() == 0);
    Ok((hashed, stamp))
}

/// The files below a folder.
#[derive(Debug)]
pub(super) struct Below {
    /// Each with its path below the folder, parts separated by `/`; in order.
    pub(super) files: Vec<(PathBuf, String)>,
    /// The number of links. They are not followed: they may lead anywhere.
    pub(super) links: usize,
}

impl Below {
    /// Looks for all files below a folder, and checks that they can be shared together: whatever is wrong is said before anything
    /// is read.
    pub(super) fn of(folder: &Path) -> Result<Self, Failure> {
        let (mut files, mut links) = (Vec::new(), 0);
        for entry in WalkDir::new(folder).min_depth(1).sort_by_file_name() {
            let entry = entry.map_err(|error| unread(folder, &error))?;
            let kind = entry.file_type();
            if kind.is_file() {
                let path = entry.into_path();
                let below = path.strip_prefix(folder).unwrap_or(&path);
                let parts: Option<Vec<&str>> = below.iter().map(OsStr::to_str).collect();
                let parts = parts.ok_or_else(|| wrong(&path, &"its name is not UTF-8"))?;
                let below = parts.join("/");
                files.push((path, below));
            } else if kind.is_symlink() {
                links += 1;
            } else if !kind.is_dir() {
                return Err(wrong(entry.path(), &NO_FILE));
            }
        }
        let below = Self { files, links };
        // The contents do not matter to the rule for names.
        let nothing = ContentId::of(&[]);
        below.list(|_| Ok((nothing, 0)), folder)?;
        Ok(below)
    }

    /// Returns the number of bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|(path, _)| bytes(path)).sum()
    }

    /// The list of these files, each with the content and length that it is found to have.
    pub(super) fn list(
        &self,
        mut find: impl FnMut(&Path) -> Result<(ContentId, u64), Failure>,
        folder: &Path,
    ) -> Result<Collection, Failure> {
        let mut files = Vec::new();
        for (path, below) in &self.files {
            let (content, length) = find(path)?;
            files.push(File {
                path: below.clone(),
                content,
                length,
            });
        }
        Collection::new(files).map_err(|error| match error {
            // A name for the folder would not help.
            CollectionError::Path(_) => {
                let advice = "rename it, or share it by itself and give another name with --name";
                wrong(folder, &format_args!("{error}: {advice}"))
            }
            error => wrong(folder, &error),
        })
    }
}

/// Returns the number of bytes of a file; what cannot be read is found out when it is.
pub(super) fn bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

/// A path below a folder that cannot be read.
fn unread(folder: &Path, error: &walkdir::Error) -> Failure {
    let path = error.path().unwrap_or(folder);
    match error.io_error() {
        Some(reason) => wrong(path, reason),
        None => wrong(path, error),
    }
}

/// A path that cannot be shared or verified as it is.
pub(super) fn wrong(path: &Path, reason: &dyn std::fmt::Display) -> Failure {
    Failure::usage("PATH", format!("{}: {reason}", path.display()))
}
