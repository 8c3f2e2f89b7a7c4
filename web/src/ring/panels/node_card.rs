//! One node's tables, and the list by which the keyboard reaches every node of the stage.

use web_sys::KeyboardEvent;
use yew::{Callback, Html, html};

use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::{Gone, Inspected, NodeView, Snapshot, Standing};
use crate::ring::intent::Intent;
use crate::ring::panels::Desk;

/// The element id of the list of nodes.
pub const NODES: &str = "nodes";

/// The card of the chosen node, or of the one the lookup is at.
pub fn node_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    let Some(seen) = &shot.inspected else {
        return html! {
            <section class="card" aria-label="Node">
                {node_list(desk)}
                <p class="card__empty">{"Choose a node on the stage or in this list: its tables appear here."}</p>
            </section>
        };
    };
    let title = match seen.gone {
        None => format!("Finger table of node {}", shot.short(seen.id)),
        Some(_) => format!("Node {}", shot.short(seen.id)),
    };
    html! {
        <section class="card" aria-label="Node">
            {node_list(desk)}
            <header>
                <h2 title={shot.show(seen.id)}>{title.clone()}</h2>
                <span>{seen.gone.map_or_else(|| standing(shot, seen), Gone::word)}</span>
            </header>
            if let Some(gone) = seen.gone {
                <p class="card__empty">{gone.text()}</p>
            } else {
                {fingers(shot, seen, title)}
                if let Some(since) = &seen.since {
                    <p class="card__note">{shot.say(since)}</p>
                }
                {lists(shot, seen)}
            }
        </section>
    }
}

/// The coming change of a node that is no settled member.
fn standing(shot: &Snapshot, seen: &Inspected) -> &'static str {
    match shot.node(seen.id).map(|node| node.standing) {
        Some(Standing::Joining) => "is joining",
        Some(Standing::Leaving) => "hands over its keys and leaves",
        _ => "",
    }
}

fn fingers(shot: &Snapshot, seen: &Inspected, title: String) -> Html {
    html! {
        <div class="table-scroll" tabindex={(seen.fingers.len() > 8).then_some("0")}>
            <table aria-label={title}>
                <thead><tr>{for ["Row", "Start", "Node"].map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                <tbody>
                    for row in seen.fingers.iter() {
                        <tr class={row.used.then_some("used")}>
                            <td>{row.row}</td>
                            <td title={shot.show(row.start)}>{shot.short(row.start)}</td>
                            <td class={row.stale.then_some("stale")} title={row.stale.then_some("not the successor of this row’s start among the nodes that are up")}>{row.node.map_or_else(|| "unknown".to_owned(), |id| shot.short(id))}</td>
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}

fn lists(shot: &Snapshot, seen: &Inspected) -> Html {
    let list = |ids: &[chordscope_core::base::id::Id], none: &str| {
        if ids.is_empty() {
            return none.to_owned();
        }
        let words: Vec<String> = ids.iter().map(|id| shot.short(*id)).collect();
        words.join(", ")
    };
    let (answered, replicas) = seen.split_keys();
    html! {
        <dl>
            <dt>{"predecessor"}</dt><dd>{seen.predecessor.map_or_else(|| "unknown".to_owned(), |id| shot.short(id))}</dd>
            <dt>{"successor list"}</dt><dd>{list(&seen.successors, "empty")}</dd>
            <dt>{"records it answers for"}</dt><dd>{list(&answered, "none")}</dd>
            <dt>{"replicas for others"}</dt><dd>{list(&replicas, "none")}</dd>
        </dl>
    }
}

/// A list box of all nodes: one stop for the Tab key, arrows within.
fn node_list(desk: &Desk) -> Html {
    let shot = &desk.view;
    let intend = desk.intend.clone();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let intent = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => Intent::NextNode,
            "ArrowLeft" | "ArrowUp" => Intent::PreviousNode,
            "Enter" => Intent::Answer,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        intend.emit(intent);
    });
    let chosen = shot.choice;
    let active = chosen
        .and_then(|id| shot.position(id))
        .map(|index| format!("node-{index}"));
    html! {
        <div id={NODES} class="nodes" role="listbox" aria-label="Nodes" tabindex="0" aria-activedescendant={active} {onkeydown}>
            for (index, node) in shot.nodes.iter().enumerate() {
                {option(desk, index, node, chosen == Some(node.id))}
            }
        </div>
    }
}

fn option(desk: &Desk, index: usize, node: &NodeView, chosen: bool) -> Html {
    let id = node.id;
    let onclick = desk.send.reform(move |_| Command::Choose(id));
    let (class, says) = match node.standing {
        Standing::Member => (None, None),
        Standing::Joining => (Some("joining"), Some("joining")),
        Standing::Leaving => (Some("leaving"), Some("leaving")),
        Standing::Crashed => (Some("dead"), Some("does not answer")),
    };
    let name = says.map(|says| format!("{}, {says}", node.label));
    let title = name.clone().unwrap_or_else(|| node.label.clone());
    html! {
        <div
            key={node.label.clone()} role="option" id={format!("node-{index}")} aria-selected={chosen.to_string()} aria-label={name}
            {class} {title} {onclick}
        >{desk.view.short(id)}</div>
    }
}
