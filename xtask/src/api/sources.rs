//! The sources of the core, on disk or in a revision.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// The folder of the sources, from the root.
const FOLDER: &str = "core/src";

/// The text of each file by its path below the folder of sources, as `chord/route.rs`.
pub(super) type Sources = BTreeMap<String, String>;

/// The sources as they are now.
pub(super) fn on_disk(workspace: &Workspace) -> Result<Sources> {
    let mut sources = Sources::new();
    read(&workspace.root.join(FOLDER), "", &mut sources)?;
    Ok(sources)
}

fn read(folder: &Path, prefix: &str, sources: &mut Sources) -> Result<()> {
    let cannot = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let key = format!("{prefix}{name}");
        if path.is_dir() {
            read(&path, &format!("{key}/"), sources)?;
        } else if key.ends_with(".rs") {
            let text = fs::read_to_string(&path);
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            sources.insert(key, text);
        }
    }
    Ok(())
}

/// The sources of a revision.
pub(super) fn at(workspace: &Workspace, revision: &str) -> Result<Sources> {
    let commit = format!("{revision}^{{commit}}");
    let find = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &commit,
    ];
    let commit = git(workspace, &find).ok();
    let commit = commit.with_context(|| format!("git knows no revision {revision}"))?;
    let commit = commit.trim();
    let files = git(
        workspace,
        &["ls-tree", "-r", "--name-only", commit, "--", FOLDER],
    )?;
    let mut sources = Sources::new();
    for path in files.lines().filter(|path| path.ends_with(".rs")) {
        let text = git(workspace, &["show", &format!("{commit}:{path}")])?;
        let key = path.trim_start_matches(FOLDER).trim_start_matches('/');
        sources.insert(key.to_owned(), text);
    }
    if sources.is_empty() {
        bail!("revision {revision} has no {FOLDER}");
    }
    Ok(sources)
}

/// The last tag before the commit that is checked out.
pub(super) fn last_tag(workspace: &Workspace) -> Option<String> {
    let tag = git(workspace, &["describe", "--tags", "--abbrev=0"]).ok()?;
    Some(tag.trim().to_owned())
}

fn git(workspace: &Workspace, arguments: &[&str]) -> Result<String> {
    let mut git = Command::new("git");
    process::output(git.current_dir(&workspace.root).args(arguments))
}
