//! `chordscope sim …`: the core alone, no network.

mod experiment;
mod ideal;
mod nodes;
mod plot;
mod run;

use clap::Subcommand;

use crate::failure::Failure;

/// A query to the core, without a network.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The nodes that a lookup visits on an ideal ring, origin first, owner last
    Lookup(ideal::Lookup),
    /// The finger tables of an ideal ring
    Fingers(ideal::Fingers),
    /// The changes when a node joins an ideal ring
    Insert(ideal::Insert),
    /// The changes when a node leaves an ideal ring
    Remove(ideal::Remove),
    /// Measure what the papers measured, and show both
    Experiment(experiment::Options),
    /// Run a scenario in the simulator to its end
    Run(run::Options),
}

pub(crate) fn run(command: Command, json: bool) -> Result<(), Failure> {
    match command {
        Command::Lookup(options) => options.run(json),
        Command::Fingers(options) => options.run(json),
        Command::Insert(options) => options.run(json),
        Command::Remove(options) => options.run(json),
        Command::Experiment(options) => options.run(json),
        Command::Run(options) => options.run(json),
    }
}
