//! The doors: a small figure that runs while it is seen, what was measured, and the pages behind.

use chordscope_sim::worlds::swarm::view::Cell;
use yew::{Html, NodeRef, Properties, component, html, use_node_ref};

use crate::home::engine::command::Command;
use crate::home::engine::doors::{Door, DoorView, Drawn};
use crate::home::panels::Desk;
use crate::hooks::use_in_view::use_in_view;
use crate::page;

/// The words of a door.
struct Sign {
    name: &'static str,
    text: &'static str,
    /// The subject of the measured figure.
    of: &'static str,
    /// The pages behind it: name and address.
    pages: &'static [(&'static str, &'static str)],
}

const fn sign(door: Door) -> Sign {
    match door {
        Door::Find => Sign {
            name: "Find",
            text: "Which node keeps a key? Nobody has a list.",
            of: "key 26 from node 1",
            pages: &[("Ring", "#/ring")],
        },
        Door::Share => Sign {
            name: "Share",
            text: "Clients pass on what the seed sends.",
            of: "a file for 4 clients",
            pages: &[("Swarm", "#/swarm"), ("Directory", "#/directory")],
        },
        Door::Agree => Sign {
            name: "Agree",
            text: "The ring is cut: answer, or refuse?",
            of: "while cut, and healed",
            pages: &[("Consistency", "#/cap")],
        },
        Door::Doubt => Sign {
            name: "Doubt",
            text: "Eight things that a network is not.",
            of: "one lookup, if latency is zero or not",
            pages: &[("Fallacies", "#/fallacies")],
        },
    }
}

/// A door.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct DoorProps {
    /// Which.
    pub door: Door,
    /// The canvases of its ring, if it is painted as one.
    pub canvases: (NodeRef, NodeRef),
    /// The page.
    pub desk: Desk,
}

/// A door's card.
#[component]
pub fn DoorCard(props: &DoorProps) -> Html {
    let DoorProps {
        door,
        canvases,
        desk,
    } = props;
    let card = use_node_ref();
    let seen = desk.send.reform({
        let door = *door;
        move |seen| Command::Wake(door, seen)
    });
    use_in_view(card.clone(), seen);
    let sign = sign(*door);
    let view = desk.view.doors.get(*door as usize).and_then(Option::as_ref);
    html! {
        <li class="door" ref={card}>
            <div class="door__art">{art(desk, view, canvases)}</div>
            <div>
                <h2>{sign.name}</h2>
                <p>{sign.text}</p>
                if let Some(view) = view {
                    <p class="door__figure"><b>{view.measured.text(desk.view.space)}</b><small>{sign.of}</small></p>
                }
                <p class="door__go">
                    for (name, address) in sign.pages.iter() {
                        {leads(name, address)}
                    }
                </p>
            </div>
        </li>
    }
}

/// The link to a page, if there is that page.
fn leads(name: &'static str, address: &'static str) -> Html {
    match page::is_page(address) {
        true => html! { <a href={address}>{name}</a> },
        false => html! { <span>{name}{": not yet"}</span> },
    }
}

fn art(desk: &Desk, view: Option<&DoorView>, canvases: &(NodeRef, NodeRef)) -> Html {
    let picture = view.map(|view| view.picture.text(desk.view.space));
    match view.map(|view| &view.drawn) {
        None => Html::default(),
        Some(Drawn::Ring) => html! {
            <>
                <canvas ref={canvases.0.clone()} role="img" aria-label={picture} />
                <canvas ref={canvases.1.clone()} aria-hidden="true" />
            </>
        },
        Some(Drawn::Swarm(rows)) => swarm(rows, picture),
        Some(Drawn::Clocks(clocks)) => bars(*clocks, picture),
    }
}

/// A row a member: the seed lies below its clients.
fn swarm(rows: &[Vec<Cell>], picture: Option<String>) -> Html {
    let cell = |row: usize, column: usize, cell: Cell| {
        let (x, y) = ((8 * column + 18).to_string(), (16 * row + 10).to_string());
        let class = match cell {
            Cell::Has => "has",
            Cell::Arriving(_) => "arriving",
            Cell::Lacks => "lacks",
        };
        html! { <rect {class} {x} {y} width="6" height="9" rx="1" /> }
    };
    html! {
        <svg viewBox="0 0 120 92" role="img" aria-label={picture}>
            for (row, cells) in rows.iter().enumerate() {
                <circle class={if row + 1 == rows.len() { "seed" } else { "client" }} cx="8" cy={(16 * row + 14).to_string()} r="4" />
                {for cells.iter().enumerate().map(|(column, one)| cell(row, column, *one))}
            }
        </svg>
    }
}

/// A bar each: where messages take no time there is none.
fn bars([assumed, faced, most]: [u64; 3], picture: Option<String>) -> Html {
    let wide = |micros: u64| (96 * micros.min(most) / most.max(1)).to_string();
    html! {
        <svg viewBox="0 0 120 92" role="img" aria-label={picture}>
            <text x="12" y="20">{"assumed"}</text>
            <line class="base" x1="12" x2="12" y1="26" y2="44" />
            <rect class="assumed" x="12" y="28" width={wide(assumed)} height="14" rx="2" />
            <text x="12" y="60">{"faced"}</text>
            <line class="base" x1="12" x2="12" y1="66" y2="84" />
            <rect class="faced" x="12" y="68" width={wide(faced)} height="14" rx="2" />
        </svg>
    }
}

/// The doors. `canvases` are those of the doors that are painted, by door.
pub fn doors(desk: &Desk, canvases: &[(NodeRef, NodeRef)]) -> Html {
    let card = |door: Door| {
        let canvases = canvases.get(door as usize).cloned().unwrap_or_default();
        html! { <DoorCard {door} {canvases} desk={desk.clone()} /> }
    };
    html! {
        <ul class="doors" aria-label="Four ways in">
            {for Door::ALL.into_iter().map(card)}
        </ul>
    }
}
