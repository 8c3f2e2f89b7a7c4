//! The help sheet of the swarm page, and its keys.

use crate::components::help::Help;
use crate::swarm::engine::command::Command;

/// The help sheet.
pub const HELP: Help = Help {
    id: "swarm-help-title",
    text: &[
        "A real swarm runs in this page, in virtual time: the state machines that fetch files in a native peer, over simulated links. A column is a peer, a row a segment of the file; arcs are segments on their way. Select a client to see what limits it. A deed at an earlier moment begins a branch: what came after stays on the other one. “Export” saves the run with its branches; “Import”, or dropping the file on the page, opens it again.",
    ],
    keys: &[
        ("Space", "play, or pause"),
        ("c", "continue to the next step"),
        ("→ ←", "step forward, step back"),
        ("Home End", "to the beginning, to the furthest moment"),
        ("+ −", "faster, slower"),
        ("Ctrl+z Ctrl+y", "undo the last deed, do it again"),
        ("] [", "select the next or the previous client"),
        ("s", "copy a link to this moment"),
    ],
};

/// The command of a single key that is none of the player's.
pub fn of_key(key: &str) -> Option<Command> {
    Some(match key {
        "]" => Command::Move(true),
        "[" => Command::Move(false),
        _ => return None,
    })
}
