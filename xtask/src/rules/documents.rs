//! Documents that name what exists: files, folders, and the commands of `cargo xtask`.

use std::fs;
use std::path::Path;

use clap::Parser;

use super::{assert_none, root};
use crate::Cli;

/// The documents whose files must exist.
const MAPS: [&str; 9] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/departures.md",
    "docs/glossary.md",
    "core/README.md",
    "sim/README.md",
    "native-peer/README.md",
    "web/README.md",
    "xtask/README.md",
];

/// The documents whose commands must exist.
const GUIDES: [&str; 8] = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/embedding-the-core.md",
    "core/README.md",
    "sim/README.md",
    "native-peer/README.md",
    "web/README.md",
    "xtask/README.md",
];

/// The bases of a path that is not given from the root, besides the document's own folder and the first path of its line.
const BASES: [&str; 2] = ["", "core/src"];

/// The ends by which a path is known to be a file's.
const EXTENSIONS: [&str; 13] = [
    "css", "html", "js", "json", "lock", "md", "png", "py", "rs", "sh", "svg", "toml", "txt",
];

/// The spans of a line that stand in backquotes.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Returns whether a span names a file or a folder of the repository: `core/src/base/id.rs`, `id/`, `sim/tests/exhaustive`.
fn is_path(span: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if !span.bytes().all(is_plain) || span.starts_with('/') || !span.contains('/') {
        return false;
    }
    let path = Path::new(span);
    let extension = path.extension().and_then(|extension| extension.to_str());
    let first = span.split('/').next().unwrap_or_default();
    span.ends_with('/')
        || extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
        || extension.is_none()
            && BASES
                .iter()
                .any(|base| root().join(base).join(first).is_dir())
}

/// Returns whether a file, a folder or a module of this name lies in `folder`.
fn is_there(folder: &Path, span: &str) -> bool {
    let path = folder.join(span);
    match span.ends_with('/') {
        true => path.is_dir(),
        false => path.exists() || path.with_extension("rs").is_file(),
    }
}

/// The paths in a document that lead nowhere, each with its line.
///
/// A path begins at the root, or else in the document's folder, in the core's sources, or where the line's first path leads:
/// `core/src/chord/fingers.rs`, `candidates/`.
fn missing(document: &str, text: &str) -> Vec<String> {
    let root = root();
    let own = root.join(document);
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut folders: Vec<_> = BASES.iter().map(|base| root.join(base)).collect();
        folders.extend(own.parent().map(Path::to_path_buf));
        for span in quoted(line).filter(|span| is_path(span)) {
            let Some(folder) = folders.iter().find(|folder| is_there(folder, span)) else {
                problems.push(format!("{document}:{}: there is no `{span}`", number + 1));
                continue;
            };
            let path = folder.join(span);
            folders.extend(path.parent().map(Path::to_path_buf));
            folders.push(path);
        }
    }
    problems
}

/// The calls of `cargo xtask` in a document, as spans in backquotes and as lines of code, each with its line.
fn calls(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut is_code = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        let spans: Vec<&str> = if is_code {
            vec![line]
        } else {
            quoted(line).collect()
        };
        for span in spans {
            let call = span.trim().split(" #").next().unwrap_or_default().trim();
            if call.starts_with("cargo xtask") && !call.contains('…') {
                found.push((number + 1, call.to_owned()));
            }
        }
    }
    found
}

/// The calls in a document that the command line refuses.
fn refused(document: &str, text: &str) -> Vec<String> {
    let judge = |(line, call): (usize, String)| {
        let words = call.split_whitespace().skip(1);
        let error = Cli::try_parse_from(words)
            .err()
            .filter(|error| error.use_stderr())?;
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        Some(format!("{document}:{line}: `{call}`: {reason}"))
    };
    calls(text).into_iter().filter_map(judge).collect()
}

fn read(document: &str) -> String {
    fs::read_to_string(root().join(document)).unwrap_or_else(|error| panic!("{document}: {error}"))
}

#[test]
fn every_file_that_a_map_names_exists() {
    let problems = MAPS.map(|document| missing(document, &read(document)));
    assert_none("paths that lead nowhere", &problems.concat());
}

#[test]
fn every_task_that_a_guide_names_exists() {
    let problems = GUIDES.map(|document| refused(document, &read(document)));
    assert_none("commands that are none", &problems.concat());
}

#[test]
fn a_path_that_leads_nowhere_is_named_with_its_line() {
    let text = "`core/src/base/id.rs`, `id/`, `and/or` and `a b/c.rs`\n`core/src/base/ide.rs` `sim/tests/nothing` `core/src/no/`\n`id/`";
    assert_eq!(
        missing("ARCHITECTURE.md", text),
        [
            "ARCHITECTURE.md:2: there is no `core/src/base/ide.rs`",
            "ARCHITECTURE.md:2: there is no `sim/tests/nothing`",
            "ARCHITECTURE.md:2: there is no `core/src/no/`",
            "ARCHITECTURE.md:3: there is no `id/`",
        ]
    );
    assert_eq!(
        missing("core/README.md", "`src/chord/` `chord/route.rs`"),
        [""; 0]
    );
}

#[test]
fn a_task_that_does_not_exist_is_named_with_its_line() {
    let text = "```sh\ncargo xtask up --peers 3   # a ring\ncargo xtask down\n```\n`cargo xtask …`, `cargo xtask test --step nothing`, `cargo xtask help`";
    let problems = refused("README.md", text);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[0].starts_with("README.md:3: `cargo xtask down`: error: unrecognized subcommand")
    );
    assert!(problems[1].starts_with("README.md:5: "));
}
