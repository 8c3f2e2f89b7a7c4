//! The help sheet: what one can do here, and the keys.

use web_sys::{Event, HtmlDialogElement, HtmlInputElement};
use yew::{Callback, Html, TargetCast, component, html, use_effect_with, use_node_ref};

use crate::components::{Desk, on_click};
use crate::intent::Intent;
use crate::state::Action;

const KEYS: [(&str, &str); 16] = [
    ("Space", "play without stops, or pause"),
    ("c", "continue to the next step; while time runs, at once"),
    ("→ ←", "step forward, step back"),
    ("Home End", "to the beginning, to the furthest moment"),
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

/// The help sheet, a native dialog.
#[component]
pub fn HelpSheet(desk: &Desk) -> Html {
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with(desk.ui.help, move |open| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                if *open && !dialog.open() {
                    let _ = dialog.show_modal();
                } else if !*open && dialog.open() {
                    dialog.close();
                }
            }
        });
    }
    let intend = desk.intend.clone();
    let onclose = Callback::from(move |_: Event| intend.emit(Intent::Help(false)));
    let ui = desk.ui.clone();
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        ui.dispatch(Action::Shortcuts(input.checked()));
    });
    html! {
        <dialog ref={dialog} {onclose} aria-labelledby="help-title">
            <header>
                <h2 id="help-title">{"How to use this page"}</h2>
                <button type="button" onclick={on_click(&desk.intend, Intent::Help(false))}>{"Close"}</button>
            </header>
            <p>{"A real Chord ring runs in this page, in virtual time. Look up which node is responsible for a key, and follow each message. Change the ring, and see stabilization update the tables."}</p>
            <dl>
                {for KEYS.map(|(keys, means)| html! { <><dt>{for keys.split(' ').map(|key| html! { <><kbd>{key}</kbd>{" "}</> })}</dt><dd>{means}</dd></> })}
            </dl>
            <label class="switch"><input type="checkbox" checked={desk.ui.shortcuts} {onchange} />{"Single keys are shortcuts"}</label>
        </dialog>
    }
}
