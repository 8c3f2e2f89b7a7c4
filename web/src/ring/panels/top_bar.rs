//! The header of the ring page: what is done to a whole run.

use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, MouseEvent, TargetCast, html};

use crate::components::header::{Parts, header};
use crate::components::help::Tools;
use crate::page::Route;
use crate::player::transport::undo_and_redo;
use crate::ring::engine::snapshot::Beside;
use crate::ring::intent::Intent;
use crate::ring::panels::{Desk, on_click};
use crate::ring::state::Action;
use crate::ring::use_dropped_run::import;

/// The header with the page's tools.
pub fn top_bar(desk: &Desk, tools: Tools) -> Html {
    let toast = html! {
        if let Some(toast) = &desk.ui.toast {
            <p class="toast" role="status">{toast}</p>
        }
    };
    let more = html! {
        <>
            <button type="button" class="quiet" title="Save this run with its branches as a file" onclick={on_click(&desk.intend, Intent::Export)}>{"Export"}</button>
            <label class="pick quiet" title="Open a run from a file; it may be dropped on the page, too">{"Import"}<input type="file" accept=".json,application/json" onchange={chosen(desk)} /></label>
            <button type="button" class="quiet" onclick={on_click(&desk.intend, Intent::Share)}>{"Share link"}</button>
        </>
    };
    let parts = Parts {
        toast,
        deeds: Some(undo_and_redo(&desk.view.time, &desk.control())),
        more: Some(("ring-more", more)),
        note: note(desk),
    };
    header(Route::Ring, tools, parts)
}

/// Why a run could not be exported or imported; of one that was exported, the use of its file.
fn note(desk: &Desk) -> Html {
    html! {
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
