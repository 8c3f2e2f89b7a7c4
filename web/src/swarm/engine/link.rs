//! Links to a moment of a run, and files of runs: which of them this page can show.

use chordscope_sim::engine::history::History;
use chordscope_sim::engine::history::export::Imported;
use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::permalink::Permalink;
use chordscope_sim::worlds::swarm::setup::{Setup, Way};

use crate::player::files;
use crate::player::link::{self, Opened};
use crate::swarm::engine::levers::MAX_SEGMENTS;

/// The query of a link to this moment.
///
/// # Errors
/// One sentence that says why there can be none.
pub(super) fn to(history: &History<SwarmWorld>, selected: Option<u64>) -> Result<String, String> {
    Permalink::of(history, selected).map_err(link::too_long)
}

/// The query of a link to a run that has just begun, whatever its moment.
pub(super) fn to_run(history: &History<SwarmWorld>) -> Option<String> {
    let link = Permalink::of(history, None).ok()?;
    Some(link::to_run(&link))
}

/// Opens a link; the run of the title `shown` stays where it cannot be read.
///
/// # Errors
/// One sentence that says why it cannot be read, and what is shown instead.
pub(super) fn open(link: &str, shown: &str) -> Result<Opened<SwarmWorld, u64>, String> {
    let unread = |error: String| link::unread(&error, shown);
    let read = Permalink::parse(link).map_err(|error| unread(error.to_string()))?;
    shows(&read.setup).map_err(unread)?;
    let (moment, chosen, caveat) = (read.at, read.selected, read.caveat());
    let history = read.open().map_err(|error| unread(error.to_string()))?;
    Ok(Opened {
        history,
        is_moment: moment.is_some(),
        chosen,
        caveat,
    })
}

/// Reads an exported run.
///
/// # Errors
/// The reason why this page cannot show it, as a part of a sentence.
pub(super) fn read(run: Json) -> Result<Imported<SwarmWorld>, String> {
    let imported = files::read::<SwarmWorld>(run)?;
    shows(imported.history.setup())?;
    Ok(imported)
}

/// Whether the page can show a swarm of this set-up.
fn shows(setup: &Setup) -> Result<(), String> {
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
