//! Mounts the home page.

use chordscope_web::home::app::HomeApp;
use chordscope_web::page;

fn main() {
    page::recall_theme();
    if let Some(root) = page::container("home") {
        yew::Renderer::<HomeApp>::with_root(root).render();
    }
}
