//! Owns what a player drives outside Yew's state: one loop advances it, has it painted, and hands panels a snapshot now and then.

use std::cell::RefCell;
use std::rc::Rc;

use yew::{Callback, UseStateHandle, hook, use_callback, use_mut_ref, use_state};

use crate::hooks::use_animation_frame::use_animation_frame;
use crate::page;
use crate::player::View;

/// At least this many milliseconds lie between two snapshots, unless something happened that cannot wait.
const SNAPSHOT_EVERY: f64 = 125.0;
/// A frame never advances more real time than this: a page that was hidden does not catch up.
const LONGEST_FRAME: f64 = 100.0;
/// Milliseconds of a frame that the simulation may take.
const WORK: f64 = 7.0;

/// A page's engine, as the loop of frames sees it.
pub trait Driven: 'static {
    /// Its commands.
    type Command: 'static;
    /// Its snapshots, for the panels.
    type Snapshot: 'static;

    /// Carries out a command.
    fn apply(&mut self, command: Self::Command);

    /// Lets real time pass, in milliseconds, and works for at most `work` milliseconds by `clock`.
    fn advance(&mut self, real: f64, work: f64, clock: fn() -> f64);

    /// Whether a snapshot is due: something has changed, and it is urgent or has `waited` for long enough.
    fn is_due(&self, waited: bool) -> bool;

    /// A snapshot to show.
    fn publish(&mut self) -> Self::Snapshot;
}

/// The driven engine, as components see it.
#[derive(Debug)]
pub struct PlayerHandle<D: Driven> {
    /// The last snapshot.
    pub view: View<D::Snapshot>,
    /// Takes what the user asks.
    pub send: Callback<D::Command>,
    /// The engine itself, for what is asked once, such as a link.
    pub engine: Rc<RefCell<D>>,
}

/// Begins an engine, and runs it while it is `shown`. `paint` is called once a frame, with the snapshot that is new to it, if there is one.
#[hook]
pub fn use_player<D: Driven>(
    begin: impl FnOnce() -> D + 'static,
    shown: bool,
    paint: impl FnMut(&D, Option<&D::Snapshot>) + 'static,
) -> PlayerHandle<D> {
    let mut paint = paint;
    let engine = use_mut_ref(begin);
    let view: UseStateHandle<View<D::Snapshot>> = {
        let engine = Rc::clone(&engine);
        use_state(move || View(Rc::new(engine.borrow_mut().publish())))
    };
    let send = {
        let engine = Rc::clone(&engine);
        use_callback((), move |command: D::Command, ()| {
            engine.borrow_mut().apply(command)
        })
    };
    {
        let engine = Rc::clone(&engine);
        let publish = view.setter();
        let mut fresh = Some(Rc::clone(&view.0));
        let mut last = (f64::NAN, 0.0);
        use_animation_frame(shown, move |time| {
            let passed = (time - last.0).clamp(0.0, LONGEST_FRAME);
            last.0 = time;
            let mut engine = engine.borrow_mut();
            engine.advance(
                if passed.is_nan() { 0.0 } else { passed },
                WORK,
                page::clock,
            );
            if engine.is_due(time - last.1 >= SNAPSHOT_EVERY) {
                last.1 = time;
                let shot = Rc::new(engine.publish());
                fresh = Some(Rc::clone(&shot));
                publish.set(View(shot));
            }
            paint(&engine, fresh.take().as_deref());
        });
    }
    PlayerHandle {
        view: (*view).clone(),
        send,
        engine,
    }
}
