//! The stage of the swarm page: paints what the engine shows on a canvas.

use chordscope_core::base::time::Instant;
use web_sys::HtmlCanvasElement;
use yew::NodeRef;

use crate::page;
use crate::player::Driven;
use crate::player::use_player::Stage;
use crate::scene::grid::painter::GridPainter;
use crate::swarm::engine::Engine;
use crate::swarm::engine::snapshot::Snapshot;

/// The canvas, and the moment that is painted on it.
#[derive(Debug)]
pub(super) struct SwarmStage {
    canvas: NodeRef,
    painter: GridPainter,
    painted: Option<Instant>,
}

impl SwarmStage {
    pub(super) fn on(canvas: NodeRef) -> Self {
        Self {
            canvas,
            painter: GridPainter::default(),
            painted: None,
        }
    }
}

impl Stage for SwarmStage {
    type Engine = Engine;

    fn forget_colours(&mut self) {
        self.painter.forget_colours();
    }

    fn paint(&mut self, engine: &Engine, fresh: Option<&Snapshot>) {
        // The picture is a function of time and of what the user looks at, which is in the snapshot.
        let now = engine.history().now();
        if fresh.is_some() || self.painted != Some(now) {
            self.painted = Some(now);
            self.painter.show(engine.grid());
        }
        let canvas = self.canvas.cast::<HtmlCanvasElement>();
        if let (Some(window), Some(canvas)) = (web_sys::window(), canvas) {
            self.painter.paint(&window, &canvas, page::calm());
        }
    }
}
