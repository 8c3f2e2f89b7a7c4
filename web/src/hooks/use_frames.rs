//! Frames for as long as there is something to paint: a loop that never rests takes an eighth of a processor for nothing.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::render::{AnimationFrame, request_animation_frame};
use yew::{Callback, hook, use_callback, use_effect, use_memo};

/// Calls `paint` once a frame after each render of its component, and after each call of what is returned, until it says that nothing
/// more is to come. While the component is not `shown` it is not called.
#[hook]
pub fn use_frames(shown: bool, paint: impl FnMut() -> bool + 'static) -> Callback<()> {
    let frames = use_memo((), |()| Frames {
        paint: RefCell::new(Box::new(paint)),
        shown: Cell::default(),
        waiting: RefCell::default(),
    });
    frames.shown.set(shown);
    let rendered = Rc::clone(&frames);
    use_effect(move || wake(&rendered));
    use_callback((), move |(), ()| wake(&frames))
}

/// The painting function, and the frame that is waited for.
struct Frames {
    paint: RefCell<Box<dyn FnMut() -> bool>>,
    shown: Cell<bool>,
    waiting: RefCell<Option<AnimationFrame>>,
}

/// Paints in the next frame, if nobody waits for it yet.
fn wake(frames: &Rc<Frames>) {
    let mut waiting = frames.waiting.borrow_mut();
    if !frames.shown.get() || waiting.is_some() {
        return;
    }
    let weak = Rc::downgrade(frames);
    *waiting = Some(request_animation_frame(move |_| {
        let Some(frames) = weak.upgrade() else {
            return;
        };
        let frame = frames.waiting.take();
        let goes_on = (frames.paint.borrow_mut())();
        if goes_on {
            wake(&frames);
        }
        drop(frame);
    }));
}
