//! The event log: what the stage shows, in words.

use yew::Html;

use crate::directory::engine::snapshot::EventRow;
use crate::directory::engine::statement::Statement;
use crate::directory::panels::Desk;
use crate::player::event_log::{self, Line};

/// The card with the log "Events". Questions scroll by too fast to be read aloud: the status says what matters.
pub fn event_log(desk: &Desk) -> Html {
    let lines = desk.view.events.iter().map(line);
    event_log::event_log("directory-events-title", Html::default(), false, lines)
}

fn line(event: &EventRow) -> Line {
    let class = match event.what {
        Statement::TakenOut { .. } | Statement::PutBack { .. } => Some("action"),
        Statement::Gone { .. } => Some("violation"),
        _ => None,
    };
    Line {
        index: event.index,
        at: event.at,
        class,
        text: event.what.text(),
    }
}
