//! Links to a moment of a run: made and followed.

use chordscope_core::sim::permalink::Permalink;

use crate::engine::Engine;

impl Engine {
    /// What a link to this moment says.
    ///
    /// # Errors
    /// One sentence that says why there can be none.
    pub fn link(&self) -> Result<String, String> {
        let no_link = |error| format!("No link can hold this run: {error}.");
        Permalink::of(&self.history, self.chosen).map_err(no_link)
    }

    /// Shows what a link says, or why it cannot be read.
    pub(super) fn follow_link(&mut self, link: &str) {
        let opened = Permalink::parse(link).and_then(|link| {
            let selected = link.selected;
            link.open().map(|history| (history, selected))
        });
        match opened {
            Ok((history, selected)) => {
                self.tell(history);
                self.playing = false;
                self.chosen = selected;
            }
            Err(error) => {
                self.refused = Some(format!(
                    "This link cannot be read ({error}): here is the first scenario instead."
                ));
            }
        }
    }
}
