//! The layout of the directory page, and the one place that joins controls, engine and browser.

use yew::{
    Callback, Html, MouseEvent, UseStateHandle, component, html, use_effect_with, use_state,
};

use crate::components::help::{Heard, use_help};
use crate::directory::engine::Engine;
use crate::directory::engine::command::Command;
use crate::directory::panels::ask_bar::ask_bar;
use crate::directory::panels::beside_view::beside_view;
use crate::directory::panels::caption::caption_line;
use crate::directory::panels::event_log::event_log;
use crate::directory::panels::exercise_view::ExerciseView;
use crate::directory::panels::goals_card::goals_card;
use crate::directory::panels::help::{HELP, Wish, of_key};
use crate::directory::panels::peers_card::peers_card;
use crate::directory::panels::pictures::{hint_line, pictures};
use crate::directory::panels::predict_card::PredictCard;
use crate::directory::panels::route_card::route_card;
use crate::directory::panels::tables::{chord_and_kademlia, directories};
use crate::directory::panels::take_out_card::take_out_card;
use crate::directory::panels::{Desk, Sight};
use crate::hooks::use_route::use_route;
use crate::page::{self, Route};
use crate::player::branch_tree::branch_tree;
use crate::player::frame::Frame;
use crate::player::run_bar::{RunDeed, use_run_bar};
use crate::player::transport::transport;
use crate::player::use_dropped_run::use_dropped_run;
use crate::player::use_player::{Elements, use_player};
use crate::player::{Beside, Refused};

/// The directory page.
#[component]
pub fn DirectoryApp() -> Html {
    let shown = use_route() == Route::Directory;
    let handle = use_player(
        || Engine::open(&page::query(), page::calm()),
        Elements::default,
        shown,
    );
    let bar = use_run_bar(&handle, handle.view.time.notice.as_ref());
    let over = use_dropped_run(&bar.given, shown);
    use_effect_with(handle.view.address.clone(), |address| {
        if let Some(address) = address {
            page::replace_query(Route::Directory, &address.query);
        }
    });
    let wish = {
        let (send, deed) = (handle.send.clone(), bar.deed.clone());
        Callback::from(move |wish| match wish {
            Wish::Share => deed.emit(RunDeed::Share),
            Wish::Engine(command) => send.emit(command),
        })
    };
    let sight = use_state(|| Sight::Boxes);
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
        "directory-more",
        time,
        &control,
        desk.view.refused_beside(Beside::Run),
    );
    let is_run = *sight != Sight::Exercise;
    let stage = html! {
        <>
            {sights(&sight)}
            if is_run {
                {ask_bar(&desk)}
                <div class="dirs__room">
                    if *sight == Sight::Boxes {
                        {pictures(&desk)}
                        {hint_line(&desk)}
                        {directories(&desk)}
                    } else {
                        {beside_view(&desk)}
                        {hint_line(&desk)}
                        {chord_and_kademlia(&desk)}
                    }
                </div>
                {branch_tree(time, &control)}
                {caption_line(&desk)}
                {transport(time, &control, refused)}
            } else {
                <div class="dirs__room"><ExerciseView /></div>
            }
        </>
    };
    let side = html! {
        <>
            {take_out_card(&desk)}
            {goals_card(&desk)}
            if desk.view.titles > 0 {
                <PredictCard view={desk.view.clone()} send={desk.send.clone()} />
            }
            {route_card(&desk)}
            {peers_card(&desk)}
            {event_log(&desk)}
        </>
    };
    Frame {
        here: Route::Directory,
        tools,
        parts,
        stage: ("stage--directory", stage),
        side,
        sheet,
        over,
    }
    .html()
}

/// The choice of a view.
fn sights(sight: &UseStateHandle<Sight>) -> Html {
    let button = |which: Sight, name: &'static str| {
        let set = sight.setter();
        let onclick = Callback::from(move |_: MouseEvent| set.set(which));
        html! {
            <button type="button" class="quiet" aria-pressed={(**sight == which).to_string()} {onclick}>{name}</button>
        }
    };
    html! {
        <div class="sights" role="group" aria-label="View">
            {button(Sight::Boxes, "One, four, everybody")}
            {button(Sight::Beside, "Chord beside Kademlia")}
            {button(Sight::Exercise, "Exercise")}
        </div>
    }
}
