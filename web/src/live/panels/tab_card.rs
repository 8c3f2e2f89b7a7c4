//! The tab's own place and tables.

use chordscope_core::base::id::Id;
use yew::{Html, html};

use crate::live::app::Panel;
use crate::live::talk::{FingerRow, HeldKey, Shelf, State};
use crate::live::words::{full, short, size};

/// The card "This tab".
pub fn tab_card(panel: &Panel) -> Html {
    html! {
        <section class="card" aria-labelledby="tab-title">
            <header><h2 id="tab-title">{"This tab"}</h2></header>
            if let Some(state) = &panel.desk.state {
                {tables(state)}
            } else {
                <p class="card__empty">{"The peer of this tab is being started."}</p>
            }
        </section>
    }
}

fn tables(state: &State) -> Html {
    let shelf = match state.shelf {
        Shelf::Files => "in the browser’s private files: they outlive a reload",
        Shelf::Memory => {
            "in memory only: this browser, or this insecure address, offers no private files"
        }
    };
    html! {
        <>
            <dl>
                <dt>{"id"}</dt><dd class="id">{full(state.id)}</dd>
                <dt>{"predecessor"}</dt><dd>{state.predecessor.map_or_else(|| "unknown".to_owned(), short)}</dd>
                <dt>{"successors"}</dt><dd>{list(&state.successors)}</dd>
                <dt>{"fingers"}</dt><dd>{fingers(&state.fingers)}</dd>
                <dt>{"records it answers for"}</dt><dd>{state.keys_owned}</dd>
                <dt>{"replicas for others"}</dt><dd>{state.keys_copied}</dd>
                <dt>{"memory of its peer"}</dt><dd data-memory={state.memory.to_string()}>{size(state.memory)}</dd>
            </dl>
            if !state.keys.is_empty() {
                <ul class="held" aria-label="Records">
                    for held in state.keys.iter() {
                        <li title={full(held.key)}><span>{&held.name}</span><span class="mute">{standing(held)}</span></li>
                    }
                </ul>
            }
            <p class="card__note">{"Records are kept "}{shelf}{"."}</p>
        </>
    }
}

/// The role of the tab for a record.
const fn standing(held: &HeldKey) -> &'static str {
    match (held.deleted, held.owned) {
        (true, _) => "deleted",
        (false, true) => "answers for it",
        (false, false) => "replica",
    }
}

fn list(ids: &[Id]) -> String {
    if ids.is_empty() {
        return "none".to_owned();
    }
    let words: Vec<String> = ids.iter().map(|id| short(*id)).collect();
    words.join(", ")
}

fn fingers(rows: &[FingerRow]) -> String {
    if rows.is_empty() {
        return "none".to_owned();
    }
    let row = |row: &FingerRow| match row.first == row.last {
        true => format!("{}: {}", row.first, short(row.node)),
        false => format!("{}–{}: {}", row.first, row.last, short(row.node)),
    };
    let words: Vec<String> = rows.iter().map(row).collect();
    words.join(", ")
}
