//! Runs the engine of the home page, and paints its rings: the large one and those of two doors.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use web_sys::HtmlCanvasElement;
use yew::{Callback, NodeRef, hook, use_mut_ref};

use crate::home::engine::Engine;
use crate::home::engine::command::Command;
use crate::home::engine::doors::Door;
use crate::home::engine::snapshot::Snapshot;
use crate::hooks::use_colours::use_colours;
use crate::page;
use crate::player::View;
use crate::player::use_player::{Driven, use_player};
use crate::scene::painter::Painter;
use crate::scene::{Motion, Scene};

/// The two canvases of a ring: its still layer, and its moving one.
pub(super) type Canvases = (NodeRef, NodeRef);

/// The engine as components see it.
#[derive(Clone, Debug)]
pub(super) struct EngineHandle {
    /// The last snapshot.
    pub(super) view: View<Snapshot>,
    /// Takes what the visitor asks.
    pub(super) send: Callback<Command>,
    /// The painters.
    pub(super) painters: Rc<RefCell<Painters>>,
}

/// The painters of all rings of the page.
#[derive(Debug, Default)]
pub(super) struct Painters {
    ring: Painter,
    doors: [Painter; 4],
}

impl Painters {
    /// Colours may have changed: read them again at the next frame.
    pub(super) fn forget_colours(&mut self) {
        self.ring.forget_colours();
        self.doors.iter_mut().for_each(Painter::forget_colours);
    }
}

impl Driven for Engine {
    type Command = Command;
    type Snapshot = Snapshot;

    fn apply(&mut self, command: Command) {
        self.apply(command);
    }

    fn advance(&mut self, real: f64, work: f64, clock: fn() -> f64) {
        self.advance(real, work, clock);
    }

    fn is_due(&self, waited: bool) -> bool {
        self.has_news() && (waited || self.is_urgent())
    }

    fn publish(&mut self) -> Snapshot {
        self.publish()
    }
}

/// Runs the engine and paints it, while it is shown: `ring` are the canvases of the large ring, `doors` those of the doors.
#[hook]
pub(super) fn use_engine(ring: Canvases, doors: Vec<Canvases>, shown: bool) -> EngineHandle {
    let painters = use_mut_ref(Painters::default);
    let paint = {
        let painters = Rc::clone(&painters);
        let mut first = true;
        move |engine: &Engine, fresh: Option<&Snapshot>| {
            let mut painters = painters.borrow_mut();
            if mem::take(&mut first) {
                // Another page may have changed from light to dark meanwhile.
                painters.forget_colours();
            }
            if fresh.is_some() {
                painters.ring.show(engine.scene());
            }
            paint_on(&ring, &mut painters.ring, &engine.motion());
            for door in Door::ALL {
                let (painter, canvases) =
                    (&mut painters.doors[door as usize], &doors[door as usize]);
                if let Some((scene, motion)) = engine.doors().ring(door) {
                    show_on(canvases, painter, scene, &motion);
                }
            }
        }
    };
    let played = use_player(|| Engine::open(page::calm()), shown, paint);
    {
        let painters = Rc::clone(&painters);
        use_colours(Callback::from(move |()| {
            painters.borrow_mut().forget_colours()
        }));
    }
    EngineHandle {
        view: played.view,
        send: played.send,
        painters,
    }
}

fn show_on(canvases: &Canvases, painter: &mut Painter, scene: Scene, motion: &Motion) {
    painter.show(scene);
    paint_on(canvases, painter, motion);
}

fn paint_on((still, moving): &Canvases, painter: &mut Painter, motion: &Motion) {
    let canvases = (
        still.cast::<HtmlCanvasElement>(),
        moving.cast::<HtmlCanvasElement>(),
    );
    if let (Some(window), (Some(still), Some(moving))) = (web_sys::window(), canvases) {
        painter.paint(&window, &still, &moving, motion, page::calm());
    }
}
