//! Links to a moment of a run: made and followed.

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::ring::permalink::Permalink;
use chordscope_sim::worlds::ring::{History, RingWorld};

use crate::player::link::{self, Opened};
use crate::ring::engine::files::check_size;

/// The query of a link to this moment.
///
/// # Errors
/// One sentence that says why there can be none.
pub(super) fn to(history: &History, chosen: Option<Id>) -> Result<String, String> {
    Permalink::of(history, chosen).map_err(link::too_long)
}

/// Opens a link; `shown` is the run that stays where it cannot be read.
///
/// # Errors
/// One sentence that says why it cannot be read, and what is shown instead.
pub(super) fn open(link: &str, shown: &History) -> Result<Opened<RingWorld, Id>, String> {
    read(link).map_err(|error| link::unread(&error, &shown.setup().title))
}

fn read(link: &str) -> Result<Opened<RingWorld, Id>, String> {
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
