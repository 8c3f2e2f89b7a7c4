//! Knowing whether dist/ already holds what a build would put there.
//!
//! A stamp is a digest of everything that the page is built from. It lies in dist/ itself, where any other
//! build sweeps it away.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use walkdir::{DirEntry, WalkDir};

use crate::process;

const NAME: &str = ".stamp";
/// The entries of the root that the page is not built from. Everything else is taken to matter.
const OTHER: [&str; 13] = [
    "target",
    "dist",
    "native-peer",
    "xtask",
    "fuzz",
    "no-std-check",
    "docs",
    "reference",
    "core/tests",
    "core/benches",
    "core/examples",
    "sim/tests",
    "sim/benches",
];

/// A digest of all that decides how the page comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp(String);

impl Stamp {
    /// The digest of the sources as they are now, and of how they would be built.
    pub(super) fn of(root: &Path, settings: &str) -> Result<Self> {
        let compiler = process::output(Command::new("rustc").arg("--version"))?;
        let mut hasher = DefaultHasher::new();
        (settings, compiler).hash(&mut hasher);
        hash_sources(root, &mut hasher)?;
        Ok(Self(format!("{:016x}\n", hasher.finish())))
    }

    /// Returns whether dist/ was built from exactly this.
    pub(super) fn is_on(&self, dist: &Path) -> bool {
        fs::read_to_string(dist.join(NAME)).is_ok_and(|found| found == self.0)
    }

    /// Notes that dist/ was built from this.
    pub(super) fn put_on(&self, dist: &Path) -> Result<()> {
        let path = dist.join(NAME);
        fs::write(&path, &self.0).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn hash_sources(root: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let is_source = |entry: &DirEntry| {
        let path = entry.path();
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
        is_source(&name.replace('\\', "/"))
    };
    let walk = WalkDir::new(root).min_depth(1).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(is_source) {
        let path = entry?.into_path();
        if path.is_file() {
            hash_file(root, &path, hasher)?;
        }
    }
    Ok(())
}

fn is_source(name: &str) -> bool {
    let below = |folder: &&str| {
        name.strip_prefix(*folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !name.starts_with('.') && !name.ends_with(".md") && !OTHER.iter().any(below)
}

fn hash_file(root: &Path, path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    (path.strip_prefix(root).unwrap_or(path), content).hash(hasher);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_page_is_built_from_counts() {
        for name in [
            "index.html",
            "web",
            "web/src/main.rs",
            "core/src/lib.rs",
            "sim/src/lib.rs",
            "Cargo.lock",
            "core/tests.rs",
        ] {
            assert!(is_source(name), "{name}");
        }
        for name in [
            "native-peer",
            "core/tests/paper.rs",
            "README.md",
            ".git",
            "target",
            "dist",
        ] {
            assert!(!is_source(name), "{name}");
        }
    }

    #[test]
    fn a_stamp_holds_until_a_source_or_a_setting_changes() {
        let root = tempfile::tempdir().unwrap();
        let dist = root.path().join("dist");
        fs::create_dir_all(&dist).unwrap();
        fs::create_dir_all(root.path().join("web/src")).unwrap();
        fs::write(root.path().join("web/src/main.rs"), "one").unwrap();

        let first = Stamp::of(root.path(), "release").unwrap();
        assert!(!first.is_on(&dist));
        first.put_on(&dist).unwrap();
        assert!(Stamp::of(root.path(), "release").unwrap().is_on(&dist));
        assert!(!Stamp::of(root.path(), "debug").unwrap().is_on(&dist));

        fs::write(root.path().join("README.md"), "not a source").unwrap();
        assert_eq!(Stamp::of(root.path(), "release").unwrap(), first);
        fs::write(root.path().join("web/src/main.rs"), "two").unwrap();
        assert!(!Stamp::of(root.path(), "release").unwrap().is_on(&dist));
    }
}
