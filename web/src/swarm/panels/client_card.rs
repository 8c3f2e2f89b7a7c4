//! One client: what limits it, who has a slot for whom, and what it lacks; and the list by which the keyboard reaches every client.

use chordscope_sim::worlds::swarm::view::{MemberView, Presence};
use web_sys::{KeyboardEvent, MouseEvent};
use yew::{Callback, Html, html};

use crate::player::{Beside, Pictured};
use crate::scene::grid::painter::segment_colour;
use crate::swarm::engine::command::Command;
use crate::swarm::engine::moment;
use crate::swarm::engine::snapshot::{Lack, Selected};
use crate::swarm::engine::statement::{Statement, name};
use crate::swarm::panels::Desk;

/// The element id of the list of clients.
pub const CLIENTS: &str = "swarm-list";
/// The number of missing segments that are listed.
const LISTED: usize = 6;

/// The card.
pub fn client_card(desk: &Desk) -> Html {
    let Some(seen) = &desk.view.selected else {
        return html! {
            <section class="card" aria-label="Client">
                {list(desk)}
                <p class="card__empty">{"Select a client, on the stage or in this list, to see why it waits."}</p>
            </section>
        };
    };
    let title = match seen.number {
        0 => "The seed".to_owned(),
        number => format!("Client {number}"),
    };
    let number = seen.number;
    let here = moment::find(&desk.view.moment, number).is_some_and(moment::is_here);
    let leave = desk
        .send
        .reform(move |_: MouseEvent| Command::Remove(number));
    html! {
        <section class="card" aria-label="Client">
            {list(desk)}
            <header><h2>{title}</h2></header>
            <p>{seen.has.text()}{" "}{seen.limit.as_ref().map(Statement::text)}</p>
            if here {
                <dl class="slots">
                    // The seed asks nobody for anything.
                    if number > 0 {
                        <dt>{"has slots at"}</dt><dd>{names(&seen.slots)}</dd>
                        <dt>{"choked by"}</dt><dd>{names(&seen.choked_by)}</dd>
                    }
                    <dt>{"has slots for"}</dt><dd>{names(&seen.gives_to)}</dd>
                </dl>
                {lacks(desk, seen)}
                <div class="saves"><button type="button" onclick={leave}>{"Let it leave"}</button></div>
            }
            if let Some(refused) = desk.view.refused_beside(Beside::Ring) {
                <p class="error" role="alert">{refused}</p>
            }
        </section>
    }
}

/// Members in a list, the seed first.
fn names(members: &[u64]) -> String {
    if members.is_empty() {
        return "nobody".to_owned();
    }
    let short = |member: &u64| match member {
        0 => "the seed".to_owned(),
        number => number.to_string(),
    };
    members.iter().map(short).collect::<Vec<_>>().join(", ")
}

/// The segments that a client lacks, rarest first, and from whom each could come.
fn lacks(desk: &Desk, seen: &Selected) -> Html {
    let rows = desk.view.moment.copies.len();
    if seen.lacks.is_empty() {
        return Html::default();
    }
    let more = seen.lacks.len().saturating_sub(LISTED);
    html! {
        <>
        <table class="lacks" aria-label={format!("What {} lacks, rarest first", name(seen.number))}>
            <thead><tr><th scope="col">{"Lacks"}</th><th scope="col">{"Copies"}</th><th scope="col">{"Could come from"}</th></tr></thead>
            <tbody>
                for lack in seen.lacks.iter().take(LISTED) {
                    <tr key={lack.segment} class={lack.asked.then_some("used")}>
                        <td><svg class="chip" width="14" height="14" aria-hidden="true"><rect width="14" height="14" rx="3" fill={segment_colour(lack.segment as usize, rows)} /></svg>{lack.segment}</td>
                        <td>{lack.copies}</td>
                        <td>{source(lack)}</td>
                    </tr>
                }
            </tbody>
        </table>
        if more > 0 {
            <p class="card__note">{format!("and {more} more")}</p>
        }
        </>
    }
}

fn source(lack: &Lack) -> String {
    let asked = if lack.asked { ", asked for" } else { "" };
    match (lack.open.is_empty(), lack.closed.is_empty()) {
        (false, _) => format!("{}{asked}", names(&lack.open)),
        (true, false) => format!("{}, but choked{asked}", names(&lack.closed)),
        (true, true) => format!("nobody that it knows{asked}"),
    }
}

/// The list of clients.
fn list(desk: &Desk) -> Html {
    let shot = &desk.view;
    let selected = shot.selected.as_ref().map(|seen| seen.number);
    let send = desk.send.clone();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let on = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => true,
            "ArrowLeft" | "ArrowUp" => false,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        send.emit(Command::Move(on));
    });
    html! {
        <div
            id={CLIENTS} class="nodes" role="listbox" aria-label="Clients" tabindex="0" {onkeydown}
            aria-activedescendant={selected.map(|number| format!("swarm-client-{number}"))}
        >
            for member in shot.moment.members.iter() {
                {option(desk, member, selected == Some(member.number))}
            }
        </div>
    }
}

fn option(desk: &Desk, member: &MemberView, chosen: bool) -> Html {
    let number = member.number;
    let class = match member.presence {
        Presence::Here(_) => None,
        Presence::Awaited(_) => Some("coming"),
        Presence::Gone(_) => Some("dead"),
    };
    let onclick = desk
        .send
        .reform(move |_: MouseEvent| Command::Select(number));
    let text = if number == 0 {
        "seed".to_owned()
    } else {
        number.to_string()
    };
    html! {
        <span
            key={number} id={format!("swarm-client-{number}")} role="option" aria-selected={chosen.to_string()}
            {class} {onclick}
        >{text}</span>
    }
}
