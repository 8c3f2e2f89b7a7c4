//! The way to the worker that runs the tab's peer: commands down, reports up.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::{Callback, UseReducerDispatcher, hook, use_callback, use_effect_with, use_mut_ref};

use crate::hooks::use_listener::use_listener;
use crate::live::desk::{Action, Desk, Field, Question};
use crate::live::identity;
use crate::live::talk::{Asked, Command, Connection, MAX_FILES, Report, TabState, pack, unpack};
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
    let closed = Rc::clone(&tab);
    let send = use_callback((), move |(command, question), ()| {
        if let Some(tab) = tab.borrow().as_ref() {
            if command == Command::Leave {
                identity::keep_ring(None);
            }
            let number = tab.send(command);
            if let Some(question) = question {
                desk.dispatch(Action::Asked(number, question));
            }
        }
    });
    // A page that goes may come again: then the tab joins its ring once more.
    let leave = Callback::from(move |_: Event| {
        if let Some(tab) = closed.borrow().as_ref() {
            tab.send(Command::Leave);
        }
    });
    use_listener(|window| Some(window.clone().into()), "pagehide", leave);
    send
}

/// A running worker, which ends when dropped.
struct Tab {
    worker: Worker,
    last: Cell<u32>,
    /// The address of the ring to join; none once that is kept for after a reload.
    joins: RefCell<Option<String>>,
    /// The commands from before the peer runs; none once it does.
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
            joins: RefCell::default(),
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
                        if let (Report::State(state), Some(tab)) = (&report, tab) {
                            tab.catch_up();
                            tab.note(state);
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
                Some((secret, is_kept)) => {
                    self.post(&Asked {
                        number: 0,
                        command: Command::Start(secret.to_vec()),
                    });
                    // A duplicate of the tab has its storage, and has not joined anything.
                    if let Some(address) = identity::ring().filter(|_| is_kept) {
                        desk.dispatch(Action::Typed(Field::Address, address.clone()));
                        let number = self.send(Command::Join(address));
                        desk.dispatch(Action::Asked(number, Question::Join));
                    }
                }
                None => desk.dispatch(stopped()),
            }
        });
    }

    fn send(&self, command: Command) -> u32 {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        if let Command::Join(address) = &command {
            self.joins.replace(Some(address.clone()));
        }
        let asked = Asked { number, command };
        match self.early.borrow_mut().as_mut() {
            Some(early) => early.push(asked),
            None => self.post(&asked),
        }
        number
    }

    /// Once the tab is a member, where it has joined is kept.
    fn note(&self, state: &TabState) {
        if matches!(state.connection, Connection::Joined { .. })
            && let Some(address) = self.joins.take()
        {
            identity::keep_ring(Some(&address));
        }
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
