//! The bytes that a browser downloads before each application shows, and for the workers beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{files_below, precompress};

/// The kinds of files that may name other files.
const TEXT: [&str; 5] = ["html", "js", "mjs", "css", "webmanifest"];

/// A part of the page that is loaded in one go.
struct Part {
    name: &'static str,
    /// The beginning of the name of the file that comes first.
    root: &'static str,
    /// The beginnings of the names of files that nothing else loads.
    own: &'static [&'static str],
    /// The most bytes that it may take, gzipped, where wasm-opt ran.
    budget: usize,
}

/// The beginnings of the names of files that one page loads and no other one.
const HOME: &[&str] = &["chordscope-home"];
const LESSON: &[&str] = &["chordscope-lesson", "lesson.html"];
const RING: &[&str] = &["chordscope-web"];
const SWARM: &[&str] = &["chordscope-swarm"];
const DIRECTORY: &[&str] = &["chordscope-directory"];
const CAP: &[&str] = &["chordscope-cap"];
const EXPERIMENTS: &[&str] = &["chordscope-experiments", "start-experiment"];
const LIVE: &[&str] = &["chordscope-live"];
/// Those of the tab's peer, which the live page loads when it shows.
const TAB: &[&str] = &["chordscope-tab", "start-tab"];
/// All of them.
const OWN: [&[&str]; 9] = [
    HOME,
    LESSON,
    RING,
    SWARM,
    DIRECTORY,
    CAP,
    EXPERIMENTS,
    LIVE,
    TAB,
];

/// A page: the shell with what is its own.
const fn page(name: &'static str, own: &'static [&'static str], budget: usize) -> Part {
    Part {
        name,
        root: "index.html",
        own,
        budget,
    }
}

const PARTS: [Part; 10] = [
    page("the first paint of any page", &[], 30_000),
    page("the home page", HOME, 480_000),
    page("the lesson, without its figures", LESSON, 480_000),
    page("the ring page", RING, 480_000),
    page("the swarm page", SWARM, 640_000),
    page("the directory page", DIRECTORY, 640_000),
    page("the consistency page", CAP, 640_000),
    page(
        "the page of experiments, with the worker that runs them",
        EXPERIMENTS,
        640_000,
    ),
    page("the live page", LIVE, 200_000),
    Part {
        name: "the tab's peer, when the live page shows",
        root: "start-tab",
        own: TAB,
        budget: 400_000,
    },
];

/// The file that comes first, and those that it names, and so on, gzipped.
#[derive(Debug)]
pub(crate) struct FirstLoad {
    part: &'static str,
    files: usize,
    bytes: usize,
    budget: usize,
}

/// Measures the built pages.
pub(super) fn first_loads(dist: &Path) -> Result<Vec<FirstLoad>> {
    let (mut contents, mut gzipped) = (BTreeMap::new(), BTreeMap::new());
    for path in files_below(dist)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        match name.strip_suffix(precompress::END) {
            Some(name) => {
                gzipped.insert(name.to_owned(), content.len());
            }
            None => {
                contents.insert(name, content);
            }
        }
    }
    let load = |part| FirstLoad::of(&contents, &gzipped, part);
    Ok(PARTS.iter().map(load).collect())
}

impl FirstLoad {
    fn of(
        contents: &BTreeMap<String, Vec<u8>>,
        gzipped: &BTreeMap<String, usize>,
        part: &Part,
    ) -> Self {
        let others: Vec<&str> = OWN
            .into_iter()
            .filter(|own| *own != part.own)
            .flatten()
            .copied()
            .collect();
        let names = reachable(contents, part.root, &others);
        let sent = |name: &&str| {
            gzipped
                .get(*name)
                .copied()
                .unwrap_or_else(|| contents[*name].len())
        };
        Self {
            part: part.name,
            files: names.len(),
            bytes: names.iter().map(sent).sum(),
            budget: part.budget,
        }
    }

    /// Returns whether this is as little as promised.
    pub(crate) fn within_budget(&self) -> bool {
        self.bytes <= self.budget
    }
}

impl fmt::Display for FirstLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.within_budget() {
            "within"
        } else {
            "OVER"
        };
        let (part, files) = (self.part, self.files);
        let (kilobytes, budget) = (self.bytes / 1000, self.budget / 1000);
        write!(
            f,
            "first load of {part}: {files} files, {kilobytes} KB gzipped, {verdict} the budget of {budget} KB"
        )
    }
}

fn reachable<'a>(
    contents: &'a BTreeMap<String, Vec<u8>>,
    root: &str,
    others: &[&str],
) -> BTreeSet<&'a str> {
    let own = |name: &&str| !others.iter().any(|other| name.starts_with(other));
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = contents
        .keys()
        .map(String::as_str)
        .filter(|name| name.starts_with(root))
        .collect();
    while let Some(name) = open.pop() {
        if !found.insert(name) || !TEXT.iter().any(|kind| name.ends_with(&format!(".{kind}"))) {
            continue;
        }
        let text = String::from_utf8_lossy(&contents[name]);
        open.extend(
            contents
                .keys()
                .map(String::as_str)
                .filter(own)
                .filter(|other| text.contains(*other)),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_a_page_itself_names_count_towards_its_first_load() {
        let contents = BTreeMap::from([
            (
                "index.html".to_owned(),
                b"<script src=\"./start.js\" data-live=\"live_bg.wasm\"></script>".to_vec(),
            ),
            ("start.js".to_owned(), b"init('app_bg.wasm')".to_vec()),
            ("app_bg.wasm".to_owned(), b"later.png".to_vec()),
            ("later.png".to_owned(), Vec::new()),
            ("live_bg.wasm".to_owned(), Vec::new()),
        ]);
        assert_eq!(
            reachable(&contents, "index.html", &["live"]),
            BTreeSet::from(["app_bg.wasm", "index.html", "start.js"])
        );
    }

    #[test]
    fn a_first_load_counts_what_is_sent() {
        let contents = BTreeMap::from([
            ("start-tab.js".to_owned(), b"'app.wasm'".to_vec()),
            ("app.wasm".to_owned(), vec![0; 5_000]),
        ]);
        let gzipped = BTreeMap::from([("app.wasm".to_owned(), 30)]);
        let load = FirstLoad::of(&contents, &gzipped, PARTS.last().unwrap());
        assert_eq!((load.files, load.bytes), (2, 40));
    }
}
