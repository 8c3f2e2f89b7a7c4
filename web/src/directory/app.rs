//! The layout of the directory page, and the one place that joins controls, engine and browser.

use yew::{
    Callback, Html, MouseEvent, UseStateHandle, classes, component, html, use_effect_with,
    use_state,
};

use crate::components::header::header;
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
use crate::player::Beside;
use crate::player::branch_tree::branch_tree;
use crate::player::run_bar::{RunDeed, use_run_bar};
use crate::player::transport::transport;
use crate::player::use_dropped_run::use_dropped_run;
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
    let handle = use_player(
        || Engine::open(&page::query(), page::calm()),
        || Elements,
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
    // Where the stage is alone, nothing else has room for what cannot be done.
    let refused = match page::embedded() {
        true => desk
            .view
            .refused
            .as_ref()
            .map(|refused| refused.text.as_str()),
        false => desk.view.refused_beside(Beside::Time),
    };
    let class = classes!(
        "app",
        page::embedded().then_some("app--embed"),
        over.then_some("app--drop"),
    );
    let parts = bar.parts(
        "directory-more",
        time,
        &control,
        desk.view.refused_beside(Beside::Run),
    );
    let is_run = *sight != Sight::Exercise;
    html! {
        <div {class}>
            {header(Route::Directory, tools, parts)}
            <main class="page">
                <section class="stage stage--directory" aria-label="Stage">
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
            <p class="drop" aria-hidden="true">{"Drop the file to open its run."}</p>
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
