//! Installing a tool into the per-user cache.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{answers, on_path};
use crate::process;
use crate::workspace::{cargo, tool_cache};

/// Returns the path of a cargo-installed binary below the root of its installation.
pub(super) fn by_cargo(binary: &str) -> PathBuf {
    Path::new("bin").join(format!("{binary}{}", std::env::consts::EXE_SUFFIX))
}

/// One version of a tool in the cache, installed or not.
pub(super) struct Installed<'a> {
    package: &'a str,
    version: &'a str,
    cache: PathBuf,
}

impl<'a> Installed<'a> {
    pub(super) fn new(package: &'a str, version: &'a str) -> Result<Self> {
        Ok(Self {
            package,
            version,
            cache: tool_cache()?,
        })
    }

    /// Returns the name of the step that installs it.
    pub(super) fn step(&self) -> String {
        format!("installing {} {}", self.package, self.version)
    }

    /// Returns whether this file of it is there and answers.
    pub(super) fn has(&self, binary: &Path, fits: impl Fn(&str) -> bool) -> bool {
        answers(&self.root().join(binary), fits)
    }

    /// The binary, installed by cargo where it is missing. Unoptimized, without checks and debug information it is built in half the time,
    /// and is fast enough.
    pub(super) fn by_cargo(
        &self,
        binary: &str,
        options: &[&str],
        fits: impl Fn(&str) -> bool,
    ) -> Result<PathBuf> {
        let path = self.root().join(by_cargo(binary));
        let found = |path: &Path| answers(path, &fits);
        self.unless_found(path, found, || {
            // A target directory of its own: an interrupted install goes on where it stopped.
            let build = self.cache.join("build").join(self.label());
            let mut install = cargo();
            install
                .current_dir(&self.cache)
                .env_remove("RUSTFLAGS")
                .env_remove("CARGO_ENCODED_RUSTFLAGS")
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env("CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "false")
                .env("CARGO_PROFILE_DEV_OVERFLOW_CHECKS", "false");
            install
                .args([
                    "install",
                    self.package,
                    "--version",
                    self.version,
                    "--force",
                    "--debug",
                    "--no-default-features",
                    "--bin",
                    binary,
                ])
                .args(options);
            install
                .arg("--root")
                .arg(self.root())
                .arg("--target-dir")
                .arg(&build);
            process::run(&mut install)?;
            // Only room is lost when this fails.
            drop(fs::remove_dir_all(&build));
            Ok(())
        })
    }

    /// The binary, installed by npm where it is missing.
    pub(super) fn by_npm(&self, binary: &str, fits: impl Fn(&str) -> bool) -> Result<PathBuf> {
        let found = |path: &Path| answers(path, &fits);
        self.unless_found(self.root().join(binary), found, || self.install_by_npm())
    }

    /// A file that does not run by itself, installed by npm where it is missing.
    pub(super) fn file_by_npm(&self, file: &str) -> Result<PathBuf> {
        self.unless_found(self.root().join(file), Path::is_file, || {
            self.install_by_npm()
        })
    }

    fn install_by_npm(&self) -> Result<()> {
        if on_path("npm").next().is_none() {
            bail!("there is no npm to install {} with", self.label());
        }
        let mut install = Command::new("npm");
        install
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(self.root());
        process::run(install.arg(format!("{}@{}", self.package, self.version)))
    }

    fn unless_found(
        &self,
        path: PathBuf,
        found: impl Fn(&Path) -> bool,
        install: impl FnOnce() -> Result<()>,
    ) -> Result<PathBuf> {
        if found(&path) {
            return Ok(path);
        }
        fs::create_dir_all(self.root())
            .with_context(|| format!("cannot create {}", self.root().display()))?;
        let _lock = self.lock()?;
        if found(&path) {
            return Ok(path);
        }
        process::step(&self.step(), || {
            eprintln!("    this once: it is kept for later");
            install()
        })?;
        if !found(&path) {
            bail!(
                "{} was installed but is not there, or does not run: delete {} and try again",
                path.display(),
                self.root().display()
            );
        }
        Ok(path)
    }

    /// Two tasks at once install a tool once.
    fn lock(&self) -> Result<File> {
        let path = self.cache.join(format!("{}.lock", self.label()));
        let file =
            File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                eprintln!(
                    "==> waiting for another task that installs {}",
                    self.label()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        file.lock()
            .with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    fn root(&self) -> PathBuf {
        self.cache.join(self.label())
    }

    fn label(&self) -> String {
        format!("{}-{}", self.package, self.version)
    }
}
