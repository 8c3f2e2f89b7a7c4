//! Links to a moment of a run: made and followed.

use chordscope_sim::worlds::ring::permalink::Permalink;

use crate::ring::engine::Engine;
use crate::ring::engine::snapshot::{Beside, Refused};

/// The scenario stands with the question.
const fn beside_question(text: String) -> Refused {
    let beside = Beside::Question;
    Refused { beside, text }
}

/// Whether the query of an address names a run: anything but how the page is shown.
pub fn names_a_run(query: &str) -> bool {
    let mut parts = query.split('&');
    parts.any(|part| !matches!(part, "" | "embed" | "embed=1"))
}

impl Engine {
    /// What a link to this moment says.
    ///
    /// # Errors
    /// One sentence that says why there can be none.
    pub fn link(&self) -> Result<String, String> {
        let too_long =
            |_| "This run is too long to share as a link: “Export” saves it as a file.".to_owned();
        Permalink::of(&self.history, self.chosen).map_err(too_long)
    }

    /// Shows what a link says, or why it cannot be read.
    pub(super) fn follow_link(&mut self, link: &str) {
        let opened = Permalink::parse(link).and_then(|read| {
            let (moment, selected, caveat) = (read.at, read.selected, read.caveat());
            let opened = read.open();
            opened.map(|history| (history, moment, selected, caveat))
        });
        match opened {
            Ok((history, moment, selected, caveat)) => {
                self.tell(history);
                // A link to a moment shows it; one to a scenario alone lets it run from step to step.
                self.playing &= moment.is_none();
                self.guided = self.playing;
                self.chosen = selected;
                self.refused = caveat.map(beside_question);
            }
            Err(error) => {
                let shown = &self.history.setup().title;
                let shown = if shown.is_empty() {
                    "what was shown before".to_owned()
                } else {
                    format!("“{shown}”")
                };
                self.refused = Some(beside_question(format!(
                    "This link cannot be read ({error}): here is {shown} instead."
                )));
            }
        }
    }
}
