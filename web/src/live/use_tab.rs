//! The way to the worker that runs the tab's peer: commands down, reports up.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::{Callback, UseReducerDispatcher, hook, use_callback, use_effect_with, use_mut_ref};

use crate::hooks::use_listener::use_listener;
use crate::live::desk::{Action, Desk, Question};
use crate::live::identity;
use crate::live::talk::{Asked, Command, MAX_FILES, Report, pack, unpack};
use crate::page;

/// Starts the worker and gives a way to send it commands, each with the question that it answers, if it does.
#[hook]
pub fn use_tab(desk: UseReducerDispatcher<Desk>) -> Callback<(Command, Option<Question>)> {
    let tab = use_mut_ref(|| None::<Rc<Tab>>);
    {
        let (tab, desk) = (Rc::clone(&tab), desk.clone());
        use_effect_with((), move |()| {
            match Tab::start(desk.clone()) {
                Ok(started) => *tab.borrow_mut() = Some(started),
                Err(_) => desk.dispatch(stopped()),
            }
            move || drop(tab.take())
        });
    }
    let send = use_callback((), move |(command, question), ()| {
        if let Some(tab) = tab.borrow().as_ref() {
            let number = tab.send(command);
            if let Some(question) = question {
                desk.dispatch(Action::Asked(number, question));
            }
        }
    });
    let leave = send.reform(|_: Event| (Command::Leave, None));
    use_listener(|window| Some(window.clone().into()), "pagehide", leave);
    send
}

/// A running worker. It ends when dropped.
struct Tab {
    worker: Worker,
    last: Cell<u32>,
    /// What was asked before the peer ran; none once it does.
    early: RefCell<Option<Vec<Asked>>>,
    listeners: Cell<Vec<EventListener>>,
}

impl Tab {
    fn start(desk: UseReducerDispatcher<Desk>) -> Result<Rc<Self>, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let script = page::script("data-tab-js").ok_or(JsValue::NULL)?;
        let worker = Worker::new_with_options(&script, &options)?;
        let tab = Rc::new(Self {
            worker: worker.clone(),
            // Lower numbers are those of files from before a reload.
            last: Cell::new(MAX_FILES as u32),
            early: RefCell::new(Some(Vec::new())),
            listeners: Cell::default(),
        });
        let failed = desk.clone();
        let weak = Rc::downgrade(&tab);
        let listeners = vec![
            EventListener::new(&worker, "message", move |event| {
                let message = event.dyn_ref::<MessageEvent>().map(MessageEvent::data);
                match (message.and_then(unpack), weak.upgrade()) {
                    (Some(Report::Ready), Some(tab)) => tab.introduce(desk.clone()),
                    (Some(report), tab) => {
                        if let (Report::State(_), Some(tab)) = (&report, tab) {
                            tab.catch_up();
                        }
                        desk.dispatch(Action::Heard(report, page::clock(), page::time_of_day()));
                    }
                    (None, _) => {}
                }
            }),
            // A worker that has crashed says so by an event, and no more.
            EventListener::new(&worker, "error", move |_| failed.dispatch(stopped())),
        ];
        tab.listeners.set(listeners);
        Ok(tab)
    }

    /// Tells the worker which peer it is.
    fn introduce(self: Rc<Self>, desk: UseReducerDispatcher<Desk>) {
        spawn_local(async move {
            match identity::secret().await {
                Some(secret) => self.post(&Asked {
                    number: 0,
                    command: Command::Start(secret.to_vec()),
                }),
                None => desk.dispatch(stopped()),
            }
        });
    }

    fn send(&self, command: Command) -> u32 {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        let asked = Asked { number, command };
        match self.early.borrow_mut().as_mut() {
            Some(early) => early.push(asked),
            None => self.post(&asked),
        }
        number
    }

    /// The peer runs.
    fn catch_up(&self) {
        for asked in self.early.take().into_iter().flatten() {
            self.post(&asked);
        }
    }

    fn post(&self, asked: &Asked) {
        // Plain data can always be cloned to the worker.
        let _ = self.worker.post_message(&pack(asked));
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn stopped() -> Action {
    Action::Stopped(
        "The peer in this tab has stopped. Reload the page to start it again.".to_owned(),
    )
}
