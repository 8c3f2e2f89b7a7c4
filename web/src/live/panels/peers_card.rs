//! Whom the tab knows.

use yew::{Html, html};

use crate::live::app::Panel;
use crate::live::talk::PeerRow;
use crate::live::words::{full, millis, short, size};

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
            <header><h2 id="peers-title">{"Peers"}</h2><span>{count(peers)}</span></header>
            if peers.is_empty() {
                <p class="card__empty">{"Nobody yet. Whom the tab learns of when it joins appears here."}</p>
            }
            <div class="table-scroll" tabindex={(peers.len() > 2).then_some("0")}>
                <table class="peers" aria-label="Peers" hidden={peers.is_empty()}>
                    <thead><tr>{for ["Node", "Round trip", "Sent", "Received"].map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                    <tbody>{for peers.iter().map(row)}</tbody>
                </table>
            </div>
        </section>
    }
}

fn count(peers: &[PeerRow]) -> String {
    let linked = peers.iter().filter(|peer| peer.linked).count();
    match peers.len() {
        0 => String::new(),
        _ => format!("{linked} linked"),
    }
}

fn row(peer: &PeerRow) -> Html {
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
