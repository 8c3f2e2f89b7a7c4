//! The layout of the swarm page, and the one place that joins controls, engine and browser.

use yew::{Html, component, html, use_node_ref, use_state};

use crate::components::header::{Parts, header};
use crate::components::help::use_help;
use crate::hooks::use_route::use_route;
use crate::page::{self, Route};
use crate::player::branch_tree::branch_tree;
use crate::player::transport::{transport, undo_and_redo};
use crate::player::use_player::use_player;
use crate::swarm::engine::Engine;
use crate::swarm::engine::command::Command;
use crate::swarm::panels::Desk;
use crate::swarm::panels::ask_bar::ask_bar;
use crate::swarm::panels::caption::caption_line;
use crate::swarm::panels::client_card::client_card;
use crate::swarm::panels::event_log::event_log;
use crate::swarm::panels::help::{HELP, of_key};
use crate::swarm::panels::levers_card::levers_card;
use crate::swarm::panels::stage_view::stage_view;
use crate::swarm::panels::strip::strip;
use crate::swarm::panels::tables_card::tables_card;
use crate::swarm::stage::SwarmStage;

/// The swarm page.
#[component]
pub fn SwarmApp() -> Html {
    let canvas = use_node_ref();
    let shown = use_route() == Route::Swarm;
    let handle = {
        let canvas = canvas.clone();
        use_player(
            || Engine::open(page::calm()),
            || SwarmStage::on(canvas),
            shown,
        )
    };
    let (typed, wrong) = (use_state(|| None), use_state(|| None));
    let (tools, sheet) = use_help(
        &HELP,
        shown,
        true,
        of_key,
        handle.send.clone(),
        handle.repaint,
        Html::default(),
    );
    let desk = Desk {
        view: handle.view,
        typed,
        wrong,
        send: handle.send,
    };
    let control = desk.send.reform(Command::Time);
    let time = &desk.view.time;
    let refused = desk
        .view
        .refused
        .as_deref()
        .filter(|_| desk.view.selected.is_none());
    let class = if page::embedded() {
        "app app--embed"
    } else {
        "app"
    };
    let parts = Parts {
        deeds: Some(undo_and_redo(time, &control)),
        ..Parts::default()
    };
    html! {
        <div {class}>
            {header(Route::Swarm, tools, parts)}
            <main class="page">
                <section class="stage stage--swarm" aria-label="Stage">
                    {ask_bar(&desk)}
                    {strip(&desk)}
                    {stage_view(&desk, canvas)}
                    {branch_tree(time, &control)}
                    {caption_line(&desk)}
                    {transport(time, &control, refused)}
                </section>
                <aside class="side" aria-label="Panels">
                    {client_card(&desk)}
                    {levers_card(&desk)}
                    {event_log(&desk)}
                    {tables_card(&desk)}
                </aside>
            </main>
            {sheet}
        </div>
    }
}
