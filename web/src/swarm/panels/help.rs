//! The help sheet of the swarm page, and its keys.

use crate::components::help::Help;
use crate::player::Control;
use crate::swarm::engine::command::Command;

/// The help sheet.
pub const HELP: Help = Help {
    id: "swarm-help-title",
    text: &[
        "A real swarm runs in this page, in virtual time: the state machines that fetch files in a native peer, over simulated links. A column is a peer, a row a segment of the file; arcs are segments on their way. Select a client to see what limits it. A deed at an earlier moment begins a branch: what came after stays on the other one.",
    ],
    keys: &[
        ("Space", "play, or pause"),
        ("c", "continue to the next step"),
        ("→ ←", "step forward, step back"),
        ("Home End", "to the beginning, to the furthest moment"),
        ("+ −", "faster, slower"),
        ("] [", "select the next or the previous client"),
    ],
};

/// The command of a single key.
pub fn of_key(key: &str) -> Option<Command> {
    Some(match key {
        "]" => Command::Move(true),
        "[" => Command::Move(false),
        _ => Command::Time(Control::of_key(key)?),
    })
}
