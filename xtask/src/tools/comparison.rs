//! Finding or installing programs that do what this one does: to be measured beside it, and to fetch what it shares.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::browser::{apt_get, is_root};
use super::{on_path, python};
use crate::process;
use crate::workspace::tool_cache;

/// The BitTorrent library that others are measured by, from PyPI.
const LIBTORRENT: &str = "libtorrent==2.1.1";

/// Programs to be measured beside ours.
#[derive(Debug)]
pub(crate) struct Rivals {
    /// A Python that has libtorrent.
    pub(crate) libtorrent: PathBuf,
    pub(crate) aria2: PathBuf,
}

/// Finds or installs them.
pub(crate) fn for_comparison() -> Result<Rivals> {
    Ok(Rivals {
        libtorrent: libtorrent()?,
        aria2: aria2()?,
    })
}

/// A Python that has libtorrent, in an environment of its own.
pub(crate) fn libtorrent() -> Result<PathBuf> {
    let folder = tool_cache()?.join(LIBTORRENT.replace("==", "-"));
    let python = folder.join("bin/python");
    let has_it = || {
        let mut import = Command::new(&python);
        process::output(import.args(["-c", "import libtorrent"])).is_ok()
    };
    if has_it() {
        return Ok(python);
    }
    process::step("installing libtorrent", || {
        // What is left of an interrupted install.
        drop(fs::remove_dir_all(&folder));
        let mut make = Command::new(self::python()?);
        process::run(make.args(["-m", "venv"]).arg(&folder))?;
        let mut install = Command::new(&python);
        process::run(install.args(["-m", "pip", "install", "--quiet", LIBTORRENT]))
    })?;
    if !has_it() {
        bail!("{LIBTORRENT} was installed but does not load");
    }
    Ok(python)
}

/// aria2, which is a download tool of many protocols.
pub(crate) fn aria2() -> Result<PathBuf> {
    if let Some(path) = on_path("aria2c").next() {
        return Ok(path);
    }
    if on_path("apt-get").next().is_none() || !is_root() {
        bail!("aria2c is needed on PATH (Debian: `sudo apt-get install aria2`)");
    }
    process::step("installing aria2", || {
        process::run(apt_get().arg("update"))?;
        process::run(apt_get().args(["install", "-y", "aria2"]))
    })?;
    on_path("aria2c")
        .next()
        .context("aria2 was installed but is not on PATH")
}
