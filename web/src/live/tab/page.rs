//! The worker's end of the way to the page: commands in, reports out.

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use super::parts::{Event, Inbox};
use crate::live::talk::{Answer, Asked, Report, TabState, pack, unpack};

/// The most milliseconds until the page learns of a change.
const PUBLISH_EVERY: u32 = 250;

/// The way to the page.
#[derive(Clone, Debug)]
pub(super) struct Port(DedicatedWorkerGlobalScope);

impl Port {
    pub(super) const fn new(scope: DedicatedWorkerGlobalScope) -> Self {
        Self(scope)
    }

    /// Sends the page a report.
    pub(super) fn post(&self, report: &Report) {
        // Plain data can always be cloned to the page.
        let _ = self.0.post_message(&pack(report));
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

/// The page as the peer's audience: it hears answers and news at once, and the state a few times a second while that changes.
#[derive(Debug)]
pub(super) struct Page {
    port: Port,
    inbox: Inbox,
    next: Option<Timeout>,
}

impl Page {
    pub(super) const fn new(port: Port, inbox: Inbox) -> Self {
        Self {
            port,
            inbox,
            next: None,
        }
    }

    /// Sends the page a report.
    pub(super) fn post(&self, report: &Report) {
        self.port.post(report);
    }

    /// Answers the command with this number.
    pub(super) fn answer(&self, number: u32, answer: Answer) {
        self.post(&Report::Answer(number, answer));
    }

    /// Asks for the state soon, by an [`Event::StateDue`].
    pub(super) fn publish_soon(&mut self) {
        let inbox = &self.inbox;
        self.next.get_or_insert_with(|| {
            let inbox = inbox.clone();
            Timeout::new(PUBLISH_EVERY, move || inbox.tell(Event::StateDue))
        });
    }

    /// Publishes the state.
    pub(super) fn publish(&mut self, state: TabState) {
        self.next = None;
        // While bytes move the next one follows, so that the page also hears when they have stopped.
        if state.files.iter().any(|row| row.moves()) {
            self.publish_soon();
        }
        self.post(&Report::State(Box::new(state)));
    }
}
