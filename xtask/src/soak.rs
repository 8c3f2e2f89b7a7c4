//! `cargo xtask soak`: random rings in random trouble, for as long as one likes.

use anyhow::Result;
use clap::Args;

use crate::process;
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How long to go on; a failure ends it, and says how to see it again
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=7 * 24 * 60))]
    minutes: u64,
}

/// Runs the core's soak test in a release build, past the few seeds that every test run takes.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut command = workspace.cargo();
    command.args([
        "test",
        "--quiet",
        "--release",
        "--package",
        "chordscope-core",
    ]);
    command.args([
        "--features",
        "bandwidth,quorum",
        "--test",
        "soak",
        "--",
        "--nocapture",
        "whatever",
    ]);
    command.env("SOAK_MINUTES", options.minutes.to_string());
    process::run(&mut command)
}
