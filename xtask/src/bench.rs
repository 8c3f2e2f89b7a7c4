//! Measuring, in one run on one machine.

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::workspace::Workspace;
use crate::{browser, process};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum)]
    what: What,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Ideal rings, and simulated worlds of whole nodes
    Core,
    /// Bytes and round trips through a relay, and what honest tabs feel of others
    Relay,
    /// 1 GiB to a tab in a real Chromium and back: how fast, and in how much memory
    Tab,
}

impl What {
    /// The package and the benchmark in it; none for what a browser test measures.
    const fn target(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Core => Some(("chordscope-core", "core")),
            Self::Relay => Some(("chordscope", "relay")),
            Self::Tab => None,
        }
    }
}

/// Builds and runs a benchmark.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let Some((package, bench)) = options.what.target() else {
        return browser::measure(workspace, options.json);
    };
    let mut command = workspace.cargo();
    command.args(["bench", "--quiet", "--package", package, "--bench", bench]);
    if package == "chordscope-core" {
        command.args(["--features", "sim"]);
    }
    if options.json {
        command.args(["--", "--json"]);
    }
    process::run(&mut command)
}
