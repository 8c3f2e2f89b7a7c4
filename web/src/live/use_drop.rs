//! Files and folders that are dropped on the page: all of it, since a browser goes to a file that lands beside its target, and the tab's
//! peer would be gone.

use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Event};
use yew::{Callback, UseStateHandle, hook, use_state};

use crate::hooks::use_listener::use_listener;
use crate::live::intent::Intent;
use crate::live::lent;

/// Shares what is dropped while the page is shown. Says whether files are being dragged over it.
#[hook]
pub fn use_drop(intend: Callback<Intent>, shown: bool) -> bool {
    let over: UseStateHandle<bool> = use_state(|| false);
    let carries = move |event: &Event| -> Option<DragEvent> {
        let event = event.dyn_ref::<DragEvent>().filter(|_| shown)?.clone();
        let types = event.data_transfer()?.types();
        types.includes(&"Files".into(), 0).then_some(event)
    };
    let (enter, leave, end) = (over.clone(), over.clone(), over.clone());
    let dragged = Callback::from(move |event: Event| {
        if let Some(event) = carries(&event) {
            event.prevent_default();
            if !*enter {
                enter.set(true);
            }
        }
    });
    let left = Callback::from(move |event: Event| {
        // Between two elements of the page there is always a next one.
        let event = event.dyn_into::<DragEvent>().ok();
        if event.is_some_and(|event| event.related_target().is_none()) {
            leave.set(false);
        }
    });
    let dropped = Callback::from(move |event: Event| {
        end.set(false);
        if let Some(event) = carries(&event) {
            event.prevent_default();
            if let Some(data) = event.data_transfer() {
                lent::dropped(&data, &intend);
            }
        }
    });
    use_listener(|window| Some(window.clone().into()), "dragover", dragged);
    use_listener(|window| Some(window.clone().into()), "dragleave", left);
    use_listener(|window| Some(window.clone().into()), "drop", dropped);
    *over
}
