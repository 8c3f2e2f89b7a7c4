//! A timer of a millisecond.
//!
//! Browsers let timers that set one another wait four (HTML standard, "timer initialization steps"). One that is set by a message
//! counts as the first of its kind.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsValue;
use web_sys::{MessageChannel, MessagePort};

/// The milliseconds that it waits.
const WAIT: u32 = 1;

/// The timer. It ends when dropped.
#[derive(Debug)]
pub(super) struct Soon {
    /// The port that the message goes to; none where the browser has no such ports.
    port: Option<MessagePort>,
    state: Rc<RefCell<State>>,
    _heard: Option<EventListener>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Rests,
    Called,
    Waits(#[expect(dead_code, reason = "a timer ends when dropped")] Timeout),
}

impl Soon {
    /// Calls `ring` a millisecond after each [`call`](Self::call).
    pub(super) fn new(ring: impl Fn() + 'static) -> Self {
        let state = Rc::<RefCell<State>>::default();
        let ring = Rc::new(ring);
        let set = {
            let state = Rc::clone(&state);
            move || {
                let (rests, ring) = (Rc::clone(&state), Rc::clone(&ring));
                let timer = Timeout::new(WAIT, move || {
                    let ended = rests.replace(State::Rests);
                    ring();
                    drop(ended);
                });
                state.replace(State::Waits(timer));
            }
        };
        let channel = MessageChannel::new().ok();
        let heard = channel.as_ref().map(|channel| {
            channel.port2().start();
            EventListener::new(&channel.port2(), "message", move |_| set())
        });
        Self {
            port: channel.map(|channel| channel.port1()),
            state,
            _heard: heard,
        }
    }

    /// Rings soon. What is called meanwhile is one call.
    pub(super) fn call(&self) {
        let mut state = self.state.borrow_mut();
        if let (State::Rests, Some(port)) = (&*state, &self.port) {
            // Nothing is sent along.
            if port.post_message(&JsValue::NULL).is_ok() {
                *state = State::Called;
            }
        }
    }
}
