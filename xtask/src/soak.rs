//! `cargo xtask soak`: random rings in random trouble, for as long as one likes.

use anyhow::Result;
use clap::Args;

use crate::process;
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The minutes to go on for; a failure ends it, and says how to see it again
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=7 * 24 * 60))]
    minutes: u64,
    /// Real processes on loopback instead of a simulation
    #[arg(long)]
    peers: bool,
}

/// Runs the core's soak test in a release build, or the histories of real peers, past the few seeds that every test run takes.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut command = workspace.cargo();
    command.args(["test", "--quiet", "--release", "--package"]);
    command.args(match options.peers {
        false => [
            "chordscope-sim",
            "--all-features",
            "--test",
            "soak",
            "whatever",
        ]
        .as_slice(),
        true => [
            "chordscope",
            "--features",
            "chordscope-sim/bandwidth,chordscope-sim/scenario-files",
            "--test",
            "network",
            "what_clients_of_real_peers",
        ]
        .as_slice(),
    });
    command.args(["--", "--nocapture"]);
    command.env("SOAK_MINUTES", options.minutes.to_string());
    process::run(&mut command)
}
