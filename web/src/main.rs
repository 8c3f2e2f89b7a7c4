//! Mounts the page.

use chordscope_web::app::App;
use chordscope_web::page;

fn main() {
    page::recall_theme();
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"));
    if let Some(root) = root {
        yew::Renderer::<App>::with_root(root).render();
    }
}
