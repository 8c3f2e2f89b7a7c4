//! The card "Healing": when the replicas agreed again, which versions met, who won, who was refunded.

use yew::{Html, html};

use crate::cap::panels::{Desk, lines};

/// The card.
pub fn repair_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    html! {
        <section class="card" aria-labelledby="cap-healing-title">
            <header><h2 id="cap-healing-title">{"Healing"}</h2><span>{"retry, undo"}</span></header>
            if shot.repair.is_empty() {
                <p class="card__empty">{"No cut has healed yet. Then the halves find each other and compare their replicas."}</p>
            } else {
                {lines(&shot.repair)}
            }
        </section>
    }
}
