//! Mounts the ring page.

use chordscope_web::app::App;
use chordscope_web::page;

fn main() {
    page::recall_theme();
    if let Some(root) = page::container("ring") {
        yew::Renderer::<App>::with_root(root).render();
    }
}
