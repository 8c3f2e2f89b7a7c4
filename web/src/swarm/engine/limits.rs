//! The set-ups that this page can show.

use chordscope_sim::worlds::swarm::setup::{Setup, Way};

use crate::swarm::engine::levers::MAX_SEGMENTS;

/// Whether the page can show a swarm of this set-up.
pub(super) fn shows(setup: &Setup) -> Result<(), String> {
    let segments = setup.segments();
    if segments > MAX_SEGMENTS {
        return Err(format!(
            "its file has {segments} segments, and this page draws at most {MAX_SEGMENTS}; “chordscope sim run” takes it"
        ));
    }
    match setup.way {
        Way::Swarm => Ok(()),
        Way::Server | Way::Cdn { .. } => {
            Err("its clients fetch from servers, and this page plays swarms; “chordscope sim run” takes it".to_owned())
        }
    }
}
