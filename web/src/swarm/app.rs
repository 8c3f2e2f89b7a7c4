//! The layout of the swarm page, and the one place that joins controls, engine and browser.

use yew::{Callback, Html, component, html, use_effect_with, use_node_ref, use_state};

use crate::components::help::{Heard, use_help};
use crate::hooks::use_route::use_route;
use crate::page::{self, Route};
use crate::player::branch_tree::branch_tree;
use crate::player::frame::Frame;
use crate::player::run_bar::{RunDeed, use_run_bar};
use crate::player::transport::transport;
use crate::player::use_dropped_run::use_dropped_run;
use crate::player::use_player::use_player;
use crate::player::{Beside, Refused};
use crate::swarm::engine::Engine;
use crate::swarm::engine::command::Command;
use crate::swarm::panels::Desk;
use crate::swarm::panels::ask_bar::ask_bar;
use crate::swarm::panels::caption::caption_line;
use crate::swarm::panels::client_card::client_card;
use crate::swarm::panels::event_log::event_log;
use crate::swarm::panels::goals_card::goals_card;
use crate::swarm::panels::help::{HELP, Wish, of_key};
use crate::swarm::panels::levers_card::levers_card;
use crate::swarm::panels::stage_view::stage_view;
use crate::swarm::panels::strip::strip;
use crate::swarm::panels::tables_card::tables_card;
use crate::swarm::panels::ways_card::ways_card;
use crate::swarm::stage::SwarmStage;

/// The swarm page.
#[component]
pub fn SwarmApp() -> Html {
    let canvas = use_node_ref();
    let shown = use_route() == Route::Swarm;
    let handle = {
        let canvas = canvas.clone();
        use_player(
            || Engine::open(&page::query(), page::calm()),
            || SwarmStage::on(canvas),
            shown,
        )
    };
    let bar = use_run_bar(&handle, handle.view.time.notice.as_ref());
    let over = use_dropped_run(&bar.given, shown);
    use_effect_with(handle.view.address.clone(), |address| {
        if let Some(address) = address {
            page::replace_query(Route::Swarm, &address.query);
        }
    });
    let (typed, wrong) = (use_state(|| None), use_state(|| None));
    let wish = {
        let (send, deed) = (handle.send.clone(), bar.deed.clone());
        Callback::from(move |wish| match wish {
            Wish::Share => deed.emit(RunDeed::Share),
            Wish::Engine(command) => send.emit(command),
        })
    };
    let (tools, sheet) = use_help(
        &HELP,
        Heard {
            shown,
            single: true,
        },
        of_key,
        wish,
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
    let refused = Refused::in_bar(desk.view.refused.as_ref());
    let parts = bar.parts(
        "swarm-more",
        time,
        &control,
        desk.view.refused_beside(Beside::Run),
    );
    let stage = html! {
        <>
            {ask_bar(&desk)}
            {strip(&desk)}
            {stage_view(&desk, canvas)}
            {branch_tree(time, &control)}
            {caption_line(&desk)}
            {transport(time, &control, refused)}
        </>
    };
    let side = html! {
        <>
            {client_card(&desk)}
            {ways_card(&desk)}
            {goals_card(&desk)}
            {levers_card(&desk)}
            {event_log(&desk)}
            {tables_card(&desk)}
        </>
    };
    Frame {
        here: Route::Swarm,
        tools,
        parts,
        stage: ("stage--swarm", stage),
        side,
        sheet,
        over,
    }
    .html()
}
