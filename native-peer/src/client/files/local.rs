//! Files on this machine's disk, as this command sees them.

use std::fs;
use std::path::{Path, PathBuf};

use super::bar;
use crate::failure::Failure;
use crate::files::{self, Hashed, Place, Stamp};

/// A file's hashes, and its stamp if nobody has written to it while it was hashed.
pub(super) fn hash(path: &Path, json: bool) -> Result<(Hashed, Option<Stamp>), Failure> {
    let fail = |error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
    let place = Place::open(path).map_err(fail)?;
    let bar = bar(place.layout().length(), "hashed", json);
    let hashed = files::hash(&place, |bytes| bar.inc(bytes)).map_err(fail)?;
    bar.finish_and_clear();
    let stamp = place.stamp().filter(|_| place.changes() == 0);
    Ok((hashed, stamp))
}

/// All files below a folder, in order. Links are not followed: they may lead anywhere.
pub(super) fn walk(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = open.pop() {
        let fail =
            |error: std::io::Error| Failure::failed(format!("{}: {error}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let kind = entry.file_type().map_err(fail)?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The parts of a path below a folder.
pub(super) fn parts(folder: &Path, path: &Path) -> Result<Vec<String>, Failure> {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts = below.iter().map(|part| Some(part.to_str()?.to_string()));
    let parts: Option<_> = parts.collect();
    parts.ok_or_else(|| no_text(path))
}

/// A path that cannot be told to a peer.
pub(super) fn no_text(path: &Path) -> Failure {
    Failure::failed(format!("{}: the path is no text", path.display()))
}
