//! The help sheet: what one can do here, and the keys.

use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, TargetCast, component, html};

use crate::components::sheet::{keys, sheet, use_sheet};
use crate::ring::intent::Intent;
use crate::ring::panels::Desk;
use crate::ring::state::Action;

const KEYS: [(&str, &str); 17] = [
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
    ("t", "light or dark"),
    ("?", "this sheet"),
    ("Esc", "close it, leave a field"),
];

/// The help sheet.
#[component]
pub fn HelpSheet(desk: &Desk) -> Html {
    let ui = desk.ui.clone();
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        ui.dispatch(Action::Shortcuts(input.checked()));
    });
    let dialog = use_sheet(desk.ui.help);
    let close = desk.intend.reform(|()| Intent::Help(false));
    let content = html! {
        <>
            <p>{"A real Chord ring runs in this page, in virtual time. Look up which node is responsible for a key, and follow each message. Change the ring, and see stabilization update the tables. A deed at an earlier moment begins a branch: what came after stays on the other one. “Export” saves the run with its branches; “Import”, or dropping the file on the page, opens it again."}</p>
            {keys(&KEYS)}
            <label class="switch"><input type="checkbox" checked={desk.ui.shortcuts} {onchange} />{"Single keys are shortcuts"}</label>
        </>
    };
    sheet(dialog, "help-title", &close, content)
}
