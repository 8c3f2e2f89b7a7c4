//! The layout of the home page, and the one place that joins controls, engine and browser.

use yew::{Html, component, html, use_memo, use_node_ref};

use crate::components::header::{Parts, header};
use crate::components::help::{Heard, use_help};
use crate::home::engine::Engine;
use crate::home::engine::doors::Door;
use crate::home::panels::Desk;
use crate::home::panels::doors::doors;
use crate::home::panels::goals::goals;
use crate::home::panels::help::{HELP, of_key};
use crate::home::panels::living::living;
use crate::home::panels::own_ring::OwnRing;
use crate::home::stage::{Canvases, HomeStage};
use crate::hooks::use_route::use_route;
use crate::page::{self, Route};
use crate::player::use_player::use_player;

/// The home page.
#[component]
pub fn HomeApp() -> Html {
    let (still, moving) = (use_node_ref(), use_node_ref());
    let painted = use_memo((), |()| -> Vec<Canvases> {
        Door::ALL.map(|_| Canvases::default()).to_vec()
    });
    let shown = use_route() == Route::Home;
    let handle = {
        let (ring, doors) = ((still.clone(), moving.clone()), (*painted).clone());
        use_player(
            || Engine::open(page::calm()),
            || HomeStage::on(ring, doors),
            shown,
        )
    };
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
    html! {
        <div class="app">
            {header(Route::Home, tools, Parts::default())}
            <main class="home">
                <div class="hero">
                    {goals(&desk)}
                    {living(&desk, still, moving)}
                </div>
                {doors(&desk, &painted)}
                <OwnRing />
            </main>
            {sheet}
        </div>
    }
}
