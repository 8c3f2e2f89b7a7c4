//! From an empty worker to a running peer: the first command says which.

use std::cell::RefCell;
use std::rc::Rc;

use chordscope_core::base::id::Space;
use chordscope_core::base::identity::Signer;
use chordscope_core::peer::{Config, Peer};
use wasm_bindgen_futures::spawn_local;

use super::Driver;
use crate::live::tab::clock::{Clock, wall_millis};
use crate::live::tab::port::Port;
use crate::live::tab::storage::Storage;
use crate::live::talk::{Answer, Asked, Command, MAX_FILES, MAX_SHARED, Report};

/// A tab holds less than a server.
const MAX_RECORDS: usize = 8_192;
const MAX_RECORD_BYTES: usize = 64 << 20;
const MAX_BUFFERED: usize = 8 << 20;

type Running = Rc<RefCell<Option<Rc<RefCell<Driver>>>>>;

/// Listens to the page, and begins when it says which peer this is.
pub(in crate::live::tab) fn serve(port: &Port) {
    let running = Running::default();
    let to_page = port.clone();
    let mut started = false;
    port.listen(move |Asked { number, command }| match command {
        Command::Start(secret) if !started => {
            started = true;
            spawn_local(start(Rc::clone(&running), to_page.clone(), secret));
        }
        command => match running.borrow().as_ref() {
            Some(driver) => Driver::happen(&Rc::downgrade(driver), |driver| {
                driver.command(number, command);
            }),
            None => {
                let why = "the tab’s peer is still being started".to_owned();
                to_page.answer(number, Answer::Failed(why));
            }
        },
    });
    port.post(&Report::Ready);
}

async fn start(running: Running, port: Port, secret: Vec<u8>) {
    let clock = Clock::of_worker();
    let Some(peer) = peer(&secret) else {
        return;
    };
    let name = Space::FULL.show(peer.node().id());
    let (storage, copies) = Storage::open(&name).await;
    let driver = Driver::new(peer, clock, storage, port);
    let begin = Rc::downgrade(&driver);
    running.replace(Some(driver));
    Driver::happen(&begin, |driver| {
        let now = driver.clock.now();
        for copy in &copies {
            driver.peer.restore(now, copy);
        }
        driver.take_up();
        driver.tell_state();
    });
}

/// A peer that nobody can dial: it has no addresses of its own.
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
