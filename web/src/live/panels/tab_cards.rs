//! The cards about the tab's peer: its place and tables, the peers that it knows, its events.

use chordscope_core::base::id::Id;
use yew::{Html, html};

use crate::brief::brief;
use crate::live::app::Panel;
use crate::live::talk::{FingerRow, HeldKey, PeerRow, Shelf, TabState};
use crate::live::words::{full, millis, short, size};

/// The card "This tab".
pub fn tab_card(panel: &Panel) -> Html {
    html! {
        <section class="card" aria-labelledby="tab-title">
            <header><h2 id="tab-title">{"This tab"}</h2></header>
            if let Some(state) = &panel.desk.state {
                {tables(state)}
            } else {
                <p class="card__empty">{"The peer of this tab is being started."}</p>
            }
        </section>
    }
}

fn tables(state: &TabState) -> Html {
    let shelf = match state.shelf {
        Shelf::Files => "in the browser’s private files: they outlive a reload",
        Shelf::Memory => {
            "in memory only: this browser, or this insecure address, offers no private files"
        }
    };
    html! {
        <>
            <dl>
                <dt>{"id"}</dt><dd class="id">{full(state.id)}</dd>
                <dt>{"predecessor"}</dt><dd>{state.predecessor.map_or_else(|| "unknown".to_owned(), short)}</dd>
                <dt>{"successors"}</dt><dd>{list(&state.successors)}</dd>
                <dt>{"fingers"}</dt><dd>{fingers(&state.fingers)}</dd>
                <dt>{"records it answers for"}</dt><dd>{state.keys_owned}</dd>
                <dt>{"replicas for others"}</dt><dd>{state.keys_copied}</dd>
                <dt>{"memory of its peer"}</dt><dd data-memory={state.memory.to_string()}>{size(state.memory)}</dd>
            </dl>
            if !state.keys.is_empty() {
                <ul class="held" aria-label="Records">
                    for held in state.keys.iter() {
                        <li title={full(held.key)}><span>{&held.name}</span><span class="mute">{standing(held)}</span></li>
                    }
                </ul>
            }
            <p class="card__note">{"Records are kept "}{shelf}{"."}</p>
        </>
    }
}

/// The role of the tab for a record.
const fn standing(held: &HeldKey) -> &'static str {
    match (held.deleted, held.owned) {
        (true, _) => "deleted",
        (false, true) => "answers for it",
        (false, false) => "replica",
    }
}

fn list(ids: &[Id]) -> String {
    if ids.is_empty() {
        return "none".to_owned();
    }
    let words: Vec<String> = ids.iter().map(|id| short(*id)).collect();
    words.join(", ")
}

fn fingers(rows: &[FingerRow]) -> String {
    if rows.is_empty() {
        return "none".to_owned();
    }
    let row = |row: &FingerRow| match row.first == row.last {
        true => format!("{}: {}", row.first, short(row.node)),
        false => format!("{}–{}: {}", row.first, row.last, short(row.node)),
    };
    let words: Vec<String> = rows.iter().map(row).collect();
    words.join(", ")
}

/// The card with the table "Peers".
pub fn peers_card(panel: &Panel) -> Html {
    let peers = panel
        .desk
        .state
        .as_ref()
        .map(|state| state.peers.as_slice());
    let peers = peers.unwrap_or_default();
    html! {
        <section class="card" aria-labelledby="peers-title">
            <header><h2 id="peers-title">{"Peers"}</h2><span>{linked(peers)}</span></header>
            if peers.is_empty() {
                <p class="card__empty">{"Nobody yet. Whom the tab learns of when it joins appears here."}</p>
            }
            <div class="table-scroll" tabindex={(peers.len() > 2).then_some("0")}>
                <table class="peers" aria-label="Peers" hidden={peers.is_empty()}>
                    <thead><tr>{for ["Node", "Round trip", "Sent", "Received"].map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                    <tbody>{for peers.iter().map(peer_row)}</tbody>
                </table>
            </div>
        </section>
    }
}

fn linked(peers: &[PeerRow]) -> String {
    let linked = peers.iter().filter(|peer| peer.linked).count();
    match peers.len() {
        0 => String::new(),
        _ => format!("{linked} linked"),
    }
}

fn peer_row(peer: &PeerRow) -> Html {
    let bytes = |count: u64| {
        if peer.linked {
            size(count)
        } else {
            "–".to_owned()
        }
    };
    let rtt = peer.rtt.map_or_else(|| "–".to_owned(), millis);
    html! {
        <tr key={full(peer.id)}>
            <td>
                <b title={full(peer.id)}>{short(peer.id)}</b>
                <small>{peer.roles.join(", ")}</small>
                <small>{peer.address.clone()}</small>
            </td>
            <td>{rtt}</td><td>{bytes(peer.sent)}</td><td>{bytes(peer.received)}</td>
        </tr>
    }
}

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
