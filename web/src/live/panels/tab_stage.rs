//! The stage: two canvases, which the page's loop paints, or what a tab as a member is, until it is one.

use web_sys::{MouseEvent, PointerEvent};
use yew::{Callback, Html, NodeRef, html};

use chordscope_core::base::id::Id;

use crate::components::legend::{REAL, legend};
use crate::live::app::Panel;
use crate::live::stage::{Trail, coverage, hint, named, summary, targets};
use crate::live::talk::{Connection, State};
use crate::live::use_stage::Stage;
use crate::page;
use crate::scene::hit::{Tip, Under, on_ring};
use crate::scene::layout::Layout;

/// The stage.
pub fn tab_stage(panel: &Panel, stage: &Stage, still: NodeRef, moving: NodeRef) -> Html {
    let state = panel.desk.state.clone();
    let path = panel.desk.path.as_ref().map(|(path, _)| path.clone());
    let reached = stage.reached;
    let trail = path.as_deref().map(|path| Trail::of(path, reached));
    let words = state.as_ref().map(|state| summary(state, trail));
    // A finger does not hover: what it touches says what it is.
    let point = |pointers: fn(Tip) -> bool| {
        let (hover, hovered) = (stage.hover.clone(), stage.hovered);
        let (state, path, still) = (state.clone(), path.clone(), still.clone());
        move |event: &MouseEvent| {
            let Some(state) = &state else { return };
            let trail = path.as_deref().map(|path| Trail::of(path, reached));
            let (over, tip) = under(state, trail, event, &still);
            if over != hovered && pointers(tip) {
                hover.set(over);
            }
        }
    };
    let moved = point(|tip| tip == Tip::Fine);
    let onpointermove = Callback::from(move |event: PointerEvent| moved(&event));
    let clicked = point(|_| true);
    let onclick = Callback::from(move |event: MouseEvent| clicked(&event));
    let hover = stage.hover.clone();
    let onpointerleave = Callback::from(move |_: PointerEvent| hover.set(None));
    let says = state
        .as_ref()
        .map(|state| hint(state, trail, stage.hovered));
    html! {
        <div class="view__frame">
            <p class="stage__hint" aria-hidden="true">{says.map(|(name, says)| html! { <><b>{name}</b>{says}</> })}</p>
            <div class="view" {onpointermove} {onpointerleave} {onclick}>
                <canvas ref={still} role="img" aria-label={words} />
                <canvas ref={moving} aria-hidden="true" />
                if let Some(state) = &state {
                    if is_outside(&state.connection) {
                        {welcome()}
                    }
                }
            </div>
            if state.as_ref().is_some_and(|state| !is_outside(&state.connection)) {
                <p class="stage__known">{state.as_ref().map(|state| coverage(state))}</p>
                {legend("this tab", &REAL)}
            }
        </div>
    }
}

const fn is_outside(connection: &Connection) -> bool {
    matches!(connection, Connection::Outside | Connection::Refused(_))
}

fn welcome() -> Html {
    html! {
        <div class="welcome">
            <h2>{"This tab can be a member of a real ring"}</h2>
            <p>{"Once it has joined, it has a place of its own: it answers for the keys between its predecessor and itself, stores replicas for its neighbours, and finds every other key in a few hops."}</p>
            <p>{"A ring to join, on this computer, with this page:"}</p>
            <p><code>{"chordscope ring --web dist"}</code></p>
            <p class="mute">{"Tabs cannot accept connections; peers relay for them."}</p>
        </div>
    }
}

/// What the pointer of an event is over, and how exactly it points.
fn under(
    state: &State,
    path: Option<Trail<'_>>,
    event: &MouseEvent,
    canvas: &NodeRef,
) -> (Option<Under<Id>>, Tip) {
    let Some(place) = page::place(event, canvas) else {
        return (None, Tip::default());
    };
    let targets = targets(state, path);
    let layout = Layout::new(place.width, place.height, &targets.nodes, false);
    let hit = on_ring(&layout, &targets, place.point, place.tip);
    (hit.and_then(|hit| named(state, path, hit)), place.tip)
}
