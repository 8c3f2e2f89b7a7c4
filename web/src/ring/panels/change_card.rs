//! Changing the ring, and what a change does to the tables of others: old beside new.

use yew::{Html, html};

use crate::ring::engine::snapshot::{Beside, ChangeView, Snapshot};
use crate::ring::intent::Intent;
use crate::ring::panels::spin_field::{error_of, spin_field};
use crate::ring::panels::{Desk, on_click};
use crate::ring::state::Field;

/// The element id of what says why the ring was not changed.
pub const REFUSED: &str = "ring-refused";

/// The card that changes the ring.
pub fn change_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    let button = |name: &'static str, intent: Intent| {
        html! { <button type="button" onclick={on_click(&desk.intend, intent)}>{name}</button> }
    };
    html! {
        <section class="card" aria-labelledby="change-title">
            <header>
                <h2 id="change-title">{"Change the ring"}</h2>
                <span>{shot.change.as_ref().map(|change| shot.say_all(&change.titles))}</span>
            </header>
            <div class="row">
                {spin_field(desk, Field::Node, "Node id", "node")}
                {button("Insert node", Intent::Insert)}
                {button("Remove node", Intent::Remove)}
                {button("Crash node", Intent::Crash)}
            </div>
            {error_of(desk, Field::Node, "node")}
            if let Some(refused) = shot.refused_beside(Beside::Ring) {
                <p class="error" role="alert" id={REFUSED}>{refused}</p>
            }
            if let Some(change) = &shot.change {
                {changed(shot, change)}
            } else {
                <p class="card__note">{"Insert a node to see which fingers of the others change, old beside new."}</p>
            }
        </section>
    }
}

fn changed(shot: &Snapshot, change: &ChangeView) -> Html {
    let rows = change.rows.len();
    html! {
        <>
            <div class="table-scroll card__part" tabindex={(rows > 8).then_some("0")}>
                <table aria-label="Changed fingers">
                    <thead><tr>{for ["Node", "Row", "Start", "Old", "New"].map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                    <tbody>
                        for row in change.rows.iter() {
                            <tr class={row.updated.then_some("fresh")} key={format!("{:?} {} {}", row.node, row.row, row.updated)}>
                                <td>{shot.short(row.node)}</td>
                                <td>{row.row}</td>
                                <td>{shot.short(row.start)}</td>
                                <td class={row.updated.then_some("old")}>{shot.short(row.old)}</td>
                                <td class={if row.updated { "new" } else { "new pending" }}>{shot.short(row.new)}</td>
                            </tr>
                        }
                    </tbody>
                </table>
            </div>
            <p class="card__note" aria-live="polite">{change.affected.as_ref().map(|affected| shot.say(affected))}</p>
            for rule in change.rules.iter() {
                <p class="card__note">{shot.say(rule)}</p>
            }
        </>
    }
}
