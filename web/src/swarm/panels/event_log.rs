//! The event log: what the canvas shows, in words.

use chordscope_sim::engine::time_text::time_text;
use yew::{Html, html};

use crate::swarm::engine::snapshot::EventRow;
use crate::swarm::engine::statement::Statement;
use crate::swarm::panels::Desk;

/// The card with the log "Events", newest first.
pub fn event_log(desk: &Desk) -> Html {
    let shot = &desk.view;
    html! {
        <section class="card" aria-labelledby="swarm-events-title">
            <header><h2 id="swarm-events-title">{"Events"}</h2></header>
            if shot.events.is_empty() {
                <p class="card__empty">{"Nothing has happened yet. Press Play, or step forward."}</p>
            }
            // Requests scroll by too fast to be read aloud: the status says what matters.
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
        Statement::HasAll { .. } => Some("now"),
        Statement::Banned { .. } | Statement::Corrupts { .. } => Some("violation"),
        Statement::Left { .. } | Statement::Joined { .. } | Statement::Mends { .. } => {
            Some("action")
        }
        _ => None,
    };
    html! {
        <li key={event.index} {class}><time>{time_text(event.at)}</time><span>{event.what.text()}</span></li>
    }
}
