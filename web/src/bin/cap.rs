//! Mounts the consistency page.

use chordscope_web::cap::app::CapApp;
use chordscope_web::page;

fn main() {
    page::recall_theme();
    if let Some(root) = page::container("cap") {
        yew::Renderer::<CapApp>::with_root(root).render();
    }
}
