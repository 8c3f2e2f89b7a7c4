//! Paints the stage of the live page when it changes, and while something moves on it.

use std::cell::RefCell;
use std::rc::Rc;

use chordscope_core::base::id::Id;
use web_sys::HtmlCanvasElement;
use yew::{
    Callback, NodeRef, UseReducerHandle, UseStateSetter, hook, use_mut_ref, use_state, use_state_eq,
};

use crate::hooks::use_colours::use_colours;
use crate::hooks::use_frames::use_frames;
use crate::hooks::use_listener::use_listener;
use crate::live::desk::Desk;
use crate::live::{replay, stage};
use crate::page;
use crate::scene::Motion;
use crate::scene::hit::Under;
use crate::scene::painter::Painter;

/// The stage as components see it.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What is under the pointer.
    pub hovered: Option<Under<Id>>,
    /// Sets it.
    pub hover: UseStateSetter<Option<Under<Id>>>,
    /// How many nodes of the last lookup's path its replay has reached.
    pub reached: usize,
    /// To be called when colours have changed.
    pub recolour: Callback<()>,
}

/// Paints what the desk knows on two canvases, while they are shown.
#[hook]
pub fn use_stage(
    still: NodeRef,
    moving: NodeRef,
    desk: UseReducerHandle<Desk>,
    shown: bool,
) -> Stage {
    let painter = use_mut_ref(Painter::default);
    let hovered = use_state(|| None::<Under<Id>>);
    let current = use_mut_ref(|| desk.clone());
    let now = reached(&desk);
    if let Some(state) = &desk.state {
        let path = desk.path.as_ref();
        let trail = path.map(|(path, _)| stage::Trail::of(path, now));
        painter
            .borrow_mut()
            .show(stage::scene(state, trail, *hovered));
    }
    // The panels are drawn again when the replay reaches the next node.
    let drawn = use_state_eq(|| 0);
    let draw = drawn.setter();
    current.replace(desk);
    let latest = Rc::clone(&current);
    // The ring page may have changed from light to dark meanwhile.
    let fresh = use_mut_ref(|| true);
    if !shown {
        fresh.replace(true);
    }
    let brush = Rc::clone(&painter);
    let wake = use_frames(shown, move || {
        let mut painter = brush.borrow_mut();
        if fresh.replace(false) {
            painter.forget_colours();
        }
        let canvases = (
            still.cast::<HtmlCanvasElement>(),
            moving.cast::<HtmlCanvasElement>(),
        );
        let (Some(window), (Some(still), Some(moving))) = (web_sys::window(), canvases) else {
            return false;
        };
        let calm = page::calm();
        let motion = motion(&current, calm);
        painter.paint(&window, &still, &moving, &motion, calm);
        draw.set(reached(&latest.borrow()));
        !motion.dots.is_empty()
    });
    use_listener(
        |window| Some(window.clone().into()),
        "resize",
        wake.reform(|_| ()),
    );
    let recolour = Callback::from(move |()| {
        painter.borrow_mut().forget_colours();
        wake.emit(());
    });
    use_colours(recolour.clone());
    let hover = hovered.setter();
    Stage {
        hovered: *hovered,
        hover,
        reached: now,
        recolour,
    }
}

fn motion(desk: &RefCell<UseReducerHandle<Desk>>, calm: bool) -> Motion {
    let desk = desk.borrow();
    let path = desk.path.as_ref();
    path.map_or_else(Motion::default, |(path, came)| {
        replay::motion(path, page::clock() - came, calm)
    })
}

/// How many nodes of the last lookup's path its replay has reached by now.
fn reached(desk: &Desk) -> usize {
    let path = desk.path.as_ref();
    path.map_or(0, |(path, came)| {
        replay::reached(path, page::clock() - came, page::calm())
    })
}
