//! The help sheet of the ring page: the keys, and whether single ones are shortcuts.

use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, TargetCast, UseReducerHandle, html};

use crate::components::help::Help;
use crate::ring::state::{Action, UiState};

/// The help sheet.
pub const HELP: Help = Help {
    id: "help-title",
    text: &[
        "A real Chord ring runs in this page, in virtual time. Look up which node is responsible for a key, and follow each message. Change the ring, and see stabilization update the tables. A deed at an earlier moment begins a branch: what came after stays on the other one. “Export” saves the run with its branches; “Import”, or dropping the file on the page, opens it again.",
    ],
    keys: &[
        ("Space", "play without stops, or pause"),
        ("c", "continue to the next step; while time runs, at once"),
        ("→ ←", "step forward, step back"),
        ("Home End", "to the beginning, to the furthest moment"),
        ("Ctrl+z Ctrl+y", "undo the last deed, do it again"),
        ("+ −", "faster, slower"),
        ("/", "type a key"),
        ("l", "look it up"),
        ("p", "predict each hop"),
        ("n", "type a node id"),
        ("i r k", "insert, remove, crash that node"),
        ("] [", "choose the next or the previous node"),
        ("Enter", "answer a prediction with the chosen node"),
        ("s", "copy a link to this moment"),
    ],
};

/// The switch of single keys.
pub fn single_keys(ui: &UseReducerHandle<UiState>) -> Html {
    let (checked, ui) = (ui.shortcuts, ui.dispatcher());
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        ui.dispatch(Action::Shortcuts(input.checked()));
    });
    html! {
        <label class="switch"><input type="checkbox" {checked} {onchange} />{"Single keys are shortcuts"}</label>
    }
}
