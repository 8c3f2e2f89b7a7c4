//! An event listener outside Yew's tree, taken off when its component goes.

use gloo::events::{EventListener, EventListenerOptions};
use web_sys::{Event, EventTarget};
use yew::{Callback, hook, use_effect_with, use_mut_ref};

/// Calls `heard` for each event of this name on a target that the window offers.
#[hook]
pub fn use_listener(
    target: fn(&web_sys::Window) -> Option<EventTarget>,
    name: &'static str,
    heard: Callback<Event>,
) {
    // The newest callback is reached through a cell, so that the listener stays the same.
    let latest = use_mut_ref(|| heard.clone());
    latest.replace(heard);
    use_effect_with((), move |()| {
        let target = web_sys::window().and_then(|window| target(&window));
        let listener = target.map(|target| {
            // Shortcuts keep the browser from scrolling.
            let options = EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&target, name, options, move |event| {
                let heard = latest.borrow().clone();
                heard.emit(event.clone());
            })
        });
        move || drop(listener)
    });
}
