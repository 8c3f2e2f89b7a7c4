//! The browser around the page: its address, its clock, what the user prefers.

mod address;
mod file;
mod keep;
mod pointer;
mod theme;

use web_sys::{HtmlElement, window};

pub use self::address::{
    PAGES, Route, embedded, is_page, is_served_by_peer, origin, peer, query, replace_query, route,
};
pub use self::file::{bytes_of, save};
pub use self::keep::{keep, kept};
pub use self::pointer::{Place, place};
pub use self::theme::{recall_theme, toggle_theme};

/// Milliseconds since the page was opened.
pub fn clock() -> f64 {
    window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.now())
}

/// Whether the user has loaded the page once more.
pub fn is_reloaded() -> bool {
    let performance = window().and_then(|window| window.performance());
    let came = performance.map(|performance| performance.get_entries_by_type("navigation").get(0));
    let how = came.and_then(|came| js_sys::Reflect::get(&came, &"type".into()).ok());
    how.is_some_and(|how| how == "reload")
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

/// The time of day, as the user writes it.
pub fn time_of_day() -> String {
    let now = js_sys::Date::new_0();
    let two = |number: u32| format!("{number:02}");
    [now.get_hours(), now.get_minutes(), now.get_seconds()]
        .map(two)
        .join(":")
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

/// Scrolls up to an element that begins above the screen.
pub fn reveal(id: &str) {
    if let Some(element) = container(id)
        && element.get_bounding_client_rect().top() < 0.0
    {
        element.scroll_into_view();
    }
}

/// Scrolls down to an element that ends below the screen.
pub fn reveal_below(id: &str) {
    let height = window().and_then(|window| window.inner_height().ok()?.as_f64());
    if let (Some(element), Some(height)) = (container(id), height)
        && element.get_bounding_client_rect().bottom() > height
    {
        element.scroll_into_view_with_bool(false);
    }
}

/// Scrolls the frame that one selector names to what the other one names inside it, and nothing around the frame.
pub fn reveal_inside(frame: &str, inside: &str) {
    let document = window().and_then(|window| window.document());
    let find = |document: web_sys::Document| {
        let frame = document.query_selector(frame).ok()??;
        let row = frame.query_selector(inside).ok()??;
        Some((frame, row))
    };
    if let Some((frame, row)) = document.and_then(find) {
        let (around, area) = (
            frame.get_bounding_client_rect(),
            row.get_bounding_client_rect(),
        );
        let above = (area.top() - around.top()).min(0.0);
        let below = (area.bottom() - around.bottom()).max(0.0);
        let by = (above + below).round() as i32;
        frame.set_scroll_top(frame.scroll_top() + by);
    }
}

/// Moves the focus to an element, and nothing else.
pub fn focus_in_place(id: &str) {
    use wasm_bindgen::JsCast;
    let element = window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}

/// Waits this many milliseconds.
pub async fn sleep(milliseconds: u32) {
    gloo::timers::future::TimeoutFuture::new(milliseconds).await;
}
