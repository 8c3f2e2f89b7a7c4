//! The worker's half: runs one experiment, and tells what comes of it.
//!
//! While an experiment runs, the worker hears nothing. It is cancelled by ending the worker, which has nothing that must be saved: the
//! page does that whenever its user wants, and starts another worker for the next run.

use std::ops::ControlFlow;

use chordscope_sim::experiment::News;
use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::experiments::link;
use crate::experiments::talk::{Asked, Report, pack, unpack};

/// Progress is told in steps of this size: the page is drawn at each.
const STEP: f64 = 1.0 / 400.0;

/// Waits for the page's plan, and runs it.
pub fn run() {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else {
        return;
    };
    let own = scope.clone();
    let listener = EventListener::once(&scope, "message", move |event| {
        let message = event.dyn_ref::<MessageEvent>().map(MessageEvent::data);
        let asked: Option<Asked> = message.and_then(unpack);
        measure(&own, &asked.map(|asked| asked.0).unwrap_or_default());
    });
    listener.forget();
    post(&scope, &Report::Ready);
}

fn measure(scope: &DedicatedWorkerGlobalScope, query: &str) {
    let Some(plan) = link::plan(query) else {
        post(scope, &Report::NoPlan);
        return;
    };
    let mut told = -1.0;
    let _ = plan.run(&mut |news| {
        match news {
            News::Part(part) if part < told + STEP && part < 1.0 => {}
            News::Part(part) => {
                told = part;
                post(scope, &Report::Part(part));
            }
            News::Row(row) => post(scope, &Report::Row(row)),
        }
        ControlFlow::Continue(())
    });
    post(scope, &Report::Done);
}

fn post(scope: &DedicatedWorkerGlobalScope, report: &Report) {
    // Plain data can always be cloned to the page.
    let _ = scope.post_message(&pack(report));
}
