//! The way to the worker that runs an experiment: one worker a run.

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::{Callback, UseReducerDispatcher, hook, use_callback, use_mut_ref};

use chordscope_sim::experiment::plan::Plan;

use crate::experiments::desk::{Action, Desk};
use crate::experiments::link;
use crate::experiments::talk::{Asked, Report, pack, unpack};
use crate::page;

/// Gives a way to run a plan; none ends the run that goes on.
#[hook]
pub fn use_run(desk: UseReducerDispatcher<Desk>) -> Callback<Option<Plan>> {
    let running = use_mut_ref(|| None::<Running>);
    use_callback((), move |plan, ()| {
        // A worker that runs an experiment hears nothing: it is ended.
        drop(running.take());
        let Some(plan) = plan else {
            desk.dispatch(Action::Cancel);
            return;
        };
        desk.dispatch(Action::Begin(plan, page::clock()));
        match Running::start(plan, desk.clone()) {
            Ok(started) => *running.borrow_mut() = Some(started),
            Err(_) => desk.dispatch(Action::Stopped),
        }
    })
}

/// A worker with a run. It ends when dropped.
struct Running {
    worker: Worker,
    _listeners: [EventListener; 2],
}

impl Running {
    fn start(plan: Plan, desk: UseReducerDispatcher<Desk>) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let script = page::script("data-experiment-js").ok_or(JsValue::NULL)?;
        let worker = Worker::new_with_options(&script, &options)?;
        let (failed, own) = (desk.clone(), worker.clone());
        let heard = move |event: &web_sys::Event| {
            let message = event.dyn_ref::<MessageEvent>().map(MessageEvent::data);
            let Some(report) = message.and_then(unpack) else {
                return;
            };
            if report == Report::Ready {
                // Plain data can always be cloned to the worker.
                let _ = own.post_message(&pack(&Asked(link::write(&plan, false))));
            }
            desk.dispatch(Action::Heard(report, page::clock()));
        };
        Ok(Self {
            _listeners: [
                EventListener::new(&worker, "message", heard),
                // A worker that did not load, or has crashed, says so by an event, and no more.
                EventListener::new(&worker, "error", move |_| failed.dispatch(Action::Stopped)),
            ],
            worker,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
