//! Layers: imports run down the floors of the core, of the simulator and of the pages, and from the shells over the simulator to the core.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::Delimiter;
use serde_json::Value;

use super::source::{Placed, Token, module_of, tokens};
use super::{assert_none, root, rust_files};
use crate::{process, workspace};

/// The rooms of the core, the lowest floor first. Rooms on one floor do not import one another.
const FLOORS: [&[&str]; 6] = [
    &["base"],
    &["chord", "store", "swarm"],
    &["message"],
    &["node", "wire"],
    &["link"],
    &["peer"],
];

/// The rooms of the simulator: each world is one, and the engine below them knows none.
const SIM_FLOORS: [&[&str]; 3] = [
    &["engine", "classic", "checks", "models"],
    &[
        "worlds::consistency",
        "worlds::directory",
        "worlds::fallacies",
        "worlds::peers",
        "worlds::ring",
        "worlds::swarm",
    ],
    &["experiment", "fuzz_targets"],
];

/// The rooms of the page's crate: the last floor has the pages, a room each; below them is what they share, which knows none of them.
const WEB_FLOORS: [&[&str]; 6] = [
    &["brief", "input", "scene"],
    &["page"],
    &["hooks"],
    &["components"],
    &["player"],
    &[
        "home",
        "lesson",
        "ring",
        "swarm",
        "directory",
        "cap",
        "experiments",
        "live",
    ],
];

/// A module of tests alone, which belongs to no floor: the numbers in docs/protocol.md are those of the code.
const TESTS_ALONE: &str = "page";

/// Imports that the floors forbid and that are there nevertheless: from, to, and why.
const ALLOWED: [(&str, &str, &str); 4] = [
    (
        "store",
        TESTS_ALONE,
        "tests compare private constants with docs/protocol.md",
    ),
    (
        "node",
        TESTS_ALONE,
        "tests compare private constants with docs/protocol.md",
    ),
    (
        "peer",
        TESTS_ALONE,
        "tests compare private constants with docs/protocol.md",
    ),
    (
        "swarm",
        TESTS_ALONE,
        "tests compare private constants with docs/protocol.md",
    ),
];

/// The crates that build on one another, the lowest floor first. Crates on one floor do not depend on one another.
const CRATES: [&[&str]; 3] = [
    &["chordscope-core"],
    &["chordscope-sim"],
    &["chordscope", "chordscope-web"],
];

/// A path to something of the same crate.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    line: usize,
    /// The path that is imported, from the crate's root on.
    path: Vec<String>,
}

/// The paths of a file that begin with `crate`, `super` or `self`, wherever they stand: in `use`, in code, in tests.
fn imports(module: &[String], source: &str) -> Vec<Import> {
    let all = tokens(source);
    let mut found = Vec::new();
    let mut module = module.to_vec();
    // The depth of braces at which each inline module ends.
    let mut inline = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while let Some(placed) = all.get(at) {
        match &placed.token {
            Token::Open(Delimiter::Brace) => depth += 1,
            Token::Close(Delimiter::Brace) => {
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                }
                depth -= 1;
            }
            Token::Word(word) if word == "mod" => {
                let name = all.get(at + 1).and_then(Placed::word);
                let body = all.get(at + 2).map(|next| &next.token);
                if let (Some(name), Some(Token::Open(Delimiter::Brace))) = (name, body) {
                    module.push(name.to_owned());
                    inline.push(depth + 1);
                }
            }
            Token::Word(word)
                if ["crate", "super", "self"].contains(&word.as_str())
                    && is_separator(&all, at + 1)
                    && !(at >= 2 && is_separator(&all, at - 2)) =>
            {
                at = read(&all, at, module.clone(), &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn is_separator(all: &[Placed], at: usize) -> bool {
    let is_colon = |at: usize| all.get(at).is_some_and(|placed| placed.is_sign(':'));
    is_colon(at) && is_colon(at + 1)
}

/// Reads a path or a tree of paths that begins at `at`, and returns where it ends.
fn read(all: &[Placed], at: usize, mut path: Vec<String>, found: &mut Vec<Import>) -> usize {
    let Some(placed) = all.get(at) else {
        return at;
    };
    let line = placed.line;
    match &placed.token {
        Token::Word(word) => {
            match word.as_str() {
                "crate" => path.clear(),
                "super" => drop(path.pop()),
                "self" => {}
                name => path.push(name.to_owned()),
            }
            if is_separator(all, at + 1) {
                return read(all, at + 3, path, found);
            }
            found.push(Import { line, path });
            at + 1
        }
        Token::Open(Delimiter::Brace) => {
            let mut next = at + 1;
            while let Some(placed) = all.get(next) {
                match &placed.token {
                    Token::Close(Delimiter::Brace) => return next + 1,
                    Token::Sign(',') => next += 1,
                    // A new name for what was read.
                    Token::Word(word) if word == "as" => next += 2,
                    _ => next = read(all, next, path.clone(), found).max(next + 1),
                }
            }
            next
        }
        // `*`, or what follows a path in code, as in `crate::node::<…>`.
        _ => {
            if placed.is_sign('*') {
                path.push("*".to_owned());
            }
            found.push(Import { line, path });
            at + 1
        }
    }
}

/// The room that a path leads to.
fn room(path: &[String]) -> String {
    match path {
        [] => "*".to_owned(),
        [worlds, world, ..] if worlds == "worlds" => format!("{worlds}::{world}"),
        [room, ..] => room.clone(),
    }
}

/// Returns the fault of an import of `to` by `from`, if there is one.
fn objection(floors: &[&[&str]], from: &str, to: &str) -> Option<String> {
    let floor = |room: &str| floors.iter().position(|rooms| rooms.contains(&room));
    if from == to || from == TESTS_ALONE {
        return None;
    }
    let direction = match (floor(from), floor(to)) {
        (Some(own), Some(other)) if other < own => return None,
        (Some(own), Some(other)) if other == own => "on the same floor",
        (Some(_), Some(_)) => "above it",
        (None, _) => return Some(format!("`{from}` has no floor")),
        (_, None) => "which has no floor",
    };
    Some(format!("`{from}` imports `{to}`, {direction}"))
}

/// The forbidden imports of one file of a crate: from, to, and a line that says so.
fn violations(
    (krate, floors): (&str, &[&[&str]]),
    path: &Path,
    source: &str,
) -> Vec<(String, String, String)> {
    let module = module_of(path);
    if module.is_empty() {
        // The root declares the rooms.
        return Vec::new();
    }
    let from = room(&module);
    let judge = |import: Import| {
        let to = room(&import.path);
        let objection = objection(floors, &from, &to)?;
        let line = format!(
            "{krate}/src/{}:{}: {objection}",
            path.display(),
            import.line
        );
        Some((from.clone(), to, line))
    };
    imports(&module, source)
        .into_iter()
        .filter_map(judge)
        .collect()
}

#[test]
fn the_core_imports_downwards_only() {
    let folder = root().join("core/src");
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for path in rust_files(&folder) {
        let source = fs::read_to_string(folder.join(&path)).unwrap();
        for (from, to, line) in violations(("core", &FLOORS), &path, &source) {
            if ALLOWED.iter().any(|entry| entry.0 == from && entry.1 == to) {
                used.insert((from, to));
            } else {
                problems.push(line);
            }
        }
    }
    for (from, to, _) in ALLOWED {
        if !used.contains(&(from.to_owned(), to.to_owned())) {
            problems.push(format!(
                "`{from}` does not import `{to}` any more: strike it off the list"
            ));
        }
    }
    let library = fs::read_to_string(folder.join("lib.rs")).unwrap();
    if !library.contains(&format!("#[cfg(test)]\nmod {TESTS_ALONE};")) {
        problems.push(format!(
            "core/src/lib.rs: `{TESTS_ALONE}` is not for tests alone"
        ));
    }
    assert_none("imports against the layers", &problems);
}

#[test]
fn no_world_imports_another_one_and_the_engine_none() {
    let folder = root().join("sim/src");
    let mut problems = Vec::new();
    for path in rust_files(&folder) {
        let source = fs::read_to_string(folder.join(&path)).unwrap();
        let found = violations(("sim", &SIM_FLOORS), &path, &source);
        problems.extend(found.into_iter().map(|(_, _, line)| line));
    }
    assert_none("imports against the layers", &problems);
    let judged = |path: &str, source: &str| {
        let found = violations(("sim", &SIM_FLOORS), Path::new(path), source);
        found.into_iter().map(|(_, _, line)| line).next()
    };
    let said = judged("engine/run.rs", "use crate::worlds::ring::RingWorld;");
    let expected = "sim/src/engine/run.rs:1: `engine` imports `worlds::ring`, above it";
    assert_eq!(said.as_deref(), Some(expected));
    let said = judged(
        "worlds/ring/act.rs",
        "use crate::worlds::{ring::A, swarm::B};",
    );
    let expected =
        "sim/src/worlds/ring/act.rs:1: `worlds::ring` imports `worlds::swarm`, on the same floor";
    assert_eq!(said.as_deref(), Some(expected));
}

#[test]
fn no_page_imports_another_one_and_what_they_share_none() {
    let folder = root().join("web/src");
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for path in rust_files(&folder) {
        let source = fs::read_to_string(folder.join(&path)).unwrap();
        seen.extend(module_of(&path).into_iter().next());
        let found = violations(("web", &WEB_FLOORS), &path, &source);
        problems.extend(found.into_iter().map(|(_, _, line)| line));
    }
    for room in WEB_FLOORS.concat() {
        assert!(seen.contains(room), "there is no room {room}");
    }
    assert_none("imports against the layers", &problems);
    let judged = |path: &str, source: &str| {
        let found = violations(("web", &WEB_FLOORS), Path::new(path), source);
        let lines: Vec<String> = found.into_iter().map(|(_, _, line)| line).collect();
        lines
    };
    assert_eq!(
        judged(
            "experiments/app.rs",
            "use crate::page;\nuse crate::live::talk::pack;"
        ),
        ["web/src/experiments/app.rs:2: `experiments` imports `live`, on the same floor"]
    );
    assert_eq!(
        judged("player/clock.rs", "use crate::ring::engine::Engine;"),
        ["web/src/player/clock.rs:1: `player` imports `ring`, above it"]
    );
}

/// The folders of crates.
const FOLDERS: [&str; 7] = [
    "core",
    "fuzz",
    "native-peer",
    "no-std-check",
    "sim",
    "web",
    "xtask",
];

/// The lines at which a module is said to lie elsewhere than its name says.
fn displaced(source: &str) -> Vec<usize> {
    let all = tokens(source);
    let attributes = all.windows(4).filter(|four| {
        four[0].is_sign('#')
            && four[1].token == Token::Open(Delimiter::Bracket)
            && four[2].word() == Some("path")
            && four[3].is_sign('=')
    });
    attributes.map(|four| four[0].line).collect()
}

#[test]
fn a_module_lies_where_its_name_says() {
    let mut problems = Vec::new();
    for folder in FOLDERS.map(|folder| root().join(folder)) {
        for path in rust_files(&folder) {
            let path = folder.join(path);
            let lines = displaced(&fs::read_to_string(&path).unwrap());
            let line = |line| format!("{}:{line}: an attribute `path`", path.display());
            problems.extend(lines.into_iter().map(line));
        }
    }
    assert_none("modules that lie elsewhere", &problems);
    let source = "mod a;\n#[path = \"../b.rs\"]\nmod b;\n#[doc = \"#[path = 1]\"] mod c;";
    assert_eq!(displaced(source), [2]);
}

#[test]
fn the_crates_depend_downwards_only() {
    let mut metadata = workspace::cargo();
    metadata
        .current_dir(root())
        .args(["metadata", "--no-deps", "--format-version=1", "--quiet"]);
    let metadata: Value = serde_json::from_str(&process::output(&mut metadata).unwrap()).unwrap();
    let level = |name: &str| CRATES.iter().position(|crates| crates.contains(&name));
    let mut seen = 0;
    let mut problems = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        seen += usize::from(level(name).is_some());
        for dependency in package["dependencies"].as_array().unwrap() {
            let other = dependency["name"].as_str().unwrap();
            if level(other).is_some() && level(name) <= level(other) {
                problems.push(format!("{name} depends on {other}"));
            }
        }
    }
    assert_eq!(
        seen,
        CRATES.concat().len(),
        "every crate of the list exists"
    );
    assert_none("dependencies against the layers", &problems);
}

/// Returns what `violations` says of a file with this text.
fn judged(path: &str, source: &str) -> Vec<String> {
    let found = violations(("core", &FLOORS), Path::new(path), source);
    found.into_iter().map(|(_, _, line)| line).collect()
}

#[test]
fn an_import_upwards_or_sideways_is_named_with_its_line() {
    assert_eq!(
        judged(
            "chord/route.rs",
            "use crate::base::id::Id;\n\nuse crate::store::record::Record;\n"
        ),
        ["core/src/chord/route.rs:3: `chord` imports `store`, on the same floor"]
    );
    assert_eq!(
        judged(
            "chord.rs",
            "use crate::{base::id::Id as I,\n node::{self, Node}, message::*};"
        ),
        [
            "core/src/chord.rs:2: `chord` imports `node`, above it",
            "core/src/chord.rs:2: `chord` imports `node`, above it",
            "core/src/chord.rs:2: `chord` imports `message`, above it",
        ]
    );
    assert_eq!(
        judged(
            "wire/frame.rs",
            "fn f() { let a = crate::node::f::<u8>(super::super::peer::LIMIT); }"
        )
        .len(),
        2
    );
    assert_eq!(
        judged("base/id.rs", "use crate::novel::Thing;"),
        ["core/src/base/id.rs:1: `base` imports `novel`, which has no floor"]
    );
    assert_eq!(judged("base/id.rs", "use crate::*;").len(), 1);
}

#[test]
fn paths_in_tests_and_macros_count_and_comments_do_not() {
    let in_tests = "mod a { fn f() {} }\n#[cfg(test)]\nmod tests {\n use super::super::super::peer::Peer;\n use super::*; }";
    assert_eq!(
        judged("node/view.rs", in_tests),
        ["core/src/node/view.rs:4: `node` imports `peer`, above it"]
    );
    assert_eq!(
        judged(
            "store/record.rs",
            "fn f() { assert!(crate::link::LIMIT > 3); }"
        )
        .len(),
        1
    );
    assert_eq!(
        judged(
            "store/record.rs",
            "/// See [`crate::peer::Peer`].\n// crate::peer\nstruct A;"
        )
        .len(),
        0
    );
}

#[test]
fn imports_downwards_and_within_a_room_pass() {
    let source = "use super::message::Message; use self::inner::A; use crate::{base, chord::route};\n\
                  pub(crate) struct A; pub(in crate::node) struct B; mod x { use super::super::B; }";
    assert_eq!(judged("node/upkeep.rs", source), Vec::<String>::new());
}

/// The imports of the core in a source that reach behind its root, each with its line.
fn behind_the_root(source: &str) -> Vec<usize> {
    let tokens = tokens(source);
    let of_core =
        |(at, token): (usize, &Placed)| (token.word()? == "chordscope_core").then_some(at);
    let imports = tokens.iter().enumerate().filter_map(of_core);
    let reaches = |at: &usize| {
        let end = |token: &Placed| token.is_sign(';') || token.is_sign('(');
        let import = tokens[*at..].iter().take_while(|token| !end(token));
        import.filter(|token| token.is_sign(':')).count() > 2
    };
    let behind = imports.filter(reaches);
    behind.map(|at| tokens[at].line).collect()
}

#[test]
fn an_embedder_needs_the_root_of_the_core_alone() {
    let examples = root().join("core/examples");
    let files = rust_files(&examples);
    assert!(files.len() >= 3, "{files:?}");
    let mut problems = Vec::new();
    for file in files {
        let source = fs::read_to_string(examples.join(&file)).unwrap();
        for line in behind_the_root(&source) {
            problems.push(format!("core/examples/{}:{line}", file.display()));
        }
    }
    assert_none("what an embedder imports is missing at the root", &problems);
    let source = "use chordscope_core::{Peer, node::Node};\nuse chordscope_core::base::id::Id;\nuse chordscope_core::{Id, Peer};";
    assert_eq!(behind_the_root(source), [1, 2]);
}
