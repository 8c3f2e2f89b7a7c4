//! Finding the tools that the tasks need, and installing what is missing.
//!
//! A tool is looked for on PATH first, then in a per-user cache, and is installed into that cache otherwise.
//! A tool counts as found only when it runs and says the right version, so a half-finished install never counts.

mod browser;
mod comparison;
mod install;
mod lints;
mod version;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub(crate) use self::browser::{axe, for_browser};
pub(crate) use self::comparison::{aria2, for_comparison, libtorrent};
use self::install::{Installed, by_cargo};
pub(crate) use self::lints::{deny, for_lints, machete, mutants, typos};
use self::version::{locked, version_in};
use crate::process;
use crate::workspace::Workspace;

/// The page's target.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Trunk 0.22 wants a newer compiler than this workspace does.
const TRUNK_VERSION: &str = "0.21.14";
/// The version that is installed when PATH has no wasm-opt that will do.
const BINARYEN_VERSION: &str = "132";
/// The step that builds the `wasm-bindgen` command.
pub(crate) const BUILD_WASM_BINDGEN: &str = "building wasm-bindgen";
/// The path of wasm-opt below the root of an npm installation.
const WASM_OPT: &str = "node_modules/binaryen/bin/wasm-opt";
/// The oldest Python that the second implementation of the protocol is written for.
const OLDEST_PYTHON: &str = "3.10";
/// The oldest wasm-opt that understands what this compiler emits.
const OLDEST_WASM_OPT: u64 = 116;

/// The tools that build the page.
#[derive(Debug)]
pub(crate) struct PageTools {
    pub(crate) trunk: PathBuf,
    pub(crate) wasm_bindgen: PathBuf,
    /// The optimizer. Without it the page is built, and larger.
    pub(crate) wasm_opt: Option<PathBuf>,
}

/// Finds or installs the tools that build the page.
pub(crate) fn for_page(workspace: &Workspace) -> Result<PageTools> {
    wasm_target()?;
    Ok(PageTools {
        wasm_bindgen: wasm_bindgen(workspace)?,
        trunk: trunk()?,
        wasm_opt: wasm_opt(),
    })
}

/// Makes sure that the compiler can build for the browser.
pub(crate) fn wasm_target() -> Result<()> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = process::output(Command::new(rustc).args([
        "--print",
        "target-libdir",
        "--target",
        WASM_TARGET,
    ]))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    if on_path("rustup").next().is_none() {
        bail!(
            "the compiler has no {WASM_TARGET} target and there is no rustup to add it: \
             install rustup, or your system's package of that target (Debian: libstd-rust-dev-wasm32)"
        );
    }
    process::step("adding the compiler target for browsers", || {
        process::run(Command::new("rustup").args(["target", "add", WASM_TARGET]))
    })
}

/// Installs what building the page takes and is not built in the workspace.
pub(crate) fn install_for_page() -> Result<()> {
    trunk()?;
    wasm_opt();
    Ok(())
}

/// Returns whether the `wasm-bindgen` command is still to be built.
pub(crate) fn lacks_wasm_bindgen(workspace: &Workspace) -> Result<bool> {
    let version = wasm_bindgen_version(workspace)?;
    let fits = |said: &str| version_in(said) == Some(&version);
    let mut known = on_path("wasm-bindgen").chain([workspace.wasm_bindgen()]);
    Ok(!known.any(|path| answers(&path, fits)))
}

/// The steps in which [`install_for_page`] is going to install something.
pub(crate) fn missing() -> Result<Vec<String>> {
    let mut missing = Vec::new();
    let mut look =
        |program, installed: &Installed<'_>, path: &Path, fits: &dyn Fn(&str) -> bool| {
            if !on_path(program).any(|path| answers(&path, fits)) && !installed.has(path, fits) {
                missing.push(installed.step());
            }
        };
    let installed = Installed::new("trunk", TRUNK_VERSION)?;
    look("trunk", &installed, &by_cargo("trunk"), &trunk_fits);
    let installed = Installed::new("binaryen", BINARYEN_VERSION)?;
    look("wasm-opt", &installed, Path::new(WASM_OPT), &wasm_opt_fits);
    Ok(missing)
}

/// The command must be of exactly the version that the page links. The one from PATH is taken where it is, as it is optimized.
fn wasm_bindgen(workspace: &Workspace) -> Result<PathBuf> {
    let version = wasm_bindgen_version(workspace)?;
    let fits = |said: &str| version_in(said) == Some(&version);
    if let Some(path) = on_path("wasm-bindgen").find(|path| answers(path, fits)) {
        return Ok(path);
    }
    process::step(BUILD_WASM_BINDGEN, || {
        workspace.build_wasm_bindgen(process::run)
    })?;
    let path = workspace.wasm_bindgen();
    if !answers(&path, fits) {
        bail!(
            "{} was built but is not of version {version}, which the page links: is Cargo.lock of one piece?",
            path.display()
        );
    }
    Ok(path)
}

fn wasm_bindgen_version(workspace: &Workspace) -> Result<String> {
    let path = workspace.root.join("Cargo.lock");
    let lock = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    match locked(&lock, "wasm-bindgen") {
        Some(version) => Ok(version.to_owned()),
        None => bail!("Cargo.lock names no wasm-bindgen: does web/ still depend on it?"),
    }
}

fn trunk() -> Result<PathBuf> {
    if let Some(path) = on_path("trunk").find(|path| answers(path, trunk_fits)) {
        return Ok(path);
    }
    // Only its `build` is used, which needs neither TLS nor a look for its own newest version.
    Installed::new("trunk", TRUNK_VERSION)?.by_cargo("trunk", &["--locked"], trunk_fits)
}

fn trunk_fits(said: &str) -> bool {
    version::at_least(said, TRUNK_VERSION)
}

fn wasm_opt() -> Option<PathBuf> {
    if let Some(path) = on_path("wasm-opt").find(|path| answers(path, wasm_opt_fits)) {
        return Some(path);
    }
    let found = Installed::new("binaryen", BINARYEN_VERSION)
        .and_then(|binaryen| binaryen.by_npm(WASM_OPT, wasm_opt_fits));
    match found {
        Ok(path) => Some(path),
        Err(error) => {
            eprintln!("note: no wasm-opt, so the page will be larger than it could be: {error:#}");
            None
        }
    }
}

fn wasm_opt_fits(said: &str) -> bool {
    version::wasm_opt_major(said).is_some_and(|major| major >= OLDEST_WASM_OPT)
}

/// Finds the Python that runs the second implementation of the protocol, `native-peer/tests/client`.
pub(crate) fn python() -> Result<PathBuf> {
    let fits = |said: &str| version::at_least(said, OLDEST_PYTHON);
    on_path("python3")
        .find(|path| answers(path, fits))
        .with_context(|| {
            format!(
                "the tests need python3 of version {OLDEST_PYTHON} or newer on PATH \
             (Debian: `sudo apt-get install python3`)"
            )
        })
}

/// Every program of this name on PATH, in order.
pub(crate) fn on_path(name: &str) -> impl Iterator<Item = PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders
        .into_iter()
        .map(move |folder| folder.join(&file))
        .filter(|path| path.is_file())
}

/// Returns whether this program runs and what it says of its version fits.
fn answers(program: &Path, fits: impl Fn(&str) -> bool) -> bool {
    let ask = |words: &[&str]| process::output(Command::new(program).args(words));
    let said = ask(&["--version"]).or_else(|error| {
        // A command of cargo's may want its own name first.
        let name = program.file_stem().and_then(|name| name.to_str());
        match name.and_then(|name| name.strip_prefix("cargo-")) {
            Some(command) => ask(&[command, "--version"]),
            None => Err(error),
        }
    });
    said.is_ok_and(|said| fits(&said))
}
