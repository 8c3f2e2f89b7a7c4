//! Every developer task of Chordscope: build the page, run a ring, test everything.
//!
//! `cargo xtask up` is the way in; `cargo xtask help` lists the rest.

mod api;
mod bench;
mod browser;
mod interop;
mod mutants;
mod no_std;
mod process;
mod progress;
#[cfg(test)]
mod rules;
mod site;
mod soak;
mod test;
mod tools;
mod up;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Every developer task of Chordscope.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = false
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build everything, run a ring on this machine and serve the page from it
    Up(up::Options),
    /// Run everything that tests: lints, tests, the no_std proof, a real browser
    Test(test::Options),
    /// Build the page into dist/, ready for any static file server
    Site(site::Options),
    /// Check format, lints, documentation, spelling and dependencies
    Lint,
    /// Prove that the core links without the standard library
    NoStd,
    /// Build the page and the peer, then drive them with a real Chromium
    Browser(browser::Options),
    /// Measure something; ratios count, as machines differ
    Bench(bench::Options),
    /// Simulate random rings in random trouble until one does not heal
    Soak(soak::Options),
    /// Build the program of release 0.1 from the history, and test it beside today's peers
    Interop,
    /// List the public items of the core, and how they differ from the last release
    Api(api::Options),
    /// Change the core in places drawn by a seed, and see which changes its tests notice
    Mutants(mutants::Options),
    /// Find every tool that the other tasks need, and install what is missing
    Setup,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    match task {
        Task::Up(options) => return up::run(&workspace, &options),
        Task::Test(options) => test::run(&workspace, &options)?,
        Task::Site(options) => {
            site::build(&workspace, &options)?;
        }
        Task::Lint => test::lint(&workspace)?,
        Task::NoStd => no_std::prove(&workspace)?,
        Task::Browser(options) => browser::build_and_run(&workspace, &options)?,
        Task::Bench(options) => bench::run(&workspace, &options)?,
        Task::Soak(options) => soak::run(&workspace, &options)?,
        Task::Interop => interop::run(&workspace)?,
        Task::Api(options) => api::run(&workspace, &options)?,
        Task::Mutants(options) => mutants::run(&workspace, &options)?,
        Task::Setup => setup(&workspace)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn setup(workspace: &Workspace) -> Result<()> {
    let page = tools::for_page(workspace)?;
    let lints = tools::for_lints()?;
    let browser = tools::for_browser()?;
    let python = tools::python()?;
    println!("trunk         {}", page.trunk.display());
    println!("wasm-bindgen  {}", page.wasm_bindgen.display());
    match &page.wasm_opt {
        Some(path) => println!("wasm-opt      {}", path.display()),
        None => println!("wasm-opt      none: the page is built without it, and larger"),
    }
    println!("cargo-deny    {}", lints.deny.display());
    println!("cargo-machete {}", lints.machete.display());
    println!("typos         {}", lints.typos.display());
    println!("chromium      {}", browser.chromium.display());
    println!("chromedriver  {}", browser.chromedriver.display());
    println!("python3       {}", python.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
