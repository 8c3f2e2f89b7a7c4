//! The links between the pages, which stand in the bar at the top of each.

use yew::{Html, html};

use crate::page::{PAGES, Route};

/// The links between the pages. On a phone they are a menu, whose button names the page that shows. (Start script: a menu closes when
/// something in it is chosen.)
pub fn pages(here: Route) -> Html {
    let own = PAGES.iter().find(|(route, ..)| *route == here);
    let (word, name) = own.map_or(("home", "Home"), |(_, word, name)| (*word, *name));
    // All applications share a document: each has its own menu in it.
    let menu = format!("{word}-pages");
    html! {
        <>
            <button type="button" class="menu" popovertarget={menu.clone()}><span class="visually-hidden">{"Pages: "}</span>{name}</button>
            <nav id={menu} popover="auto" aria-label="Pages">
                <a class="top__home" href="#/">{"Home"}</a>
                {for PAGES.iter().map(|(route, word, name)| html! {
                    <a href={format!("#/{word}")} aria-current={(*route == here).then_some("page")}>{*name}</a>
                })}
            </nav>
        </>
    }
}
