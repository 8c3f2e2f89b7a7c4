//! The layout of the swarm page, which joins its panels with what every page with a run has.

use yew::{Html, component, html, use_node_ref, use_state};

use crate::player::Refused;
use crate::player::branch_tree::branch_tree;
use crate::player::frame::{Made, use_run_page};
use crate::player::transport::transport;
use crate::swarm::engine::Engine;
use crate::swarm::panels::Desk;
use crate::swarm::panels::ask_bar::ask_bar;
use crate::swarm::panels::caption::caption_line;
use crate::swarm::panels::client_card::client_card;
use crate::swarm::panels::event_log::event_log;
use crate::swarm::panels::goals_card::goals_card;
use crate::swarm::panels::help::{HELP, of_key};
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
    let page = {
        let canvas = canvas.clone();
        let made = Made {
            open: Engine::open,
            help: &HELP,
            of_key,
            more: "swarm-more",
        };
        use_run_page(made, || SwarmStage::on(canvas))
    };
    let (typed, wrong) = (use_state(|| None), use_state(|| None));
    let desk = Desk {
        view: page.view,
        typed,
        wrong,
        send: page.send,
    };
    let (time, control) = (&desk.view.time, &page.control);
    let refused = Refused::in_bar(desk.view.refused.as_ref());
    let stage = html! {
        <>
            {ask_bar(&desk)}
            {strip(&desk)}
            {stage_view(&desk, canvas)}
            {branch_tree(time, control)}
            {caption_line(&desk)}
            {transport(time, control, refused)}
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
    page.frame.html("stage--swarm", stage, side)
}
