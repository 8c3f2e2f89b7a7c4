//! Mounts the pages of the lab: the experiments.

use chordscope_web::experiments::app::ExperimentsApp;
use chordscope_web::page;

fn main() {
    page::recall_theme();
    if let Some(root) = page::container("lab") {
        yew::Renderer::<ExperimentsApp>::with_root(root).render();
    }
}
