//! `cargo xtask interop`: the program of release 0.1, built from the history of the repository, beside today's peers.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::{Workspace, cargo};

/// The file that came with the first change of the protocol after release 0.1: the release is the revision before it.
const FEATURES: &str = "core/src/base/features.rs";

/// Builds release 0.1, once, and runs the tests that take its program.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let program = process::step("release 0.1", || build(workspace))?;
    process::step("release 0.1 beside today's peers", || {
        let mut tests = workspace.cargo();
        // As `cargo xtask test` builds them.
        tests.args(["test", "--workspace", "--features"]);
        tests.arg("chordscope-sim/bandwidth,chordscope-sim/scenario-files");
        tests.args(["--test", "network", "--", "--ignored", "interop::"]);
        process::run(tests.env("CHORDSCOPE_RELEASE_0_1", program))
    })
}

/// Builds the program in a folder of its own below the target folder; gives its path.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let revision = revision(&workspace.root)?;
    let folder = workspace.target.join("release-0.1");
    let source = folder.join(&revision);
    if !source.join("Cargo.toml").exists() {
        unpack(&workspace.root, &revision, &source)?;
    }
    let target = folder.join("target");
    let mut build = cargo();
    build.args(["build", "--locked", "--package", "chordscope"]);
    build.current_dir(&source).env("CARGO_TARGET_DIR", &target);
    // What cargo tells this program of its own package is not so there.
    build.env_remove("CARGO_MANIFEST_DIR");
    process::run(&mut build)?;
    let name = format!("chordscope{}", env::consts::EXE_SUFFIX);
    Ok(target.join("debug").join(name))
}

/// Finds the last revision before feature bits came.
fn revision(root: &Path) -> Result<String> {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        process::output(git.current_dir(root).args(arguments))
    };
    let missing = || {
        format!(
            "release 0.1 is built from the history of the repository, the revision before {FEATURES} came, and it is not here: \
             take a whole clone, or `git fetch --unshallow`"
        )
    };
    let came = ["log", "--diff-filter=A", "--no-renames", "--format=%H"];
    let came = git(&[&came[..], &["--", FEATURES]].concat()).with_context(missing)?;
    // A shallow clone has no revision before its first.
    let first = came.lines().last().with_context(missing)?;
    let before = format!("{first}^");
    let revision = git(&["rev-parse", "--verify", "--quiet", &before]).with_context(missing)?;
    let revision = revision.trim().to_owned();
    let files = git(&["ls-tree", "-r", "--name-only", &revision])?;
    if files.lines().any(|file| file == FEATURES) || !files.contains("native-peer/Cargo.toml") {
        bail!("{revision} is not release 0.1");
    }
    Ok(revision)
}

/// Puts the files of a revision into a folder.
fn unpack(root: &Path, revision: &str, folder: &Path) -> Result<()> {
    let draft = folder.with_extension("draft");
    let packed = folder.with_extension("tar");
    // What an earlier attempt left.
    let _ = fs::remove_dir_all(&draft);
    fs::create_dir_all(&draft).with_context(|| format!("cannot make {}", draft.display()))?;
    let mut archive = Command::new("git");
    archive.current_dir(root);
    archive.args(["archive", "--format=tar", "--output"]);
    process::run(archive.arg(&packed).arg(revision))?;
    let mut tar = Command::new("tar");
    process::run(tar.arg("-xf").arg(&packed).arg("-C").arg(&draft))?;
    fs::remove_file(&packed)?;
    fs::rename(&draft, folder).with_context(|| format!("cannot make {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_history_it_is_said_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let said = |root: &Path| format!("{:#}", revision(root).unwrap_err());
        let words = "release 0.1 is built from the history of the repository";
        // No repository at all, if the folder for temporary files is in none.
        assert!(said(folder.path()).starts_with(words));
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.args([
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@t",
                "-c",
                "commit.gpgsign=false",
            ]);
            process::output(git.current_dir(folder.path()).args(arguments)).unwrap()
        };
        git(&["init", "--quiet"]);
        let file = folder.path().join(FEATURES);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
        git(&["add", "."]);
        git(&["commit", "--quiet", "-m", "one"]);
        // As in a shallow clone: the first revision has the file already.
        let said = said(folder.path());
        assert!(
            said.starts_with(words) && said.contains("--unshallow"),
            "{said}"
        );
    }
}
