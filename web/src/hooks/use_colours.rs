//! Changes of the colours of a page while it shows.

use yew::{Callback, hook};

use crate::hooks::use_listener::use_listener;

/// Calls `changed` when the system goes from light to dark or back, or takes its own few colours.
#[hook]
pub fn use_colours(changed: Callback<()>) {
    let changed = changed.reform(|_: web_sys::Event| ());
    use_listener(
        |window| Some(window.match_media(DARK).ok()??.into()),
        "change",
        changed.clone(),
    );
    use_listener(
        |window| Some(window.match_media(FORCED).ok()??.into()),
        "change",
        changed,
    );
}

const DARK: &str = "(prefers-color-scheme: dark)";
const FORCED: &str = "(forced-colors: active)";
