//! The event log: what the canvas shows, in words.

use yew::Html;

use crate::player::event_log::{self, Line};
use crate::swarm::engine::snapshot::EventRow;
use crate::swarm::engine::statement::Statement;
use crate::swarm::panels::Desk;

/// The card with the log "Events". Requests scroll by too fast to be read aloud: the status says what matters.
pub fn event_log(desk: &Desk) -> Html {
    let lines = desk.view.events.iter().map(line);
    event_log::event_log("swarm-events-title", Html::default(), false, lines)
}

fn line(event: &EventRow) -> Line {
    let class = match event.what {
        Statement::HasAll { .. } => Some("now"),
        Statement::Banned { .. } | Statement::Corrupts { .. } => Some("violation"),
        Statement::Left { .. } | Statement::Joined { .. } | Statement::Mends { .. } => {
            Some("action")
        }
        _ => None,
    };
    Line {
        index: event.index,
        at: event.at,
        class,
        text: event.what.text(),
    }
}
