//! Documentation names its thing: a doc comment begins with a noun or a verb, not with a question or with *it*.

use std::fs;

use super::{assert_none, root, rust_files};

/// The folders with sources of their own.
const SOURCES: [&str; 5] = [
    "core/src",
    "sim/src",
    "native-peer/src",
    "web/src",
    "xtask/src",
];
/// Words that no doc comment begins with.
const REFUSED: [&str; 5] = ["What", "How", "Who", "It", "Somebody"];

/// The first words of doc comments that are refused, with their lines.
fn riddles(source: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (at, line) in source.lines().enumerate() {
        let line = line.trim_start();
        let words = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"));
        let first = words.and_then(|words| words.split_whitespace().next());
        if let Some(first) = first.filter(|first| !inside && REFUSED.contains(first)) {
            found.push((at + 1, first));
        }
        inside = words.is_some();
    }
    found
}

#[test]
fn no_doc_comment_begins_with_a_question_or_with_it() {
    let mut problems = Vec::new();
    for folder in SOURCES {
        let folder = root().join(folder);
        for file in rust_files(&folder) {
            let path = folder.join(file);
            let source = fs::read_to_string(&path).unwrap();
            let found = riddles(&source).into_iter();
            problems.extend(found.map(|(line, word)| format!("{}:{line}: {word}", path.display())));
        }
    }
    assert_none(
        "doc comments that begin with a question or with *it*: name the thing, or say what it does",
        &problems,
    );
}

#[test]
fn the_first_word_of_a_comment_counts_and_no_other() {
    let source = "//! What is here.\n//! It goes on.\nfn a() {}\n    /// How long it takes.\n// What else.\n/// A name.\n/// What follows it.\n";
    assert_eq!(riddles(source), [(1, "What"), (4, "How")]);
}
