//! `cargo xtask test`: everything that tests, one step after another, the quick ones first.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::tools::{self, WASM_TARGET};
use crate::workspace::Workspace;
use crate::{browser, no_std, process, site};

/// The features of the crates that are tested. All steps that test have the same, so that no crate is built twice.
pub(crate) const FEATURES: &str =
    "chordscope-sim/bandwidth,chordscope-sim/scenario-files,chordscope-sim/fuzz-targets";
/// The timeout for the database of advisories.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

/// The options of `test`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Leave out the release builds and the browser
    #[arg(long)]
    quick: bool,
    /// Run only this step (may be given several times)
    #[arg(long = "step", value_name = "STEP", value_parser = STEPS.map(|step| step.name))]
    steps: Vec<String>,
}

/// One thing that can fail.
struct Step {
    name: &'static str,
    title: &'static str,
    kind: Kind,
    work: fn(&Workspace) -> Result<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lint,
    Quick,
    Slow,
}

const STEPS: [Step; 12] = [
    Step {
        name: "tools",
        title: "tools",
        kind: Kind::Slow,
        work: find_tools,
    },
    Step {
        name: "fmt",
        title: "format",
        kind: Kind::Lint,
        work: check_format,
    },
    Step {
        name: "clippy",
        title: "lints",
        kind: Kind::Lint,
        work: check_lints,
    },
    Step {
        name: "doc",
        title: "documentation",
        kind: Kind::Lint,
        work: check_documentation,
    },
    Step {
        name: "typos",
        title: "spelling",
        kind: Kind::Lint,
        work: check_spelling,
    },
    Step {
        name: "machete",
        title: "unused dependencies",
        kind: Kind::Lint,
        work: check_unused_dependencies,
    },
    Step {
        name: "deny",
        title: "licences of dependencies",
        kind: Kind::Lint,
        work: check_dependencies,
    },
    Step {
        name: "no-std",
        title: "the core without std",
        kind: Kind::Quick,
        work: no_std::prove,
    },
    // Rings of real processes are among these: native-peer's integration tests.
    Step {
        name: "native",
        title: "unit and integration tests",
        kind: Kind::Quick,
        work: native_tests,
    },
    Step {
        name: "site",
        title: "the page",
        kind: Kind::Slow,
        work: build_site,
    },
    Step {
        name: "peer",
        title: "the peer, as users run it",
        kind: Kind::Slow,
        work: Workspace::build_peer,
    },
    Step {
        name: "browser",
        title: "a real browser",
        kind: Kind::Slow,
        work: browser_tests,
    },
];

/// Runs the steps that were asked for: without options, all.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    run_steps(workspace, |step| {
        if options.steps.is_empty() {
            !options.quick || step.kind != Kind::Slow
        } else {
            options.steps.iter().any(|name| name == step.name)
        }
    })
}

/// Runs the steps that only read.
pub(crate) fn lint(workspace: &Workspace) -> Result<()> {
    run_steps(workspace, |step| step.kind == Kind::Lint)
}

fn run_steps(workspace: &Workspace, wanted: impl Fn(&Step) -> bool) -> Result<()> {
    let mut times = Vec::new();
    let mut result = Ok(());
    for step in STEPS.iter().filter(|step| wanted(step)) {
        let started = process::now();
        result = process::step(step.title, || (step.work)(workspace)).with_context(|| {
            format!(
                "step `{0}` failed (alone: cargo xtask test --step {0})",
                step.name
            )
        });
        times.push((step.title, started.elapsed(), result.is_ok()));
        if result.is_err() {
            break;
        }
    }
    print!("{}", summary(&times));
    result
}

fn summary(times: &[(&str, Duration, bool)]) -> String {
    let total = times.iter().map(|(_, time, _)| *time).sum();
    let line = |title: &str, time, verdict: &str| {
        format!("{title:<28} {:>14}  {verdict}", process::seconds(time))
            .trim_end()
            .to_owned()
            + "\n"
    };
    let mut table = String::from("\n");
    for (title, time, passed) in times {
        table += &line(title, *time, if *passed { "ok" } else { "FAILED" });
    }
    table + &line("in all", total, "")
}

fn find_tools(workspace: &Workspace) -> Result<()> {
    tools::for_page(workspace)?;
    tools::for_lints()?;
    tools::for_browser()?;
    tools::python()?;
    tools::libtorrent()?;
    Ok(())
}

fn check_format(workspace: &Workspace) -> Result<()> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn check_lints(workspace: &Workspace) -> Result<()> {
    let native = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    process::run(workspace.cargo().args(native))?;
    tools::wasm_target()?;
    let page = [
        "clippy",
        "--package",
        "chordscope-web",
        "--target",
        WASM_TARGET,
        "--",
        "-D",
        "warnings",
    ];
    process::run(workspace.cargo().args(page))
}

fn check_documentation(workspace: &Workspace) -> Result<()> {
    // The packages and features that clippy checks: no dependency is checked twice.
    let doc = ["doc", "--workspace", "--no-deps", "--all-features"];
    process::run(
        workspace
            .cargo()
            .env("RUSTDOCFLAGS", "-D warnings")
            .args(doc),
    )
}

/// Words that are misspelt, in names, comments and documents; `typos.toml` has the exceptions.
fn check_spelling(workspace: &Workspace) -> Result<()> {
    process::run(Command::new(tools::typos()?).current_dir(&workspace.root))
}

/// Dependencies that no source of their crate names; `package.metadata.cargo-machete` has the exceptions.
fn check_unused_dependencies(workspace: &Workspace) -> Result<()> {
    let mut machete = Command::new(tools::machete()?);
    process::run(machete.current_dir(&workspace.root))
}

/// Licences, versions and sources of dependencies, and known faults of theirs where the list of them can be had; `deny.toml` has the rules.
fn check_dependencies(workspace: &Workspace) -> Result<()> {
    let deny = tools::deny()?;
    let command = || {
        let mut deny = Command::new(&deny);
        deny.current_dir(&workspace.root);
        deny
    };
    let mut fetch = command();
    let known = process::within(fetch.args(["fetch", "db"]), FETCH_TIMEOUT);
    if let Err(error) = &known {
        eprintln!("    advisories are skipped, as their database cannot be reached: {error:#}");
    }
    let checks: &[&str] = match known {
        Ok(()) => &["advisories"],
        Err(_) => &[],
    };
    process::run(
        command()
            .args(["check", "licenses", "bans", "sources"])
            .args(checks),
    )
}

fn native_tests(workspace: &Workspace) -> Result<()> {
    let mut tests = workspace.cargo();
    tests.env("CHORDSCOPE_LIBTORRENT", tools::libtorrent()?);
    tests.env("CHORDSCOPE_ARIA2", tools::aria2()?);
    process::run(tests.args(["test", "--workspace", "--features", FEATURES]))
}

fn build_site(workspace: &Workspace) -> Result<()> {
    site::build(workspace, &site::Options::default())?.check_budget()
}

fn browser_tests(workspace: &Workspace) -> Result<()> {
    browser::run(workspace, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_a_line_a_step_and_the_total() {
        let table = summary(&[
            ("lints", Duration::from_secs(3), true),
            ("the page", Duration::from_secs(4), false),
        ]);
        let words: Vec<Vec<&str>> = table
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(words[0], ["lints", "3.0", "s", "ok"]);
        assert_eq!(words[1], ["the", "page", "4.0", "s", "FAILED"]);
        assert_eq!(words[2], ["in", "all", "7.0", "s"]);
    }
}
