//! Runs as files: exported with their branches, and imported; charts of time for Perfetto.

use chordscope_sim::engine::behaviour;
use chordscope_sim::engine::chrome;
use chordscope_sim::engine::history::export::{self, Imported, MAX_EXPORT};
use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::ring::RingWorld;

use crate::ring::engine::Engine;
use crate::ring::engine::snapshot::{Beside, Refused};

/// The reason why a file is not even read.
pub const TOO_LARGE: &str = "This file is larger than the 16 MiB that an exported run has at most.";
/// The reason why a file has no content.
pub const UNREADABLE: &str = "The browser cannot read this file.";
/// The reason why a run cannot be exported.
pub const TOO_LONG: &str = "This run is too long to export: a file has at most 16 MiB.";
/// The most events of an imported run that are replayed before it shows: some seconds.
const MOST_EVENTS: usize = 1_000_000;
/// The most nodes of a ring that the page draws at once.
const MOST_NODES: usize = 2_500;

/// The most letters of a reason.
const LONGEST_REASON: usize = 200;

/// Whether a file of so many bytes may be an exported run.
pub fn may_be_run(bytes: f64) -> bool {
    bytes <= MAX_EXPORT as f64
}

/// The sentence that says why a file cannot be opened. A field of it that is named may be long.
pub fn unopened(reason: &str) -> String {
    let part: String = reason.chars().take(LONGEST_REASON).collect();
    let rest = if part.len() < reason.len() {
        "…"
    } else {
        "."
    };
    format!("This file cannot be opened: {part}{rest}")
}

const fn beside_buttons(text: String) -> Refused {
    let beside = Beside::Run;
    Refused { beside, text }
}

impl Engine {
    /// The run with its branches.
    pub fn export(&self) -> Json {
        export::to_json(&self.history)
    }

    /// What happened up to now, as a chart of time for Perfetto; `line` writes a value on one line.
    pub fn trace(&self, line: impl Fn(&Json) -> String) -> String {
        chrome::write_by(self.history.world(), self.history.entries(), line)
    }

    /// The name of a file of this run, of this kind. What no file may be called is left out.
    pub fn file_name(&self, kind: &str) -> String {
        let name = self.history.setup().name.chars();
        let name = name.filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
        let name: String = name.take(40).collect();
        let millis = self.history.now().as_millis();
        format!("chordscope-{kind}-{name}-{millis}-ms.json")
    }

    /// Shows an exported run at its moment, or says why it cannot be read; then nothing else has changed.
    pub(super) fn import(&mut self, run: Json) {
        match read(run) {
            Ok(Imported { history, behaviour }) => {
                self.playing = false;
                self.guided = false;
                self.tell(history);
                self.read_branch();
                self.hold = 0.0;
                self.refused = behaviour::caveat(behaviour).map(beside_buttons);
            }
            Err(reason) => self.refuse(unopened(&reason)),
        }
    }

    /// Says why no run was exported or imported.
    pub(super) fn refuse(&mut self, text: String) {
        self.refused = Some(beside_buttons(text));
    }
}

fn read(run: Json) -> Result<Imported<RingWorld>, String> {
    let imported = export::from_json::<RingWorld>(run, MOST_EVENTS);
    let imported = imported.map_err(|error| error.to_string())?;
    let history = &imported.history;
    let nodes = history.setup().nodes.len();
    match nodes.max(history.world().nodes().count()) {
        0..=MOST_NODES => Ok(imported),
        nodes => Err(format!(
            "its ring has {nodes} nodes, and this page draws at most {MOST_NODES}; “chordscope sim run” takes it"
        )),
    }
}
