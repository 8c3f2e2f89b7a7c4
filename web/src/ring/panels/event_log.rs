//! The event log: what the canvas shows, in words.

use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, TargetCast, html};

use crate::player::event_log::{self, Line};
use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::{About, EventView};
use crate::ring::panels::Desk;

/// The card with the log "Events".
pub fn event_log(desk: &Desk) -> Html {
    let shot = &desk.view;
    let send = desk.send.clone();
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        send.emit(Command::ShowUpkeep(input.checked()));
    });
    let switch = html! {
        <label class="switch"><input type="checkbox" checked={shot.upkeep_shown} {onchange} />{"show stabilization"}</label>
    };
    // While stabilization scrolls by, reading it aloud would only drown the rest.
    let lines = shot.events.iter().map(line);
    event_log::event_log("events-title", switch, !shot.upkeep_shown, lines)
}

fn line(event: &EventView) -> Line {
    let class = match event.about {
        About::Lookup => "lookup",
        About::Upkeep | About::Other => "upkeep",
        About::Action => "action",
        About::Lost => "lost",
        About::Violation => "violation",
    };
    Line {
        index: event.index,
        at: event.at,
        class: Some(class),
        text: event.text.clone(),
    }
}
