//! Runs as files: exported with their branches, and imported.

use chordscope_sim::engine::behaviour;
use chordscope_sim::engine::chrome;
use chordscope_sim::engine::history::export::{self, MAX_EXPORT};
use chordscope_sim::worlds::ring::RingWorld;

use crate::engine::Engine;
use crate::engine::snapshot::{Beside, Refused};

/// The name of an exported run.
pub const RUN: &str = "chordscope-run.json";
/// The name of a chart of time.
pub const TRACE: &str = "chordscope-trace.json";
/// The reason why a file is not even read.
pub const TOO_LARGE: &str = "This file is larger than the 16 MiB that an exported run has at most.";
/// The reason why a file has no content.
pub const UNREADABLE: &str = "The browser cannot read this file.";
/// The reason why a run cannot be exported.
pub const TOO_LONG: &str = "This run is too long to export: a file has at most 16 MiB.";
/// How many events of an imported run are replayed at most before it shows: some seconds.
const MOST_EVENTS: usize = 1_000_000;

/// Whether a file of so many bytes may be an exported run.
pub fn may_be_run(bytes: f64) -> bool {
    bytes <= MAX_EXPORT as f64
}

const fn beside_buttons(text: String) -> Refused {
    let beside = Beside::Run;
    Refused { beside, text }
}

impl Engine {
    /// The run with its branches, as JSON; `None` when that is longer than what can be read again.
    pub fn export(&self) -> Option<String> {
        let text = export::write(&self.history);
        Some(text).filter(|text| text.len() <= MAX_EXPORT)
    }

    /// What happened up to now, as a chart of time for Perfetto.
    pub fn trace(&self) -> String {
        chrome::write(self.history.world(), self.history.entries())
    }

    /// Shows an exported run at its moment, or says why it cannot be read; then nothing else has changed.
    pub(super) fn import(&mut self, text: &str) {
        match export::read_within::<RingWorld>(text, MOST_EVENTS) {
            Ok(imported) => {
                self.playing = false;
                self.guided = false;
                self.tell(imported.history);
                self.read_branch();
                self.hold = 0.0;
                self.refused = behaviour::caveat(imported.behaviour).map(beside_buttons);
            }
            Err(error) => self.refuse(&format!("This file cannot be opened: {error}.")),
        }
    }

    /// Says why no run was exported or imported.
    pub(super) fn refuse(&mut self, text: &str) {
        self.refused = Some(beside_buttons(text.to_owned()));
    }
}
