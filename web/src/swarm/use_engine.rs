//! Runs the engine of the swarm page, and paints what it shows on a canvas.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use web_sys::HtmlCanvasElement;
use yew::{Callback, NodeRef, hook, use_mut_ref};

use crate::hooks::use_colours::use_colours;
use crate::page;
use crate::player::View;
use crate::player::use_player::{Driven, use_player};
use crate::scene::grid::painter::GridPainter;
use crate::swarm::engine::Engine;
use crate::swarm::engine::command::Command;
use crate::swarm::engine::snapshot::Snapshot;

/// The engine as components see it.
#[derive(Clone, Debug)]
pub(super) struct EngineHandle {
    /// The last snapshot.
    pub(super) view: View<Snapshot>,
    /// Takes what the user asks.
    pub(super) send: Callback<Command>,
    /// The painter.
    pub(super) painter: Rc<RefCell<GridPainter>>,
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

/// Runs the engine and paints it on a canvas, while it is shown.
#[hook]
pub(super) fn use_engine(canvas: NodeRef, shown: bool) -> EngineHandle {
    let painter = use_mut_ref(GridPainter::default);
    let paint = {
        let painter = Rc::clone(&painter);
        let mut first = true;
        let mut painted = None;
        move |engine: &Engine, fresh: Option<&Snapshot>| {
            let mut painter = painter.borrow_mut();
            if mem::take(&mut first) {
                // Another page may have changed from light to dark meanwhile.
                painter.forget_colours();
            }
            // The picture is a function of time and of what the user looks at, which is in the snapshot.
            let now = engine.history().now();
            if fresh.is_some() || painted != Some(now) {
                painted = Some(now);
                painter.show(engine.grid());
            }
            let canvas = canvas.cast::<HtmlCanvasElement>();
            if let (Some(window), Some(canvas)) = (web_sys::window(), canvas) {
                painter.paint(&window, &canvas, page::calm());
            }
        }
    };
    let played = use_player(|| Engine::open(page::calm()), shown, paint);
    {
        let painter = Rc::clone(&painter);
        use_colours(Callback::from(move |()| {
            painter.borrow_mut().forget_colours()
        }));
    }
    EngineHandle {
        view: played.view,
        send: played.send,
        painter,
    }
}
