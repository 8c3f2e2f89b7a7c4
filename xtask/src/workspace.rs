//! Where things are: the root of the repository, the target directory, the per-user cache.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// The paths that every task starts from.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the workspace this program was built from.
    pub(crate) fn locate() -> Result<Self> {
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir
            .parent()
            .context("xtask is not inside a workspace: run it as `cargo xtask`")?
            .to_path_buf();
        let target = target_directory(&root)?;
        Ok(Self { root, target })
    }

    /// Where the built page goes.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The release binary of the native peer.
    pub(crate) fn peer_binary(&self) -> PathBuf {
        self.target
            .join("release")
            .join(format!("chordscope{}", env::consts::EXE_SUFFIX))
    }

    /// The cargo that runs this program, starting in the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// Builds the native peer as users run it.
    pub(crate) fn build_peer(&self) -> Result<()> {
        process::run(
            self.cargo()
                .args(["build", "--release", "--package", "chordscope"]),
        )
    }
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The folder that holds the tools this program installs, one sub-folder a tool and version.
pub(crate) fn tool_cache() -> Result<PathBuf> {
    let cache = match env::var_os("XDG_CACHE_HOME").map(PathBuf::from) {
        Some(path) if path.is_absolute() => path,
        _ => env::home_dir()
            .filter(|home| home.is_absolute())
            .context("no home directory to keep tools in: set HOME or XDG_CACHE_HOME")?
            .join(".cache"),
    };
    Ok(cache.join("chordscope").join("tools"))
}

fn target_directory(root: &Path) -> Result<PathBuf> {
    let metadata = process::output(cargo().current_dir(root).args([
        "metadata",
        "--no-deps",
        "--format-version=1",
        "--quiet",
    ]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)
        .context("cargo metadata printed something else than JSON")?;
    match metadata
        .get("target_directory")
        .and_then(serde_json::Value::as_str)
    {
        Some(path) => Ok(PathBuf::from(path)),
        None => bail!("cargo metadata names no target directory"),
    }
}
