//! The help sheet of the consistency page, and its keys.

use crate::cap::engine::command::Command;
use crate::components::help::Help;

/// The help sheet.
pub const HELP: Help = Help {
    id: "cap-help-title",
    text: &[
        "Clients put and get one name, on one seed at both levels of consistency: the ring’s own replicated store, as a native peer runs it, in virtual time. The first four steps are models that lead to it. Drag a line through a ring to cut it there, or mark nodes in the list and choose “Cut”.",
        "A bar is a call, from its beginning to its return. Fresh: nothing newer had been confirmed before the call. Stale: something had. Conflicting: two confirmed versions have one number. Refused: no answer in time; a refused write may take effect nevertheless. The judge searches for an order in which one register would have given the same answers: dots are the moments at which calls take effect in it. Where there is none, it shows the fewest calls that contradict one another.",
        "When two versions with one number meet, a node tells so with the event “conflict”, and a rule that all nodes share decides: the greater author’s key, then the greater digest, not the later time. A deed at an earlier moment begins a branch. “Export” saves the run with its branches; “Import”, or dropping the file on the page, opens it again.",
    ],
    keys: &[
        ("Space", "play, or pause"),
        ("c", "continue to the next step"),
        ("→ ←", "step forward, step back"),
        ("Home End", "to the beginning, to the furthest moment"),
        ("+ −", "faster, slower"),
        ("Ctrl+z Ctrl+y", "undo the last deed, do it again"),
        ("] [", "select the next or the previous call"),
        ("h", "heal the cut"),
        ("p", "predict, or not"),
        ("s", "copy a link to this moment"),
    ],
};

/// The command of a single key that is none of the player's.
pub fn of_key(key: &str) -> Option<Command> {
    Some(match key {
        "]" => Command::Move(true),
        "[" => Command::Move(false),
        "h" => Command::Heal,
        "p" => Command::Predict,
        _ => return None,
    })
}
