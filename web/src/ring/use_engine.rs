//! Owns the engine outside Yew's state: one loop advances it, paints, and hands panels a snapshot now and then.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::HtmlCanvasElement;
use yew::{Callback, NodeRef, UseStateHandle, hook, use_callback, use_mut_ref, use_state};

use crate::hooks::use_animation_frame::use_animation_frame;
use crate::hooks::use_colours::use_colours;
use crate::hooks::use_listener::use_listener;
use crate::page::{self, Route};
use crate::ring::engine::command::Command;
use crate::ring::engine::compose::compose;
use crate::ring::engine::{Engine, names_a_run};
use crate::ring::state::View;
use crate::scene::painter::Painter;

/// At least this many milliseconds lie between two snapshots, unless something happened that cannot wait.
const SNAPSHOT_EVERY: f64 = 125.0;
/// A frame never advances more real time than this: a page that was hidden does not catch up.
const LONGEST_FRAME: f64 = 100.0;
/// Milliseconds of a frame that the simulation may take.
const WORK: f64 = 7.0;

/// The engine as components see it.
#[derive(Clone, Debug)]
pub struct EngineHandle {
    /// The last snapshot.
    pub view: View,
    /// Takes what the user asks.
    pub send: Callback<Command>,
    /// The engine itself, for what is asked once, such as a link.
    pub engine: Rc<RefCell<Engine>>,
    /// What paints it.
    pub painter: Rc<RefCell<Painter>>,
}

/// Runs the engine and paints it on two canvases, while they are shown.
#[hook]
pub fn use_engine(still: NodeRef, moving: NodeRef, shown: bool) -> EngineHandle {
    let engine = use_mut_ref(|| Engine::open(&page::query(), page::calm()));
    let painter = use_mut_ref(Painter::default);
    let view: UseStateHandle<View> = {
        let engine = Rc::clone(&engine);
        use_state(move || View(Rc::new(engine.borrow().snapshot())))
    };
    let send = {
        let engine = Rc::clone(&engine);
        use_callback((), move |command: Command, ()| {
            engine.borrow_mut().apply(command)
        })
    };
    {
        let send = send.clone();
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
    {
        let (engine, painter) = (Rc::clone(&engine), Rc::clone(&painter));
        let publish = view.setter();
        let mut first = Some(view.0.clone());
        let mut last = (f64::NAN, 0.0);
        use_animation_frame(shown, move |time| {
            if let Some(shot) = first.take() {
                let mut painter = painter.borrow_mut();
                // The other page may have changed from light to dark meanwhile.
                painter.forget_colours();
                painter.show(compose(&shot));
            }
            let passed = (time - last.0).clamp(0.0, LONGEST_FRAME);
            last.0 = time;
            let mut engine = engine.borrow_mut();
            engine.advance(
                if passed.is_nan() { 0.0 } else { passed },
                WORK,
                page::clock,
            );
            if engine.has_news() && (engine.is_urgent() || time - last.1 >= SNAPSHOT_EVERY) {
                last.1 = time;
                let shot = Rc::new(engine.publish());
                painter.borrow_mut().show(compose(&shot));
                publish.set(View(shot));
            }
            let canvases = (
                still.cast::<HtmlCanvasElement>(),
                moving.cast::<HtmlCanvasElement>(),
            );
            if let (Some(window), (Some(still), Some(moving))) = (web_sys::window(), canvases) {
                let motion = engine.motion();
                painter
                    .borrow_mut()
                    .paint(&window, &still, &moving, &motion, page::calm());
            }
        });
    }
    EngineHandle {
        view: (*view).clone(),
        send,
        engine,
        painter,
    }
}
