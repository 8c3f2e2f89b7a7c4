//! The stage itself: two canvases and what the pointer does on them. It paints nothing: the engine's loop does.

use yew::{Callback, Html, NodeRef, html};

use chordscope_core::base::id::Id;

use crate::components::legend::{SIMULATED, legend};
use crate::components::pointing::{Pointing, pointing};
use crate::page::Place;
use crate::ring::engine::command::Command;
use crate::ring::engine::compose::{labelled, named, targets};
use crate::ring::engine::snapshot::{KeyView, Snapshot, Standing};
use crate::ring::panels::Desk;
use crate::ring::state::{Action, Field};
use crate::scene::hit::{Under, on_ring};
use crate::scene::layout::Layout;

/// The element id of the stage.
pub const VIEW: &str = "ring-view";

/// The ring: `still` and `moving` are the canvases of its two layers. `corner` lies beside it where there is room, and below it on a phone.
pub fn ring_view(desk: &Desk, still: NodeRef, moving: NodeRef, corner: Html) -> Html {
    let Desk { view, send, .. } = desk;
    let find = {
        let view = view.clone();
        Callback::from(move |place| under(&view, place))
    };
    let choose = {
        let desk = desk.clone();
        Callback::from(move |hit| choose(&desk, hit))
    };
    let Pointing {
        onpointermove,
        onpointerleave,
        onclick,
    } = pointing(&still, &find, &send.reform(Command::Hover), choose);
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

/// The target at a place.
fn under(shot: &Snapshot, place: Place) -> Option<Under<Id>> {
    let targets = targets(shot);
    let layout = Layout::new(place.width, place.height, &targets.nodes, labelled(shot));
    let hit = on_ring(&layout, &targets, place.point, place.tip);
    hit.and_then(|hit| named(shot, hit))
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
