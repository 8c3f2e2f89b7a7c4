//! The layout of the consistency page, and the one place that joins controls, engine and browser.

use yew::{Callback, Html, component, html, use_effect_with};

use crate::cap::engine::Engine;
use crate::cap::engine::command::Command;
use crate::cap::panels::Desk;
use crate::cap::panels::ask_bar::AskBar;
use crate::cap::panels::caption::caption_line;
use crate::cap::panels::cut_card::cut_card;
use crate::cap::panels::event_log::event_log;
use crate::cap::panels::goals_card::goals_card;
use crate::cap::panels::help::{HELP, Wish, of_key};
use crate::cap::panels::histories::histories;
use crate::cap::panels::judgement_card::judgement_card;
use crate::cap::panels::operation_card::operation_card;
use crate::cap::panels::picture::{definitions, legend};
use crate::cap::panels::predict_card::PredictCard;
use crate::cap::panels::repair_card::repair_card;
use crate::cap::panels::rings::{hint_line, rings};
use crate::cap::panels::tables_card::tables_card;
use crate::cap::panels::words_card::{choice_card, words_card};
use crate::components::help::{Heard, use_help};
use crate::hooks::use_route::use_route;
use crate::page::{self, Route};
use crate::player::branch_tree::branch_tree;
use crate::player::frame::Frame;
use crate::player::run_bar::{RunDeed, use_run_bar};
use crate::player::transport::transport;
use crate::player::use_dropped_run::use_dropped_run;
use crate::player::use_player::{Elements, use_player};
use crate::player::{Beside, Refused};

/// The consistency page.
#[component]
pub fn CapApp() -> Html {
    let shown = use_route() == Route::Cap;
    let handle = use_player(
        || Engine::open(&page::query(), page::calm()),
        Elements::default,
        shown,
    );
    let bar = use_run_bar(&handle, handle.view.time.notice.as_ref());
    let over = use_dropped_run(&bar.given, shown);
    use_effect_with(handle.view.address.clone(), |address| {
        if let Some(address) = address {
            page::replace_query(Route::Cap, &address.query);
        }
    });
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
        send: handle.send,
    };
    let control = desk.send.reform(Command::Time);
    let time = &desk.view.time;
    let refused = Refused::in_bar(desk.view.refused.as_ref());
    let parts = bar.parts(
        "cap-more",
        time,
        &control,
        desk.view.refused_beside(Beside::Run),
    );
    let stage = html! {
        <>
            {definitions()}
            <AskBar view={desk.view.clone()} send={desk.send.clone()} />
            <div class="cap-room" tabindex="0" role="group" aria-label="Pictures">
                {rings(&desk)}
                {histories(&desk)}
                {hint_line(&desk)}
                {legend()}
            </div>
            {branch_tree(time, &control)}
            {caption_line(&desk)}
            {transport(time, &control, refused)}
        </>
    };
    let side = html! {
        <>
            {judgement_card(&desk)}
            <PredictCard view={desk.view.clone()} send={desk.send.clone()} />
            {operation_card(&desk)}
            {cut_card(&desk)}
            {repair_card(&desk)}
            {choice_card(&desk)}
            {words_card(&desk)}
            {goals_card(&desk)}
            {tables_card(&desk)}
            {event_log(&desk)}
        </>
    };
    Frame {
        here: Route::Cap,
        tools,
        parts,
        stage: ("stage--cap", stage),
        side,
        sheet,
        over,
    }
    .html()
}
