//! The browser around the page: its address, its clock, what the user prefers.

use web_sys::{HtmlElement, window};

/// Milliseconds since the page was opened.
pub fn clock() -> f64 {
    window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.now())
}

/// Whether the user prefers less motion.
pub fn calm() -> bool {
    media("(prefers-reduced-motion: reduce)")
}

fn media(query: &str) -> bool {
    window()
        .and_then(|window| window.match_media(query).ok().flatten())
        .is_some_and(|list| list.matches())
}

/// One of the two applications, which share a document and never show at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The simulated ring.
    Ring,
    /// The tab as a member of a real one.
    Live,
}

/// The application that the address asks for.
pub fn route() -> Route {
    if hash().starts_with("#/live") {
        Route::Live
    } else {
        Route::Ring
    }
}

/// The element that an application is mounted in.
pub fn container(id: &str) -> Option<web_sys::Element> {
    window()?.document()?.get_element_by_id(id)
}

/// The address of a script that is named in the start script's own element.
pub fn script(name: &str) -> Option<String> {
    let start = window()?
        .document()?
        .query_selector("script[data-ring-js]")
        .ok()??;
    start.get_attribute(name)
}

/// Scheme, host and port of the page.
pub fn origin() -> String {
    window()
        .and_then(|window| window.location().origin().ok())
        .unwrap_or_default()
}

/// The address of a peer to begin with: `?peer=URL`, before or after the hash. A page at the root of its host is most
/// likely served by a peer, which then is the one.
pub fn peer() -> String {
    let Some(location) = window().map(|window| window.location()) else {
        return String::new();
    };
    let search = location.search().unwrap_or_default();
    let asked = [query().as_str(), search.trim_start_matches('?')]
        .iter()
        .flat_map(|part| part.split('&'))
        .find_map(|word| word.strip_prefix("peer="))
        .map(decoded);
    let at_root = location
        .pathname()
        .is_ok_and(|path| matches!(path.as_str(), "/" | "/index.html"));
    asked.unwrap_or_else(|| if at_root { origin() } else { String::new() })
}

fn decoded(text: &str) -> String {
    let decoded = js_sys::decode_uri_component(text).map(String::from);
    decoded.unwrap_or_else(|_| text.to_owned())
}

/// The time of day, as the user writes it.
pub fn time_of_day() -> String {
    let now = js_sys::Date::new_0();
    let two = |number: u32| format!("{number:02}");
    [now.get_hours(), now.get_minutes(), now.get_seconds()]
        .map(two)
        .join(":")
}

fn hash() -> String {
    window()
        .and_then(|window| window.location().hash().ok())
        .unwrap_or_default()
}

/// What the address says after `#/ring?` or `#/live?`.
pub fn query() -> String {
    hash()
        .split_once('?')
        .map(|(_, query)| query.to_owned())
        .unwrap_or_default()
}

/// Whether the address asks for the stage alone: `?embed`, before or after the hash.
pub fn embedded() -> bool {
    let search = window()
        .and_then(|window| window.location().search().ok())
        .unwrap_or_default();
    [search.trim_start_matches('?'), &query()]
        .iter()
        .flat_map(|part| part.split('&'))
        .any(|word| word == "embed" || word == "embed=1")
}

/// Puts a moment of the ring into the address and gives the whole link.
pub fn set_query(query: &str) -> Option<String> {
    let window = window()?;
    let hash = format!("#/ring?{query}");
    let history = window.history().ok()?;
    history
        .replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&hash))
        .ok()?;
    window.location().href().ok()
}

/// Copies a text; whether that worked is known later.
pub async fn copy(text: &str) -> bool {
    let Some(window) = window() else {
        return false;
    };
    let clipboard = js_sys::Reflect::get(&window.navigator(), &"clipboard".into());
    // A page that was not served securely has no clipboard.
    if clipboard.is_ok_and(|clipboard| clipboard.is_undefined()) {
        return false;
    }
    let promise = window.navigator().clipboard().write_text(text);
    wasm_bindgen_futures::JsFuture::from(promise).await.is_ok()
}

/// Moves the focus to an element and selects what it holds.
pub fn focus(id: &str) {
    use wasm_bindgen::JsCast;
    let element = window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id(id));
    let Some(element) = element else { return };
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.focus();
    }
    if let Some(input) = element.dyn_ref::<web_sys::HtmlInputElement>() {
        input.select();
    }
}

const THEME: &str = "chordscope-theme";

/// Uses the theme chosen on an earlier visit.
pub fn recall_theme() {
    let storage = window().and_then(|window| window.local_storage().ok().flatten());
    if let Some(theme) = storage.and_then(|storage| storage.get_item(THEME).ok().flatten()) {
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
    if let Some(storage) = window().and_then(|window| window.local_storage().ok().flatten()) {
        let _ = storage.set_item(THEME, theme);
    }
}

fn wear(theme: &str) {
    let root = window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute("data-theme", theme);
    }
}

/// Waits this many milliseconds.
pub async fn sleep(milliseconds: u32) {
    gloo::timers::future::TimeoutFuture::new(milliseconds).await;
}
