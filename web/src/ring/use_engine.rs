//! Runs the engine of the ring page, and paints what it shows on two canvases.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use web_sys::HtmlCanvasElement;
use yew::{Callback, NodeRef, hook, use_mut_ref};

use crate::hooks::use_colours::use_colours;
use crate::hooks::use_listener::use_listener;
use crate::page::{self, Route};
use crate::player::View;
use crate::player::use_player::{Driven, use_player};
use crate::ring::engine::command::Command;
use crate::ring::engine::compose::compose;
use crate::ring::engine::snapshot::Snapshot;
use crate::ring::engine::{Engine, names_a_run};
use crate::scene::painter::Painter;

/// The engine as components see it.
#[derive(Clone, Debug)]
pub struct EngineHandle {
    /// The last snapshot.
    pub view: View<Snapshot>,
    /// Takes what the user asks.
    pub send: Callback<Command>,
    /// The engine itself, for what is asked once, such as a link.
    pub engine: Rc<RefCell<Engine>>,
    /// The painter of its two canvases.
    pub painter: Rc<RefCell<Painter>>,
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

/// Runs the engine and paints it on two canvases, while they are shown.
#[hook]
pub fn use_engine(still: NodeRef, moving: NodeRef, shown: bool) -> EngineHandle {
    let painter = use_mut_ref(Painter::default);
    let paint = {
        let painter = Rc::clone(&painter);
        let mut first = true;
        move |engine: &Engine, fresh: Option<&Snapshot>| {
            let mut painter = painter.borrow_mut();
            if mem::take(&mut first) {
                // The other page may have changed from light to dark meanwhile.
                painter.forget_colours();
            }
            if let Some(shot) = fresh {
                painter.show(compose(shot));
            }
            let canvases = (
                still.cast::<HtmlCanvasElement>(),
                moving.cast::<HtmlCanvasElement>(),
            );
            if let (Some(window), (Some(still), Some(moving))) = (web_sys::window(), canvases) {
                painter.paint(&window, &still, &moving, &engine.motion(), page::calm());
            }
        }
    };
    let begin = || Engine::open(&page::query(), page::calm());
    let played = use_player(begin, shown, paint);
    {
        let send = played.send.clone();
        let opened = Callback::from(move |_| {
            let link = page::query();
            if page::route() == Route::Ring && names_a_run(&link) {
                send.emit(Command::Open(link));
            }
        });
        use_listener(|window| Some(window.clone().into()), "hashchange", opened);
    }
    {
        let painter = Rc::clone(&painter);
        use_colours(Callback::from(move |()| {
            painter.borrow_mut().forget_colours()
        }));
    }
    EngineHandle {
        view: played.view,
        send: played.send,
        engine: played.engine,
        painter,
    }
}
