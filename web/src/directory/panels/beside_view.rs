//! The second view: Chord beside Kademlia, over the same peers and the same latencies.

use yew::{Html, html};

use chordscope_sim::worlds::directory::setup::Kind;

use crate::directory::panels::Desk;
use crate::directory::panels::picture::Picture;
use crate::directory::panels::pictures::figure;
use crate::directory::panels::route_card::way;

/// Both pictures: what the asker knows, and the way of the lookup that is shown.
pub fn beside_view(desk: &Desk) -> Html {
    let shown = [
        (Kind::Chord, "Chord", "fingers and successors of the asker"),
        (Kind::Kademlia, "Kademlia", "the asker’s buckets"),
    ];
    html! {
        <div class="dirs dirs--two" role="group" aria-label="Pictures" tabindex="0">
            {for shown.map(|(kind, head, note)| {
                let picture = Picture { shot: &desk.view, kind, knows: true };
                figure(desk, picture, (head, note), below(desk, kind))
            })}
        </div>
    }
}

fn below(desk: &Desk, kind: Kind) -> Html {
    let place = Kind::ALL.iter().position(|one| *one == kind);
    let asked = desk.view.asked.as_ref();
    let route = asked
        .zip(place)
        .map(|(asked, place)| way(&asked.routes[place]));
    let side = usize::from(kind == Kind::Kademlia);
    let knows = asked.map(|asked| {
        format!(
            "Peer {} knows {} of the others.",
            asked.peer,
            asked.knows[side].len()
        )
    });
    html! {
        <p class="dir__way"><b>{route.unwrap_or_else(|| "nothing was asked yet".to_owned())}</b>{" "}{knows}</p>
    }
}
