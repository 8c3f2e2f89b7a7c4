//! The event log: what the stage shows, in words.

use chordscope_sim::engine::time_text::time_text;
use yew::{Html, html};

use crate::directory::engine::snapshot::EventRow;
use crate::directory::engine::statement::Statement;
use crate::directory::panels::Desk;

/// The card with the log "Events", newest first.
pub fn event_log(desk: &Desk) -> Html {
    let shot = &desk.view;
    html! {
        <section class="card" aria-labelledby="directory-events-title">
            <header><h2 id="directory-events-title">{"Events"}</h2></header>
            if shot.events.is_empty() {
                <p class="card__empty">{"Nothing has happened yet. Press Play, or step forward."}</p>
            }
            // Questions scroll by too fast to be read aloud: the status says what matters.
            <div class="log" role="log" aria-label="Events" aria-live="off" tabindex={(!shot.events.is_empty()).then_some("0")}>
                <ol reversed={true}>
                    for event in shot.events.iter().rev() {
                        {line(event)}
                    }
                </ol>
            </div>
        </section>
    }
}

fn line(event: &EventRow) -> Html {
    let class = match event.what {
        Statement::TakenOut { .. } | Statement::PutBack { .. } => Some("action"),
        Statement::Gone { .. } => Some("violation"),
        _ => None,
    };
    html! {
        <li key={event.index} {class}><time>{time_text(event.at)}</time><span>{event.what.text()}</span></li>
    }
}
