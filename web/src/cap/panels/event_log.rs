//! The event log: what the stage shows, in words.

use yew::Html;

use crate::cap::engine::snapshot::EventRow;
use crate::cap::engine::statement::{Judged, Statement};
use crate::cap::panels::Desk;
use crate::player::event_log::{self, Line};

/// The card with the log "Events".
pub fn event_log(desk: &Desk) -> Html {
    let lines = desk.view.events.iter().map(line);
    event_log::event_log("cap-events-title", Html::default(), false, lines)
}

fn line(event: &EventRow) -> Line {
    let class = match &event.what {
        Statement::Calls { .. } => Some("now"),
        Statement::Conflict { .. }
        | Statement::Ended {
            verdict: Judged::Stale { .. } | Judged::Conflicting { .. },
            ..
        } => Some("violation"),
        Statement::Ended { .. } => None,
        _ => Some("action"),
    };
    Line {
        index: event.index,
        at: event.at,
        class,
        text: event.what.text(),
    }
}
