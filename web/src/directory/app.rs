//! The layout of the directory page, which joins its panels with what every page with a run has.

use yew::{Callback, Html, MouseEvent, UseStateHandle, component, html, use_state};

use crate::directory::engine::Engine;
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
use crate::player::Refused;
use crate::player::branch_tree::branch_tree;
use crate::player::frame::{Made, use_run_page};
use crate::player::transport::transport;
use crate::player::use_player::Elements;

/// The directory page.
#[component]
pub fn DirectoryApp() -> Html {
    let made = Made {
        open: Engine::open,
        help: &HELP,
        of_key,
        more: "directory-more",
    };
    let page = use_run_page(made, Elements::default);
    let sight = use_state(|| Sight::Boxes);
    let desk = Desk {
        view: page.view,
        send: page.send,
    };
    let (time, control) = (&desk.view.time, &page.control);
    let refused = Refused::in_bar(desk.view.refused.as_ref());
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
                {branch_tree(time, control)}
                {caption_line(&desk)}
                {transport(time, control, refused)}
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
    page.frame.html("stage--directory", stage, side)
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
