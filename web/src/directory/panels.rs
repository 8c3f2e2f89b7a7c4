//! The elements of the page, one panel a file.

pub mod ask_bar;
pub mod beside_view;
pub mod caption;
pub mod event_log;
pub mod exercise_view;
pub mod goals_card;
pub mod help;
pub mod peers_card;
pub mod picture;
pub mod pictures;
pub mod predict_card;
pub mod route_card;
pub mod tables;
pub mod take_out_card;

use yew::{Callback, Properties};

use crate::directory::engine::command::Command;
use crate::directory::engine::snapshot::Snapshot;
use crate::directory::engine::statement::Statement;
use crate::player::View;

/// The things that most panels need: the snapshot, and where to send what the user does.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct Desk {
    /// The last snapshot.
    pub view: View<Snapshot>,
    /// Takes commands.
    pub send: Callback<Command>,
}

/// A view of the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// One, four, everybody.
    Boxes,
    /// Chord beside Kademlia.
    Beside,
    /// The exercise.
    Exercise,
}

/// Sentences after one another.
pub(super) fn say(statements: &[Statement]) -> String {
    let texts: Vec<String> = statements.iter().map(Statement::text).collect();
    texts.join(" ")
}
