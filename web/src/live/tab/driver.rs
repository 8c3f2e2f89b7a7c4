//! Owns the core's peer: tells it what happens and carries out what it wants.

mod commands;
mod events;
mod fetching;
mod files;
mod outputs;
mod serve;
mod sharing;
mod sockets;
mod taking_up;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use chordscope_core::base::contact::Address;
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::{LookupId, OperationId};
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::LinkId;
use gloo::timers::callback::Timeout;

pub(super) use self::serve::serve;
use super::alarm::Alarm;
use super::clock::Clock;
use super::link::Link;
use super::port::Port;
use super::shares::Shares;
use super::soon::Soon;
use super::spent::Spent;
use super::storage::Storage;
use super::view;
use crate::live::talk::{Cause, Connection, FileRow, Report};

/// At most this many milliseconds pass until the page learns of a change.
const REPORT_EVERY: u32 = 250;

/// The peer and all it needs.
pub(super) struct Driver {
    peer: Peer,
    clock: Clock,
    storage: Storage,
    shares: Shares,
    links: BTreeMap<LinkId, Link>,
    next_link: u64,
    spent: Rc<Spent>,
    /// The page's numbers of what the peer works on.
    operations: BTreeMap<OperationId, u32>,
    lookups: BTreeMap<LookupId, u32>,
    /// Of the operation that ends next: how many seconds its record is held.
    lifetime: Option<(OperationId, u32)>,
    connection: Connection,
    /// The peer that the user has named, and when.
    named: Option<Address>,
    named_at: Instant,
    /// What ended the last connection: the reason if the tab does not get in.
    last_end: Option<Cause>,
    alarm: Alarm,
    /// The next look at what has left over the sockets.
    writing: Soon,
    report: Option<Timeout>,
    port: Port,
    me: Weak<RefCell<Self>>,
}

impl Driver {
    fn new(peer: Peer, clock: Clock, storage: Storage, port: Port) -> Rc<RefCell<Self>> {
        Rc::new_cyclic(|me: &Weak<RefCell<Self>>| {
            let writer = me.clone();
            RefCell::new(Self {
                peer,
                clock,
                storage,
                shares: Shares::default(),
                links: BTreeMap::new(),
                next_link: 0,
                spent: Rc::new(Spent::new()),
                operations: BTreeMap::new(),
                lookups: BTreeMap::new(),
                lifetime: None,
                connection: Connection::Outside,
                named: None,
                named_at: Instant::ZERO,
                last_end: None,
                alarm: Alarm::default(),
                writing: Soon::new(move || Self::happen(&writer, |_| {})),
                report: None,
                port,
                me: me.clone(),
            })
        })
    }

    /// Lets something happen, and carries out what the peer makes of it.
    fn happen(driver: &Weak<RefCell<Self>>, event: impl FnOnce(&mut Self)) {
        let Some(driver) = driver.upgrade() else {
            return;
        };
        let mut driver = driver.borrow_mut();
        let before = driver.connection.clone();
        event(&mut driver);
        driver.carry_out();
        driver.tell_written();
        driver.set_alarm();
        if driver.connection != before {
            driver.tell_state();
        } else {
            driver.tell_state_soon();
        }
    }

    fn set_alarm(&mut self) {
        let due = self.peer.poll_timeout().map(|(at, _)| at);
        let me = self.me.clone();
        self.alarm.set(self.clock.now(), due, move || {
            Self::happen(&me, |driver| {
                driver.alarm.rang();
                driver.peer.handle_timeout(driver.clock.now());
            });
        });
    }

    fn tell_state_soon(&mut self) {
        let me = self.me.clone();
        self.report.get_or_insert_with(|| {
            Timeout::new(REPORT_EVERY, move || {
                if let Some(driver) = me.upgrade() {
                    driver.borrow_mut().tell_state();
                }
            })
        });
    }

    fn tell_state(&mut self) {
        self.report = None;
        let files = view::files(&self.peer, self.clock.now(), &self.shares);
        if files.iter().any(FileRow::moves) {
            // Where nothing happens any more, the page must hear that, too.
            self.tell_state_soon();
        }
        let state = view::state(
            &self.peer,
            &self.connection,
            self.clock.now(),
            self.storage.shelf(),
            files,
        );
        self.port.post(&Report::State(Box::new(state)));
    }
}
