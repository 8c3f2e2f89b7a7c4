//! Giving the files of all applications but the ring page names that change with their content, as Trunk does with the ring page's.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

use super::files_below;

/// Each may name those before it, so that its own content is final when its turn comes.
const NAMES: [&str; 25] = [
    "chordscope-home.css",
    "chordscope-home_bg.wasm",
    "chordscope-home.js",
    "chordscope-lesson.css",
    "chordscope-lesson_bg.wasm",
    "chordscope-lesson.js",
    "chordscope-swarm.css",
    "chordscope-swarm_bg.wasm",
    "chordscope-swarm.js",
    "chordscope-directory.css",
    "chordscope-directory_bg.wasm",
    "chordscope-directory.js",
    "chordscope-cap.css",
    "chordscope-cap_bg.wasm",
    "chordscope-cap.js",
    "chordscope-experiments.css",
    "chordscope-experiments_bg.wasm",
    "chordscope-experiments.js",
    "start-experiment.js",
    "chordscope-live.css",
    "chordscope-live_bg.wasm",
    "chordscope-live.js",
    "chordscope-tab_bg.wasm",
    "chordscope-tab.js",
    "start-tab.js",
];

/// Renames the files in dist/ and all mentions of them.
pub(super) fn settle(dist: &Path) -> Result<()> {
    for name in NAMES {
        let path = dist.join(name);
        let content = fs::read(&path).with_context(|| format!("Trunk left no {name}"))?;
        let hashed = with_digest(name, &content);
        fs::rename(&path, dist.join(&hashed))
            .with_context(|| format!("cannot rename {}", path.display()))?;
        mention(dist, name, &hashed)?;
    }
    Ok(())
}

pub(super) fn with_digest(name: &str, content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let digest = hasher.finish();
    // The suffix that wasm-bindgen gives a module stays where it is.
    let (stem, end) = match name.split_once("_bg.") {
        Some((stem, kind)) => (stem, format!("_bg.{kind}")),
        None => {
            let (stem, kind) = name.split_once('.').unwrap_or((name, ""));
            (stem, format!(".{kind}"))
        }
    };
    format!("{stem}-{digest:016x}{end}")
}

/// Writes a new name in the place of an old one wherever it is mentioned.
pub(super) fn mention(dist: &Path, old: &str, new: &str) -> Result<()> {
    for path in files_below(dist)? {
        let is_text = path
            .extension()
            .is_some_and(|kind| kind == "html" || kind == "js");
        if !is_text {
            continue;
        }
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if text.contains(old) {
            fs::write(&path, text.replace(old, new))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_with_what_the_files_hold_and_name() {
        let names = |module: &str| {
            let dist = tempfile::tempdir().unwrap();
            let write = |name: &str, text: &str| fs::write(dist.path().join(name), text).unwrap();
            let pages = [
                "home",
                "lesson",
                "swarm",
                "directory",
                "cap",
                "experiments",
                "live",
            ];
            for page in pages {
                write(&format!("chordscope-{page}.css"), "");
            }
            for name in pages.into_iter().chain(["tab"]) {
                write(&format!("chordscope-{name}_bg.wasm"), module);
                let script = format!("'chordscope-{name}_bg.wasm'");
                write(&format!("chordscope-{name}.js"), &script);
            }
            for (worker, of) in [("experiment", "experiments"), ("tab", "tab")] {
                let start = format!("'./chordscope-{of}.js' './chordscope-{of}_bg.wasm'");
                write(&format!("start-{worker}.js"), &start);
            }
            write(
                "index.html",
                "./chordscope-home.js ./start-experiment.js ./chordscope-experiments.js ./start-tab.js ./chordscope-live.js",
            );
            settle(dist.path()).unwrap();
            let page = fs::read_to_string(dist.path().join("index.html")).unwrap();
            let named = page.split(' ').map(|name| dist.path().join(name));
            assert!(named.clone().all(|path| path.is_file()), "{page}");
            page
        };
        assert_eq!(names("one"), names("one"));
        let (one, two) = (names("one"), names("two"));
        assert!(one.split(' ').zip(two.split(' ')).all(|(a, b)| a != b));
    }
}
