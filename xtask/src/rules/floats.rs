//! No floats in the core: they round differently from one machine to another, and decisions must not.

use std::fs;
use std::path::Path;

use super::source::{Token, tokens};
use super::{assert_none, root, rust_files};

/// Functions that may have floats, each with its reason.
const ALLOWED: [(&str, &str, &str); 3] = [
    (
        "base/id.rs",
        "turn",
        "a position on a drawn circle; nothing is decided by it",
    ),
    (
        "base/id.rs",
        "arithmetic_carries_through_every_limb",
        "a test that compares that position",
    ),
    (
        "base/rng.rs",
        "logarithms_are_right_to_nine_digits",
        "a test that compares the integer logarithm with the exact one",
    ),
];

/// A float, and the function it stands in.
#[derive(Debug, PartialEq, Eq)]
struct Float {
    line: usize,
    function: String,
    word: String,
}

fn floats(source: &str) -> Vec<Float> {
    let mut found = Vec::new();
    let mut function = String::new();
    let all = tokens(source);
    for (at, placed) in all.iter().enumerate() {
        let word = match &placed.token {
            Token::Word(word) if word == "fn" => {
                if let Some(name) = all.get(at + 1).and_then(|next| next.word()) {
                    function = name.to_owned();
                }
                continue;
            }
            Token::Word(word) if word == "f32" || word == "f64" => word,
            Token::Literal(literal) if is_float(literal) => literal,
            _ => continue,
        };
        found.push(Float {
            line: placed.line,
            function: function.clone(),
            word: word.clone(),
        });
    }
    found
}

/// Returns whether a literal is a float: `1.5`, `1e9`, `2f64`, but not `"1.5"`, `0x1e9` or `1_u64`.
fn is_float(literal: &str) -> bool {
    let is_number = literal.starts_with(|first: char| first.is_ascii_digit());
    let has_base = ["0x", "0b", "0o"]
        .iter()
        .any(|base| literal.starts_with(base));
    let has_suffix = literal.ends_with("f32") || literal.ends_with("f64");
    let digits = literal.trim_end_matches("usize").trim_end_matches("isize");
    is_number && !has_base && (digits.contains(['.', 'e', 'E']) || has_suffix)
}

#[test]
fn the_core_decides_nothing_with_floats() {
    let folder = root().join("core/src");
    let mut problems = Vec::new();
    let mut used = Vec::new();
    for path in rust_files(&folder) {
        for float in floats(&fs::read_to_string(folder.join(&path)).unwrap()) {
            let allowed = ALLOWED
                .iter()
                .find(|(file, name, _)| path == Path::new(file) && float.function == *name);
            match allowed {
                Some(entry) => used.push(entry),
                None => problems.push(format!(
                    "core/src/{}:{}: `{}` in `{}`",
                    path.display(),
                    float.line,
                    float.word,
                    float.function
                )),
            }
        }
    }
    for entry in ALLOWED.iter().filter(|entry| !used.contains(entry)) {
        problems.push(format!(
            "no float is left in {} `{}`: strike it off the list",
            entry.0, entry.1
        ));
    }
    assert_none("floats in the core", &problems);
}

#[test]
fn a_float_is_found_as_a_type_and_as_a_number() {
    let planted = "/// Not 1.5 here.\nfn choose(a: u32) -> bool {\n  let text = \"f64 1.5\";\n  a as f64 > 1.5\n}\n\
                   fn whole() -> u64 { 0x1e9 + 1_usize as u64 + (0..5).len() as u64 + 2_f32 as u64 }";
    let found = floats(planted);
    let places: Vec<(usize, &str, &str)> = found
        .iter()
        .map(|float| (float.line, float.function.as_str(), float.word.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            (4, "choose", "f64"),
            (4, "choose", "1.5"),
            (6, "whole", "2_f32")
        ]
    );
}
