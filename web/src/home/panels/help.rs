//! The help sheet of the home page, and its keys.

use crate::components::help::Help;
use crate::home::engine::command::Command;

/// The help sheet.
pub const HELP: Help = Help {
    id: "home-help-title",
    text: &[
        "A real ring runs in this page, in virtual time: the state machine that a native peer runs, over a simulated network. Choose nodes on the ring or in the list, look the key up, insert a node or crash one; the caption says what the ring makes of it. The ring page has its tables, its log and its time.",
    ],
    keys: &[("Space", "play, or pause"), ("l", "look the key up")],
};

/// The command of a single key.
pub fn of_key(key: &str) -> Option<Command> {
    match key {
        " " => Some(Command::Toggle),
        "l" => Some(Command::LookUp),
        _ => None,
    }
}
