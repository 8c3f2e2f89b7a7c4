//! Links to a moment of a run, and files of runs: which of them this page can show.

use chordscope_core::base::id::Id;
use chordscope_sim::engine::history::export::Imported;
use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::directory::permalink::Permalink;
use chordscope_sim::worlds::directory::setup::Setup;
use chordscope_sim::worlds::directory::{DirectoryWorld, History};

use crate::player::files;
use crate::player::link::{self, Opened};

/// The most peers that a picture has room for.
const MAX_PEERS: usize = 64;
/// The most titles whose cards a box has room for.
const MAX_TITLES: u32 = 120;

/// The query of a link to this moment.
///
/// # Errors
/// One sentence that says why there can be none.
pub(super) fn to(history: &History, selected: Option<Id>) -> Result<String, String> {
    Permalink::of(history, selected).map_err(link::too_long)
}

/// The query of a link to a run that has just begun, whatever its moment.
pub(super) fn to_run(history: &History) -> Option<String> {
    let link = Permalink::of(history, None).ok()?;
    Some(link::to_run(&link))
}

/// Opens a link, and names the scenario that it is of; the run of the title `shown` stays where it cannot be read.
///
/// # Errors
/// One sentence that says why it cannot be read, and what is shown instead.
pub(super) fn open(
    link: &str,
    shown: &str,
) -> Result<(Opened<DirectoryWorld, Id>, Option<&'static str>), String> {
    let unread = |error: String| link::unread(&error, shown);
    let read = Permalink::parse(link).map_err(|error| unread(error.to_string()))?;
    shows(&read.setup).map_err(unread)?;
    let (moment, chosen, caveat) = (read.at, read.selected, read.caveat());
    let named = read.scenario.as_ref().map(|known| known.name);
    let history = read.open().map_err(|error| unread(error.to_string()))?;
    let opened = Opened {
        history,
        is_moment: moment.is_some(),
        chosen,
        caveat,
    };
    Ok((opened, named))
}

/// Reads an exported run.
///
/// # Errors
/// The reason why this page cannot show it, as a part of a sentence.
pub(super) fn read(run: Json) -> Result<Imported<DirectoryWorld>, String> {
    let imported = files::read::<DirectoryWorld>(run)?;
    shows(imported.history.setup())?;
    Ok(imported)
}

/// Whether the page can show directories of this set-up.
fn shows(setup: &Setup) -> Result<(), String> {
    let (peers, titles) = (setup.peers.len(), setup.titles);
    if peers > MAX_PEERS || titles > MAX_TITLES {
        return Err(format!(
            "it has {peers} peers and {titles} titles, and this page draws at most {MAX_PEERS} and {MAX_TITLES}; “chordscope sim run” takes it"
        ));
    }
    Ok(())
}
