//! Paints the stage of the live page when it changes, and while something moves on it.

use std::cell::RefCell;
use std::rc::Rc;

use chordscope_core::base::id::Id;
use web_sys::HtmlCanvasElement;
use yew::{Callback, NodeRef, UseReducerHandle, UseStateSetter, hook, use_mut_ref, use_state};

use crate::hooks::use_frames::use_frames;
use crate::hooks::use_listener::use_listener;
use crate::live::desk::Desk;
use crate::live::{replay, stage};
use crate::page;
use crate::scene::Motion;
use crate::scene::painter::Painter;

/// The stage as components see it.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The node under the pointer.
    pub hovered: Option<Id>,
    /// Sets it.
    pub hover: UseStateSetter<Option<Id>>,
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
    let hovered = use_state(|| None::<Id>);
    let current = use_mut_ref(|| desk.clone());
    if let Some(state) = &desk.state {
        let path = desk.path.as_ref().map(|(path, _)| &**path);
        painter
            .borrow_mut()
            .show(stage::scene(state, path, *hovered));
    }
    current.replace(desk);
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
    let scheme = recolour.reform(|_| ());
    use_listener(
        |window| {
            let list = window.match_media("(prefers-color-scheme: dark)");
            list.ok()?.map(Into::into)
        },
        "change",
        scheme,
    );
    let hover = hovered.setter();
    Stage {
        hovered: *hovered,
        hover,
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
