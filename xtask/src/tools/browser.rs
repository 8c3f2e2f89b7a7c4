//! Finding or installing what driving a real browser takes.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::install::Installed;
use super::on_path;
use crate::process;

/// The version of axe-core, which judges how accessible a page is.
const AXE_VERSION: &str = "4.14.1";
/// The names that Chromium goes by.
const CHROMIUM: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// A browser and what drives it.
#[derive(Debug)]
pub(crate) struct BrowserTools {
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
}

/// Finds or installs the script of axe-core.
pub(crate) fn axe() -> Result<PathBuf> {
    Installed::new("axe-core", AXE_VERSION)?.file_by_npm("node_modules/axe-core/axe.min.js")
}

/// Finds or installs Chromium and its driver.
pub(crate) fn for_browser() -> Result<BrowserTools> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if on_path("apt-get").next().is_none() || !is_root() {
        bail!(
            "the browser tests need Chromium and chromedriver on PATH: \
             install both (Debian: `sudo apt-get install chromium chromium-driver`)"
        );
    }
    process::step("installing Chromium and chromedriver", || {
        process::run(apt_get().arg("update"))?;
        process::run(apt_get().args(["install", "-y", "chromium", "chromium-driver"]))
    })?;
    find().context("chromium and chromium-driver were installed but are not on PATH")
}

fn find() -> Option<BrowserTools> {
    let chromium = CHROMIUM.iter().find_map(|name| on_path(name).next())?;
    let chromedriver = on_path("chromedriver").next()?;
    Some(BrowserTools {
        chromium,
        chromedriver,
    })
}

pub(super) fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

pub(super) fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
