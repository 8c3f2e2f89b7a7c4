//! The stage itself: two canvases and what the pointer does on them. It paints nothing: the engine's loop does.

use web_sys::{MouseEvent, PointerEvent};
use yew::{Callback, Html, NodeRef, html};

use chordscope_core::base::id::Id;

use crate::components::legend::{SIMULATED, legend};
use crate::page;
use crate::ring::engine::command::Command;
use crate::ring::engine::compose::{labelled, named, targets};
use crate::ring::engine::snapshot::{KeyView, Snapshot, Standing};
use crate::ring::panels::Desk;
use crate::ring::state::{Action, Field};
use crate::scene::hit::{Tip, Under, on_ring};
use crate::scene::layout::Layout;

/// The element id of the stage.
pub const VIEW: &str = "ring-view";

/// The ring: `still` and `moving` are the canvases of its two layers. `corner` lies beside it where there is room, and below it on a phone.
pub fn ring_view(desk: &Desk, still: NodeRef, moving: NodeRef, corner: Html) -> Html {
    let Desk { view, send, .. } = desk;
    let onpointermove = {
        let (view, send, still) = (view.clone(), send.clone(), still.clone());
        Callback::from(move |event: PointerEvent| {
            let (over, tip) = under(&view, &event, &still);
            // What was last drawn as under it may be out of date: the engine knows.
            if tip == Tip::Fine {
                send.emit(Command::Hover(over));
            }
        })
    };
    let onpointerleave = send.reform(|_: PointerEvent| Command::Hover(None));
    let onclick = {
        let (desk, still) = (desk.clone(), still.clone());
        Callback::from(move |event: MouseEvent| {
            let (hit, tip) = under(&desk.view, &event, &still);
            // A finger does not hover: what it touches says what it is.
            if tip == Tip::Blunt {
                desk.send.emit(Command::Hover(hit));
            }
            choose(&desk, hit);
        })
    };
    let class = if view.hovered.is_some() {
        "view view--over"
    } else {
        "view"
    };
    html! {
        <div class="view__frame">
            <div id={VIEW} {class} {onpointermove} {onpointerleave} {onclick}>
                <canvas ref={still} role="img" aria-label={view.say_all(&view.picture)} />
                <canvas ref={moving} aria-hidden="true" />
                <p class="view__hint" aria-hidden="true">{hint(view)}</p>
                if view.nodes.is_empty() {
                    <p class="view__empty">{"No node is on the ring. Type a node id and press “Insert node”."}</p>
                }
            </div>
            {legend("asks", &SIMULATED)}
            {corner}
        </div>
    }
}

/// The target under the pointer of an event, and the kind of the pointer's tip.
fn under(shot: &Snapshot, event: &MouseEvent, canvas: &NodeRef) -> (Option<Under<Id>>, Tip) {
    let Some(place) = page::place(event, canvas) else {
        return (None, Tip::default());
    };
    let targets = targets(shot);
    let layout = Layout::new(place.width, place.height, &targets.nodes, labelled(shot));
    let hit = on_ring(&layout, &targets, place.point, place.tip);
    (hit.and_then(|hit| named(shot, hit)), place.tip)
}

/// A click or tap. Only a node answers a prediction.
fn choose(desk: &Desk, hit: Option<Under<Id>>) {
    match hit {
        Some(Under::Node(id)) => desk.send.emit(Command::Choose(id)),
        Some(Under::Arc(id)) if !desk.view.predicting => desk.send.emit(Command::Choose(id)),
        Some(Under::Key(id)) if !desk.view.predicting => {
            let text = desk.view.show(id);
            desk.ui.dispatch(Action::Typed(Field::Key, text));
        }
        _ => {}
    }
}

/// The hint about the target under the pointer, or the chosen node.
fn hint(shot: &Snapshot) -> Html {
    match (shot.hovered, &shot.claim) {
        (Some(Under::Key(id)), _) => of_key(shot, id),
        (Some(Under::Node(id) | Under::Arc(id)), Some(claim)) if is_leaving(shot, id) => {
            html! { <>{shot.say(claim)}{" It hands over its keys to leave."}</> }
        }
        (_, Some(claim)) => html! { <>{shot.say(claim)}</> },
        (Some(Under::Node(id)), None) => of_node(shot, id),
        (_, None) => Html::default(),
    }
}

fn is_leaving(shot: &Snapshot, id: Id) -> bool {
    let node = shot.node(id);
    node.is_some_and(|node| node.standing == Standing::Leaving)
}

/// A node that is responsible for nothing.
fn of_node(shot: &Snapshot, id: Id) -> Html {
    let name = format!("Node {}", shot.short(id));
    let says = match shot.node(id).map(|node| node.standing) {
        Some(Standing::Crashed) => " does not answer.",
        Some(Standing::Joining) => " has not joined yet.",
        Some(Standing::Leaving) => " hands over its keys to leave.",
        Some(Standing::Member) => " knows no predecessor.",
        None => "",
    };
    html! { <><b>{name}</b>{says}</> }
}

/// The nodes that hold a value, those that are responsible for the key told from those that keep a replica.
fn holders(shot: &Snapshot, key: &KeyView) -> String {
    let list = |what: &str, ids: &[Id]| {
        let ids: Vec<String> = ids.iter().map(|id| shot.short(*id)).collect();
        (!ids.is_empty()).then(|| format!(", {what} {}", ids.join(", ")))
    };
    let told = [
        list("stored at", &key.owners),
        list("replicas at", &key.replicas),
    ];
    told.into_iter().flatten().collect()
}

fn of_key(shot: &Snapshot, id: Id) -> Html {
    let name = format!("Key {}", shot.short(id));
    let says = match shot.stored(id) {
        Some(key) => {
            let names: Vec<String> = key.names.iter().map(|name| format!("“{name}”")).collect();
            format!(" {}{}", names.join(", "), holders(shot, key))
        }
        None => ": nothing is stored under it".to_owned(),
    };
    html! { <><b>{name}</b>{says}</> }
}
