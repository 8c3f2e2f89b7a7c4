//! The layout of the swarm page, and the one place that joins controls, engine and browser.

use yew::{Callback, Html, MouseEvent, component, html, use_node_ref, use_state};

use crate::components::icon::{Picture, icon};
use crate::components::pages::pages;
use crate::hooks::use_route::use_route;
use crate::page::{self, Route};
use crate::player::branch_tree::branch_tree;
use crate::player::transport::{transport, undo_and_redo};
use crate::swarm::engine::command::Command;
use crate::swarm::panels::Desk;
use crate::swarm::panels::ask_bar::ask_bar;
use crate::swarm::panels::caption::caption_line;
use crate::swarm::panels::client_card::client_card;
use crate::swarm::panels::event_log::event_log;
use crate::swarm::panels::help::use_help;
use crate::swarm::panels::levers_card::levers_card;
use crate::swarm::panels::stage_view::stage_view;
use crate::swarm::panels::strip::strip;
use crate::swarm::panels::tables_card::tables_card;
use crate::swarm::use_engine::use_engine;

/// The swarm page.
#[component]
pub fn SwarmApp() -> Html {
    let canvas = use_node_ref();
    let shown = use_route() == Route::Swarm;
    let handle = use_engine(canvas.clone(), shown);
    let (typed, wrong) = (use_state(|| None), use_state(|| None));
    let repaint = {
        let painter = handle.painter;
        Callback::from(move |()| painter.borrow_mut().forget_colours())
    };
    let (help, sheet) = use_help(shown, &handle.send, &repaint);
    let theme = Callback::from(move |_: MouseEvent| {
        page::toggle_theme();
        repaint.emit(());
    });
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
    html! {
        <div {class}>
            <header class="top">
                <h1>{"chord"}<b>{"scope"}</b></h1>
                {pages(Route::Swarm)}
                <div class="top__deeds" role="group" aria-label="Deeds">{undo_and_redo(time, &control)}</div>
                <div class="top__end">
                    <button type="button" class="quiet" aria-label="Light or dark" title="Light or dark" onclick={theme}>
                        {icon(Picture::Theme)}
                    </button>
                    {help}
                </div>
            </header>
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
