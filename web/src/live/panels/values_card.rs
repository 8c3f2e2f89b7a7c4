//! Putting and getting values, and looking names up, with the answer.

use web_sys::SubmitEvent;
use yew::{Callback, Html, html};

use super::{area, error, line, on_click};
use crate::live::app::Panel;
use crate::live::desk::Field;
use crate::live::intent::Intent;
use crate::live::talk::{Answer, Hop, Path};
use crate::live::words::{self, Tone, full, millis, short};

/// The card with name, value, and the status "Answer".
pub fn values_card(panel: &Panel) -> Html {
    let intend = panel.intend.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        intend.emit(Intent::Get);
    });
    html! {
        <section class="card" aria-labelledby="values-title">
            <header><h2 id="values-title">{"Values"}</h2></header>
            <form class="fields" {onsubmit} aria-label="Values">
                {line(panel, Field::Name, "Name", "greeting")}
                {error(panel, Field::Name)}
                {area(panel, Field::Value, "Value")}
                {error(panel, Field::Value)}
                <div class="buttons">
                    <button type="button" onclick={on_click(panel, Intent::Put)}>{"Put"}</button>
                    <button type="submit">{"Get"}</button>
                    <button type="button" onclick={on_click(panel, Intent::Delete)}>{"Delete"}</button>
                    <button type="button" onclick={on_click(panel, Intent::LookUp)}>{"Look up"}</button>
                </div>
            </form>
            {answer(panel)}
        </section>
    }
}

/// The status "Answer".
fn answer(panel: &Panel) -> Html {
    let said = words::answer(&panel.desk);
    let class = match said.as_ref().map(|said| said.tone) {
        Some(Tone::Bad) => "answer answer--bad",
        Some(Tone::Good) => "answer answer--good",
        _ => "answer",
    };
    let path = match panel.desk.answer.as_deref() {
        Some(Answer::Path(path)) => Some(path),
        _ => None,
    };
    html! {
        <>
            <p role="status" aria-label="Answer" {class}>
                if let Some(said) = &said {
                    <b>{&said.lead}</b>
                    if !said.rest.is_empty() {
                        <span>{&said.rest}</span>
                    }
                }
            </p>
            if said.is_none() {
                <p class="card__empty">{"Type a name. Put keeps a value under it, on the peer responsible for it and on the next ones; Look up shows the way there."}</p>
            }
            if let Some(path) = path {
                {hops(path, panel.reached)}
            }
        </>
    }
}

/// The hops that the replay has reached.
fn hops(path: &Path, reached: usize) -> Html {
    html! {
        <div class="table-scroll">
            <table class="hops" aria-label="Hops">
                <thead><tr>{for ["Hop", "Node", "Round trip"].map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                <tbody>{for path.hops.iter().take(reached).enumerate().map(|(number, hop)| row(number, hop))}</tbody>
            </table>
        </div>
    }
}

fn row(number: usize, hop: &Hop) -> Html {
    let rtt = match (number, hop.rtt) {
        (0, _) => "this tab".to_owned(),
        (_, Some(rtt)) => millis(rtt),
        (_, None) => "not asked".to_owned(),
    };
    html! {
        <tr><td>{number}</td><td title={full(hop.id)}>{short(hop.id)}<small>{hop.address.clone()}</small></td><td>{rtt}</td></tr>
    }
}
