//! The help sheet of the page of experiments, and its keys.

use crate::components::help::Help;
use crate::experiments::panels::Intent;

/// The help sheet.
pub const HELP: Help = Help {
    id: "experiments-help-title",
    text: &[
        "Each experiment asks a question about Chord or about swarms, and measures the answer in this browser, on simulated rings of the real protocol. Choose one and a size, and press Run. Where a paper has figures, they stand beside ours; the same seed gives the same figures, also on the command line.",
    ],
    keys: &[("r", "run what the controls say")],
};

/// The intent of a single key.
pub fn of_key(key: &str) -> Option<Intent> {
    (key == "r").then_some(Intent::Run)
}
