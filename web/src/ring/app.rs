//! The layout of the page, and the one place that joins controls, engine and browser.

use yew::{
    Callback, Html, UseReducerHandle, classes, component, html, use_effect_with, use_node_ref,
    use_reducer,
};

use crate::components::header::header;
use crate::components::help::{Heard, use_help};
use crate::hooks::use_route::use_route;
use crate::input;
use crate::page::{self, Route};
use crate::player::branch_tree::{BRANCHES, CURRENT, branch_tree};
use crate::player::run_bar::{RunBar, RunDeed, use_run_bar};
use crate::player::transport::transport;
use crate::player::use_dropped_run::use_dropped_run;
use crate::player::use_player::{PlayerHandle, use_player};
use crate::ring::engine::Engine;
use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::Beside;
use crate::ring::intent::{self, Intent};
use crate::ring::panels::Desk;
use crate::ring::panels::ask_bar::ask_bar;
use crate::ring::panels::caption::caption_line;
use crate::ring::panels::change_card::{REFUSED, change_card};
use crate::ring::panels::event_log::event_log;
use crate::ring::panels::health_card::health_card;
use crate::ring::panels::help::{HELP, single_keys};
use crate::ring::panels::lookup_card::lookup_card;
use crate::ring::panels::node_card::{NODES, node_card};
use crate::ring::panels::ring_view::{VIEW, ring_view};
use crate::ring::stage::RingStage;
use crate::ring::state::{Action, Field, UiState};

/// The page.
#[component]
pub fn App() -> Html {
    let (still, moving) = (use_node_ref(), use_node_ref());
    let ui = use_reducer(UiState::default);
    let shown = use_route() == Route::Ring;
    let handle = {
        let (still, moving) = (still.clone(), moving.clone());
        use_player(
            || Engine::open(&page::query(), page::calm()),
            || RingStage::on(still, moving),
            shown,
        )
    };
    let bar = use_run_bar(&handle, handle.view.time.notice.as_ref());
    let intend = intend(&ui, &handle, &bar);
    // While a prediction asks, arrows move the choice.
    let predicting = handle.view.predicting;
    let (tools, sheet) = use_help(
        &HELP,
        Heard {
            shown,
            single: ui.shortcuts,
        },
        move |key| intent::of_key(key, predicting),
        intend.clone(),
        handle.repaint.clone(),
        single_keys(&ui),
    );
    {
        let ui = ui.clone();
        let scenario = handle.view.scenario.clone();
        use_effect_with(scenario, move |scenario| {
            // Another scenario's key may lie outside this ring.
            ui.dispatch(Action::Asks(scenario.asks.clone()));
        });
    }
    {
        let send = handle.send.clone();
        let typed = input::key(handle.view.space, &ui.key).ok();
        use_effect_with(typed, move |typed| send.emit(Command::Type(typed.clone())));
    }
    {
        let ui = ui.clone();
        use_effect_with(intent::chosen(&handle.view), move |chosen| {
            // What is typed after that stays.
            if let Some(node) = chosen {
                ui.dispatch(Action::Typed(Field::Node, node.clone()));
            }
        });
    }
    let over = use_dropped_run(&bar.given, shown);
    use_effect_with(handle.view.refused.clone(), |_| {
        // It stands below the buttons, where a phone's screen may end.
        page::reveal_below(REFUSED);
    });
    let branches = &handle.view.time.branches;
    let current = branches.iter().position(|row| row.is_current);
    use_effect_with((current, branches.len()), |_| {
        page::reveal_inside(BRANCHES, CURRENT);
    });
    let desk = Desk {
        view: handle.view,
        ui,
        intend,
        send: handle.send,
    };
    let (time, control) = (&desk.view.time, desk.control());
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
        "ring-more",
        time,
        &control,
        desk.view.refused_beside(Beside::Run),
    );
    html! {
        <div {class}>
            {header(Route::Ring, tools, parts)}
            <main class="page">
                <section class="stage stage--ring" aria-label="Stage">
                    {ask_bar(&desk)}
                    {ring_view(&desk, still, moving, branch_tree(time, &control))}
                    {caption_line(&desk)}
                    {transport(time, &control, refused)}
                </section>
                <aside class="side" aria-label="Panels">
                    {lookup_card(&desk)}
                    {change_card(&desk)}
                    {node_card(&desk)}
                    {health_card(&desk)}
                    {event_log(&desk)}
                </aside>
            </main>
            {sheet}
            <p class="drop" aria-hidden="true">{"Drop the file to open its run."}</p>
        </div>
    }
}

/// The callback that carries out an intent.
fn intend(
    ui: &UseReducerHandle<UiState>,
    handle: &PlayerHandle<Engine>,
    bar: &RunBar,
) -> Callback<Intent> {
    let (ui, handle, deed) = (ui.clone(), handle.clone(), bar.deed.clone());
    Callback::from(move |asked: Intent| {
        match intent::command(asked, &ui, &handle.view) {
            Ok(Some(command)) => {
                ui.dispatch(Action::Accepted);
                // Arrows then move the choice, and Enter answers.
                if matches!(command, Command::Predict { .. }) {
                    page::focus_in_place(NODES);
                }
                let shows = shows_on_stage(&command);
                handle.send.emit(command);
                // Why it cannot be done is said beside the button.
                if shows && !handle.engine.borrow().is_refused() {
                    page::reveal(VIEW);
                }
            }
            Ok(None) => {}
            Err(error) => {
                let field = error.field;
                ui.dispatch(Action::Refused(error));
                page::focus(field_id(field));
            }
        }
        deed.emit(match asked {
            Intent::Share => RunDeed::Share,
            _ => RunDeed::Other,
        });
        match asked {
            Intent::FocusKey => page::focus(field_id(Field::Key)),
            Intent::FocusNode => page::focus(field_id(Field::Node)),
            _ => {}
        }
    })
}

/// Whether it is on the stage that one sees what a command does. On a phone the button may stand below.
const fn shows_on_stage(command: &Command) -> bool {
    matches!(
        command,
        Command::Look { .. }
            | Command::Predict { .. }
            | Command::Insert(_)
            | Command::Remove(_)
            | Command::Crash(_)
    )
}

const fn field_id(field: Field) -> &'static str {
    match field {
        Field::Key => "key",
        Field::Node => "node",
    }
}
