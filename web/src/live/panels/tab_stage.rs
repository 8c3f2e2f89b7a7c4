//! The stage: two canvases, which the page's loop paints, or what a tab as a member is, until it is one.

use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};
use yew::{Callback, Html, NodeRef, html};

use chordscope_core::base::id::{Id, Space};

use crate::components::legend::legend;
use crate::live::app::Panel;
use crate::live::stage::{known, summary};
use crate::live::talk::{Connection, State};
use crate::live::use_stage::Stage;
use crate::live::words::short;
use crate::scene::curve::Point;
use crate::scene::layout::Layout;

/// The stage.
pub fn tab_stage(panel: &Panel, stage: &Stage, still: NodeRef, moving: NodeRef) -> Html {
    let state = panel.desk.state.clone();
    let path = panel.desk.path.as_ref().map(|(path, _)| &**path);
    let words = state.as_ref().map(|state| summary(state, path));
    let onpointermove = {
        let (hover, hovered) = (stage.hover.clone(), stage.hovered);
        let (state, path) = (state.clone(), path.cloned());
        Callback::from(move |event: PointerEvent| {
            let ids = state.as_ref().map(|state| known(state, path.as_ref()));
            let over = ids.and_then(|ids| under(&ids, &event));
            if over != hovered {
                hover.set(over);
            }
        })
    };
    let hover = stage.hover.clone();
    let onpointerleave = Callback::from(move |_: PointerEvent| hover.set(None));
    html! {
        <div class="view__frame">
            <p class="stage__hint" aria-hidden="true">{state.as_ref().map(|state| hint(state, stage.hovered))}</p>
            <div class="view" {onpointermove} {onpointerleave}>
                <canvas ref={still} role="img" aria-label={words} />
                <canvas ref={moving} aria-hidden="true" />
                if let Some(state) = &state {
                    if is_outside(&state.connection) {
                        {welcome()}
                    }
                }
            </div>
            if state.as_ref().is_some_and(|state| !is_outside(&state.connection)) {
                {legend("this tab", false)}
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
            <p>{"Once it has joined, it has a place of its own: it answers for the keys between its predecessor and itself, keeps copies for its neighbours, and finds every other key in a few hops."}</p>
            <p>{"A ring to join, on this computer, with this page:"}</p>
            <p><code>{"chordscope ring --web dist"}</code></p>
            <p class="mute">{"A tab cannot be called from outside. The peers that it dials pass on what others want from it."}</p>
        </div>
    }
}

fn hint(state: &State, hovered: Option<Id>) -> Html {
    match (hovered, state.predecessor) {
        (Some(id), _) if id != state.id => html! { <b>{format!("Node {}", short(id))}</b> },
        (_, Some(after)) => html! {
            <><b>{"This tab"}</b>{format!(" is responsible for ({}, {}]", short(after), short(state.id))}</>
        },
        _ => Html::default(),
    }
}

fn under(ids: &[Id], event: &PointerEvent) -> Option<Id> {
    let target = event.current_target()?;
    let area = target.dyn_ref::<Element>()?.get_bounding_client_rect();
    let turns: Vec<f64> = ids.iter().map(|id| Space::FULL.turn(*id)).collect();
    let point = Point {
        x: f64::from(event.client_x()) - area.left(),
        y: f64::from(event.client_y()) - area.top(),
    };
    let layout = Layout::new(area.width(), area.height(), &turns, false);
    layout.hit(&turns, point).map(|index| ids[index])
}
