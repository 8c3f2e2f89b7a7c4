//! The stage of the ring page: paints what the engine shows on two canvases.

use web_sys::HtmlCanvasElement;
use yew::NodeRef;

use crate::page;
use crate::player::use_player::Stage;
use crate::ring::engine::Engine;
use crate::ring::engine::compose::compose;
use crate::ring::engine::snapshot::Snapshot;
use crate::scene::painter::Painter;

/// The two canvases: what keeps still, and what moves.
#[derive(Debug)]
pub(super) struct RingStage {
    still: NodeRef,
    moving: NodeRef,
    painter: Painter,
}

impl RingStage {
    pub(super) fn on(still: NodeRef, moving: NodeRef) -> Self {
        let painter = Painter::default();
        Self {
            still,
            moving,
            painter,
        }
    }
}

impl Stage for RingStage {
    type Engine = Engine;

    fn forget_colours(&mut self) {
        self.painter.forget_colours();
    }

    fn paint(&mut self, engine: &Engine, fresh: Option<&Snapshot>) {
        if let Some(shot) = fresh {
            self.painter.show(compose(shot));
        }
        let canvases = (
            self.still.cast::<HtmlCanvasElement>(),
            self.moving.cast::<HtmlCanvasElement>(),
        );
        if let (Some(window), (Some(still), Some(moving))) = (web_sys::window(), canvases) {
            let motion = engine.motion();
            self.painter
                .paint(&window, &still, &moving, &motion, page::calm());
        }
    }
}
