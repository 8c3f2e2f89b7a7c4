//! Owns what a player drives outside Yew's state: one loop advances it, has it painted, and hands panels a snapshot now and then.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use yew::{Callback, UseStateHandle, hook, use_callback, use_mut_ref, use_state};

use crate::hooks::use_animation_frame::use_animation_frame;
use crate::hooks::use_colours::use_colours;
use crate::page;
use crate::player::{Driven, View};

/// At least this many milliseconds lie between two snapshots, unless something happened that cannot wait.
const SNAPSHOT_EVERY: f64 = 125.0;
/// A frame never advances more real time than this: a page that was hidden does not catch up.
const LONGEST_FRAME: f64 = 100.0;
/// Milliseconds of a frame that the simulation may take.
const WORK: f64 = 7.0;

impl<D: Driven> Clone for PlayerHandle<D> {
    fn clone(&self) -> Self {
        Self {
            view: self.view.clone(),
            send: self.send.clone(),
            engine: Rc::clone(&self.engine),
            repaint: self.repaint.clone(),
        }
    }
}

/// The stage of a page: it paints the engine.
pub trait Stage: 'static {
    /// The engine.
    type Engine: Driven;

    /// Takes up that colours may have changed.
    fn forget_colours(&mut self);

    /// Paints a frame. `fresh` is the snapshot that is new, if there is one.
    fn paint(&mut self, engine: &Self::Engine, fresh: Option<&<Self::Engine as Driven>::Snapshot>);
}

/// The stage of a page whose stage is elements, made from the snapshot: nothing is painted.
#[derive(Debug)]
pub struct Elements<D>(PhantomData<D>);

impl<D> Default for Elements<D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<D: Driven> Stage for Elements<D> {
    type Engine = D;

    fn forget_colours(&mut self) {}

    fn paint(&mut self, _: &D, _: Option<&D::Snapshot>) {}
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
    /// To be called when colours have changed.
    pub repaint: Callback<()>,
}

/// Begins an engine, and runs it and has it painted while it is `shown`. It is given the runs that links in the address name.
#[hook]
pub fn use_player<S: Stage>(
    begin: impl FnOnce() -> S::Engine + 'static,
    stage: impl FnOnce() -> S + 'static,
    shown: bool,
) -> PlayerHandle<S::Engine> {
    let engine = use_mut_ref(begin);
    let stage = use_mut_ref(stage);
    let view: UseStateHandle<View<<S::Engine as Driven>::Snapshot>> = {
        let engine = Rc::clone(&engine);
        use_state(move || View(Rc::new(engine.borrow_mut().publish())))
    };
    let send = {
        let engine = Rc::clone(&engine);
        use_callback((), move |command: <S::Engine as Driven>::Command, ()| {
            engine.borrow_mut().apply(command)
        })
    };
    let repaint = {
        let stage = Rc::clone(&stage);
        Callback::from(move |()| stage.borrow_mut().forget_colours())
    };
    use_colours(repaint.clone());
    {
        let engine = Rc::clone(&engine);
        let publish = view.setter();
        let mut fresh = Some(Rc::clone(&view.0));
        let mut last = (f64::NAN, 0.0);
        use_animation_frame(shown, move |time| {
            let passed = (time - last.0).clamp(0.0, LONGEST_FRAME);
            last.0 = time;
            let mut stage = stage.borrow_mut();
            if passed.is_nan() {
                // Another page may have changed from light to dark meanwhile.
                stage.forget_colours();
            }
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
            stage.paint(&engine, fresh.take().as_deref());
        });
    }
    PlayerHandle {
        view: (*view).clone(),
        send,
        engine,
        repaint,
    }
}
