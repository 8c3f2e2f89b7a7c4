//! The live page: in a window it mounts the page, in a worker it runs the tab's peer.

use chordscope_web::live::app::LiveApp;
use chordscope_web::live::tab;
use chordscope_web::page;

fn main() {
    if web_sys::window().is_none() {
        tab::run();
        return;
    }
    page::recall_theme();
    if let Some(root) = page::container("live") {
        yew::Renderer::<LiveApp>::with_root(root).render();
    }
}
