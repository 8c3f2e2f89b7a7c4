//! Measuring, in one run on one machine.

mod wasm;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use crate::process;
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum)]
    what: What,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Measure the simulated worlds of `core` in a headless Chromium instead
    #[arg(long)]
    wasm: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Ideal rings, and simulated worlds of whole nodes
    Core,
    /// Bytes and round trips through a relay, and what honest tabs feel of others
    Relay,
}

impl What {
    /// The package and the benchmark in it.
    const fn target(self) -> (&'static str, &'static str) {
        match self {
            Self::Core => ("chordscope-core", "core"),
            Self::Relay => ("chordscope", "relay"),
        }
    }
}

/// Builds and runs a benchmark.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.wasm {
        ensure!(
            matches!(options.what, What::Core),
            "only `bench core` runs in a browser"
        );
        return wasm::run(workspace, options.json);
    }
    let (package, bench) = options.what.target();
    let mut command = workspace.cargo();
    command.args(["bench", "--quiet", "--package", package, "--bench", bench]);
    if package == "chordscope-core" {
        command.args(["--features", "sim"]);
        // Big worlds are spread over more pages than a processor knows by heart: glibc then asks Linux for large ones.
        command.env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
    }
    if options.json {
        command.args(["--", "--json"]);
    }
    process::run(&mut command)
}
