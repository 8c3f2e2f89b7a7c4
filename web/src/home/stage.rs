//! The stages of the home page: the large ring, and the rings of two doors.

use web_sys::HtmlCanvasElement;
use yew::NodeRef;

use crate::home::engine::Engine;
use crate::home::engine::doors::Door;
use crate::home::engine::snapshot::Snapshot;
use crate::page;
use crate::player::use_player::Stage;
use crate::scene::Motion;
use crate::scene::painter::Painter;

/// The two canvases of a ring: its still layer, and its moving one.
pub(super) type Canvases = (NodeRef, NodeRef);

/// All rings of the page, with their canvases.
#[derive(Debug)]
pub(super) struct HomeStage {
    ring: Ring,
    /// By door; those of doors that are not painted stay empty.
    doors: Vec<Ring>,
}

#[derive(Debug)]
struct Ring {
    canvases: Canvases,
    painter: Painter,
}

impl HomeStage {
    /// The large ring is painted on `ring`, those of the doors on `doors`, in their order.
    pub(super) fn on(ring: Canvases, doors: Vec<Canvases>) -> Self {
        let begin = |canvases| Ring {
            canvases,
            painter: Painter::default(),
        };
        Self {
            ring: begin(ring),
            doors: doors.into_iter().map(begin).collect(),
        }
    }
}

impl Stage for HomeStage {
    type Engine = Engine;

    fn forget_colours(&mut self) {
        let rings = self.doors.iter_mut().chain([&mut self.ring]);
        rings.for_each(|ring| ring.painter.forget_colours());
    }

    fn paint(&mut self, engine: &Engine, fresh: Option<&Snapshot>) {
        if fresh.is_some() {
            self.ring.painter.show(engine.scene());
        }
        self.ring.paint(&engine.motion());
        for (door, ring) in Door::ALL.into_iter().zip(&mut self.doors) {
            if let Some((scene, motion)) = engine.doors().ring(door) {
                ring.painter.show(scene);
                ring.paint(&motion);
            }
        }
    }
}

impl Ring {
    fn paint(&mut self, motion: &Motion) {
        let (still, moving) = &self.canvases;
        let still = still.cast::<HtmlCanvasElement>();
        let moving = moving.cast::<HtmlCanvasElement>();
        if let (Some(window), Some(still), Some(moving)) = (web_sys::window(), still, moving) {
            self.painter
                .paint(&window, &still, &moving, motion, page::calm());
        }
    }
}
