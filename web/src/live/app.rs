//! The layout of the live page, and the one place that joins its desk, its worker and the browser.

use wasm_bindgen_futures::spawn_local;
use yew::{
    Callback, Html, UseReducerDispatcher, component, hook, html, use_effect_with, use_node_ref,
    use_reducer, use_state,
};

use crate::components::header::{Parts, header};
use crate::components::help::{Heard, use_help};
use crate::hooks::use_route::use_route;
use crate::live::desk::{Action, Desk};
use crate::live::intent::{Intent, command, field_id};
use crate::live::lent::use_drop;
use crate::live::panels::{
    HELP, events_card, files_card, join_bar, of_key, peers_card, status_line, tab_card, tab_stage,
    use_stage, values_card,
};
use crate::live::refusal::Origin;
use crate::live::use_tab::use_tab;
use crate::page::{self, Route};

/// The properties of the panels.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The page's state.
    pub desk: yew::UseReducerHandle<Desk>,
    /// Takes a wish of the user.
    pub intend: Callback<Intent>,
    /// The origin of the page.
    pub origin: Origin,
    /// The number of nodes of the last lookup's path that its replay has reached.
    pub reached: usize,
}

/// The live page.
#[component]
pub fn LiveApp() -> Html {
    let (still, moving) = (use_node_ref(), use_node_ref());
    let shown = use_route() == Route::Live;
    let desk = use_reducer(|| Desk {
        address: page::peer().unwrap_or_default(),
        ..Desk::default()
    });
    let is_peer = use_suggestion(desk.dispatcher());
    let send = use_tab(desk.dispatcher());
    let stage = use_stage(still.clone(), moving.clone(), desk.clone(), shown);
    let intend = {
        let desk = desk.clone();
        Callback::from(move |intent| match command(&desk, intent) {
            Ok(asked) => {
                desk.dispatch(Action::Accepted);
                send.emit(asked);
            }
            Err((field, text)) => {
                page::focus(field_id(field));
                desk.dispatch(Action::Wrong(field, text));
            }
        })
    };
    let over = use_drop(intend.clone(), shown);
    let text = page::origin();
    let panel = Panel {
        desk,
        intend,
        origin: Origin { text, is_peer },
        reached: stage.reached,
    };
    let (tools, sheet) = use_help(
        &HELP,
        Heard {
            shown,
            single: true,
        },
        of_key,
        Callback::from(page::focus),
        stage.recolour.clone(),
        Html::default(),
    );
    html! {
        <div class={if over { "app app--drop" } else { "app" }}>
            {header(Route::Live, tools, Parts::default())}
            <main class="page">
                <section class="stage" aria-label="Stage">
                    {join_bar(&panel)}
                    {tab_stage(&panel, &stage, still, moving)}
                    {status_line(&panel)}
                </section>
                <aside class="side" aria-label="Panels">
                    {values_card(&panel)}
                    {files_card(&panel)}
                    {tab_card(&panel)}
                    {peers_card(&panel)}
                    {events_card(&panel)}
                </aside>
            </main>
            {sheet}
        </div>
    }
}

/// Suggests the peer that serves this page as the one to join, if one does. Returns whether it does, once that is known.
#[hook]
fn use_suggestion(desk: UseReducerDispatcher<Desk>) -> Option<bool> {
    let is_peer = use_state(|| None);
    let set = is_peer.setter();
    use_effect_with((), move |()| {
        spawn_local(async move {
            let is_peer = page::is_served_by_peer().await;
            if is_peer {
                desk.dispatch(Action::Suggested(page::origin()));
            }
            set.set(Some(is_peer));
        });
    });
    *is_peer
}
