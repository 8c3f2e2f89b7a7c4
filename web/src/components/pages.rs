//! The links between the pages, which stand in the bar at the top of each.

use yew::{Html, html};

use crate::page::Route;

/// The pages in their order: the address of each, its name, and the element id of its own menu, since all applications share a document.
const PAGES: [(Route, &str, &str, &str); 5] = [
    (Route::Ring, "#/ring", "Ring", "ring-pages"),
    (Route::Swarm, "#/swarm", "Swarm", "swarm-pages"),
    (
        Route::Directory,
        "#/directory",
        "Directory",
        "directory-pages",
    ),
    (
        Route::Experiments,
        "#/experiments",
        "Experiments",
        "experiments-pages",
    ),
    (Route::Live, "#/live", "Live", "live-pages"),
];

/// The links between the pages. On a phone they are a menu, whose button names the page that shows. (Start script: a menu closes when
/// something in it is chosen.)
pub fn pages(here: Route) -> Html {
    let mut own = PAGES.iter().filter(|(route, ..)| *route == here);
    let (_, _, name, menu) = *own.next().unwrap_or(&PAGES[0]);
    html! {
        <>
            <button type="button" class="menu" popovertarget={menu}><span class="visually-hidden">{"Pages: "}</span>{name}</button>
            <nav id={menu} popover="auto" aria-label="Pages">
                {for PAGES.iter().map(|(route, href, name, _)| html! {
                    <a href={*href} aria-current={(*route == here).then_some("page")}>{*name}</a>
                })}
            </nav>
        </>
    }
}
