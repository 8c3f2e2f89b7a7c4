//! `cargo xtask mutants`: small changes of the core, each of which its tests should notice.
//!
//! cargo-mutants makes the changes and runs the core's own tests; those of the simulator, which notice more, are not run. The changes are
//! drawn by a seed, and what came of each is kept in the target folder, so that a run that was ended goes on where it stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::workspace::Workspace;
use crate::{process, tools};

/// The folders of the core whose code is changed: protocol, storage, wire format and links.
const FOLDERS: [&str; 4] = ["chord", "store", "wire", "link"];

/// The exit codes of cargo-mutants when it has tried every change: all noticed, some not noticed, some endless.
const TRIED: [i32; 3] = [0, 2, 3];

/// The options of `mutants`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The number of changes to try; each compiles the core and runs its tests
    #[arg(long, value_name = "N", default_value_t = 20)]
    sample: usize,
    /// The seed of the draw: the same seed draws the same changes from the same sources
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Keep what earlier runs have found, and try only the rest
    #[arg(long)]
    resume: bool,
}

/// The outcome of each change, by its name.
type Outcomes = BTreeMap<String, String>;

/// Draws changes, tries them, and prints what came of them.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let program = tools::mutants()?;
    let folder = workspace.target.join("mutants");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let all = names(&process::output(
        command(workspace, &program).args(listing()),
    )?)?;
    let (total, sample) = (all.len(), draw(all, options.sample, options.seed));
    let kept = folder.join("results.json");
    let mut outcomes = Outcomes::new();
    if options.resume {
        outcomes = read(&kept);
        outcomes.extend(tried(&folder));
        write(&kept, &outcomes)?;
    } else {
        // What an earlier run has noted; there need not be any.
        drop(fs::remove_dir_all(folder.join("mutants.out")));
    }
    let is_left = |name: &&String| !outcomes.contains_key(*name);
    let left: Vec<&String> = sample.iter().filter(is_left).collect();
    println!(
        "{} of {total} changes, seed {}: {} to try",
        sample.len(),
        options.seed,
        left.len()
    );
    if !left.is_empty() {
        let ended = try_all(workspace, &program, &folder, &left);
        outcomes.extend(tried(&folder));
        write(&kept, &outcomes)?;
        ended?;
    }
    outcomes.retain(|name, _| sample.contains(name));
    print!("{}", report(&outcomes));
    Ok(())
}

fn command(workspace: &Workspace, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&workspace.root);
    command.args(["mutants", "--package", "chordscope-core"]);
    command
}

/// The arguments that list every change.
fn listing() -> Vec<String> {
    let files = FOLDERS.iter().flat_map(|folder| {
        let (below, itself) = (
            format!("core/src/{folder}/**"),
            format!("core/src/{folder}.rs"),
        );
        ["--file".to_owned(), below, "--file".to_owned(), itself]
    });
    ["--list", "--json"]
        .map(str::to_owned)
        .into_iter()
        .chain(files)
        .collect()
}

/// The arguments that choose these changes. Those that leave out a field are tried whatever the names, so that the files are named too.
fn choice(left: &[&String]) -> Vec<String> {
    let files: BTreeSet<&str> = left
        .iter()
        .filter_map(|name| name.split(':').next())
        .collect();
    let files = files
        .into_iter()
        .flat_map(|file| ["--file".to_owned(), file.to_owned()]);
    let names = left
        .iter()
        .flat_map(|name| ["--re".to_owned(), format!("^{}$", escaped(name))]);
    files.chain(names).collect()
}

fn try_all(workspace: &Workspace, program: &Path, folder: &Path, left: &[&String]) -> Result<()> {
    let mut command = command(workspace, program);
    // Dependencies stay built from run to run.
    command.env("CARGO_TARGET_DIR", folder.join("build"));
    command.arg("--output").arg(folder);
    command.args(choice(left));
    // The line of a long sample would fill the console.
    eprintln!("    $ cargo mutants --package chordscope-core …");
    let status = command.status().context("cannot start cargo-mutants")?;
    if !status.code().is_some_and(|code| TRIED.contains(&code)) {
        bail!("cargo-mutants failed ({status}): its own messages are above; --resume goes on");
    }
    Ok(())
}

/// The names of the changes that cargo-mutants lists.
fn names(list: &str) -> Result<BTreeSet<String>> {
    let list: Value =
        serde_json::from_str(list).context("cargo-mutants listed something else than JSON")?;
    let list = list.as_array().context("cargo-mutants listed no array")?;
    let name = |mutant: &Value| Some(mutant.get("name")?.as_str()?.to_owned());
    Ok(list.iter().filter_map(name).collect())
}

/// Draws so many of the names, by the seed.
fn draw(names: BTreeSet<String>, count: usize, seed: u64) -> BTreeSet<String> {
    let mut names: Vec<String> = names.into_iter().collect();
    let mut drawn = BTreeSet::new();
    let mut state = seed;
    while drawn.len() < count && !names.is_empty() {
        let place = split_mix(&mut state) % names.len() as u64;
        drawn.insert(names.swap_remove(usize::try_from(place).unwrap_or_default()));
    }
    drawn
}

/// The generator SplitMix64.
const fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A regular expression that is this text.
fn escaped(text: &str) -> String {
    let escape = |c: char| match r"\.+*?()|[]{}^$#&-~".contains(c) {
        true => vec!['\\', c],
        false => vec![c],
    };
    text.chars().flat_map(escape).collect()
}

/// The notes of cargo-mutants' last run, which may have been ended.
fn tried(folder: &Path) -> Outcomes {
    let path: PathBuf = folder.join("mutants.out").join("outcomes.json");
    let text = fs::read_to_string(path).unwrap_or_default();
    outcomes(&serde_json::from_str(&text).unwrap_or_default())
}

fn outcomes(noted: &Value) -> Outcomes {
    let list = noted.get("outcomes").and_then(Value::as_array);
    let outcome = |one: &Value| {
        let name = one.get("scenario")?.get("Mutant")?.get("name")?.as_str()?;
        Some((name.to_owned(), one.get("summary")?.as_str()?.to_owned()))
    };
    list.into_iter().flatten().filter_map(outcome).collect()
}

fn read(path: &Path) -> Outcomes {
    let text = fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn write(path: &Path, outcomes: &Outcomes) -> Result<()> {
    let text = serde_json::to_string_pretty(outcomes)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The changes that no test noticed, and the counts.
fn report(outcomes: &Outcomes) -> String {
    let named = |summary: &str| -> Vec<&String> {
        let fits = outcomes.iter().filter(|(_, found)| *found == summary);
        fits.map(|(name, _)| name).collect()
    };
    let (caught, endless) = (named("CaughtMutant").len(), named("Timeout").len());
    let (missed, unviable) = (named("MissedMutant"), named("Unviable").len());
    let noticed = caught + endless;
    let of = noticed + missed.len();
    let list: String = missed
        .iter()
        .map(|name| format!("missed: {name}\n"))
        .collect();
    let rate = (100 * noticed)
        .checked_div(of)
        .map_or_else(|| "none".to_owned(), |rate| format!("{rate}%"));
    format!(
        "{list}caught {noticed} ({endless} by running endlessly), missed {}, unviable {unviable}; rate {rate} of those that compile\n",
        missed.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_seed_draws_the_same_names_again_and_another_seed_others() {
        let names: Vec<String> = (0..100).map(|number| format!("name {number}")).collect();
        let all: BTreeSet<String> = names.into_iter().collect();
        let first = draw(all.clone(), 10, 1);
        assert_eq!(first.len(), 10);
        assert!(first.is_subset(&all));
        assert_eq!(draw(all.clone(), 10, 1), first);
        assert_ne!(draw(all.clone(), 10, 2), first);
        assert_eq!(draw(all.clone(), 1000, 1), all);
    }

    #[test]
    fn a_name_as_a_regular_expression_has_no_sign_with_a_meaning() {
        let name = "a.rs:3:5: replace <T as X>::f -> Vec<u8> with vec![0]";
        let pattern = r"a\.rs:3:5: replace <T as X>::f \-> Vec<u8> with vec!\[0\]";
        assert_eq!(escaped(name), pattern);
    }

    #[test]
    fn only_the_files_and_the_names_of_the_sample_are_chosen() {
        let names = ["a/b.rs:3:5: x", "a/b.rs:4:5: y"].map(str::to_owned);
        let chosen = [
            "--file",
            "a/b.rs",
            "--re",
            "^a/b\\.rs:3:5: x$",
            "--re",
            "^a/b\\.rs:4:5: y$",
        ];
        assert_eq!(choice(&names.each_ref()), chosen);
    }

    #[test]
    fn the_names_are_read_from_the_list() {
        let list = r#"[{"name": "b"}, {"name": "a"}]"#;
        assert_eq!(names(list).unwrap(), set(&["a", "b"]));
        assert!(names("{}").is_err());
    }

    #[test]
    fn the_report_counts_what_was_noticed_among_what_compiles() {
        let noted = serde_json::json!({"outcomes": [
            {"scenario": "Baseline", "summary": "Success"},
            {"scenario": {"Mutant": {"name": "a"}}, "summary": "CaughtMutant"},
            {"scenario": {"Mutant": {"name": "b"}}, "summary": "MissedMutant"},
            {"scenario": {"Mutant": {"name": "c"}}, "summary": "Timeout"},
            {"scenario": {"Mutant": {"name": "d"}}, "summary": "Unviable"},
        ]});
        assert_eq!(
            report(&outcomes(&noted)),
            "missed: b\ncaught 2 (1 by running endlessly), missed 1, unviable 1; rate 66% of those that compile\n"
        );
        assert!(report(&Outcomes::new()).ends_with("rate none of those that compile\n"));
    }
}
