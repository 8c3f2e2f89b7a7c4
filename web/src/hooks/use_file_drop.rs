//! Files that are dropped on the page: on all of it, since a browser goes to a file that lands beside its target.

use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, DragEvent, Event};
use yew::{Callback, UseStateHandle, hook, use_state};

use crate::hooks::use_listener::use_listener;

/// Hands on what is dropped while the page is `shown`. Returns whether files are being dragged over it.
#[hook]
pub fn use_file_drop(shown: bool, dropped: Callback<DataTransfer>) -> bool {
    let over: UseStateHandle<bool> = use_state(|| false);
    let carries = move |event: &Event| -> Option<DataTransfer> {
        let event = event.dyn_ref::<DragEvent>().filter(|_| shown)?;
        let data = event.data_transfer()?;
        data.types().includes(&"Files".into(), 0).then_some(data)
    };
    let (enter, leave, end) = (over.clone(), over.setter(), over.setter());
    let dragged = Callback::from(move |event: Event| {
        if carries(&event).is_some() {
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
    let drop = Callback::from(move |event: Event| {
        end.set(false);
        if let Some(data) = carries(&event) {
            event.prevent_default();
            dropped.emit(data);
        }
    });
    use_listener(|window| Some(window.clone().into()), "dragover", dragged);
    use_listener(|window| Some(window.clone().into()), "dragleave", left);
    use_listener(|window| Some(window.clone().into()), "drop", drop);
    *over
}
