//! The rules of the repository as tests: layers, no floats in protocol decisions, documents that name what exists, doc comments that name
//! their thing.
//!
//! They read sources, not compiled code, and run with the other unit tests: `cargo xtask test --step native`, or
//! `cargo test -p xtask --bin xtask rules`.

mod comments;
mod documents;
mod floats;
mod layers;
mod source;

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// The root of the repository.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap().to_path_buf()
}

/// The Rust files below `folder`, as paths relative to it, in order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let walk = WalkDir::new(folder).sort_by_file_name();
    let paths = walk.into_iter().map(|entry| entry.unwrap().into_path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.strip_prefix(folder).unwrap().to_path_buf())
        .collect()
}

/// Fails with one line for each problem.
#[track_caller]
fn assert_none(what: &str, problems: &[String]) {
    assert!(problems.is_empty(), "{what}:\n  {}", problems.join("\n  "));
}
