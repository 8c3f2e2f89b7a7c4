//! The tables below the pictures: the kinds of directory, and Chord beside Kademlia.

use yew::{Html, html};

use crate::directory::engine::beside::{ROWS, difference};
use crate::directory::engine::statement::kind_word;
use crate::directory::panels::Desk;

/// The table "Directories".
pub fn directories(desk: &Desk) -> Html {
    let heads = ["Directory", "Found", "Messages", "State", "Upkeep"];
    html! {
        <div class="table-scroll dirs__table" tabindex="0">
            <table aria-label="Directories">
                <thead><tr>{for heads.map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                <tbody>
                    for figures in desk.view.figures.iter() {
                        {row(figures.row())}
                    }
                </tbody>
            </table>
        </div>
    }
}

fn row([name, rest @ ..]: [String; 5]) -> Html {
    html! {
        <tr key={name.clone()}><th scope="row">{name}</th>{for rest.map(|cell| html! { <td>{cell}</td> })}</tr>
    }
}

/// The table "Chord and Kademlia", and whether both spend the same on upkeep.
pub fn chord_and_kademlia(desk: &Desk) -> Html {
    let [chord, kademlia] = desk.view.beside;
    let rows = ROWS.iter().zip(chord.cells()).zip(kademlia.cells());
    let upkeep = difference(desk.view.beside).map(|(kind, percent)| match percent {
        0..=5 => format!(
            "Both have spent the same bytes on upkeep, within {} %.",
            percent.max(1)
        ),
        _ => format!(
            "Not at equal cost: {} has spent {percent} % more on upkeep.",
            kind_word(kind)
        ),
    });
    html! {
        <div class="table-scroll dirs__table" tabindex="0">
            <table aria-label="Chord and Kademlia">
                <thead><tr>{for ["Measure", "Chord", "Kademlia"].map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                <tbody>
                    for ((name, chord), kademlia) in rows {
                        <tr key={*name}><th scope="row">{*name}</th><td>{chord}</td><td>{kademlia}</td></tr>
                    }
                </tbody>
            </table>
            <p class="card__note">{upkeep}</p>
        </div>
    }
}
