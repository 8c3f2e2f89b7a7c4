//! A loop that runs once a frame for as long as its component lives.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::render::{AnimationFrame, request_animation_frame};
use yew::{hook, use_effect_with};

/// Calls `tick` with the frame's time in milliseconds, once a frame, while `running` and until the component goes.
#[hook]
pub fn use_animation_frame(running: bool, tick: impl FnMut(f64) + 'static) {
    use_effect_with(running, move |running| {
        let running = running.then(|| {
            let running = Rc::new(Running {
                tick: RefCell::new(Box::new(tick)),
                waiting: RefCell::new(None),
            });
            request(&running);
            running
        });
        // The frame that is waited for knows the loop only weakly: dropping the loop cancels it.
        move || drop(running)
    });
}

/// A loop and the frame it waits for.
struct Running {
    tick: RefCell<Box<dyn FnMut(f64)>>,
    waiting: RefCell<Option<AnimationFrame>>,
}

fn request(running: &Rc<Running>) {
    let weak = Rc::downgrade(running);
    let frame = request_animation_frame(move |time| {
        if let Some(running) = weak.upgrade() {
            (running.tick.borrow_mut())(time);
            request(&running);
        }
    });
    running.waiting.replace(Some(frame));
}
