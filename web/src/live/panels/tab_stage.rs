//! The stage: two canvases, painted when the desk changes and while something moves; until the tab is a member, a welcome.

use std::cell::RefCell;
use std::rc::Rc;

use chordscope_core::base::id::Id;
use web_sys::{HtmlCanvasElement, MouseEvent, PointerEvent};
use yew::{
    Callback, Html, NodeRef, UseReducerHandle, UseStateSetter, hook, html, use_mut_ref, use_state,
    use_state_eq,
};

use crate::components::legend::{REAL, legend};
use crate::hooks::use_colours::use_colours;
use crate::hooks::use_frames::use_frames;
use crate::hooks::use_listener::use_listener;
use crate::live::app::Panel;
use crate::live::desk::Desk;
use crate::live::refusal::Origin;
use crate::live::replay;
use crate::live::stage::{Trail, coverage, hint, named, scene, summary, targets};
use crate::live::talk::{Connection, TabState};
use crate::page;
use crate::scene::Motion;
use crate::scene::hit::{Tip, Under, on_ring};
use crate::scene::layout::Layout;
use crate::scene::painter::Painter;

/// The stage as components see it.
#[derive(Clone, Debug)]
pub struct StageHandle {
    /// The target under the pointer.
    pub hovered: Option<Under<Id>>,
    /// Sets it.
    pub hover: UseStateSetter<Option<Under<Id>>>,
    /// The number of nodes of the last lookup's path that its replay has reached.
    pub reached: usize,
    /// To be called when colours have changed.
    pub recolour: Callback<()>,
}

/// Paints what the desk knows on two canvases, while they are shown.
#[hook]
pub fn use_stage(
    still: NodeRef,
    moving: NodeRef,
    desk: UseReducerHandle<Desk>,
    shown: bool,
) -> StageHandle {
    let painter = use_mut_ref(Painter::default);
    let hovered = use_state(|| None::<Under<Id>>);
    let current = use_mut_ref(|| desk.clone());
    let now = reached(&desk);
    if let Some(state) = &desk.state {
        let path = desk.path.as_ref();
        let trail = path.map(|(path, _)| Trail::of(path, now));
        painter.borrow_mut().show(scene(state, trail, *hovered));
    }
    // The panels are drawn again when the replay reaches the next node.
    let drawn = use_state_eq(|| 0);
    let draw = drawn.setter();
    current.replace(desk);
    let latest = Rc::clone(&current);
    // The ring page may have changed from light to dark meanwhile.
    let fresh = use_mut_ref(|| true);
    if !shown {
        fresh.replace(true);
    }
    let brush = Rc::clone(&painter);
    let wake = use_frames(shown, move || {
        let mut painter = brush.borrow_mut();
        if fresh.replace(false) {
            painter.forget_colours();
        }
        let canvases = (
            still.cast::<HtmlCanvasElement>(),
            moving.cast::<HtmlCanvasElement>(),
        );
        let (Some(window), (Some(still), Some(moving))) = (web_sys::window(), canvases) else {
            return false;
        };
        let calm = page::calm();
        let motion = motion(&current, calm);
        painter.paint(&window, &still, &moving, &motion, calm);
        draw.set(reached(&latest.borrow()));
        !motion.dots.is_empty()
    });
    use_listener(
        |window| Some(window.clone().into()),
        "resize",
        wake.reform(|_| ()),
    );
    let recolour = Callback::from(move |()| {
        painter.borrow_mut().forget_colours();
        wake.emit(());
    });
    use_colours(recolour.clone());
    let hover = hovered.setter();
    StageHandle {
        hovered: *hovered,
        hover,
        reached: now,
        recolour,
    }
}

fn motion(desk: &RefCell<UseReducerHandle<Desk>>, calm: bool) -> Motion {
    let desk = desk.borrow();
    let path = desk.path.as_ref();
    path.map_or_else(Motion::default, |(path, came)| {
        replay::motion(path, page::clock() - came, calm)
    })
}

/// The number of nodes of the last lookup's path that its replay has reached by now.
fn reached(desk: &Desk) -> usize {
    let path = desk.path.as_ref();
    path.map_or(0, |(path, came)| {
        replay::reached(path, page::clock() - came, page::calm())
    })
}

/// The stage.
pub fn tab_stage(panel: &Panel, stage: &StageHandle, still: NodeRef, moving: NodeRef) -> Html {
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
                        {welcome(&panel.origin)}
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

fn welcome(origin: &Origin) -> Html {
    // A page that no peer serves has to be let in.
    let (ring, command) = match origin.is_peer {
        Some(false) => (
            "A ring to join, on this computer, that lets this page in:",
            format!("chordscope ring --allow-origin {}", origin.text),
        ),
        _ => (
            "A ring to join, on this computer, with this page:",
            "chordscope ring --web dist".to_owned(),
        ),
    };
    html! {
        <div class="welcome">
            <h2>{"This tab can be a member of a real ring"}</h2>
            <p>{"Once it has joined, it has a place of its own: it answers for the keys between its predecessor and itself, stores replicas for its neighbours, and finds every other key in a few hops."}</p>
            <p>{ring}</p>
            <p><code>{command}</code></p>
            <p class="mute">{"Tabs cannot accept connections; peers relay for them."}</p>
        </div>
    }
}

/// The target under the pointer of an event, and how exactly that points.
fn under(
    state: &TabState,
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
