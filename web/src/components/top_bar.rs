//! The bar at the top: name, pages, link, theme, help.

use yew::{Html, html};

use crate::components::icon::{Picture, icon};
use crate::components::{Desk, on_click};
use crate::intent::Intent;

/// The bar at the top.
pub fn top_bar(desk: &Desk) -> Html {
    html! {
        <header class="top">
            <h1>{"chord"}<b>{"scope"}</b></h1>
            <nav aria-label="Pages"><a href="#/ring" aria-current="page">{"Ring"}</a></nav>
            <div class="top__end">
                <button type="button" class="quiet" onclick={on_click(&desk.intend, Intent::Share)}>{"Share link"}</button>
                <button type="button" class="quiet" aria-label="Light or dark" title="Light or dark" onclick={on_click(&desk.intend, Intent::Theme)}>
                    {icon(Picture::Theme)}
                </button>
                <button type="button" class="quiet" aria-label="Help" title="Help" onclick={on_click(&desk.intend, Intent::Help(true))}>{"?"}</button>
            </div>
        </header>
    }
}
