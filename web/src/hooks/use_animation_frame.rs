//! A loop that runs once a frame for as long as its component lives.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use yew::{hook, use_effect_with};

type Frame = Closure<dyn FnMut(f64)>;

/// Calls `tick` with the frame's time in milliseconds, once a frame, until the component goes.
#[hook]
pub fn use_animation_frame(tick: impl FnMut(f64) + 'static) {
    use_effect_with((), move |()| {
        let running = start(tick);
        move || stop(&running)
    });
}

/// The one closure of a loop and the frame it waits for.
#[derive(Default)]
struct Running {
    frame: RefCell<Option<Frame>>,
    waiting: Cell<Option<i32>>,
}

fn start(mut tick: impl FnMut(f64) + 'static) -> Rc<Running> {
    let running = Rc::new(Running::default());
    let weak = Rc::downgrade(&running);
    let frame = Frame::new(move |time: f64| {
        tick(time);
        if let Some(running) = weak.upgrade() {
            request(&running);
        }
    });
    running.frame.replace(Some(frame));
    request(&running);
    running
}

fn request(running: &Running) {
    let frame = running.frame.borrow();
    let (Some(window), Some(frame)) = (web_sys::window(), frame.as_ref()) else {
        return;
    };
    let handle = window.request_animation_frame(frame.as_ref().unchecked_ref());
    running.waiting.set(handle.ok());
}

fn stop(running: &Running) {
    if let (Some(window), Some(handle)) = (web_sys::window(), running.waiting.take()) {
        let _ = window.cancel_animation_frame(handle);
    }
    running.frame.replace(None);
}
