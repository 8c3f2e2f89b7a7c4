//! Links to a moment of a run: made and followed.

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::ring::History;
use chordscope_sim::worlds::ring::permalink::Permalink;

use crate::ring::engine::files::check_size;

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
    let opened = read(link);
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

fn read(link: &str) -> Result<Opened, String> {
    let read = Permalink::parse(link).map_err(|error| error.to_string())?;
    check_size(read.scenario.nodes.len())?;
    let (moment, chosen, caveat) = (read.at, read.selected, read.caveat());
    let history = read.open().map_err(|error| error.to_string())?;
    // Its actions may insert more.
    check_size(history.world().nodes().count())?;
    Ok(Opened {
        history,
        is_moment: moment.is_some(),
        chosen,
        caveat,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_larger_ring_than_the_page_draws_is_refused_like_such_a_file() {
        let link = |count: u32| {
            let nodes: Vec<String> = (0..count).map(|node| node.to_string()).collect();
            format!("bits=12&nodes={}", nodes.join(","))
        };
        assert!(read(&link(2_500)).is_ok());
        let refused = read(&link(2_501)).err().unwrap();
        assert!(refused.contains("2501 nodes"), "{refused}");
        assert!(refused.contains("at most 2500"), "{refused}");
    }

    #[test]
    fn a_link_with_a_parameter_that_is_unknown_or_there_twice_is_refused() {
        for link in ["s=lesson-26&sed=2", "s=lesson-26&seed=1&seed=2"] {
            assert!(read(link).is_err(), "{link}");
        }
        assert!(read("embed=1&s=lesson-26").is_ok());
    }
}
