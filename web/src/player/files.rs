//! Runs as files: which may be opened, and how they are called.

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::history::export::{self, Imported, MAX_EXPORT, Portable};
use chordscope_sim::engine::json::Json;

/// The reason why a file is not even read.
pub const TOO_LARGE: &str = "This file is larger than the 16 MiB that an exported run has at most.";
/// The reason why a file has no content.
pub const UNREADABLE: &str = "The browser cannot read this file.";
/// The reason why a run cannot be exported.
pub const TOO_LONG: &str = "This run is too long to export: a file has at most 16 MiB.";
/// The most events of an imported run that are replayed before it shows: some seconds.
const MOST_EVENTS: usize = 1_000_000;

/// The most letters of a reason.
const LONGEST_REASON: usize = 200;

/// Whether a file of so many bytes may be an exported run.
pub fn may_be_run(bytes: f64) -> bool {
    bytes <= MAX_EXPORT as f64
}

/// The sentence that says why a file cannot be opened. A field of it that is named may be long.
pub fn unopened(reason: &str) -> String {
    let part: String = reason.chars().take(LONGEST_REASON).collect();
    let rest = if part.len() < reason.len() {
        "…"
    } else {
        "."
    };
    format!("This file cannot be opened: {part}{rest}")
}

/// The content of a file.
///
/// # Errors
/// One sentence that says why it cannot be opened.
pub fn content(file: &[u8]) -> Result<Json, String> {
    Json::read(file).map_err(|error| unopened(&error.to_string()))
}

/// Reads an exported run.
///
/// # Errors
/// The reason why this page cannot show it, as a part of a sentence.
pub fn read<W: Portable>(run: Json) -> Result<Imported<W>, String> {
    export::from_json::<W>(run, MOST_EVENTS).map_err(|error| error.to_string())
}

/// The name of a file of a run at a moment, of this kind. What no file may be called is left out of the name of the run.
pub fn name(kind: &str, run: &str, now: Instant) -> String {
    let name = run.chars();
    let name = name.filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
    let name: String = name.take(40).collect();
    let millis = now.as_millis();
    format!("chordscope-{kind}-{name}-{millis}-ms.json")
}
