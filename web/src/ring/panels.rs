//! The panels of the ring page, one a file.

pub mod ask_bar;
pub mod caption;
pub mod change_card;
pub mod event_log;
pub mod health_card;
pub mod help;
pub mod lookup_card;
pub mod node_card;
pub mod ring_view;
pub mod spin_field;

use yew::{Callback, UseReducerHandle};

use crate::player::{Control, View};
use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::Snapshot;
use crate::ring::intent::Intent;
use crate::ring::state::UiState;

/// The properties of most panels: the snapshot, the controls, and the callbacks for intents and commands.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The last snapshot.
    pub view: View<Snapshot>,
    /// The controls.
    pub ui: UseReducerHandle<UiState>,
    /// Takes intents, which read the controls.
    pub intend: Callback<Intent>,
    /// Takes commands.
    pub send: Callback<Command>,
}

impl Desk {
    /// Takes what the controls of the player ask for. Buttons are intents; where a list or the slider leads is a command.
    pub fn control(&self) -> Callback<Control> {
        let (intend, send) = (self.intend.clone(), self.send.clone());
        Callback::from(move |control| match control {
            Control::Seek(_) | Control::Speed(_) | Control::Branch(_) => {
                send.emit(Command::Time(control));
            }
            _ => intend.emit(Intent::Time(control)),
        })
    }
}

/// A button's callback for an intent.
pub(crate) fn on_click(intend: &Callback<Intent>, intent: Intent) -> Callback<yew::MouseEvent> {
    let intend = intend.clone();
    Callback::from(move |_| intend.emit(intent))
}
