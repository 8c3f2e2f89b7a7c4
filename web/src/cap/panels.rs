//! The elements of the page, one panel a file.

pub mod ask_bar;
pub mod caption;
pub mod cut_card;
pub mod event_log;
pub mod goals_card;
pub mod help;
pub mod histories;
pub mod judgement_card;
pub mod operation_card;
pub mod picture;
pub mod predict_card;
pub mod repair_card;
pub mod rings;
pub mod tables_card;
pub mod words_card;

use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};
use yew::{Callback, Html, Properties, html};

use crate::cap::engine::command::{Command, Over};
use crate::cap::engine::snapshot::Snapshot;
use crate::cap::engine::statement::Statement;
use crate::player::View;

/// The things that most panels need: the snapshot, and where to send what the user does.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct Desk {
    /// The last snapshot.
    pub view: View<Snapshot>,
    /// Takes commands.
    pub send: Callback<Command>,
}

/// Sentences after one another.
pub(super) fn say(statements: &[Statement]) -> String {
    let texts: Vec<String> = statements.iter().map(Statement::text).collect();
    texts.join(" ")
}

/// Sentences, a line each.
pub(super) fn lines(statements: &[Statement]) -> Html {
    if statements.is_empty() {
        return Html::default();
    }
    html! { <ul class="cap-lines">{for statements.iter().map(|one| html! { <li>{one.text()}</li> })}</ul> }
}

/// The thing of a picture that an event is over.
pub(super) fn under(event: &MouseEvent) -> Option<Over> {
    let target: Element = event.target()?.dyn_into().ok()?;
    Over::of_mark(&target.get_attribute("data-over")?)
}
