//! The card about the question that is shown: the way of each lookup, in words and as a table.

use yew::{Html, html};

use chordscope_sim::worlds::directory::action::Member;
use chordscope_sim::worlds::directory::setup::Kind;

use crate::directory::engine::statement::kind_name;
use crate::directory::panels::Desk;

/// The card with the table "Routes".
pub fn route_card(desk: &Desk) -> Html {
    let Some(asked) = &desk.view.asked else {
        return html! {
            <section class="card" aria-label="Routes">
                <p class="card__empty">{"Nothing was asked yet. Press “Ask all”."}</p>
            </section>
        };
    };
    let title = match asked.title {
        Some(title) => format!("Who has title {title}?"),
        None => "Where is this key?".to_owned(),
    };
    let rows = Kind::ALL.iter().zip(&asked.routes);
    html! {
        <section class="card" aria-labelledby="directory-route-title">
            <header><h2 id="directory-route-title">{title}</h2><span>{format!("peer {} asks", asked.peer)}</span></header>
            <ul class="answers">
                for (place, said) in asked.said.iter().enumerate() {
                    <li key={place}>{said.text()}</li>
                }
            </ul>
            <table aria-label="Routes">
                <thead><tr><th scope="col">{"Directory"}</th><th scope="col">{"Way"}</th></tr></thead>
                <tbody>
                    for (kind, route) in rows.filter(|(_, route)| !route.is_empty()) {
                        <tr key={kind.name()}><th scope="row">{kind_name(*kind)}</th><td>{way(route)}</td></tr>
                    }
                </tbody>
            </table>
        </section>
    }
}

/// A way in words: members by their short names.
pub(super) fn way(route: &[Member]) -> String {
    let names: Vec<String> = route.iter().map(|member| short(*member)).collect();
    names.join(" → ")
}

/// The short name of a member.
pub(super) fn short(member: Member) -> String {
    match member {
        Member::Directory => "the directory".to_owned(),
        Member::Tracker(_) => member.to_string(),
        Member::Peer(place) => place.to_string(),
    }
}
