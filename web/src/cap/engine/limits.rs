//! The set-ups that this page can show.

use chordscope_sim::worlds::consistency::setup::Setup;

/// The most nodes that a picture has room for.
const MAX_NODES: usize = 24;

/// Whether the page can show a store of this set-up.
pub(super) fn shows(setup: &Setup) -> Result<(), String> {
    let nodes = setup.nodes.len();
    if nodes > MAX_NODES {
        return Err(format!(
            "it has {nodes} nodes, and this page draws at most {MAX_NODES}; “chordscope sim run” takes it"
        ));
    }
    Ok(())
}
