//! The panels of the live page, and their shared pieces: text fields with what is wrong beside them, buttons.

mod files_card;
mod help;
mod join_bar;
mod tab_cards;
mod tab_stage;
mod values_card;

use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, HtmlTextAreaElement, InputEvent};
use yew::{Callback, Html, MouseEvent, html};

pub use self::files_card::files_card;
pub use self::help::{HELP, of_key};
pub use self::join_bar::{join_bar, status_line};
pub use self::tab_cards::{events_card, peers_card, tab_card};
pub use self::tab_stage::{tab_stage, use_stage};
pub use self::values_card::values_card;
use crate::live::app::Panel;
use crate::live::desk::{Action, Field};
use crate::live::intent::{Intent, field_id};

/// A button's callback for an intent.
fn on_click(panel: &Panel, intent: Intent) -> Callback<MouseEvent> {
    panel.intend.reform(move |_| intent.clone())
}

/// A field of one line.
fn line(panel: &Panel, field: Field, name: &'static str, hint: &'static str) -> Html {
    let (id, value, wrong) = (field_id(field), text(panel, field), wrong(panel, field));
    let (oninput, onchange) = typed(panel, field);
    html! {
        <label>
            {name}
            <input
                {id} type="text" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder={hint} {value}
                aria-invalid={wrong.is_some().to_string()} aria-describedby={wrong.map(|_| format!("{id}-error"))}
                {oninput} {onchange}
            />
        </label>
    }
}

/// A field of several lines.
fn area(panel: &Panel, field: Field, name: &'static str) -> Html {
    let (id, value, wrong) = (field_id(field), text(panel, field), wrong(panel, field));
    let (oninput, onchange) = typed(panel, field);
    html! {
        <label>
            {name}
            <textarea
                {id} rows="2" spellcheck="false" {value}
                aria-invalid={wrong.is_some().to_string()} aria-describedby={wrong.map(|_| format!("{id}-error"))}
                {oninput} {onchange}
            />
        </label>
    }
}

/// The reason why a field's text does not do, if it does not.
fn error(panel: &Panel, field: Field) -> Html {
    let id = format!("{}-error", field_id(field));
    wrong(panel, field).map_or_else(Html::default, |text| {
        html! { <p class="error" role="alert" {id}>{text}</p> }
    })
}

fn text(panel: &Panel, field: Field) -> String {
    match field {
        Field::Address => panel.desk.address.clone(),
        Field::Name => panel.desk.name.clone(),
        Field::Value => panel.desk.value.clone(),
        Field::Link => panel.desk.link.clone(),
        Field::File => String::new(),
    }
}

fn wrong(panel: &Panel, field: Field) -> Option<String> {
    let error = panel
        .desk
        .error
        .as_ref()
        .filter(|(wrong, _)| *wrong == field);
    error.map(|(_, text)| text.clone())
}

/// Not everything that fills a field in says so by an input event: some only tell of the change.
fn typed(panel: &Panel, field: Field) -> (Callback<InputEvent>, Callback<Event>) {
    let desk = panel.desk.dispatcher();
    let taken = Callback::from(move |event: Event| {
        let target = event.target();
        let line = target
            .as_ref()
            .and_then(|target| target.dyn_ref::<HtmlInputElement>());
        let area = target
            .as_ref()
            .and_then(|target| target.dyn_ref::<HtmlTextAreaElement>());
        let value = line.map(HtmlInputElement::value);
        if let Some(value) = value.or_else(|| area.map(HtmlTextAreaElement::value)) {
            desk.dispatch(Action::Typed(field, value));
        }
    });
    (taken.reform(|event: InputEvent| event.into()), taken)
}
