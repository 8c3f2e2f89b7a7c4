//! A folder: a list of names and content ids, itself shared like a file.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::base::content::ContentId;

/// The most files of a collection.
pub const MAX_FILES: usize = 65_536;
/// The longest path in it, in bytes of UTF-8.
pub const MAX_PATH: usize = 1_024;
/// The longest part of a path: what common file systems take.
const MAX_PART: usize = 255;
/// The first bytes of a collection, with the version of its format.
const MAGIC: &[u8] = b"chordscope collection 1\n";

/// A file of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The path below the folder, parts separated by `/`; checked.
    pub path: String,
    /// The content id of the file.
    pub content: ContentId,
    /// The length in bytes.
    pub length: u64,
}

/// A list of files, by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection(Vec<File>);

impl Collection {
    /// The collection of these files, in any order.
    ///
    /// # Errors
    /// [`CollectionError`] names the path that cannot be.
    pub fn new(mut files: Vec<File>) -> Result<Self, CollectionError> {
        if files.len() > MAX_FILES {
            return Err(CollectionError::TooMany(files.len()));
        }
        if let Some(file) = files.iter().find(|file| !is_safe(&file.path)) {
            return Err(CollectionError::Path(file.path.clone()));
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        // On many file systems two names that differ in case only are one file, and a file is no folder.
        let mut folded = BTreeSet::new();
        for file in &files {
            let path = file.path.to_lowercase();
            if !folded.insert(path.clone()) {
                return Err(CollectionError::Clash(path));
            }
        }
        let is_file = |folder: &str| folded.contains(folder);
        let clash = folded.iter().find(|path| folders(path).any(is_file));
        if let Some(path) = clash {
            return Err(CollectionError::Clash(path.clone()));
        }
        Ok(Self(files))
    }

    /// The files, by path.
    pub fn files(&self) -> &[File] {
        &self.0
    }

    /// The bytes that are shared.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        // Plain data always has a form.
        bytes.extend(postcard::to_allocvec(&self.0).unwrap_or_default());
        bytes
    }

    /// Reads and checks a shared collection.
    ///
    /// # Errors
    /// [`CollectionError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CollectionError> {
        let bytes = bytes
            .strip_prefix(MAGIC)
            .ok_or(CollectionError::Malformed)?;
        let (files, rest) =
            postcard::take_from_bytes(bytes).map_err(|_| CollectionError::Malformed)?;
        let collection = Self::new(files)?;
        match rest.is_empty() {
            true => Ok(collection),
            false => Err(CollectionError::Malformed),
        }
    }
}

/// The folders on the way to a file.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// Returns whether a path stays below the folder that it is put in, on any system.
pub fn is_safe(path: &str) -> bool {
    path.len() <= MAX_PATH && path.split('/').all(is_safe_part)
}

/// Returns whether a name is one part of a path: no separator of any system, no way up, no device, nothing that is not shown.
pub fn is_safe_part(part: &str) -> bool {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    let stem = part
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_lowercase();
    let numbered = |port: &str| {
        // Windows takes the superscript digits of Latin-1 for digits.
        let number = stem.strip_prefix(port).map(str::chars);
        number.is_some_and(|mut number| {
            matches!(number.next(), Some('1'..='9' | '¹' | '²' | '³')) && number.next().is_none()
        })
    };
    let is_plain = |c: char| {
        !c.is_control() && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
    };
    // Marks that turn the direction of writing make `gpj.exe` of `exe.jpg`.
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !part.is_empty()
        && part.len() <= MAX_PART
        && part != ".."
        && part != "."
        && !part.ends_with(['.', ' '])
        && !part.starts_with(' ')
        && part.chars().all(|c| is_plain(c) && !turns(c))
        && !DEVICES.contains(&stem.as_str())
        && !numbered("com")
        && !numbered("lpt")
}

/// The reason why a list of files is no collection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CollectionError {
    /// The bytes are no list.
    Malformed,
    /// The folder has too many files.
    TooMany(usize),
    /// A path leads elsewhere, or cannot be on every system.
    Path(String),
    /// Two paths are one on some systems, or one is a file and a folder.
    Clash(String),
}

impl fmt::Display for CollectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("this is no list of files"),
            Self::TooMany(count) => write!(
                f,
                "a folder is shared with {MAX_FILES} files at most, and this one has {count}"
            ),
            Self::Path(path) => write!(f, "{path:?} is no path that is safe on every system"),
            Self::Clash(path) => write!(
                f,
                "{path:?} is the same name as another one on some systems"
            ),
        }
    }
}

impl core::error::Error for CollectionError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> File {
        File {
            path: path.into(),
            content: ContentId::of(path.as_bytes()),
            length: 7,
        }
    }

    #[test]
    fn a_collection_goes_there_and_back_sorted() {
        let files = [
            "b/c.txt",
            "a",
            "b/ä ö.txt",
            ".hidden",
            "con1x",
            "com0",
            "com⁴",
            "com¹x",
            "con$",
        ]
        .map(file);
        let collection = Collection::new(files.to_vec()).unwrap();
        assert!(collection.files().is_sorted_by(|a, b| a.path < b.path));
        let bytes = collection.encode();
        assert_eq!(Collection::decode(&bytes), Ok(collection));
        assert_eq!(
            Collection::decode(&bytes[1..]),
            Err(CollectionError::Malformed)
        );
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(Collection::decode(&longer), Err(CollectionError::Malformed));
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        for path in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../../x",
            "a//b",
            "a/",
            "a\\b",
            "C:x",
            "C:\\x",
            "nul",
            "NUL.txt",
            "com1",
            "COM¹",
            "a/lpt².txt",
            "conin$",
            "CONOUT$.txt",
            "a/lpt9.log",
            "a.",
            "a ",
            " a",
            "a\0b",
            "a\nb",
            "x\u{202e}gpj.exe",
            ".",
            "./a",
            "a?b",
        ] {
            assert!(!is_safe(path), "{path:?}");
            let refused = Collection::new(alloc::vec![file(path)]);
            assert_eq!(refused, Err(CollectionError::Path(path.into())));
        }
        assert!(!is_safe(&"a/".repeat(600)) && !is_safe(&"a".repeat(256)));
    }

    #[test]
    fn two_names_that_some_systems_take_for_one_are_refused() {
        for pair in [
            ["a", "A"],
            ["a", "a/b"],
            ["A/b", "a"],
            ["x/Y", "x/y"],
            ["same", "same"],
        ] {
            let between = ["a-", "a-/b"].map(file);
            let files = [pair.map(file), between].concat();
            assert!(
                matches!(Collection::new(files), Err(CollectionError::Clash(_))),
                "{pair:?}"
            );
        }
    }
}
