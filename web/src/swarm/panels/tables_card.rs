//! The stage as tables: who has which segment, and what is on its way.

use yew::{Html, html};

use chordscope_sim::worlds::swarm::view::{Cell, MemberView, Moment};

use crate::swarm::engine::moment;
use crate::swarm::engine::statement::name;
use crate::swarm::panels::Desk;

/// The card with the tables "Segments" and "Transfers".
pub fn tables_card(desk: &Desk) -> Html {
    let moment = &desk.view.moment;
    html! {
        <section class="card" aria-labelledby="swarm-tables-title">
            <header><h2 id="swarm-tables-title">{"The stage as tables"}</h2></header>
            {segments(moment)}
            <h3 class="card__part">{"On its way now"}</h3>
            {transfers(moment)}
        </section>
    }
}

fn segments(moment: &Moment) -> Html {
    html! {
        <div class="table-scroll" tabindex="0">
            <table class="grid-table" aria-label="Segments">
                <thead><tr>
                    <th scope="col">{"Peer"}</th>
                    for segment in 0..moment::segments(moment) {
                        <th scope="col">{segment}</th>
                    }
                </tr></thead>
                <tbody>
                    for member in moment.members.iter() {
                        <tr key={member.number}>
                            <th scope="row">{name(member.number)}</th>
                            for segment in 0..moment::segments(moment) {
                                <td>{cell(member, segment)}</td>
                            }
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}

fn cell(member: &MemberView, segment: u32) -> String {
    match member.cells.get(segment as usize) {
        Some(Cell::Has) => "has".to_owned(),
        Some(Cell::Arriving(share)) => format!("{} %", share / 10),
        Some(Cell::Lacks) if moment::refused(member, segment).is_some() => "refused".to_owned(),
        Some(Cell::Lacks) | None => "–".to_owned(),
    }
}

fn transfers(moment: &Moment) -> Html {
    html! {
        <div class="table-scroll" tabindex="0">
            <table aria-label="Transfers">
                <thead><tr>{for ["From", "To", "Segment", "Share"].map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                <tbody>
                    for (index, flow) in moment.flows.iter().enumerate() {
                        <tr key={index}>
                            <td>{name(flow.from)}</td><td>{name(flow.to)}</td><td>{flow.segment}</td><td>{format!("{} %", flow.share / 10)}</td>
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}
