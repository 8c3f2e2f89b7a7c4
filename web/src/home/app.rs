//! The layout of the home page, and the one place that joins controls, engine and browser.

use yew::{Callback, Html, MouseEvent, component, html, use_memo, use_node_ref};

use crate::components::icon::{Picture, icon};
use crate::components::pages::pages;
use crate::home::engine::command::Command;
use crate::home::engine::doors::Door;
use crate::home::panels::Desk;
use crate::home::panels::doors::doors;
use crate::home::panels::goals::goals;
use crate::home::panels::living::living;
use crate::home::panels::own_ring::OwnRing;
use crate::home::use_engine::{Canvases, use_engine};
use crate::hooks::use_route::use_route;
use crate::hooks::use_shortcuts::use_shortcuts;
use crate::page::{self, Route};

/// A wish that a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Theme,
    Engine(Command),
}

/// The home page.
#[component]
pub fn HomeApp() -> Html {
    let (still, moving) = (use_node_ref(), use_node_ref());
    let painted = use_memo((), |()| -> Vec<Canvases> {
        Door::ALL.map(|_| Canvases::default()).to_vec()
    });
    let shown = use_route() == Route::Home;
    let handle = use_engine(
        (still.clone(), moving.clone()),
        painted.as_ref().clone(),
        shown,
    );
    let wish = {
        let (send, painters) = (handle.send.clone(), handle.painters);
        Callback::from(move |wish| match wish {
            Wish::Theme => {
                page::toggle_theme();
                painters.borrow_mut().forget_colours();
            }
            Wish::Engine(command) => send.emit(command),
        })
    };
    use_shortcuts(shown, wish_of, wish.clone());
    let theme = wish.reform(|_: MouseEvent| Wish::Theme);
    let desk = Desk {
        view: handle.view,
        send: handle.send,
    };
    html! {
        <div class="app">
            <header class="top">
                <h1>{"chord"}<b>{"scope"}</b></h1>
                {pages(Route::Home)}
                <div class="top__end">
                    <button type="button" class="quiet" aria-label="Light or dark" title="Light or dark" onclick={theme}>
                        {icon(Picture::Theme)}
                    </button>
                </div>
            </header>
            <main class="home">
                <div class="hero">
                    {goals(&desk)}
                    {living(&desk, still, moving)}
                </div>
                {doors(&desk, &painted)}
                <OwnRing />
            </main>
        </div>
    }
}

fn wish_of(key: &str) -> Option<Wish> {
    match key {
        "t" => Some(Wish::Theme),
        " " => Some(Wish::Engine(Command::Toggle)),
        _ => None,
    }
}
