//! A timer of a millisecond or a few.
//!
//! Browsers let timers that set one another wait four (HTML standard, "timer initialization steps"). One that is set by a message
//! counts as the first of its kind.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsValue;
use web_sys::{MessageChannel, MessagePort};

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
    /// The milliseconds that it will wait.
    Called(u32),
    /// The timer, and the milliseconds that it waits.
    Waits(
        #[expect(dead_code, reason = "a timer ends when dropped")] Timeout,
        u32,
    ),
}

impl Soon {
    /// Calls `ring` so many milliseconds after each [`call`](Self::call).
    pub(super) fn new(ring: impl Fn() + 'static) -> Self {
        let state = Rc::<RefCell<State>>::default();
        let ring = Rc::new(ring);
        let set = {
            let state = Rc::clone(&state);
            move || {
                let State::Called(wait) = *state.borrow() else {
                    return;
                };
                let (rests, ring) = (Rc::clone(&state), Rc::clone(&ring));
                let timer = Timeout::new(wait, move || {
                    let ended = rests.replace(State::Rests);
                    ring();
                    drop(ended);
                });
                state.replace(State::Waits(timer, wait));
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

    /// Rings after so many milliseconds. What is called meanwhile is one call, and the shortest wait counts.
    pub(super) fn call(&self, wait: u32) {
        let mut state = self.state.borrow_mut();
        match &mut *state {
            State::Called(shortest) => *shortest = wait.min(*shortest),
            State::Waits(_, shortest) if *shortest <= wait => {}
            State::Rests | State::Waits(..) => {
                // Nothing is sent along.
                let sent = |port: &MessagePort| port.post_message(&JsValue::NULL).is_ok();
                if self.port.as_ref().is_some_and(sent) {
                    *state = State::Called(wait);
                }
            }
        }
    }
}
