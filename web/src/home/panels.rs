//! The elements of the page, one panel a file.

pub mod doors;
pub mod goals;
pub mod help;
pub mod living;
pub mod own_ring;

use yew::{Callback, Properties};

use crate::home::engine::command::Command;
use crate::home::engine::snapshot::Snapshot;
use crate::home::engine::statement::Statement;
use crate::player::View;

/// The things that most panels need: the snapshot, and where to send what the visitor does.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct Desk {
    /// The last snapshot.
    pub view: View<Snapshot>,
    /// Takes commands.
    pub send: Callback<Command>,
}

impl Desk {
    /// Sentences after one another.
    fn say(&self, statements: &[Statement]) -> String {
        let space = self.view.space;
        let texts: Vec<String> = statements.iter().map(|one| one.text(space)).collect();
        texts.join(" ")
    }
}
