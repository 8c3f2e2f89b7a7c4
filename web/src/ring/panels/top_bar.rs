//! The bar at the top: name, pages, link, theme, help.

use yew::{Html, html};

use crate::components::icon::{Picture, icon};
use crate::components::pages::pages;
use crate::page::Route;
use crate::ring::intent::Intent;
use crate::ring::panels::{Desk, on_click};

/// The bar at the top.
pub fn top_bar(desk: &Desk) -> Html {
    html! {
        <header class="top">
            <h1>{"chord"}<b>{"scope"}</b></h1>
            {pages(Route::Ring)}
            if let Some(toast) = &desk.ui.toast {
                <p class="toast" role="status">{toast}</p>
            }
            <div class="top__deeds" role="group" aria-label="Deeds">
                {deed(desk, "Undo", "Undo (Ctrl+Z)", Picture::Undo, Intent::Undo, desk.view.can_undo)}
                {deed(desk, "Redo", "Redo (Ctrl+Y)", Picture::Redo, Intent::Redo, desk.view.can_redo)}
            </div>
            <div class="top__end">
                <button type="button" class="quiet menu menu--more" aria-label="More" title="More" popovertarget="ring-more">{icon(Picture::More)}</button>
                <div id="ring-more" class="top__more" popover="auto">
                    <button type="button" class="quiet" onclick={on_click(&desk.intend, Intent::Share)}>{"Share link"}</button>
                    <button type="button" class="quiet" aria-label="Light or dark" title="Light or dark" onclick={on_click(&desk.intend, Intent::Theme)}>
                        {icon(Picture::Theme)}
                        <span class="top__word">{"Light or dark"}</span>
                    </button>
                </div>
                <button type="button" class="quiet" aria-label="Help" title="Help" onclick={on_click(&desk.intend, Intent::Help(true))}>{"?"}</button>
            </div>
        </header>
    }
}

/// A button that takes a deed back or does it again. It keeps the focus when there is nothing more of that.
fn deed(
    desk: &Desk,
    name: &'static str,
    title: &'static str,
    picture: Picture,
    intent: Intent,
    can: bool,
) -> Html {
    html! {
        <button type="button" class="quiet" aria-label={name} {title} aria-disabled={(!can).then_some("true")} onclick={on_click(&desk.intend, intent)}>{icon(picture)}</button>
    }
}
