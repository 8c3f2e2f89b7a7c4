//! The command line: its commands, and the output of an answer or a failure.

mod forming;
mod listen;
mod serve;

use std::hint::black_box;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;
use tracing_subscriber::filter::LevelFilter;

use crate::failure::{Failure, of_numbers};
use crate::{client, output, sim};

/// The amount of freed memory that a peer keeps at the end of a heap, for the next frames: what all its links and segments take in
/// a busy moment.
const KEPT: usize = 8 << 20;

/// A Chord ring you can look into.
#[derive(Debug, Parser)]
#[command(name = "chordscope", version, arg_required_else_help = true)]
struct Cli {
    /// Print one JSON object instead of text
    #[arg(long, global = true, display_order = 100)]
    json: bool,
    /// Log to standard error: -v what happens, -vv each link and request, -vvv everything
    #[arg(short, long, global = true, display_order = 101, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a whole ring in one process; with --web, its page, too
    Ring(serve::RingOptions),
    /// Run one peer
    Peer(serve::PeerOptions),
    #[command(flatten)]
    Client(client::Command),
    /// Ask the core alone, without any network: an ideal ring, or a simulated one
    #[command(subcommand, arg_required_else_help = true)]
    Sim(sim::Command),
}

/// Reads the command line, does what it says and gives the exit code: 0 done, 1 failed, 2 asked for wrongly.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let json = cli.json;
    log(cli.verbose);
    match cli.command {
        Command::Sim(command) => sim::run(command, json),
        Command::Ring(options) => block_on(peer_runtime(), options.run(json)),
        Command::Peer(options) => block_on(peer_runtime(), options.run(json)),
        Command::Client(command) => {
            block_on(Builder::new_current_thread(), client::run(command, json))
        }
    }
}

/// Half of the processors run tasks. The system's part of sending takes as much again, and so do the threads that read and write files; and
/// a frame that one task hands to the next costs least where both run on one thread.
fn peer_runtime() -> Builder {
    keep_freed_memory();
    let processors = available_parallelism().map_or(1, NonZeroUsize::get);
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(processors.div_ceil(2));
    runtime
}

/// glibc gives memory back to the system as soon as 128 KiB lie free at the end of a heap, and as each frame comes and goes its pages
/// would be taken from the system anew. Once it has freed one large piece, it keeps up to twice as much (mallopt(3), `M_MMAP_THRESHOLD`,
/// on its dynamic adjustment). Elsewhere this does nothing.
fn keep_freed_memory() {
    drop(black_box(Vec::<u8>::with_capacity(KEPT / 2)));
}

fn block_on(
    mut runtime: Builder,
    task: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(task);
    // What still runs belongs to connections; nothing in it must hold up the end.
    runtime.shutdown_background();
    result
}

fn log(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // Told on the same standard error, by a macro that panics in the thread that wanted to log.
        .log_internal_errors(false)
        .init();
}

fn report(failure: &Failure) -> ExitCode {
    output::note(format_args!("chordscope: {failure}"));
    failure.exit_code()
}

/// Help and version go out as they are; a mistake becomes one line.
fn refuse(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nothing is left to say when not even this can be written.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        _ => report(&Failure::command_line(&one_line(&error.to_string()))),
    }
}

/// clap's message and its tips, without the usage that follows them.
fn one_line(message: &str) -> String {
    let message = message.split("\n\nUsage:").next().unwrap_or(message);
    let message = message
        .split("\n\nFor more information")
        .next()
        .unwrap_or(message);
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let message = message.replace("\n\n  tip:", ";");
    of_numbers(&message)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_mistake_becomes_one_line() {
        let message = |arguments: &[&str]| {
            let error = Cli::try_parse_from(arguments).unwrap_err();
            Failure::command_line(&one_line(&error.to_string())).to_string()
        };
        let misspelt = message(&["chordscope", "simm"]);
        assert_eq!(
            misspelt,
            "unrecognized subcommand 'simm'; a similar subcommand exists: 'sim'"
        );
        for (wrong, said) in [
            ("x", "give a whole number"),
            ("17", "17 is not one of 1 to 16"),
            ("99999999999999999999", "too large"),
        ] {
            let line = message(&["chordscope", "peer", "--virtual-nodes", wrong]);
            assert!(
                line.contains("--virtual-nodes") && line.ends_with(said),
                "{line}"
            );
        }
        let missing = message(&["chordscope", "sim", "fingers", "--bits", "5"]);
        assert!(missing.contains("--nodes"), "{missing}");
    }
}
