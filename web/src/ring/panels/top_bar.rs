//! The bar at the top: name, pages, link, theme, help.

use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, MouseEvent, TargetCast, html};

use crate::components::icon::{Picture, icon};
use crate::components::pages::pages;
use crate::page::Route;
use crate::player::transport::undo_and_redo;
use crate::ring::engine::snapshot::Beside;
use crate::ring::intent::Intent;
use crate::ring::panels::{Desk, on_click};
use crate::ring::state::Action;
use crate::ring::use_dropped_run::import;

/// The bar at the top; `help` is the button that opens the help sheet.
pub fn top_bar(desk: &Desk, help: Html) -> Html {
    html! {
        <header class="top">
            <h1>{"chord"}<b>{"scope"}</b></h1>
            {pages(Route::Ring)}
            if let Some(toast) = &desk.ui.toast {
                <p class="toast" role="status">{toast}</p>
            }
            <div class="top__deeds" role="group" aria-label="Deeds">
                {undo_and_redo(&desk.view.time, &desk.control())}
            </div>
            <div class="top__end">
                <button type="button" class="quiet menu menu--more" aria-label="More" title="More" popovertarget="ring-more">{icon(Picture::More)}</button>
                <div id="ring-more" class="top__more" popover="auto">
                    <button type="button" class="quiet" title="Save this run with its branches as a file" onclick={on_click(&desk.intend, Intent::Export)}>{"Export"}</button>
                    <label class="pick quiet" title="Open a run from a file; it may be dropped on the page, too">{"Import"}<input type="file" accept=".json,application/json" onchange={chosen(desk)} /></label>
                    <button type="button" class="quiet" onclick={on_click(&desk.intend, Intent::Share)}>{"Share link"}</button>
                    <button type="button" class="quiet" aria-label="Light or dark" title="Light or dark" onclick={on_click(&desk.intend, Intent::Theme)}>
                        {icon(Picture::Theme)}
                        <span class="top__word">{"Light or dark"}</span>
                    </button>
                </div>
                {help}
            </div>
            if let Some(refused) = desk.view.refused_beside(Beside::Run) {
                <p class="top__note error" role="alert">{refused}</p>
            } else if desk.ui.exported {
                <div class="top__note" role="group" aria-label="Exported">
                    <p>{"Exported: “Import” opens the file. What happened up to now is there as a chart of time, too, for ui.perfetto.dev."}</p>
                    <div class="top__end">
                        <button type="button" onclick={on_click(&desk.intend, Intent::Trace)}>{"Save Chrome trace"}</button>
                        <button type="button" class="quiet" onclick={close(desk)}>{"Close"}</button>
                    </div>
                </div>
            }
        </header>
    }
}

/// Closes what is said of an exported run.
fn close(desk: &Desk) -> Callback<MouseEvent> {
    let ui = desk.ui.dispatcher();
    Callback::from(move |_| ui.dispatch(Action::Exported(false)))
}

/// Imports the file that is chosen.
fn chosen(desk: &Desk) -> Callback<Event> {
    let send = desk.send.clone();
    Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            import(&file, &send);
        }
        // The same one may be chosen again.
        input.set_value("");
    })
}
