//! The worker's half of the live page: the tab's own peer with its sockets, timers and storage. No protocol is here.

mod alarm;
mod clock;
mod driver;
mod files;
mod link;
mod log;
mod notice;
mod place;
mod port;
mod reading;
mod shares;
mod soon;
mod spent;
mod storage;
mod view;

use wasm_bindgen::JsCast;
use web_sys::DedicatedWorkerGlobalScope;

use self::port::Port;

/// Runs the tab's peer in this worker, once the page says which one it is.
pub fn run() {
    let scope = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>();
    if let Ok(scope) = scope {
        driver::serve(&Port::new(scope));
    }
}
