//! The links between the pages, which stand in the bar at the top of each.

use yew::{Html, html};

use crate::page::Route;

/// The links between the pages. On a phone they are a menu, whose button names the page that shows. (Start script: a menu closes when
/// something in it is chosen.)
pub fn pages(here: Route) -> Html {
    let page = |route, href: &'static str, name: &'static str| {
        html! { <a {href} aria-current={(route == here).then_some("page")}>{name}</a> }
    };
    // All applications share a document: each has its own menu in it.
    let (menu, name) = match here {
        Route::Home => ("home-pages", "Home"),
        Route::Ring => ("ring-pages", "Ring"),
        Route::Swarm => ("swarm-pages", "Swarm"),
        Route::Experiments => ("experiments-pages", "Experiments"),
        Route::Live | Route::Unknown => ("live-pages", "Live"),
    };
    html! {
        <>
            <button type="button" class="menu" popovertarget={menu}><span class="visually-hidden">{"Pages: "}</span>{name}</button>
            <nav id={menu} popover="auto" aria-label="Pages"><a class="top__home" href="#/">{"Home"}</a>{page(Route::Ring, "#/ring", "Ring")}{page(Route::Swarm, "#/swarm", "Swarm")}{page(Route::Experiments, "#/experiments", "Experiments")}{page(Route::Live, "#/live", "Live")}</nav>
        </>
    }
}
