//! The peers: a list by which the keyboard reaches each of them, and what the selected one keeps.

use web_sys::{KeyboardEvent, MouseEvent};
use yew::{Callback, Html, html};

use crate::directory::engine::command::Command;
use crate::directory::engine::snapshot::PeerView;
use crate::directory::panels::Desk;

/// The element id of the list.
const PEERS: &str = "directory-peers";

/// The card.
pub fn peers_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    let selected = shot.selected.and_then(|place| {
        let mut peers = shot.peers.iter();
        peers.find(|peer| peer.place == place)
    });
    html! {
        <section class="card" aria-label="Peer">
            {list(desk)}
            if let Some(peer) = selected {
                <header><h2>{format!("Peer {}", peer.place)}</h2><span>{if peer.is_up { "here" } else { "gone" }}</span></header>
                <dl>
                    <dt>{"id"}</dt><dd class="peer__id">{&peer.id}</dd>
                    <dt>{"region"}</dt><dd>{peer.region}</dd>
                    <dt>{"keeps in Chord"}</dt><dd>{cards(peer.cards[0].len())}</dd>
                    <dt>{"keeps in Kademlia"}</dt><dd>{cards(peer.cards[1].len())}</dd>
                </dl>
            } else {
                <p class="card__empty">{"Select a peer, in a picture or in this list, to see what it keeps, or to let it ask or go."}</p>
            }
        </section>
    }
}

fn cards(count: usize) -> String {
    match count {
        1 => "1 card".to_owned(),
        _ => format!("{count} cards"),
    }
}

fn list(desk: &Desk) -> Html {
    let shot = &desk.view;
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
            id={PEERS} class="nodes" role="listbox" aria-label="Peers" tabindex="0" {onkeydown}
            aria-activedescendant={shot.selected.map(|place| format!("directory-peer-{place}"))}
        >
            for peer in shot.peers.iter() {
                {option(desk, peer, shot.selected == Some(peer.place))}
            }
        </div>
    }
}

fn option(desk: &Desk, peer: &PeerView, chosen: bool) -> Html {
    let place = peer.place;
    let onclick = desk
        .send
        .reform(move |_: MouseEvent| Command::Select(place));
    html! {
        <span
            key={place} id={format!("directory-peer-{place}")} role="option" aria-selected={chosen.to_string()}
            class={(!peer.is_up).then_some("dead")} {onclick}
        >{place}</span>
    }
}
