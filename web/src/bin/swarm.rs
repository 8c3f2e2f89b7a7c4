//! Mounts the swarm page.

use chordscope_web::page;
use chordscope_web::swarm::app::SwarmApp;

fn main() {
    page::recall_theme();
    if let Some(root) = page::container("swarm") {
        yew::Renderer::<SwarmApp>::with_root(root).render();
    }
}
