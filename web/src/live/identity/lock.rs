//! A Web Lock, held for as long as the page lives.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortSignal, window};

/// What came of asking for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// This page holds it from now on.
    Granted,
    /// Another page holds it.
    Taken,
    /// The browser has no locks to give: it is old, or the page was not served securely.
    Unsupported,
}

/// Asks for a lock and waits at most this many milliseconds for another page to let go of it.
pub(super) async fn claim(name: &str, patience: u32) -> Claim {
    let Some((locks, request)) = requester() else {
        return Claim::Unsupported;
    };
    let options = Object::new();
    let signal = AbortSignal::timeout_with_u32(patience);
    let _ = Reflect::set(&options, &"signal".into(), &signal);
    let settled = Promise::new(&mut |resolve, _| {
        let refuse = resolve.clone();
        let hold = Closure::once_into_js(move |_lock: JsValue| -> Promise {
            let _ = resolve.call1(&JsValue::NULL, &JsValue::TRUE);
            // The lock is held until this promise is kept: until the page is gone.
            Promise::new(&mut |_, _| {})
        });
        let asked = request.call3(&locks, &name.into(), &options, &hold);
        spawn_local(async move {
            let refused = match asked.map(JsCast::dyn_into::<Promise>) {
                Ok(Ok(promise)) => JsFuture::from(promise).await.is_err(),
                _ => true,
            };
            if refused {
                let _ = refuse.call1(&JsValue::NULL, &JsValue::FALSE);
            }
        });
    });
    match JsFuture::from(settled).await {
        Ok(granted) if granted.is_truthy() => Claim::Granted,
        _ => Claim::Taken,
    }
}

/// The lock manager and its method.
fn requester() -> Option<(JsValue, Function)> {
    let navigator = window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?;
    Some((locks, request.dyn_into().ok()?))
}
