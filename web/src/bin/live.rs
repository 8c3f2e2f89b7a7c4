//! Mounts the live page.

use chordscope_web::live::app::LiveApp;
use chordscope_web::page;

fn main() {
    page::recall_theme();
    if let Some(root) = page::container("live") {
        yew::Renderer::<LiveApp>::with_root(root).render();
    }
}
