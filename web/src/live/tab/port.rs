//! The worker's end of the way to the page.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::live::talk::{Answer, Asked, Report, pack, unpack};

/// The way to the page.
#[derive(Clone, Debug)]
pub(super) struct Port(DedicatedWorkerGlobalScope);

impl Port {
    pub(super) const fn new(scope: DedicatedWorkerGlobalScope) -> Self {
        Self(scope)
    }

    /// Tells the page something.
    pub(super) fn post(&self, report: &Report) {
        // Plain data can always be cloned to the page.
        let _ = self.0.post_message(&pack(report));
    }

    /// Answers the command with this number.
    pub(super) fn answer(&self, number: u32, answer: Answer) {
        self.post(&Report::Answer(number, answer));
    }

    /// Calls `heard` for each command, for as long as the worker runs.
    pub(super) fn listen(&self, mut heard: impl FnMut(Asked) + 'static) {
        let listener = EventListener::new(&self.0, "message", move |event| {
            let message = event.dyn_ref::<MessageEvent>().map(MessageEvent::data);
            if let Some(asked) = message.and_then(unpack) {
                heard(asked);
            }
        });
        listener.forget();
    }
}
