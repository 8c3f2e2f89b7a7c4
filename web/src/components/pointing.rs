//! The pointer on a painted stage: what is under it is asked for, since a canvas has no elements.

use web_sys::{MouseEvent, PointerEvent};
use yew::{Callback, NodeRef};

use crate::page::{self, Place};
use crate::scene::hit::Tip;

/// The things that a stage listens to.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointing {
    /// A pointer moves.
    pub onpointermove: Callback<PointerEvent>,
    /// The pointer goes.
    pub onpointerleave: Callback<PointerEvent>,
    /// A click or a tap.
    pub onclick: Callback<MouseEvent>,
}

/// Tells `hover` and `choose` the target on a `canvas`, which `find` finds; nothing where none is there.
pub fn pointing<T: Clone + 'static>(
    canvas: &NodeRef,
    find: &Callback<Place, Option<T>>,
    hover: &Callback<Option<T>>,
    choose: Callback<Option<T>>,
) -> Pointing {
    let under = {
        let (canvas, find) = (canvas.clone(), find.clone());
        move |event: &MouseEvent| match page::place(event, &canvas) {
            Some(place) => (find.emit(place), place.tip),
            None => (None, Tip::default()),
        }
    };
    let onpointermove = {
        let (under, hover) = (under.clone(), hover.clone());
        Callback::from(move |event: PointerEvent| {
            // What was last drawn as under it may be out of date: whoever listens knows.
            if let (target, Tip::Fine) = under(&event) {
                hover.emit(target);
            }
        })
    };
    let onclick = {
        let hover = hover.clone();
        Callback::from(move |event: MouseEvent| {
            let (target, tip) = under(&event);
            // A finger does not hover: what it touches says what it is.
            if tip == Tip::Blunt {
                hover.emit(target.clone());
            }
            choose.emit(target);
        })
    };
    Pointing {
        onpointermove,
        onpointerleave: hover.reform(|_| None),
        onclick,
    }
}
