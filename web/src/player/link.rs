//! Links to a moment of a run: what is the same for every world.

use std::fmt::Display;

use chordscope_sim::engine::World;
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::malformed::Malformed;

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
