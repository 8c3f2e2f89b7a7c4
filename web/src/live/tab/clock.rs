//! The worker's clocks and the alarm for the peer's next deadline. Nothing else reads a clock: core takes time as an argument.

use chordscope_core::base::time::Instant;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{Performance, WorkerGlobalScope};

use super::parts::{Event, Inbox};

/// A browser's timer takes no more than 31 bits of milliseconds; this is soon enough to set it again.
const LONGEST: u32 = 60_000;

/// The peer's own time: zero when the worker starts, never backwards.
#[derive(Clone, Debug)]
pub(super) struct Clock(Option<Performance>);

impl Clock {
    pub(super) fn of_worker() -> Self {
        let scope = js_sys::global().dyn_into::<WorkerGlobalScope>().ok();
        Self(scope.and_then(|scope| scope.performance()))
    }

    /// Returns the time since the worker started.
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

/// One timer for all of the peer's deadlines.
#[derive(Debug)]
pub(super) struct Alarm {
    set: Option<(Instant, Timeout)>,
    inbox: Inbox,
}

impl Alarm {
    pub(super) const fn new(inbox: Inbox) -> Self {
        Self { set: None, inbox }
    }

    /// Makes sure that [`Event::Due`] comes at `due`. One that comes too early does no harm, so that only an earlier deadline
    /// replaces the one that is set.
    pub(super) fn set(&mut self, now: Instant, due: Option<Instant>) {
        let Some(due) = due else {
            self.set = None;
            return;
        };
        if self.set.as_ref().is_some_and(|(at, _)| *at <= due) {
            return;
        }
        // Rounded up: a timer that fires before the deadline would only have to be set again.
        let wait = due.since(now).as_micros().div_ceil(1_000);
        let wait = u32::try_from(wait).unwrap_or(LONGEST).min(LONGEST);
        let inbox = self.inbox.clone();
        let timer = Timeout::new(wait, move || inbox.tell(Event::Due));
        self.set = Some((due, timer));
    }

    /// Forgets the deadline whose event has come.
    pub(super) fn rang(&mut self) {
        self.set = None;
    }
}
