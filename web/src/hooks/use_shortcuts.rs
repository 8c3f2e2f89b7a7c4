//! Single-key shortcuts, silent while the user types.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent};
use yew::{Callback, hook};

use crate::hooks::use_listener::use_listener;
use crate::intent::{self, Intent};

/// Turns keys into intents, if the user wants that. While a prediction asks, arrows move the choice.
#[hook]
pub fn use_shortcuts(enabled: bool, predicting: bool, intend: Callback<Intent>) {
    let heard = Callback::from(move |event: Event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else {
            return;
        };
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        if event.key() == "Escape" {
            leave(target.as_ref());
            return;
        }
        let held = event.ctrl_key() || event.meta_key() || event.alt_key();
        if !enabled || held || target.is_some_and(|target| wants(&target, &event.key())) {
            return;
        }
        if let Some(intent) = intent::of_key(&event.key(), predicting) {
            event.prevent_default();
            intend.emit(intent);
        }
    });
    use_listener(|window| Some(window.clone().into()), "keydown", heard);
}

/// Whether the focused element makes something of the key itself.
fn wants(target: &Element, key: &str) -> bool {
    let typed = "input:not([type=range], [type=checkbox]), select, textarea, [contenteditable], dialog, dialog *";
    if target.matches(typed).unwrap_or(false) {
        return true;
    }
    let presses =
        target.matches("button, a, input").unwrap_or(false) && matches!(key, " " | "Enter");
    let slides = target.matches("input[type=range]").unwrap_or(false)
        && matches!(key, "ArrowLeft" | "ArrowRight" | "Home" | "End");
    presses || slides
}

fn leave(target: Option<&Element>) {
    let field = target.filter(|target| target.matches("input, select").unwrap_or(false));
    if let Some(field) = field.and_then(|field| field.dyn_ref::<web_sys::HtmlElement>()) {
        let _ = field.blur();
    }
}
