//! Mounts the directory page.

use chordscope_web::directory::app::DirectoryApp;
use chordscope_web::page;

fn main() {
    page::recall_theme();
    if let Some(root) = page::container("directory") {
        yew::Renderer::<DirectoryApp>::with_root(root).render();
    }
}
