//! The worker's half of the live page: the tab's own peer with its sockets, timers and storage. No protocol is here.
//!
//! The `driver` is the router. Parts with their own state: `sockets`, `storage`, `joining` (the way into a ring and out of it),
//! `questions` (puts, gets, lookups), `transfers` (files and folders), `page` (reports), `clock` and `soon` (timers).

mod clock;
mod driver;
mod files;
mod joining;
mod log;
mod notice;
mod page;
mod parts;
mod questions;
mod sockets;
mod soon;
mod spent;
mod storage;
mod transfers;
mod view;
mod websocket;

use std::cell::RefCell;
use std::rc::Rc;

use chordscope_core::base::id::Space;
use chordscope_core::base::identity::Signer;
use chordscope_core::peer::{Config, Peer};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::DedicatedWorkerGlobalScope;

use self::clock::{Clock, wall_millis};
use self::driver::Driver;
use self::page::Port;
use self::parts::{Event, Inbox};
use self::storage::Storage;
use super::talk::{Answer, Asked, Command, MAX_FILES, MAX_SHARED, Report};

/// The bounds of a tab's store and buffers: a tab holds less than a server.
const MAX_RECORDS: usize = 8_192;
const MAX_RECORD_BYTES: usize = 64 << 20;
const MAX_BUFFERED: usize = 8 << 20;

/// The way of events to the driver, once that runs.
type Running = Rc<RefCell<Option<Inbox>>>;

/// Runs the tab's peer in this worker, once the page says which one it is.
pub fn run() {
    let scope = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>();
    if let Ok(scope) = scope {
        serve(&Port::new(scope));
    }
}

/// Listens to the page, and begins when it says which peer this is.
fn serve(port: &Port) {
    let running = Running::default();
    let to_page = port.clone();
    let mut started = false;
    port.listen(move |Asked { number, command }| match command {
        Command::Start(secret) if !started => {
            started = true;
            spawn_local(start(Rc::clone(&running), to_page.clone(), secret));
        }
        command => match running.borrow().as_ref() {
            Some(inbox) => inbox.tell(Event::Command(number, command)),
            None => {
                let why = "the tab’s peer is still being started".to_owned();
                to_page.post(&Report::Answer(number, Answer::Failed(why)));
            }
        },
    });
    port.post(&Report::Ready);
}

async fn start(running: Running, port: Port, secret: Vec<u8>) {
    let clock = Clock::of_worker();
    let Some(mut peer) = peer(&secret) else {
        return port.post(&Report::NotStarted);
    };
    let name = Space::FULL.show(peer.node().id());
    let (storage, copies) = Storage::open(&name).await;
    for copy in &copies {
        peer.restore(clock.now(), copy);
    }
    let inbox = Driver::begin(peer, clock, storage, port);
    running.replace(Some(inbox.clone()));
    inbox.tell(Event::Started);
}

/// A peer that nobody can dial: it has no addresses of its own. None without a whole secret and randomness.
fn peer(secret: &[u8]) -> Option<Peer> {
    // A tab's comings and goings are its user's: it asks groups, and is in none.
    let mut config = Config::relayed();
    config.node.limits.records = MAX_RECORDS;
    config.node.limits.record_bytes = MAX_RECORD_BYTES;
    config.limits.swarm.transfers = MAX_FILES;
    config.limits.swarm.parts = MAX_SHARED;
    config.limits.swarm.buffered = MAX_BUFFERED;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).ok()?;
    // A reload within one second still makes a newer contact.
    let version = wall_millis();
    Peer::new(
        config,
        Signer::ed25519(secret.try_into().ok()?),
        Vec::new(),
        version,
        seed,
    )
    .ok()
}
