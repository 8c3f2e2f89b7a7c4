//! The elements of the page, one panel a file.

pub mod ask_bar;
pub mod caption;
pub mod client_card;
pub mod event_log;
pub mod goals_card;
pub mod help;
pub mod levers_card;
pub mod number_field;
pub mod stage_view;
pub mod strip;
pub mod tables_card;
pub mod ways_card;

use yew::{Callback, Properties, UseStateHandle};

use crate::player::View;
use crate::swarm::engine::command::Command;
use crate::swarm::engine::levers::{Dial, Levers};
use crate::swarm::engine::snapshot::Snapshot;
use crate::swarm::engine::statement::Statement;

/// The things that most panels need: the snapshot, what is typed and wrong, and where to send what the user does.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct Desk {
    /// The last snapshot.
    pub view: View<Snapshot>,
    /// The text in the field of a setting that is not taken yet: a field that is drawn again keeps it.
    pub typed: UseStateHandle<Option<(Dial, String)>>,
    /// A setting that was typed and is none, with the reason.
    pub wrong: UseStateHandle<Option<(Dial, String)>>,
    /// Takes commands.
    pub send: Callback<Command>,
}

impl Desk {
    /// Takes back what is typed and what is wrong with it.
    pub(super) fn forget_typed(&self) {
        self.typed.set(None);
        self.wrong.set(None);
    }

    /// Starts the swarm again with other settings.
    pub(super) fn begin(&self, levers: Levers) {
        self.forget_typed();
        self.send.emit(Command::Begin(levers));
    }
}

/// Sentences after one another.
pub(super) fn say(statements: &[Statement]) -> String {
    let texts: Vec<String> = statements.iter().map(Statement::text).collect();
    texts.join(" ")
}
