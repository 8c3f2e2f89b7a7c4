//! The bar at the top: name, pages, link, theme, help.

use yew::{Html, html};

use crate::components::icon::{Picture, icon};
use crate::components::pages::pages;
use crate::page::Route;
use crate::player::transport::undo_and_redo;
use crate::ring::intent::Intent;
use crate::ring::panels::{Desk, on_click};

/// The bar at the top.
pub fn top_bar(desk: &Desk) -> Html {
    html! {
        <header class="top">
            <h1>{"chord"}<b>{"scope"}</b></h1>
            {pages(Route::Ring)}
            <div class="top__deeds" role="group" aria-label="Deeds">
                {undo_and_redo(&desk.view.time, &desk.control())}
            </div>
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
