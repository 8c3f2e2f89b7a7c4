//! The options: the measurements, and the rivals.

use std::path::PathBuf;

use clap::Parser;

/// Measures transfers beside other programs
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Small files and one round: whether it works, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Turns that each program has
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// The folder of the files meanwhile [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// A Python that has libtorrent
    #[arg(long, value_name = "PYTHON")]
    pub(crate) libtorrent: Option<PathBuf>,
    /// aria2c
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) aria2: Option<PathBuf>,
    /// rqbit
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) rqbit: Option<PathBuf>,
    /// sendme
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) sendme: Option<PathBuf>,
    /// Cargo says that this is a benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    pub(crate) fn parse() -> Self {
        Self::parse_from(std::env::args_os().skip(1))
    }

    /// Leechers, and MiB for each.
    pub(crate) const fn races(&self) -> [(u16, u32); 2] {
        if self.quick {
            [(1, 64), (3, 16)]
        } else {
            [(1, 1024), (8, 256)]
        }
    }

    pub(crate) const fn rounds(&self) -> u32 {
        if self.quick { 1 } else { self.rounds }
    }
}
