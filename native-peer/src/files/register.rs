//! The register of what is shared and fetched, kept over restarts: a small file for each content, and its list of digests.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::Manifest;
use serde::{Deserialize, Serialize};
use tempfile::TempPath;

use crate::failure::unwritten;
use crate::files::stamp::Stamp;

/// A content that is shared or fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The name.
    pub(crate) name: String,
    /// The path at which it lies, or is to lie.
    pub(crate) path: PathBuf,
    /// The content's length in bytes, once known.
    pub(crate) length: Option<u64>,
    /// True if all of the content is here.
    pub(crate) complete: bool,
    /// True if the content is known to have reached the disk itself: a machine that stops at the wrong moment loses other content.
    #[serde(default)]
    pub(crate) on_disk: bool,
    /// The file as it was when all of it was seen to be right. One that is not so any more, or of which that is not known, is checked
    /// before it is shared again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stamp: Option<Stamp>,
    /// True if the content is a collection, the list of a folder's files.
    pub(crate) is_collection: bool,
    /// True if the content is here only as a file of a folder, with which it goes.
    #[serde(default)]
    pub(crate) is_part: bool,
    /// The other paths of the same content: one of these takes over when the file itself is gone or changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) copies: Vec<PathBuf>,
}

impl Entry {
    /// Returns the path at which it lies while it is being fetched. Its name is short whatever the file's, and that of no other
    /// content.
    pub(crate) fn draft(&self, content: ContentId) -> PathBuf {
        let id = content.to_string();
        self.path
            .with_file_name(format!(".chordscope-{}.part", &id[..16]))
    }
}

/// The folder with the entries.
#[derive(Clone, Debug)]
pub(crate) struct Register(PathBuf);

/// Returns the name of the peer's own copy of a content.
fn kept_name(content: ContentId) -> String {
    format!("{content}.kept")
}

/// Returns whether this is the path of a copy that the peer keeps.
pub(crate) fn is_kept(content: ContentId, path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name == kept_name(content).as_str())
}

impl Register {
    /// The register in this folder.
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// Keeps an entry.
    pub(crate) fn keep(&self, content: ContentId, entry: &Entry) -> io::Result<()> {
        let text = serde_json::to_string(entry)?;
        self.write(&format!("{content}.json"), text.as_bytes())
    }

    /// Keeps a content's digests, so that no other peer need be asked again. For a content of one segment the content id suffices.
    pub(crate) fn keep_digests(&self, manifest: &Manifest) -> io::Result<()> {
        if manifest.encode().is_empty() {
            return Ok(());
        }
        let name = format!("{}.digests", manifest.content());
        self.write(&name, manifest.encode())
    }

    /// Takes over a file that was made for the peer; returns its path from now on. If it has changed since it was hashed, readers notice by
    /// its digests.
    pub(crate) fn take_over(&self, content: ContentId, path: &Path) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.0)?;
        let kept = self.0.join(kept_name(content));
        // It may come from another file system.
        fs::rename(path, &kept)
            .or_else(|_| fs::copy(path, &kept).map(drop))
            .map_err(|error| unwritten(&kept, &error))?;
        Ok(kept)
    }

    /// Forgets a content.
    pub(crate) fn drop(&self, content: ContentId) {
        for kind in ["json", "digests", "list", "into", "kept"] {
            let _ = fs::remove_file(self.0.join(format!("{content}.{kind}")));
        }
    }

    /// All entries.
    pub(crate) fn entries(&self) -> Vec<(ContentId, Entry)> {
        let Ok(files) = fs::read_dir(&self.0) else {
            return Vec::new();
        };
        let read = |file: fs::DirEntry| {
            let name = file.file_name().into_string().ok()?;
            let content = ContentId::parse(name.strip_suffix(".json")?)?;
            let text = fs::read_to_string(file.path()).ok()?;
            Some((content, serde_json::from_str(&text).ok()?))
        };
        files.flatten().filter_map(read).collect()
    }

    /// The manifest of a content, if its digests were kept and are right.
    pub(crate) fn manifest(&self, content: ContentId, length: u64) -> Option<Manifest> {
        let layout = Layout::of(length)?;
        let bytes = match Manifest::encoded_len(layout) {
            0 => Vec::new(),
            _ => fs::read(self.0.join(format!("{content}.digests"))).ok()?,
        };
        Manifest::check(content, layout, &bytes)
    }

    /// Whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let end = self.0.join(name);
        let draft = TempPath::try_from_path(self.0.join(format!("{name}.new")))?;
        let written = fs::write(&draft, bytes).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.0)?;
                fs::write(&draft, bytes)
            }
            _ => Err(error),
        });
        written
            .and_then(|()| Ok(draft.persist(&end)?))
            .map_err(|error| unwritten(&end, &error))
    }
}
