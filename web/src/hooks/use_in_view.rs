//! Whether an element is in view: what nobody sees need not run.

use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry};
use yew::{Callback, NodeRef, hook, use_effect_with};

/// Calls `seen` when the element comes into view, and when it goes.
#[hook]
pub fn use_in_view(element: NodeRef, seen: Callback<bool>) {
    use_effect_with((), move |()| {
        let heard = Closure::<dyn Fn(Array)>::new(move |entries: Array| {
            let last = entries.iter().last();
            let last = last.and_then(|last| last.dyn_into::<IntersectionObserverEntry>().ok());
            if let Some(last) = last {
                seen.emit(last.is_intersecting());
            }
        });
        let observer = IntersectionObserver::new(heard.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, element.cast::<Element>()) {
            observer.observe(&element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(heard);
        }
    });
}
