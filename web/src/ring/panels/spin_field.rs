//! A field for an identifier: a spin button that takes words too, since number inputs refuse 160-bit values.

use web_sys::{Event, HtmlInputElement, InputEvent, KeyboardEvent};
use yew::{Callback, Html, TargetCast, html};

use crate::input;
use crate::ring::panels::Desk;
use crate::ring::state::{Action, Field};

/// A labelled identifier field.
pub fn spin_field(desk: &Desk, field: Field, name: &'static str, id: &'static str) -> Html {
    let space = desk.view.space;
    let text = match field {
        Field::Key => desk.ui.key.clone(),
        Field::Node => desk.ui.node.clone(),
    };
    let ui = desk.ui.clone();
    // Not everything that fills a field in says so by an input event: some only tell of the change.
    let taken = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        ui.dispatch(Action::Typed(field, input.value()));
    });
    let oninput = taken.reform(|event: InputEvent| event.into());
    let onchange = taken;
    let ui = desk.ui.clone();
    let typed = text.clone();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let up = match event.key().as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            _ => return,
        };
        event.prevent_default();
        if let Some(moved) = input::nudged(space, &typed, up) {
            ui.dispatch(Action::Typed(field, moved));
        }
    });
    let wrong = desk
        .ui
        .error
        .as_ref()
        .is_some_and(|error| error.field == field);
    let number = space.parse(&text).ok().and_then(|id| id.to_u64());
    html! {
        <label>
            {name}
            <input
                {id} type="text" role="spinbutton" autocomplete="off" spellcheck="false" value={text.clone()}
                aria-valuenow={number.map(|number| number.to_string())} aria-valuetext={text}
                aria-invalid={wrong.to_string()} aria-describedby={wrong.then(|| format!("{id}-error"))}
                {oninput} {onchange} {onkeydown}
            />
        </label>
    }
}

/// The error of a field, if it has one.
pub(crate) fn error_of(desk: &Desk, field: Field, id: &str) -> Html {
    let error = desk.ui.error.as_ref().filter(|error| error.field == field);
    error.map_or_else(Html::default, |error| {
        html! { <p class="error" role="alert" id={format!("{id}-error")}>{&error.text}</p> }
    })
}
