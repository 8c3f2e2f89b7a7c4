//! Shortcuts, silent while the user types.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent};
use yew::{Callback, hook};

use crate::hooks::use_listener::use_listener;

/// The keys that move a slider.
const SLIDES: [&str; 8] = [
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "ArrowDown",
    "Home",
    "End",
    "PageUp",
    "PageDown",
];

/// Turns keys into what they mean, if the user wants that. A key with Ctrl, or with the command key, is named `Ctrl+z` or `Ctrl+Shift+z`.
#[hook]
pub fn use_shortcuts<T: 'static>(
    enabled: bool,
    meaning: impl Fn(&str) -> Option<T> + 'static,
    intend: Callback<T>,
) {
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
        let key = name(event);
        if !enabled || event.alt_key() || target.is_some_and(|target| wants(&target, &key)) {
            return;
        }
        if let Some(intent) = meaning(&key) {
            event.prevent_default();
            intend.emit(intent);
        }
    });
    use_listener(|window| Some(window.clone().into()), "keydown", heard);
}

fn name(event: &KeyboardEvent) -> String {
    let key = event.key();
    if !event.ctrl_key() && !event.meta_key() {
        return key;
    }
    let shift = if event.shift_key() { "Shift+" } else { "" };
    format!("Ctrl+{shift}{}", key.to_ascii_lowercase())
}

/// Whether the focused element makes something of the key itself.
fn wants(target: &Element, key: &str) -> bool {
    let typed =
        "input:not([type=range], [type=checkbox]), textarea, [contenteditable], dialog, dialog *";
    if target.matches(typed).unwrap_or(false) {
        return true;
    }
    if key.starts_with("Ctrl+") {
        return false;
    }
    if target.matches("select").unwrap_or(false) {
        return true;
    }
    let presses =
        target.matches("button, a, input").unwrap_or(false) && matches!(key, " " | "Enter");
    let slides = target.matches("input[type=range]").unwrap_or(false) && SLIDES.contains(&key);
    presses || slides
}

fn leave(target: Option<&Element>) {
    let field = target.filter(|target| target.matches("input, select, textarea").unwrap_or(false));
    if let Some(field) = field.and_then(|field| field.dyn_ref::<web_sys::HtmlElement>()) {
        let _ = field.blur();
    }
}
