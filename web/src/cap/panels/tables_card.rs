//! The card with the table "History": each call with its verdict.

use chordscope_sim::engine::time_text::time_text;
use yew::{Html, html};

use crate::cap::engine::snapshot::{OperationView, SideShot};
use crate::cap::engine::statement::{Asks, Came, Judged, system_name};
use crate::cap::panels::Desk;

/// The card.
pub fn tables_card(desk: &Desk) -> Html {
    let sides = &desk.view.sides;
    let heads = [
        "Client",
        "Operation",
        "Value",
        "Called",
        "Returned",
        "Verdict",
    ];
    html! {
        <section class="card" aria-labelledby="cap-history-title">
            <header><h2 id="cap-history-title">{"History"}</h2></header>
            <div class="table-scroll" tabindex="0">
                <table class="cap-table" aria-label="History">
                    <thead><tr>{for heads.map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                    for side in sides.iter() {
                        <tbody>
                            if sides.len() > 1 {
                                <tr><th colspan="6" scope="rowgroup">{system_name(side.view.system)}</th></tr>
                            }
                            for one in side.operations.iter() {
                                {row(side, one)}
                            }
                        </tbody>
                    }
                </table>
            </div>
        </section>
    }
}

fn row(side: &SideShot, one: &OperationView) -> Html {
    let value = match (&one.deed, &one.came) {
        (Asks::Get, Some(came)) => came.short(),
        (Asks::Get, None) => "…".to_owned(),
        (deed, Some(Came::Wrote(sequence))) => {
            format!("{}, version {sequence}", deed.value().unwrap_or("nothing"))
        }
        (deed, _) => deed.value().unwrap_or("nothing").to_owned(),
    };
    let cells = [
        one.name.clone(),
        one.deed.short(),
        value,
        time_text(one.called),
        one.returned.map_or_else(|| "…".to_owned(), time_text),
        one.verdict
            .as_ref()
            .map_or("in flight", Judged::word)
            .to_owned(),
    ];
    html! {
        <tr key={format!("{}-{}", side.view.system.name(), one.number)}>{for cells.map(|cell| html! { <td>{cell}</td> })}</tr>
    }
}
