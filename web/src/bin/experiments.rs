//! Mounts the page of experiments.

use chordscope_web::experiments::app::ExperimentsApp;
use chordscope_web::experiments::worker;
use chordscope_web::page;

fn main() {
    // In a worker there is no window: the page starts this module once more there, so that its reader loads one.
    if web_sys::window().is_none() {
        return worker::run();
    }
    page::recall_theme();
    if let Some(root) = page::container("experiments") {
        yew::Renderer::<ExperimentsApp>::with_root(root).render();
    }
}
