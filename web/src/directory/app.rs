//! The layout of the directory page, and the one place that joins controls, engine and browser.

use yew::{Callback, Html, MouseEvent, UseStateHandle, component, html, use_state};

use crate::components::header::{Parts, header};
use crate::components::help::{Heard, use_help};
use crate::directory::engine::Engine;
use crate::directory::engine::command::Command;
use crate::directory::engine::snapshot::Snapshot;
use crate::directory::panels::ask_bar::ask_bar;
use crate::directory::panels::beside_view::beside_view;
use crate::directory::panels::caption::caption_line;
use crate::directory::panels::event_log::event_log;
use crate::directory::panels::exercise_view::ExerciseView;
use crate::directory::panels::goals_card::goals_card;
use crate::directory::panels::help::{HELP, of_key};
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
use crate::player::transport::{transport, undo_and_redo};
use crate::player::use_player::{Stage, use_player};

/// The stage is elements of the page, made from the snapshot: nothing is painted.
#[derive(Debug)]
struct Elements;

impl Stage for Elements {
    type Engine = Engine;

    fn forget_colours(&mut self) {}

    fn paint(&mut self, _: &Engine, _: Option<&Snapshot>) {}
}

/// The directory page.
#[component]
pub fn DirectoryApp() -> Html {
    let shown = use_route() == Route::Directory;
    let handle = use_player(|| Engine::open(page::calm()), || Elements, shown);
    let sight = use_state(|| Sight::Boxes);
    let (tools, sheet) = use_help(
        &HELP,
        Heard {
            shown,
            single: true,
        },
        of_key,
        handle.send.clone(),
        handle.repaint,
        Html::default(),
    );
    let desk = Desk {
        view: handle.view,
        send: handle.send,
    };
    let control = desk.send.reform(Command::Time);
    let time = &desk.view.time;
    let class = if page::embedded() {
        "app app--embed"
    } else {
        "app"
    };
    let parts = Parts {
        deeds: Some(undo_and_redo(time, &control)),
        ..Parts::default()
    };
    let is_run = *sight != Sight::Exercise;
    html! {
        <div {class}>
            {header(Route::Directory, tools, parts)}
            <main class="page">
                <section class="stage stage--directory" aria-label="Stage">
                    {sights(&sight)}
                    if is_run {
                        {ask_bar(&desk)}
                        if *sight == Sight::Boxes {
                            {pictures(&desk)}
                            {hint_line(&desk)}
                            {directories(&desk)}
                        } else {
                            {beside_view(&desk)}
                            {hint_line(&desk)}
                            {chord_and_kademlia(&desk)}
                        }
                        {branch_tree(time, &control)}
                        {caption_line(&desk)}
                        {transport(time, &control, None)}
                    } else {
                        <ExerciseView />
                    }
                </section>
                <aside class="side" aria-label="Panels">
                    {take_out_card(&desk)}
                    {goals_card(&desk)}
                    if desk.view.titles > 0 {
                        <PredictCard view={desk.view.clone()} send={desk.send.clone()} />
                    }
                    {route_card(&desk)}
                    {peers_card(&desk)}
                    {event_log(&desk)}
                </aside>
            </main>
            {sheet}
        </div>
    }
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
