//! Finding or installing what reads the tree: its words, its dependencies, and how well its tests see changes.

use std::path::PathBuf;

use anyhow::Result;

use super::install::Installed;
use super::version::{at_least, version_in};
use super::{answers, on_path};

/// Each release knows other words.
const TYPOS_VERSION: &str = "1.52.0";
const DENY_VERSION: &str = "0.20.2";
const MACHETE_VERSION: &str = "0.9.2";
const MUTANTS_VERSION: &str = "27.1.0";

/// The tools that the lints run besides the compiler's.
#[derive(Debug)]
pub(crate) struct LintTools {
    pub(crate) deny: PathBuf,
    pub(crate) machete: PathBuf,
    pub(crate) typos: PathBuf,
}

/// Finds or installs all of them.
pub(crate) fn for_lints() -> Result<LintTools> {
    Ok(LintTools {
        deny: deny()?,
        machete: machete()?,
        typos: typos()?,
    })
}

/// cargo-deny, which judges dependencies by licence, version and source.
pub(crate) fn deny() -> Result<PathBuf> {
    let fits = |said: &str| at_least(said, DENY_VERSION);
    find("cargo-deny", "cargo-deny", DENY_VERSION, &[], fits)
}

/// cargo-machete, which finds dependencies that no source names.
pub(crate) fn machete() -> Result<PathBuf> {
    let fits = |said: &str| at_least(said, MACHETE_VERSION);
    find("cargo-machete", "cargo-machete", MACHETE_VERSION, &[], fits)
}

/// typos, which finds misspelt words.
pub(crate) fn typos() -> Result<PathBuf> {
    let fits = |said: &str| version_in(said) == Some(TYPOS_VERSION);
    let dictionaries = ["--features", "dict,vars"];
    find("typos-cli", "typos", TYPOS_VERSION, &dictionaries, fits)
}

/// cargo-mutants, which changes the code and runs the tests.
pub(crate) fn mutants() -> Result<PathBuf> {
    let fits = |said: &str| at_least(said, MUTANTS_VERSION);
    find("cargo-mutants", "cargo-mutants", MUTANTS_VERSION, &[], fits)
}

fn find(
    package: &str,
    binary: &str,
    version: &str,
    options: &[&str],
    fits: impl Fn(&str) -> bool,
) -> Result<PathBuf> {
    if let Some(path) = on_path(binary).find(|path| answers(path, &fits)) {
        return Ok(path);
    }
    let options = [&["--locked"], options].concat();
    Installed::new(package, version)?.by_cargo(binary, &options, fits)
}
