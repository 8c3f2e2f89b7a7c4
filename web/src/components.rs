//! What the page is made of, one component a file.

pub mod ask_bar;
pub mod caption;
pub mod change_card;
pub mod event_log;
pub mod health_card;
pub mod help_sheet;
pub mod icon;
pub mod legend;
pub mod lookup_card;
pub mod node_card;
pub mod ring_view;
pub mod sheet;
pub mod spin_field;
pub mod timeline;
pub mod top_bar;
pub mod transport;

use yew::{Callback, Properties, UseReducerHandle};

use crate::engine::command::Command;
use crate::intent::Intent;
use crate::state::{UiState, View};

pub(crate) use chordscope_sim::engine::time_text::time_text;

/// What most components need: the snapshot, the controls, and where to send what the user does.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct Desk {
    /// The last snapshot.
    pub view: View,
    /// The controls.
    pub ui: UseReducerHandle<UiState>,
    /// Takes intents, which read the controls.
    pub intend: Callback<Intent>,
    /// Takes commands.
    pub send: Callback<Command>,
}

/// A button's callback for an intent.
pub(crate) fn on_click(intend: &Callback<Intent>, intent: Intent) -> Callback<yew::MouseEvent> {
    let intend = intend.clone();
    Callback::from(move |_| intend.emit(intent))
}
