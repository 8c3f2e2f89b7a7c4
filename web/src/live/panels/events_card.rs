//! What has happened at the tab's peer, in words.

use yew::{Html, html};

use crate::brief::brief;
use crate::live::app::Panel;

/// The card with the log "Events", newest first.
pub fn events_card(panel: &Panel) -> Html {
    let events = &panel.desk.events;
    html! {
        <section class="card" aria-labelledby="live-events-title">
            <header><h2 id="live-events-title">{"Events"}</h2></header>
            if events.is_empty() {
                <p class="card__empty">{"Nothing has happened yet."}</p>
            }
            <div class="log" role="log" aria-label="Events" aria-live="polite" tabindex={(!events.is_empty()).then_some("0")}>
                <ol reversed={true}>
                    for (number, time, text) in events.iter().rev() {
                        <li key={*number}><time>{time}</time><span title={text.clone()}>{brief(text)}</span></li>
                    }
                </ol>
            </div>
        </section>
    }
}
