//! The event log: what the canvas shows, in words.

use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, TargetCast, html};

use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::{About, EventView};
use crate::ring::panels::{Desk, time_text};

/// The card with the log "Events", newest first.
pub fn event_log(desk: &Desk) -> Html {
    let shot = &desk.view;
    let send = desk.send.clone();
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        send.emit(Command::ShowUpkeep(input.checked()));
    });
    // While stabilization scrolls by, reading it aloud would only drown the rest.
    let live = if shot.upkeep_shown { "off" } else { "polite" };
    html! {
        <section class="card" aria-labelledby="events-title">
            <header>
                <h2 id="events-title">{"Events"}</h2>
                <label class="switch"><input type="checkbox" checked={shot.upkeep_shown} {onchange} />{"show stabilization"}</label>
            </header>
            if shot.events.is_empty() {
                <p class="card__empty">{"Nothing has happened yet. Press Play, or step forward."}</p>
            }
            <div class="log" role="log" aria-label="Events" aria-live={live} tabindex={(!shot.events.is_empty()).then_some("0")}>
                <ol reversed={true}>
                    for event in shot.events.iter().rev() {
                        {line(event)}
                    }
                </ol>
            </div>
        </section>
    }
}

fn line(event: &EventView) -> Html {
    let class = match event.about {
        About::Lookup => "lookup",
        About::Upkeep | About::Other => "upkeep",
        About::Action => "action",
        About::Lost => "lost",
        About::Violation => "violation",
    };
    html! {
        <li key={event.index} {class}><time>{time_text(event.at)}</time><span>{&event.text}</span></li>
    }
}
