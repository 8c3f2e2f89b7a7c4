//! Runs as files: which may be opened, and how they are called.

use chordscope_sim::engine::history::export::{self, Imported, MAX_EXPORT};
use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::ring::{History, RingWorld};

use crate::ring::engine::command::Command;

/// The reason why a file is not even read.
pub const TOO_LARGE: &str = "This file is larger than the 16 MiB that an exported run has at most.";
/// The reason why a file has no content.
pub const UNREADABLE: &str = "The browser cannot read this file.";
/// The reason why a run cannot be exported.
pub const TOO_LONG: &str = "This run is too long to export: a file has at most 16 MiB.";
/// The most events of an imported run that are replayed before it shows: some seconds.
const MOST_EVENTS: usize = 1_000_000;
/// The most nodes of a ring that the page draws at once.
const MOST_NODES: usize = 2_500;

/// The most letters of a reason.
const LONGEST_REASON: usize = 200;

/// Whether a file of so many bytes may be an exported run.
pub fn may_be_run(bytes: f64) -> bool {
    bytes <= MAX_EXPORT as f64
}

/// The sentence that says why a file cannot be opened. A field of it that is named may be long.
pub(super) fn unopened(reason: &str) -> String {
    let part: String = reason.chars().take(LONGEST_REASON).collect();
    let rest = if part.len() < reason.len() {
        "…"
    } else {
        "."
    };
    format!("This file cannot be opened: {part}{rest}")
}

/// The command that the content of a file stands for: to import it, or to say why it cannot be opened.
pub fn command(file: &[u8]) -> Command {
    match Json::read(file) {
        Ok(run) => Command::Import(run),
        Err(error) => Command::Refuse(unopened(&error.to_string())),
    }
}

/// The name of a file of a run, of this kind. What no file may be called is left out.
pub(super) fn name(history: &History, kind: &str) -> String {
    let name = history.setup().name.chars();
    let name = name.filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
    let name: String = name.take(40).collect();
    let millis = history.now().as_millis();
    format!("chordscope-{kind}-{name}-{millis}-ms.json")
}

/// Reads an exported run.
///
/// # Errors
/// The reason why this page cannot show it, as a part of a sentence.
pub(super) fn read(run: Json) -> Result<Imported<RingWorld>, String> {
    let imported = export::from_json::<RingWorld>(run, MOST_EVENTS);
    let imported = imported.map_err(|error| error.to_string())?;
    let history = &imported.history;
    let nodes = history.setup().nodes.len();
    check_size(nodes.max(history.world().nodes().count()))?;
    Ok(imported)
}

/// Refuses a ring of more nodes than this page draws.
///
/// # Errors
/// The reason, as a part of a sentence.
pub(super) fn check_size(nodes: usize) -> Result<(), String> {
    match nodes {
        0..=MOST_NODES => Ok(()),
        nodes => Err(format!(
            "its ring has {nodes} nodes, and this page draws at most {MOST_NODES}; “chordscope sim run” takes it"
        )),
    }
}
