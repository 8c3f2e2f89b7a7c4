//! Runs as files: which of them this page can show.

use chordscope_sim::engine::history::export::Imported;
use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::ring::RingWorld;

use crate::player::files;

/// The most nodes of a ring that the page draws at once.
const MOST_NODES: usize = 2_500;

/// Reads an exported run.
///
/// # Errors
/// The reason why this page cannot show it, as a part of a sentence.
pub(super) fn read(run: Json) -> Result<Imported<RingWorld>, String> {
    let imported = files::read::<RingWorld>(run)?;
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
