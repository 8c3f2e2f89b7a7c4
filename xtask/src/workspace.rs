//! The folders of the workspace: the root of the repository, the target directory, the per-user cache.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::{env, fs};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};

use crate::process::{self, Beside};

/// The profile, and so the folder, of the binary that is there soonest.
const FIRST: &str = "up";

/// The paths that every task starts from.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the workspace this program was built from.
    pub(crate) fn locate() -> Result<Self> {
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let mut ask = MetadataCommand::new();
        let metadata = ask.no_deps().current_dir(manifest_dir).exec()?;
        Ok(Self {
            root: metadata.workspace_root.into(),
            target: metadata.target_directory.into(),
        })
    }

    /// Returns the folder of the built page.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The release binary of the native peer.
    pub(crate) fn peer_binary(&self) -> PathBuf {
        self.target
            .join("release")
            .join(format!("chordscope{}", env::consts::EXE_SUFFIX))
    }

    /// The binary that `cargo xtask up` runs.
    pub(crate) fn first_binary(&self) -> PathBuf {
        self.target
            .join(FIRST)
            .join(format!("chordscope{}", env::consts::EXE_SUFFIX))
    }

    /// The `wasm-bindgen` command that this workspace builds.
    pub(crate) fn wasm_bindgen(&self) -> PathBuf {
        self.target
            .join("tools")
            .join(format!("wasm-bindgen{}", env::consts::EXE_SUFFIX))
    }

    /// Builds it. It gets its name afterwards: the compiler refuses programs of that name, which it takes for outdated copies.
    pub(crate) fn build_wasm_bindgen(
        &self,
        run: impl Fn(&mut Command) -> Result<()>,
    ) -> Result<()> {
        const PACKAGE: &str = "wasm-bindgen-command";
        run(self.cargo().args(["build", "--package", PACKAGE]))?;
        let built = format!("{PACKAGE}{}", env::consts::EXE_SUFFIX);
        let built = self.target.join("debug").join(built);
        let path = self.wasm_bindgen();
        fs::create_dir_all(self.target.join("tools"))
            .and_then(|()| fs::copy(&built, &path))
            .with_context(|| format!("cannot copy {} to {}", built.display(), path.display()))?;
        Ok(())
    }

    /// The cargo that runs this program, starting in the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// Builds the native peer as users run it.
    pub(crate) fn build_peer(&self) -> Result<()> {
        process::run(&mut self.peer_build("release"))
    }

    /// Returns the surroundings of programs that run while something else uses the console.
    pub(crate) fn beside<'a>(&self, is_wanted: &'a AtomicBool) -> Result<Beside<'a>> {
        fs::create_dir_all(&self.target)
            .with_context(|| format!("cannot make {}", self.target.display()))?;
        let log = self.target.join("beside.log");
        Ok(Beside { log, is_wanted })
    }

    /// The build of the binary that `cargo xtask up` runs.
    pub(crate) fn first_build(&self) -> Command {
        self.peer_build(FIRST)
    }

    fn peer_build(&self, profile: &str) -> Command {
        let mut build = self.cargo();
        build.args(["build", "--profile", profile, "--package", "chordscope"]);
        build
    }
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The folder that holds the tools this program installs, one sub-folder a tool and version.
pub(crate) fn tool_cache() -> Result<PathBuf> {
    let folders = choose_base_strategy()
        .context("no home directory to keep tools in: set HOME or XDG_CACHE_HOME")?;
    Ok(folders.cache_dir().join("chordscope").join("tools"))
}
