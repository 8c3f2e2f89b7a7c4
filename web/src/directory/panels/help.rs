//! The help sheet of the directory page, and its keys.

use crate::components::help::Help;
use crate::directory::engine::command::Command;

/// The help sheet.
pub const HELP: Help = Help {
    id: "directory-help-title",
    text: &[
        "The same peers keep the same titles in all pictures, and ask the same questions at the same moments. Only where the cards lie that say who has what is different: in one box, in several, or with the peers themselves. All of it runs in this page, in virtual time: the ring is the protocol of a native peer, directory, trackers and Kademlia are models beside it.",
        "Choose a part and take it out. What is found of the last hundred lookups is counted below the pictures. A deed at an earlier moment begins a branch: what came after stays on the other one. “Export” saves the run with its branches; “Import”, or dropping the file on the page, opens it again.",
    ],
    keys: &[
        ("Space", "play, or pause"),
        ("c", "continue to the next step"),
        ("→ ←", "step forward, step back"),
        ("Home End", "to the beginning, to the furthest moment"),
        ("+ −", "faster, slower"),
        ("Ctrl+z Ctrl+y", "undo the last deed, do it again"),
        ("] [", "select the next or the previous peer"),
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
