//! Links to a moment of a run: made and followed.

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::ring::History;
use chordscope_sim::worlds::ring::permalink::Permalink;

/// The target of a link.
pub(super) struct Opened {
    /// The run, at the moment that the link names.
    pub(super) history: History,
    /// Whether it names one; one to a scenario alone lets that run from step to step.
    pub(super) is_moment: bool,
    /// The node whose tables are shown.
    pub(super) chosen: Option<Id>,
    /// The caveat, if it was recorded with another behaviour number.
    pub(super) caveat: Option<String>,
}

/// Whether the query of an address names a run: anything but how the page is shown.
pub fn names_a_run(query: &str) -> bool {
    let mut parts = query.split('&');
    parts.any(|part| !matches!(part, "" | "embed" | "embed=1"))
}

/// The query of a link to this moment.
///
/// # Errors
/// One sentence that says why there can be none.
pub(super) fn to(history: &History, chosen: Option<Id>) -> Result<String, String> {
    let too_long =
        |_| "This run is too long to share as a link: “Export” saves it as a file.".to_owned();
    Permalink::of(history, chosen).map_err(too_long)
}

/// Opens a link; `shown` is the run that stays where it cannot be read.
///
/// # Errors
/// One sentence that says why it cannot be read, and what is shown instead.
pub(super) fn open(link: &str, shown: &History) -> Result<Opened, String> {
    let opened = Permalink::parse(link).and_then(|read| {
        let (moment, chosen, caveat) = (read.at, read.selected, read.caveat());
        let is_moment = moment.is_some();
        read.open().map(|history| Opened {
            history,
            is_moment,
            chosen,
            caveat,
        })
    });
    opened.map_err(|error| {
        let title = &shown.setup().title;
        let shown = if title.is_empty() {
            "what was shown before".to_owned()
        } else {
            format!("“{title}”")
        };
        format!("This link cannot be read ({error}): here is {shown} instead.")
    })
}
