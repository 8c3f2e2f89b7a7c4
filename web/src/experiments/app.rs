//! The layout of the page of experiments, and the one place that joins its desk, its worker and the browser.

use chordscope_sim::experiment::plan::Plan;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, ResizeObserver};
use yew::{
    Callback, Html, NodeRef, UseReducerHandle, component, hook, html, use_effect_with,
    use_node_ref, use_reducer, use_state, use_state_eq,
};

use crate::components::header::{Parts, header};
use crate::components::help::{Heard, use_help};
use crate::experiments::desk::{Action, Desk};
use crate::experiments::figure::panels;
use crate::experiments::help::{HELP, of_key};
use crate::experiments::panels::{
    Intent, Panel, RUN, ask_bar, caption, field_id, figures_card, method_card, progress, same_card,
};
use crate::experiments::plot::plots;
use crate::experiments::use_run::use_run;
use crate::experiments::{export, link};
use crate::hooks::use_listener::use_listener;
use crate::hooks::use_route::use_route;
use crate::page::{self, Route};

/// The page of experiments.
#[component]
pub fn ExperimentsApp() -> Html {
    let shown = use_route() == Route::Experiments;
    let desk = use_reducer(|| Desk::of(link::read(&page::query())));
    let run = use_run(desk.dispatcher());
    let copied = use_state(|| None::<&'static str>);
    use_address(&desk, shown, &run);
    let frame = use_node_ref();
    let width = use_width(&frame);
    let plan = desk.shown();
    let paper = plan.paper();
    let intend = {
        let (desk, copied) = (desk.clone(), copied.setter());
        Callback::from(move |intent| {
            let rows = desk.shown_run().map_or(&[][..], |run| &run.rows);
            let plan = desk.shown();
            let paper = plan.paper().unwrap_or_default();
            match intent {
                Intent::Run => begin(&desk, &run),
                Intent::Cancel => {
                    run.emit(None);
                    // The button that was pressed goes.
                    page::focus_in_place(RUN);
                }
                Intent::Csv => save(&plan, "csv", &export::csv(rows, &paper)),
                Intent::Json => save(&plan, "json", &export::json(&plan, rows, &paper)),
                Intent::Command => copy(link::command(&plan), copied.clone()),
                Intent::Link => {
                    let query = link::write(&plan, desk.shown_run().is_some());
                    let address = page::replace_query(Route::Experiments, &query);
                    copy(address.unwrap_or_default(), copied.clone());
                }
            }
        })
    };
    let (tools, sheet) = use_help(
        &HELP,
        Heard {
            shown,
            single: true,
        },
        of_key,
        intend.clone(),
        Callback::noop(),
        Html::default(),
    );
    let drawn = panels(
        plan.experiment,
        desk.shown_run().map_or(&[], |run| &run.rows),
        paper.as_deref().unwrap_or_default(),
    );
    let panel = Panel {
        desk,
        intend,
        plan,
        paper,
    };
    html! {
        <div class="app">
            {header(Route::Experiments, tools, Parts::default())}
            <main class="lab">
                <div class="lab__main">
                    <section class="stage" aria-label="Stage">
                        {ask_bar(&panel)}
                        {progress(&panel)}
                        {plots(&drawn, width, frame)}
                        {caption(&panel)}
                    </section>
                    {figures_card(&panel)}
                </div>
                <aside class="lab__side" aria-label="Panels">
                    {method_card(&panel)}
                    {same_card(&panel, *copied)}
                </aside>
            </main>
            {sheet}
        </div>
    }
}

/// Runs what the controls ask for, or says what is wrong with them.
fn begin(desk: &UseReducerHandle<Desk>, run: &Callback<Option<Plan>>) {
    if desk.is_running() {
        return;
    }
    match desk.plan() {
        Ok(plan) => run.emit(Some(plan)),
        Err((field, text)) => {
            page::focus(field_id(field));
            desk.dispatch(Action::Wrong(field, text));
        }
    }
}

/// Keeps the address as the controls are, and the controls as another address asks. An address whose figures were measured measures them.
#[hook]
fn use_address(desk: &UseReducerHandle<Desk>, shown: bool, run: &Callback<Option<Plan>>) {
    let start = {
        let run = run.clone();
        move |asked: &link::Asked, desk: &Desk| {
            if let (true, Ok(plan), None) = (asked.run, desk.plan(), &desk.error) {
                run.emit(Some(plan));
            }
        }
    };
    let (first, begun) = (desk.clone(), start.clone());
    use_effect_with((), move |()| begun(&link::read(&page::query()), &first));
    let written = desk
        .plan()
        .ok()
        .map(|plan| link::write(&plan, desk.run.as_ref().is_some_and(|run| run.plan == plan)));
    use_effect_with((written.clone(), shown), move |(written, shown)| {
        if let (Some(query), true) = (written, shown) {
            page::replace_query(Route::Experiments, query);
        }
    });
    let desk = desk.clone();
    let changed = Callback::from(move |_| {
        let query = page::query();
        // A link to the page without parameters leaves it as it is; so does what it has written itself.
        if page::route() == Route::Experiments
            && !query.is_empty()
            && written.as_ref() != Some(&query)
        {
            let asked = link::read(&query);
            start(&asked, &Desk::of(asked.clone()));
            desk.dispatch(Action::Asked(asked));
        }
    });
    use_listener(|window| Some(window.clone().into()), "hashchange", changed);
}

/// The width of an element in pixels, whatever changes it: the window, or a style sheet that comes late.
#[hook]
fn use_width(frame: &NodeRef) -> f64 {
    let width = use_state_eq(|| 0.0);
    let (frame, set) = (frame.clone(), width.setter());
    use_effect_with((), move |()| {
        let element = frame.cast::<Element>();
        let own = element.clone();
        let heard = Closure::<dyn FnMut()>::new(move || {
            let wide = own.as_ref().map_or(0, Element::client_width);
            // While another page shows, it has none.
            if wide > 0 {
                set.set(f64::from(wide));
            }
        });
        let observer = ResizeObserver::new(heard.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, &element) {
            observer.observe(element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(heard);
        }
    });
    *width
}

/// Hands a text to the browser to be saved.
fn save(plan: &Plan, kind: &str, text: &str) {
    page::save(&export::file_name(plan, kind), text);
}

/// Copies a text, and says for a moment whether that worked.
fn copy(text: String, copied: yew::UseStateSetter<Option<&'static str>>) {
    spawn_local(async move {
        copied.set(Some(match page::copy(&text).await {
            true => "Copied.",
            false => "This browser does not allow it: copy by hand.",
        }));
        page::sleep(3_500).await;
        copied.set(None);
    });
}
