//! Files of runs that are dropped on the page: all of it, since a browser goes to a file that lands beside its target.

use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Event, File};
use yew::{Callback, hook};

use crate::hooks::use_listener::use_listener;
use crate::page;
use crate::ring::engine::command::Command;
use crate::ring::engine::files::{TOO_LARGE, UNREADABLE, may_be_run, unopened};

/// Imports what is dropped while the page is shown.
#[hook]
pub fn use_dropped_run(send: &Callback<Command>, shown: bool) {
    let carries = move |event: &Event| -> Option<DragEvent> {
        let event = event.dyn_ref::<DragEvent>().filter(|_| shown)?.clone();
        let types = event.data_transfer()?.types();
        types.includes(&"Files".into(), 0).then_some(event)
    };
    let dragged = Callback::from(move |event: Event| {
        if carries(&event).is_some() {
            event.prevent_default();
        }
    });
    let send = send.clone();
    let dropped = Callback::from(move |event: Event| {
        if let Some(drag) = carries(&event) {
            event.prevent_default();
            let files = drag.data_transfer().and_then(|data| data.files());
            if let Some(file) = files.and_then(|files| files.get(0)) {
                import(&file, &send);
            }
        }
    });
    use_listener(|window| Some(window.clone().into()), "dragover", dragged);
    use_listener(|window| Some(window.clone().into()), "drop", dropped);
}

/// Reads a file and has it imported. One that is too large is not read.
pub fn import(file: &File, send: &Callback<Command>) {
    if !may_be_run(file.size()) {
        send.emit(Command::Refuse(TOO_LARGE.to_owned()));
        return;
    }
    let (file, send) = (file.clone(), send.clone());
    wasm_bindgen_futures::spawn_local(async move {
        let Some(text) = page::text_of(&file).await else {
            send.emit(Command::Refuse(UNREADABLE.to_owned()));
            return;
        };
        send.emit(match page::json::parse(&text) {
            Ok(run) => Command::Import(run),
            Err(reason) => Command::Refuse(unopened(&reason)),
        });
    });
}
