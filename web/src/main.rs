//! Mounts the ring page.

use chordscope_web::page;
use chordscope_web::ring::app::App;

fn main() {
    page::recall_theme();
    if let Some(root) = page::container("ring") {
        yew::Renderer::<App>::with_root(root).render();
    }
}
