//! The layout of the consistency page, which joins its panels with what every page with a run has.

use yew::{Html, component, html};

use crate::cap::engine::Engine;
use crate::cap::panels::Desk;
use crate::cap::panels::ask_bar::AskBar;
use crate::cap::panels::caption::caption_line;
use crate::cap::panels::cut_card::cut_card;
use crate::cap::panels::event_log::event_log;
use crate::cap::panels::goals_card::goals_card;
use crate::cap::panels::help::{HELP, of_key};
use crate::cap::panels::histories::histories;
use crate::cap::panels::judgement_card::judgement_card;
use crate::cap::panels::operation_card::operation_card;
use crate::cap::panels::picture::{definitions, legend};
use crate::cap::panels::predict_card::PredictCard;
use crate::cap::panels::repair_card::repair_card;
use crate::cap::panels::rings::{hint_line, rings};
use crate::cap::panels::tables_card::tables_card;
use crate::cap::panels::words_card::{choice_card, words_card};
use crate::player::Refused;
use crate::player::branch_tree::branch_tree;
use crate::player::frame::{Made, use_run_page};
use crate::player::transport::transport;
use crate::player::use_player::Elements;

/// The consistency page.
#[component]
pub fn CapApp() -> Html {
    let made = Made {
        open: Engine::open,
        help: &HELP,
        of_key,
        more: "cap-more",
    };
    let page = use_run_page(made, Elements::default);
    let desk = Desk {
        view: page.view,
        send: page.send,
    };
    let (time, control) = (&desk.view.time, &page.control);
    let refused = Refused::in_bar(desk.view.refused.as_ref());
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
            {branch_tree(time, control)}
            {caption_line(&desk)}
            {transport(time, control, refused)}
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
    page.frame.html("stage--cap", stage, side)
}
