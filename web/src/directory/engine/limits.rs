//! The set-ups that this page can show.

use chordscope_sim::worlds::directory::setup::Setup;

/// The most peers that a picture has room for.
const MAX_PEERS: usize = 64;
/// The most titles whose cards a box has room for.
const MAX_TITLES: u32 = 120;

/// Whether the page can show directories of this set-up.
pub(super) fn shows(setup: &Setup) -> Result<(), String> {
    let (peers, titles) = (setup.peers.len(), setup.titles);
    if peers > MAX_PEERS || titles > MAX_TITLES {
        return Err(format!(
            "it has {peers} peers and {titles} titles, and this page draws at most {MAX_PEERS} and {MAX_TITLES}; “chordscope sim run” takes it"
        ));
    }
    Ok(())
}
