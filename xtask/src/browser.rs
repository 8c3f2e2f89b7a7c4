//! `cargo xtask browser`: the tests that drive a real Chromium against the built page and real peers.

use std::fs;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::test::FEATURES;
use crate::workspace::Workspace;
use crate::{process, site, tools};

/// The options of `browser`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run only the tests whose names contain this
    filter: Option<String>,
}

/// Builds what the tests drive, then runs them.
pub(crate) fn build_and_run(workspace: &Workspace, options: &Options) -> Result<()> {
    site::build(workspace, &site::Options::default())?;
    process::step("building the peer", || workspace.build_peer())?;
    process::step("browser tests", || {
        run(workspace, options.filter.as_deref())
    })
}

/// Measures 1 GiB on its way to a tab and back.
pub(crate) fn measure(workspace: &Workspace, json: bool) -> Result<()> {
    site::build(workspace, &site::Options::default())?;
    process::step("building the peer", || workspace.build_peer())?;
    let mut test = tests(workspace)?;
    test.env("CHORDSCOPE_LARGE", "1024");
    test.args(["live_large", "--", "--nocapture"]);
    if !json {
        return process::run(&mut test);
    }
    let figures = workspace.target.join("tab.json");
    process::output(test.env("CHORDSCOPE_FIGURES", &figures))?;
    println!("{}", fs::read_to_string(figures)?);
    Ok(())
}

/// Runs the tests against what is built.
pub(crate) fn run(workspace: &Workspace, filter: Option<&str>) -> Result<()> {
    build_runs(workspace)?;
    process::run(tests(workspace)?.args(filter))
}

/// Builds what the test of digests runs in the browser, as that test does: beside the other tests, the compiler would take the processors
/// from them.
fn build_runs(workspace: &Workspace) -> Result<()> {
    tools::wasm_target()?;
    let runs = [
        "build",
        "--package",
        "chordscope-sim",
        "--features",
        "bandwidth",
        "--example",
        "digests",
        "--release",
        "--target",
        tools::WASM_TARGET,
    ];
    process::run(workspace.cargo().args(runs))
}

/// The call that runs the tests, all unless more follows.
fn tests(workspace: &Workspace) -> Result<Command> {
    let found = tools::for_browser()?;
    let mut test = workspace.cargo();
    test.env("CHORDSCOPE_CHROMIUM", found.chromium);
    test.env("CHORDSCOPE_CHROMEDRIVER", found.chromedriver);
    test.env("CHORDSCOPE_AXE", tools::axe()?);
    test.env("CHORDSCOPE_DIST", workspace.dist());
    test.env("CHORDSCOPE_BINARY", workspace.peer_binary());
    test.env(
        "CHORDSCOPE_SCREENSHOTS",
        workspace.target.join("screenshots"),
    );
    // The whole workspace, with the features that the other tests have.
    let features = format!("{FEATURES},xtask/browser");
    test.args(["test", "--workspace", "--features", &features]);
    test.args(["--test", "browser"]);
    Ok(test)
}
