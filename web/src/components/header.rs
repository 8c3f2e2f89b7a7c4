//! The header of a page: brand, links between pages, and what the page has to say and to offer beside them.

use yew::{Html, html};

use crate::components::help::Tools;
use crate::components::icon::{Picture, icon};
use crate::components::pages::pages;
use crate::page::Route;

/// The parts of a header that not every page has.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// A confirmation.
    pub toast: Html,
    /// The buttons that take deeds back and do them again.
    pub deeds: Option<Html>,
    /// The element id of a menu, and the buttons in it; where there is room they stand beside one another.
    pub more: Option<(&'static str, Html)>,
    /// A note below the bar.
    pub note: Html,
}

/// The header of a page with its tools.
pub fn header(here: Route, tools: Tools, parts: Parts) -> Html {
    let Tools { theme, help } = tools;
    html! {
        <header class="top">
            <h1><a href="#/">{"chord"}<b>{"scope"}</b></a></h1>
            {pages(here)}
            {parts.toast}
            if let Some(deeds) = parts.deeds {
                <div class="top__deeds" role="group" aria-label="Deeds">{deeds}</div>
            }
            <div class="top__end">
                if let Some((id, items)) = parts.more {
                    <button type="button" class="quiet menu menu--more" aria-label="More" title="More" popovertarget={id}>{icon(Picture::More)}</button>
                    <div {id} class="top__more" popover="auto">{items}{theme}</div>
                } else {
                    {theme}
                }
                {help}
            </div>
            {parts.note}
        </header>
    }
}
