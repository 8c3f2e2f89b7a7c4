//! Measuring, in one run on one machine.

mod wasm;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::workspace::Workspace;
use crate::{browser, process, tools};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The measurement
    #[command(subcommand)]
    what: What,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Ideal rings, and simulated worlds of whole nodes
    Core(Core),
    /// Bytes and round trips through a relay, and what honest tabs feel of others
    Relay,
    /// A peer that was away: how fast it gets what it missed, and what lookups feel of it
    Repair,
    /// Files from peer to peer, beside other programs that do the same
    Swarm(Swarm),
    /// 1 GiB to a tab in a real Chromium and back: how fast, and in how much memory
    Tab,
}

#[derive(Debug, Args)]
struct Core {
    /// Measure the simulated worlds in a headless Chromium instead
    #[arg(long)]
    wasm: bool,
}

#[derive(Debug, Args)]
struct Swarm {
    /// Small files and one round: whether it works, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Do not install libtorrent and aria2, and do not run them
    #[arg(long)]
    alone: bool,
    /// Turns that each program has
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// The folder of the files meanwhile [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Builds and runs a benchmark.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let (package, bench, features) = match &options.what {
        What::Core(core) if core.wasm => return wasm::run(workspace, options.json),
        What::Core(_) => ("chordscope-sim", "core", ""),
        What::Relay | What::Repair | What::Swarm(_) => ("chordscope", "peer", ""),
        What::Tab => return browser::measure(workspace, options.json),
    };
    let mut command = workspace.cargo();
    command.args(["bench", "--quiet", "--package", package, "--bench", bench]);
    command.args(["--features", features, "--"]);
    if let What::Core(_) = &options.what {
        // Big worlds are spread over more pages than a processor knows by heart: glibc then asks Linux for large ones.
        command.env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
    }
    command.args(options.what.of_peers());
    if options.json {
        command.arg("--json");
    }
    if let What::Swarm(swarm) = &options.what {
        swarm.add_to(&mut command)?;
    }
    process::run(&mut command)
}

impl What {
    /// The name of a benchmark of real peers, which are one program.
    const fn of_peers(&self) -> Option<&'static str> {
        match self {
            Self::Relay => Some("relay"),
            Self::Repair => Some("repair"),
            Self::Swarm(_) => Some("swarm"),
            Self::Core(_) | Self::Tab => None,
        }
    }
}

impl Swarm {
    fn add_to(&self, command: &mut Command) -> Result<()> {
        if self.quick {
            command.arg("--quick");
        }
        command.args(["--rounds", &self.rounds.to_string()]);
        if let Some(folder) = &self.folder {
            command.arg("--folder").arg(folder);
        }
        if self.alone {
            return Ok(());
        }
        let rivals = tools::for_comparison()?;
        command.arg("--libtorrent").arg(rivals.libtorrent);
        command.arg("--aria2").arg(rivals.aria2);
        for name in ["rqbit", "sendme"] {
            if let Some(program) = tools::on_path(name).next() {
                command.arg(format!("--{name}")).arg(program);
            }
        }
        Ok(())
    }
}
