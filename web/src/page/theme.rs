//! Light or dark, as the user wants it.

use web_sys::window;

use super::keep::{keep, kept};
use super::media;

const THEME: &str = "chordscope-theme";

/// Uses the theme chosen on an earlier visit.
pub fn recall_theme() {
    if let Some(theme) = kept(THEME) {
        wear(&theme);
    }
}

/// Changes from light to dark or back, and remembers it.
pub fn toggle_theme() {
    let root = window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    let chosen = root.and_then(|root| root.get_attribute("data-theme"));
    let dark = match chosen.as_deref() {
        Some(theme) => theme == "dark",
        None => media("(prefers-color-scheme: dark)"),
    };
    let theme = if dark { "light" } else { "dark" };
    wear(theme);
    keep(THEME, theme);
}

fn wear(theme: &str) {
    let root = window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute("data-theme", theme);
    }
}
