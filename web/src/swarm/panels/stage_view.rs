//! The stage itself: a canvas and what the pointer does on it. It paints nothing: the engine's loop does.

use yew::{Callback, Html, NodeRef, html};

use crate::components::pointing::{Pointing, pointing};
use crate::page::Place;
use crate::scene::grid::hit::on_grid;
use crate::scene::grid::layout::GridLayout;
use crate::swarm::engine::command::{Command, Over};
use crate::swarm::engine::snapshot::Snapshot;
use crate::swarm::engine::{flows, named};
use crate::swarm::panels::{Desk, say};

/// The element id of the stage.
pub const VIEW: &str = "swarm-view";

/// The grid, which is painted on `canvas`.
pub fn stage_view(desk: &Desk, canvas: NodeRef) -> Html {
    let Desk { view, send, .. } = desk;
    let find = {
        let view = view.clone();
        Callback::from(move |place| under(&view, place))
    };
    let choose = {
        let send = send.clone();
        Callback::from(move |over: Option<Over>| match over {
            Some(Over::Member(member) | Over::Cell(member, _) | Over::Flow(_, member, _)) => {
                send.emit(Command::Select(member));
            }
            Some(Over::Segment(_)) => {}
            None => send.emit(Command::Leave),
        })
    };
    let Pointing {
        onpointermove,
        onpointerleave,
        onclick,
    } = pointing(&canvas, &find, &send.reform(Command::Hover), choose);
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

/// The thing at a place.
fn under(shot: &Snapshot, place: Place) -> Option<Over> {
    let moment = &shot.moment;
    let layout = GridLayout::new(
        place.width,
        place.height,
        moment.members.len(),
        moment.copies.len(),
    );
    let hit = on_grid(&layout, &flows(moment), place.point, place.tip);
    hit.and_then(|hit| named(moment, hit))
}
