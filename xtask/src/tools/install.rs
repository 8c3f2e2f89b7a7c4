//! Installing a tool into the per-user cache.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{answers, on_path};
use crate::process;
use crate::workspace::{cargo, tool_cache};

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

    /// The binary, installed by cargo where it is missing.
    pub(super) fn by_cargo(
        &self,
        binary: &str,
        options: &[&str],
        fits: impl Fn(&str) -> bool,
    ) -> Result<PathBuf> {
        let path = self
            .root()
            .join("bin")
            .join(format!("{binary}{}", std::env::consts::EXE_SUFFIX));
        self.unless_found(path, fits, || {
            // A target directory of its own: an interrupted install goes on where it stopped.
            let build = self.cache.join("build").join(self.label());
            let mut install = cargo();
            install
                .current_dir(&self.cache)
                .env_remove("RUSTFLAGS")
                .env_remove("CARGO_ENCODED_RUSTFLAGS");
            install
                .args([
                    "install",
                    self.package,
                    "--version",
                    self.version,
                    "--force",
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
        self.unless_found(self.root().join(binary), fits, || {
            if on_path("npm").next().is_none() {
                bail!("there is no npm to install {} with", self.label());
            }
            let mut install = Command::new("npm");
            install
                .args(["install", "--no-audit", "--no-fund", "--prefix"])
                .arg(self.root());
            process::run(install.arg(format!("{}@{}", self.package, self.version)))
        })
    }

    fn unless_found(
        &self,
        path: PathBuf,
        fits: impl Fn(&str) -> bool,
        install: impl FnOnce() -> Result<()>,
    ) -> Result<PathBuf> {
        if answers(&path, &fits) {
            return Ok(path);
        }
        fs::create_dir_all(self.root())
            .with_context(|| format!("cannot create {}", self.root().display()))?;
        let _lock = self.lock()?;
        if answers(&path, &fits) {
            return Ok(path);
        }
        let name = format!(
            "installing {} {} (once; it is kept for later)",
            self.package, self.version
        );
        process::step(&name, install)?;
        if !answers(&path, &fits) {
            bail!(
                "{} was installed but does not run: delete {} and try again",
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
