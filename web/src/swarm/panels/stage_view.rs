//! The stage itself: a canvas and what the pointer does on it. It paints nothing: the engine's loop does.

use web_sys::{MouseEvent, PointerEvent};
use yew::{Callback, Html, NodeRef, html};

use crate::page;
use crate::scene::grid::hit::on_grid;
use crate::scene::grid::layout::GridLayout;
use crate::scene::hit::Tip;
use crate::swarm::engine::command::{Command, Over};
use crate::swarm::engine::snapshot::Snapshot;
use crate::swarm::engine::{flows, named};
use crate::swarm::panels::{Desk, say};

/// The element id of the stage.
pub const VIEW: &str = "swarm-view";

/// The grid, which is painted on `canvas`.
pub fn stage_view(desk: &Desk, canvas: NodeRef) -> Html {
    let Desk { view, send, .. } = desk;
    let onpointermove = {
        let (view, send, canvas) = (view.clone(), send.clone(), canvas.clone());
        Callback::from(move |event: PointerEvent| {
            let (over, tip) = under(&view, &event, &canvas);
            if tip == Tip::Fine {
                send.emit(Command::Hover(over));
            }
        })
    };
    let onpointerleave = send.reform(|_: PointerEvent| Command::Hover(None));
    let onclick = {
        let (view, send, canvas) = (view.clone(), send.clone(), canvas.clone());
        Callback::from(move |event: MouseEvent| {
            let (over, tip) = under(&view, &event, &canvas);
            // A finger does not hover: what it touches says what it is.
            if tip == Tip::Blunt {
                send.emit(Command::Hover(over));
            }
            match over {
                Some(Over::Member(member) | Over::Cell(member, _) | Over::Flow(_, member, _)) => {
                    send.emit(Command::Select(member));
                }
                Some(Over::Segment(_)) => {}
                None => send.emit(Command::Leave),
            }
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
                <canvas ref={canvas} role="img" aria-label={say(&view.picture)} />
                <p class="view__hint" aria-hidden="true">{say(&view.hint)}</p>
            </div>
        </div>
    }
}

/// The thing that the pointer of an event is over, and how exactly it points.
fn under(shot: &Snapshot, event: &MouseEvent, canvas: &NodeRef) -> (Option<Over>, Tip) {
    let Some(place) = page::place(event, canvas) else {
        return (None, Tip::default());
    };
    let moment = &shot.moment;
    let layout = GridLayout::new(
        place.width,
        place.height,
        moment.members.len(),
        moment.copies.len(),
    );
    let hit = on_grid(&layout, &flows(moment), place.point, place.tip);
    (hit.and_then(|hit| named(moment, hit)), place.tip)
}
