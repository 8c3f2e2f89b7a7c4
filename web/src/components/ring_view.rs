//! The stage itself: two canvases and what the pointer does on them. It paints nothing: the engine's loop does.

use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};
use yew::{Callback, Html, NodeRef, html};

use chordscope_core::base::id::Id;

use crate::components::Desk;
use crate::components::legend::legend;
use crate::engine::command::Command;
use crate::engine::compose::labelled;
use crate::engine::snapshot::Snapshot;
use crate::scene::curve::Point;
use crate::scene::layout::Layout;

/// The ring: `still` and `moving` are the canvases of its two layers.
pub fn ring_view(desk: &Desk, still: NodeRef, moving: NodeRef) -> Html {
    let Desk { view, send, .. } = desk;
    let onpointermove = {
        let (view, send) = (view.clone(), send.clone());
        Callback::from(move |event: PointerEvent| {
            let over = node_under(&view, &event);
            if over != view.hovered.map(|(id, _)| id) && event.pointer_type() != "touch" {
                send.emit(Command::Hover(over));
            }
        })
    };
    let onpointerleave = send.reform(|_: PointerEvent| Command::Hover(None));
    let onpointerdown = {
        let (view, send) = (view.clone(), send.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some(id) = node_under(&view, &event) {
                send.emit(Command::Choose(id));
            }
        })
    };
    let class = if view.hovered.is_some() {
        "view view--over-node"
    } else {
        "view"
    };
    html! {
        <div class="view__frame">
            <div {class} {onpointermove} {onpointerleave} {onpointerdown}>
                <canvas ref={still} role="img" aria-label={summary(view)} />
                <canvas ref={moving} aria-hidden="true" />
                <p class="view__hint" aria-hidden="true">{hint(view)}</p>
                if view.nodes.is_empty() {
                    <p class="view__empty">{"No node is on the ring. Type a node id and press “Insert node”."}</p>
                }
            </div>
            {legend("asks", true)}
        </div>
    }
}

fn node_under(shot: &Snapshot, event: &PointerEvent) -> Option<Id> {
    let target = event.current_target()?;
    let area = target.dyn_ref::<Element>()?.get_bounding_client_rect();
    let turns: Vec<f64> = shot.nodes.iter().map(|node| node.turn).collect();
    let point = Point {
        x: f64::from(event.client_x()) - area.left(),
        y: f64::from(event.client_y()) - area.top(),
    };
    let layout = Layout::new(area.width(), area.height(), &turns, labelled(shot));
    layout.hit(&turns, point).map(|index| shot.nodes[index].id)
}

/// What the node under the pointer, or the chosen one, is responsible for.
fn hint(shot: &Snapshot) -> Html {
    let inspected = shot.inspected.as_ref().filter(|_| shot.chosen);
    let seen = shot
        .hovered
        .or_else(|| inspected.map(|seen| (seen.id, seen.predecessor)));
    match seen {
        Some((id, Some(after))) => html! {
            <><b>{format!("Node {}", shot.short(id))}</b>{format!(" is responsible for ({}, {}]", shot.short(after), shot.short(id))}</>
        },
        Some((id, None)) => html! { <b>{format!("Node {}", shot.short(id))}</b> },
        None => Html::default(),
    }
}

/// The picture in words.
fn summary(shot: &Snapshot) -> String {
    let members = shot.nodes.iter().filter(|node| node.is_member()).count();
    let ring = format!("Ring of {members} nodes");
    match &shot.lookup {
        Some(lookup) => format!(
            "{ring}, lookup of key {} from node {} after {} hops",
            shot.show(lookup.key),
            shot.show(lookup.from),
            lookup.hops()
        ),
        None => ring,
    }
}
