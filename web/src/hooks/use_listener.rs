//! An event listener outside Yew's tree, taken off when its component goes.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventTarget};
use yew::{Callback, hook, use_effect_with, use_mut_ref};

/// Calls `heard` for each event of this name on a target that the window offers.
#[hook]
pub fn use_listener(
    target: impl FnOnce(&web_sys::Window) -> Option<EventTarget> + 'static,
    name: &'static str,
    heard: Callback<Event>,
) {
    // The newest callback is reached through a cell, so that the listener stays the same.
    let latest = use_mut_ref(|| heard.clone());
    latest.replace(heard);
    use_effect_with((), move |()| {
        let listener = Closure::<dyn FnMut(Event)>::new(move |event| {
            let heard = latest.borrow().clone();
            heard.emit(event);
        });
        let target = web_sys::window()
            .and_then(|window| target(&window))
            .map(Rc::new);
        if let Some(target) = &target {
            let _ =
                target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
        move || {
            if let Some(target) = target {
                let _ = target
                    .remove_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
            }
        }
    });
}
