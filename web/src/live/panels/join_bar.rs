//! The bar with the ring to join, above the stage, and the status of the connection, below it.

use web_sys::SubmitEvent;
use yew::{Callback, Html, classes, html};

use super::{error, line};
use crate::live::app::Panel;
use crate::live::desk::Field;
use crate::live::intent::Intent;
use crate::live::words::{self, Tone};

/// The bar with the address of a peer.
pub fn join_bar(panel: &Panel) -> Html {
    let intend = panel.intend.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        intend.emit(Intent::JoinOrLeave);
    });
    let (class, name) = match panel.desk.may_leave() {
        true => ("", "Leave ring"),
        false => ("main", "Join ring"),
    };
    html! {
        <div class="ask">
            <form class="join" {onsubmit} aria-label="Ring">
                {line(panel, Field::Address, "Peer address", "e.g. http://127.0.0.1:7340")}
                <button {class} type="submit">{name}</button>
            </form>
            {error(panel, Field::Address)}
        </div>
    }
}

/// The status "Connection".
pub fn status_line(panel: &Panel) -> Html {
    let said = words::connection(&panel.desk, &panel.origin);
    let tone = match said.tone {
        Tone::Calm => "caption caption--calm",
        Tone::Busy => "caption",
        Tone::Good => "caption caption--done",
        Tone::Bad => "caption caption--failed",
    };
    html! {
        <div class={classes!("connection", tone)}><p role="status" aria-label="Connection"><b>{said.lead}</b><span>{said.rest}</span></p></div>
    }
}
