//! Mounts the pages of the lab: the swarm, the directories, the experiments.

use chordscope_web::directory::app::DirectoryApp;
use chordscope_web::experiments::app::ExperimentsApp;
use chordscope_web::hooks::use_route::use_route;
use chordscope_web::page::{self, Route};
use chordscope_web::swarm::app::SwarmApp;
use yew::{Html, component, html, use_mut_ref};

fn main() {
    // In a worker there is no window: the page of experiments starts this module once more there, so that its reader loads one.
    if web_sys::window().is_none() {
        return chordscope_web::experiments::worker::run();
    }
    page::recall_theme();
    if let Some(root) = page::container("lab") {
        yew::Renderer::<Lab>::with_root(root).render();
    }
}

/// The lab's page of a route; none where that is a page of another application.
fn page_of(route: Route) -> Option<Html> {
    match route {
        Route::Swarm => Some(html! { <SwarmApp /> }),
        Route::Directory => Some(html! { <DirectoryApp /> }),
        Route::Experiments => Some(html! { <ExperimentsApp /> }),
        Route::Home | Route::Ring | Route::Live | Route::Unknown => None,
    }
}

/// The pages that were asked for so far. All but the one that the address names go on, unseen.
#[component]
fn Lab() -> Html {
    let route = use_route();
    let begun = use_mut_ref(Vec::<Route>::new);
    let mut begun = begun.borrow_mut();
    if page_of(route).is_some() && !begun.contains(&route) {
        begun.push(route);
    }
    html! {
        for each in begun.iter() {
            <div hidden={*each != route}>{page_of(*each)}</div>
        }
    }
}
