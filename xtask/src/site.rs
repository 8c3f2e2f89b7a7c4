//! `cargo xtask site`: the page, built into dist/.

mod names;
mod optimize;
mod precompress;
mod size;
mod slim;
mod stamp;
mod style;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use walkdir::WalkDir;

use self::size::{FirstLoad, first_loads};
use self::stamp::Stamp;
use crate::process;
use crate::tools::{self, PageTools};
use crate::workspace::Workspace;

/// The step that compiles the page's programs, where that is a step of its own.
pub(crate) const COMPILE: &str = "compiling the page";
/// The step in which Trunk builds the page, of compiled programs if they are.
pub(crate) const BUILD: &str = "building the page";
/// The page's programs with their features, as index.html has Trunk build them.
const PROGRAMS: [(&str, &[&str]); 2] = [
    (
        "",
        &[
            "chordscope-web",
            "chordscope-home",
            "chordscope-lesson",
            "chordscope-swarm",
            "chordscope-directory",
            "chordscope-cap",
            "chordscope-experiments",
        ],
    ),
    ("simd", &["chordscope-live", "chordscope-tab"]),
];
/// The profile of all of them.
pub(crate) const PROFILE: &str = "page";
const SMALLER: &str = "making the page smaller";

/// The options of `site`.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Build faster, without optimization: for looking at panics, not for measuring
    #[arg(long)]
    debug: bool,
}

/// A built page.
#[derive(Debug)]
pub(crate) struct Site {
    /// The files that a browser downloads before each page works, with their bytes.
    pub(crate) first_loads: Vec<FirstLoad>,
    /// True if wasm-opt ran.
    pub(crate) optimized: bool,
}

/// The steps in which a page is built, if dist/ does not hold what would be built with these tools.
pub(crate) fn steps(workspace: &Workspace, optimized: bool) -> Result<Vec<&'static str>> {
    let settings = build_settings(&Options::default(), optimized);
    let stamp = Stamp::of(&workspace.root, &settings)?;
    Ok(match (stamp.is_on(&workspace.dist()), optimized) {
        (true, _) => Vec::new(),
        (false, true) => vec![BUILD, SMALLER],
        (false, false) => vec![BUILD],
    })
}

/// Compiles the page's programs as Trunk does, which then finds them done.
pub(crate) fn compile(
    workspace: &Workspace,
    run: impl Fn(&mut Command) -> Result<()>,
) -> Result<()> {
    for (features, programs) in PROGRAMS {
        let mut build = workspace.cargo();
        build.args(["build", "--package", "chordscope-web"]);
        build.args(["--target", tools::WASM_TARGET, "--profile", PROFILE]);
        build.args(["--features", features]);
        for program in programs {
            build.args(["--bin", program]);
        }
        run(&mut build)?;
    }
    Ok(())
}

/// Builds the page unless dist/ already holds what would be built.
pub(crate) fn build(workspace: &Workspace, options: &Options) -> Result<Site> {
    if !workspace.root.join("index.html").is_file() {
        bail!(
            "there is no index.html in {}: the page starts from it",
            workspace.root.display()
        );
    }
    let tools = process::step("looking for the tools that build the page", || {
        tools::for_page(workspace)
    })?;
    let optimized = tools.wasm_opt.is_some() && !options.debug;
    let dist = workspace.dist();
    let stamp = Stamp::of(&workspace.root, &build_settings(options, optimized))?;
    if stamp.is_on(&dist) {
        eprintln!("==> the page in dist/ is up to date");
    } else {
        process::step(BUILD, || trunk(workspace, &tools, options))?;
        if let Some(wasm_opt) = tools.wasm_opt.filter(|_| optimized) {
            process::step(SMALLER, || optimize::all(&wasm_opt, &dist))?;
        }
        if !options.debug {
            slim::all(&dist)?;
        }
        style::join(&dist)?;
        names::settle(&dist)?;
        let effort = match optimized {
            true => precompress::Effort::Best,
            false => precompress::Effort::Quick,
        };
        precompress::all(&dist, effort)?;
        stamp.put_on(&dist)?;
    }
    let first_loads = first_loads(&dist)?;
    for first_load in &first_loads {
        eprintln!("    {first_load}");
    }
    Ok(Site {
        first_loads,
        optimized,
    })
}

impl Site {
    /// The budget holds where wasm-opt ran.
    pub(crate) fn check_budget(&self) -> Result<()> {
        let over = self.first_loads.iter().find(|load| !load.within_budget());
        match over.filter(|_| self.optimized) {
            Some(load) => bail!("a page is over its budget: {load}"),
            None => Ok(()),
        }
    }
}

/// Returns the settings that, beside the sources, decide how the page comes out.
fn build_settings(options: &Options, optimized: bool) -> String {
    format!(
        "slim, one style, zopfli, debug: {}, wasm-opt: {optimized} {:?}",
        options.debug,
        optimize::FLAGS
    )
}

fn trunk(workspace: &Workspace, tools: &PageTools, options: &Options) -> Result<()> {
    let mut build = Command::new(&tools.trunk);
    build
        .current_dir(&workspace.root)
        .arg("build")
        .arg("--dist")
        .arg(workspace.dist());
    if !options.debug {
        build.arg("--release");
    }
    // Trunk downloads what it does not find on PATH, and asks the network for its own newest version.
    build.env("PATH", path_with(&tools.wasm_bindgen)?);
    build.env("TRUNK_SKIP_VERSION_CHECK", "true");
    // Trunk refuses the usual NO_COLOR=1.
    build.env_remove("NO_COLOR");
    process::run(&mut build)
}

fn path_with(program: &Path) -> Result<std::ffi::OsString> {
    let first: PathBuf = program.parent().map(Path::to_path_buf).unwrap_or_default();
    let old = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(first).chain(env::split_paths(&old)))
        .context("the tool cache's path holds a character that PATH cannot: set XDG_CACHE_HOME")
}

/// The files of a folder and everything below it, in order.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if !entry.file_type().is_dir() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of an attribute in index.html, in order.
    fn values(attribute: &str) -> Vec<&'static str> {
        let page = include_str!("../../index.html");
        let links = page.split("<link data-trunk rel=\"rust\"").skip(1);
        let value = |link: &'static str| {
            let link = link.split('>').next().unwrap_or(link);
            let value = link.split(&format!("{attribute}=\"")).nth(1);
            value.map_or("", |rest| rest.split('"').next().unwrap_or(rest))
        };
        links.map(value).collect()
    }

    #[test]
    fn what_is_compiled_ahead_is_what_trunk_compiles() {
        let ours = PROGRAMS.iter().flat_map(|(features, programs)| {
            programs.iter().map(move |program| (*program, *features))
        });
        let theirs = values("data-bin").into_iter();
        let theirs: Vec<_> = theirs.zip(values("data-cargo-features")).collect();
        assert_eq!(ours.collect::<Vec<_>>(), theirs);
        let profiles = values("data-cargo-profile");
        assert!(profiles.iter().all(|profile| *profile == PROFILE));
    }
}
