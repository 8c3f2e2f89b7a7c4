//! The question above the stage: which key, asked where, travelling how.

use web_sys::{Event, HtmlSelectElement, SubmitEvent};
use yew::{Callback, Html, TargetCast, html};

use crate::input;
use crate::page::{self, Route};
use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::Beside;
use crate::ring::intent::{Intent, asking};
use crate::ring::panels::spin_field::{error_of, spin_field};
use crate::ring::panels::{Desk, on_click};
use crate::ring::state::{Action, Field};

/// The question bar.
pub fn ask_bar(desk: &Desk) -> Html {
    let intend = desk.intend.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        intend.emit(Intent::LookUp);
    });
    let predicting = desk.view.predicting;
    html! {
        <div class="ask">
            <form {onsubmit} aria-label="Lookup">
                {scenario(desk)}
                {below(desk)}
                <span class="ask__break"></span>
                <div class="ask__key">{spin_field(desk, Field::Key, "Key", "key")}</div>
                {from_node(desk)}
                {choice(desk, "Routing", ["Finger table", "Linear"], desk.ui.way.linear, Action::Linear)}
                {choice(desk, "Mode", ["Recursive", "Iterative"], desk.ui.way.iterative, Action::Iterative)}
                <button class="main" type="submit">{"Look up"}</button>
                <button type="button" aria-pressed={predicting.to_string()} onclick={on_click(&desk.intend, Intent::Predict)}>
                    {"Predict"}
                </button>
            </form>
            {error_of(desk, Field::Key, "key")}
            if let Some(refused) = desk.view.refused_beside(Beside::Question) {
                <p class="error" role="alert">{refused}</p>
            }
        </div>
    }
}

/// Where a word lies on the ring, while one is typed; otherwise what to watch for, as long as the controls ask what the scenario asks and
/// nobody has to predict it.
fn below(desk: &Desk) -> Html {
    let shot = &desk.view;
    if shot.predicting {
        return html! { <p class="ask__watch">{"Predict: say each next node before the lookup goes there."}</p> };
    }
    if let Ok(input::Key {
        id,
        word: Some(word),
    }) = input::key(shot.space, &desk.ui.key)
    {
        return html! {
            <p class="ask__watch"><span><b>{format!("“{word}” lies at {}", shot.show(id))}</b>{": the BLAKE3 digest of the word, cut to this ring."}</span></p>
        };
    }
    let asked = shot.scenario.asks.as_ref();
    let is_asked = asked.is_none_or(|asked| desk.ui.asks(asked));
    if shot.scenario.watch.is_empty() || !is_asked {
        return html! { <p class="ask__watch">{"A key may be a number of this ring, or a word, which stands for its digest."}</p> };
    }
    html! { <p class="ask__watch"><span><b>{"Watch: "}</b>{&shot.scenario.watch}</span></p> }
}

fn scenario(desk: &Desk) -> Html {
    let send = desk.send.clone();
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let name = select.value();
        page::replace_query(Route::Ring, &format!("s={name}"));
        send.emit(Command::Load(name));
    });
    let current = &desk.view.scenario;
    let known = &desk.view.scenarios;
    let shared = !known.iter().any(|(name, _)| *name == current.name);
    html! {
        <label class="ask__scenario">
            {"Scenario"}
            <select {onchange}>
                if shared {
                    <option value={current.name.clone()} selected={true}>{&current.title}</option>
                }
                for (name, title) in known.iter() {
                    <option value={name.clone()} selected={*name == current.name}>{title}</option>
                }
            </select>
        </label>
    }
}

fn from_node(desk: &Desk) -> Html {
    let ui = desk.ui.clone();
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        ui.dispatch(Action::From(select.value()));
    });
    let chosen = asking(&desk.ui, &desk.view);
    html! {
        <label class="ask__from">
            {"From node"}
            <select {onchange}>
                for node in desk.view.nodes.iter().filter(|node| node.is_member()) {
                    <option value={node.label.clone()} selected={chosen == Some(node.id)}>{desk.view.short(node.id)}</option>
                }
            </select>
        </label>
    }
}

fn choice(
    desk: &Desk,
    name: &'static str,
    words: [&'static str; 2],
    second: bool,
    action: fn(bool) -> Action,
) -> Html {
    let ui = desk.ui.clone();
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        ui.dispatch(action(select.selected_index() == 1));
    });
    html! {
        <label>
            {name}
            <select {onchange}>
                <option selected={!second}>{words[0]}</option>
                <option selected={second}>{words[1]}</option>
            </select>
        </label>
    }
}
