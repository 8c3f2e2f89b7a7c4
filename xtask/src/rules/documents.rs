//! Documents that name what exists: files, folders, and the commands of `cargo xtask`; that no merge has left in two versions; and the
//! count of files in the walk of a key.

use std::collections::BTreeSet;
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

/// The lines of a document that a merge has left undecided.
fn undecided(document: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let marks =
        lines.filter(|(_, line)| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "));
    marks
        .map(|(number, line)| format!("{document}:{}: {line}", number + 1))
        .collect()
}

/// The steps of the walk of a key that lead from the command line to the socket, and the most files that they may pass.
const TO_THE_SOCKET: (usize, usize) = (13, 25);

/// The files that the first steps of a walk name, those in parentheses left out, and the number that it says.
fn passed(text: &str, walk: &str, steps: usize) -> (BTreeSet<String>, Option<usize>) {
    let (_, section) = text.split_once(walk).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut files = BTreeSet::new();
    let mut said = None;
    for line in section.lines() {
        let words = format!("In steps 1 to {steps} the key passes ");
        if let Some(count) = line.strip_prefix(&words) {
            said = count.split(' ').next().and_then(|count| count.parse().ok());
        }
        let step = line
            .split_once(". ")
            .and_then(|(step, _)| step.parse().ok());
        if step.is_none_or(|step: usize| step > steps) {
            continue;
        }
        let outside = line.split('(').enumerate();
        for (number, part) in outside {
            let part = match number {
                0 => part,
                _ => part.split_once(')').map_or("", |(_, behind)| behind),
            };
            let paths = quoted(part).filter(|span| span.ends_with(".rs"));
            files.extend(paths.map(str::to_owned));
        }
    }
    (files, said)
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
fn no_document_has_two_versions_of_a_passage() {
    let documents = [&MAPS[..], &GUIDES, &["CHANGELOG.md"]].concat();
    let problems = documents
        .iter()
        .map(|document| undecided(document, &read(document)));
    assert_none(
        "merges left undecided",
        &problems.collect::<Vec<_>>().concat(),
    );
    let text = "One\n<<<<<<< ours\ntwo\n=======\nthree\n>>>>>>> theirs\n";
    let expected = ["A.md:2: <<<<<<< ours", "A.md:6: >>>>>>> theirs"];
    assert_eq!(undecided("A.md", text), expected);
}

#[test]
fn a_key_passes_as_many_files_as_its_walk_says_and_no_more_than_before() {
    let (steps, most) = TO_THE_SOCKET;
    let (files, said) = passed(&read("ARCHITECTURE.md"), "## A lookup", steps);
    assert_eq!(said, Some(files.len()), "{files:#?}");
    assert!(files.len() <= most, "{files:#?}");
}

#[test]
fn a_walk_counts_each_file_once_and_none_in_parentheses() {
    let text = "## A\n1. `a.rs`, `b.rs` (`c.rs` helps), `d.rs`: `word`\n2. `a.rs`\n3. `e.rs`\n\nIn steps 1 to 2 the key passes 4 files.\n## B\n1. `f.rs`\n";
    let (files, said) = passed(text, "## A", 2);
    assert_eq!(Vec::from_iter(files), ["a.rs", "b.rs", "d.rs"]);
    assert_eq!(said, Some(4));
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
