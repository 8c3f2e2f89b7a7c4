//! The one place that reads clocks: core takes time as an argument.

use chordscope_core::base::time::Instant;
use wasm_bindgen::JsCast;
use web_sys::{Performance, WorkerGlobalScope};

/// The peer's own time: zero when the worker starts, never backwards.
#[derive(Clone, Debug)]
pub(super) struct Clock(Option<Performance>);

impl Clock {
    pub(super) fn of_worker() -> Self {
        let scope = js_sys::global().dyn_into::<WorkerGlobalScope>().ok();
        Self(scope.and_then(|scope| scope.performance()))
    }

    /// The time.
    pub(super) fn now(&self) -> Instant {
        let millis = self.0.as_ref().map_or(0.0, Performance::now);
        Instant::from_micros((millis * 1_000.0) as u64)
    }
}

/// Milliseconds since 1970.
pub(super) fn wall_millis() -> u64 {
    js_sys::Date::now() as u64
}

/// Seconds since 1970. Kept in files, where a peer's own time means nothing after a reload.
pub(super) fn wall_seconds() -> u64 {
    wall_millis() / 1_000
}
