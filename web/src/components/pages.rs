//! The links between the pages, which stand in the bar at the top of each.

use yew::{Html, html};

use crate::page::Route;

/// The links between the pages; the one that shows is marked.
pub fn pages(here: Route) -> Html {
    let page = |route, href: &'static str, name: &'static str| {
        html! { <a {href} aria-current={(route == here).then_some("page")}>{name}</a> }
    };
    html! {
        <nav aria-label="Pages">{page(Route::Ring, "#/ring", "Ring")}{page(Route::Experiments, "#/experiments", "Experiments")}{page(Route::Live, "#/live", "Live")}</nav>
    }
}
