//! Links to a moment of a run: what is the same for every world.

use std::fmt::Display;

use chordscope_sim::engine::World;
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::history::export::Imported;
use chordscope_sim::engine::json::Json;
use chordscope_sim::engine::linked::{Linked, Permalink};
use chordscope_sim::engine::malformed::Malformed;

use crate::player::files;

/// The target of a link.
#[derive(Debug)]
pub struct Opened<W: World, C> {
    /// The run, at the moment that the link names.
    pub history: History<W>,
    /// Whether it names one; one to a run alone lets that begin.
    pub is_moment: bool,
    /// The selection.
    pub chosen: Option<C>,
    /// The caveat, if it was recorded with another behaviour number.
    pub caveat: Option<String>,
}

/// The query of a link to a run that has just begun, whatever its moment.
pub fn to_run(moment: &str) -> String {
    let parts = moment.split('&').filter(|part| !part.starts_with("t="));
    parts.collect::<Vec<_>>().join("&")
}

/// Whether the query of an address names a run: anything but how the page is shown.
pub fn names_a_run(query: &str) -> bool {
    let mut parts = query.split('&');
    parts.any(|part| !matches!(part, "" | "embed" | "embed=1"))
}

/// The sentence that says why there can be no link.
pub fn too_long(_: Malformed) -> String {
    "This run is too long to share as a link: “Export” saves it as a file.".to_owned()
}

/// The sentence that says why a link cannot be read, and that the run of this title is shown instead.
pub fn unread(error: &dyn Display, title: &str) -> String {
    let shown = if title.is_empty() {
        "what was shown before".to_owned()
    } else {
        format!("“{title}”")
    };
    format!("This link cannot be read ({error}): here is {shown} instead.")
}

/// The target of a link, and the name of the scenario that it is of.
pub type Named<W> = (Opened<W, <W as Linked>::Selected>, Option<&'static str>);

/// The query of a link to this moment.
///
/// # Errors
/// One sentence that says why there can be none.
pub fn to<W: Linked>(
    history: &History<W>,
    selected: Option<W::Selected>,
) -> Result<String, String> {
    Permalink::of(history, selected).map_err(too_long)
}

/// The query of a link to a run that has just begun, whatever its moment.
pub fn to_begun<W: Linked>(history: &History<W>) -> Option<String> {
    let link = Permalink::of(history, None).ok()?;
    Some(to_run(&link))
}

/// Opens a link, and names the scenario that it is of; the run of the title `title` stays where it cannot be read. `shows` says why the page cannot
/// show a set-up.
///
/// # Errors
/// One sentence that says why it cannot be read, and what is shown instead.
pub fn open<W: Linked>(
    link: &str,
    title: &str,
    shows: fn(&W::Setup) -> Result<(), String>,
) -> Result<Named<W>, String> {
    let unread = |error: String| unread(&error, title);
    let read = Permalink::<W>::parse(link).map_err(|error| unread(error.to_string()))?;
    shows(&read.setup).map_err(unread)?;
    let (moment, chosen, caveat) = (read.at, read.selected, read.caveat());
    let named = read.scenario.as_ref().map(|known| W::known(known).name);
    let history = read.open().map_err(|error| unread(error.to_string()))?;
    let opened = Opened {
        history,
        is_moment: moment.is_some(),
        chosen,
        caveat,
    };
    Ok((opened, named))
}

/// Reads an exported run. `shows` says why the page cannot show a set-up.
///
/// # Errors
/// The reason why this page cannot show it, as a part of a sentence.
pub fn read<W: Linked>(
    run: Json,
    shows: fn(&W::Setup) -> Result<(), String>,
) -> Result<Imported<W>, String> {
    let imported = files::read::<W>(run)?;
    shows(imported.history.setup())?;
    Ok(imported)
}
