//! The layout of the page, and the one place that joins controls, engine and browser.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::{
    Callback, Html, UseReducerHandle, component, html, use_effect_with, use_node_ref, use_reducer,
};

use crate::components::Desk;
use crate::components::ask_bar::AskBar;
use crate::components::caption::CaptionLine;
use crate::components::change_card::ChangeCard;
use crate::components::event_log::EventLog;
use crate::components::health_card::HealthCard;
use crate::components::help_sheet::HelpSheet;
use crate::components::lookup_card::LookupCard;
use crate::components::node_card::NodeCard;
use crate::components::ring_view::RingView;
use crate::components::top_bar::TopBar;
use crate::components::transport::Transport;
use crate::engine::Engine;
use crate::hooks::use_engine::{EngineHandle, use_engine};
use crate::hooks::use_shortcuts::use_shortcuts;
use crate::intent::{self, Intent};
use crate::page;
use crate::state::{Action, Field, UiState};

/// The page.
#[component]
pub fn App() -> Html {
    let (still, moving) = (use_node_ref(), use_node_ref());
    let ui = use_reducer(UiState::default);
    let handle = use_engine(still.clone(), moving.clone());
    let intend = intend(&ui, &handle);
    use_shortcuts(ui.shortcuts, intend.clone());
    {
        let ui = ui.clone();
        use_effect_with(handle.view.scenario.asks.clone(), move |asks| {
            if let Some((key, from)) = asks {
                ui.dispatch(Action::Typed(Field::Key, key.clone()));
                ui.dispatch(Action::From(from.clone()));
            }
        });
    }
    let desk = Desk {
        view: handle.view,
        ui,
        intend,
        send: handle.send,
    };
    let class = if page::embedded() {
        "app app--embed"
    } else {
        "app"
    };
    html! {
        <div {class}>
            <TopBar ..desk.clone() />
            <main class="page">
                <section class="stage" aria-label="Stage">
                    <AskBar ..desk.clone() />
                    <RingView desk={desk.clone()} {still} {moving} />
                    <CaptionLine ..desk.clone() />
                    <Transport ..desk.clone() />
                </section>
                <aside class="side" aria-label="Panels">
                    <LookupCard ..desk.clone() />
                    <ChangeCard ..desk.clone() />
                    <NodeCard ..desk.clone() />
                    <HealthCard ..desk.clone() />
                    <EventLog ..desk.clone() />
                </aside>
            </main>
            <HelpSheet ..desk.clone() />
            if let Some(toast) = &desk.ui.toast {
                <p class="toast" role="status">{toast}</p>
            }
        </div>
    }
}

/// What carries out an intent.
fn intend(ui: &UseReducerHandle<UiState>, handle: &EngineHandle) -> Callback<Intent> {
    let (ui, handle) = (ui.clone(), handle.clone());
    Callback::from(move |asked: Intent| {
        match intent::command(asked, &ui, &handle.view) {
            Ok(Some(command)) => {
                ui.dispatch(Action::Accepted);
                handle.send.emit(command);
            }
            Ok(None) => {}
            Err(error) => {
                let field = error.field;
                ui.dispatch(Action::Refused(error));
                page::focus(field_id(field));
            }
        }
        match asked {
            Intent::Share => share(&ui, &handle.engine),
            Intent::Help(open) => ui.dispatch(Action::Help(open)),
            Intent::FocusKey => page::focus(field_id(Field::Key)),
            Intent::FocusNode => page::focus(field_id(Field::Node)),
            Intent::Theme => {
                page::toggle_theme();
                handle.painter.borrow_mut().forget_colours();
            }
            _ => {}
        }
    })
}

const fn field_id(field: Field) -> &'static str {
    match field {
        Field::Key => "key",
        Field::Node => "node",
    }
}

/// Puts a link to this moment into the address bar and the clipboard.
fn share(ui: &UseReducerHandle<UiState>, engine: &Rc<RefCell<Engine>>) {
    let link = engine.borrow().link();
    let ui = ui.clone();
    spawn_local(async move {
        let text = match link.map(|query| page::set_query(&query)) {
            Ok(Some(link)) if page::copy(&link).await => {
                "Link copied: it opens this ring at this moment.".to_owned()
            }
            Ok(_) => {
                "The link is in the address bar: it opens this ring at this moment.".to_owned()
            }
            Err(why) => why,
        };
        ui.dispatch(Action::Toast(Some(text)));
        page::sleep(3_500).await;
        ui.dispatch(Action::Toast(None));
    });
}
