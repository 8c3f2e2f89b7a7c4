//! The router of the tab's parts: it gives each of them what happens, in order, and carries out what the peer wants.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use chordscope_core::node::api::StorageEvent;
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::{Event as PeerEvent, Output};

use super::clock::{Alarm, Clock};
use super::joining::Joining;
use super::page::{Page, Port};
use super::parts::{Context, Event, Inbox};
use super::questions::Questions;
use super::sockets::{Sockets, refuse};
use super::soon::Soon;
use super::spent::Spent;
use super::storage::Storage;
use super::transfers::{Job, Jobs, Transfers, Want};
use super::websocket::Browser;
use super::{notice, view};
use crate::live::talk::{Answer, Cause, Command, Report};

/// The tab's peer with all parts around it.
pub(super) struct Driver {
    peer: Peer,
    clock: Clock,
    alarm: Alarm,
    /// The next look at what has left over the sockets.
    soon: Soon,
    sockets: Sockets<Browser>,
    storage: Storage,
    joining: Joining,
    questions: Questions,
    transfers: Transfers,
    jobs: Jobs,
    page: Page,
}

impl Driver {
    /// Begins to drive a peer. Returns the way of events to it, which keeps it alive.
    pub(super) fn begin(peer: Peer, clock: Clock, storage: Storage, port: Port) -> Inbox {
        let driver = Rc::new_cyclic(|driver: &Weak<RefCell<Self>>| {
            let driver = driver.clone();
            let inbox = Inbox::new(move |event| {
                if let Some(driver) = driver.upgrade() {
                    driver.borrow_mut().take(event);
                }
            });
            let spent = Rc::new(Spent::new());
            let drained = inbox.clone();
            RefCell::new(Self {
                alarm: Alarm::new(inbox.clone()),
                soon: Soon::new(move || drained.tell(Event::Drained)),
                sockets: Sockets::new(Browser {
                    inbox: inbox.clone(),
                    spent: Rc::clone(&spent),
                }),
                storage,
                joining: Joining::new(),
                questions: Questions::default(),
                transfers: Transfers::new(peer.node().id()),
                jobs: Jobs::new(inbox.clone(), spent),
                page: Page::new(port, inbox),
                peer,
                clock,
            })
        });
        Inbox::new(move |event| driver.borrow_mut().take(event))
    }

    /// Takes an event in, and carries out all that follows from it.
    fn take(&mut self, event: Event) {
        let before = self.joining.connection().clone();
        let is_due = matches!(event, Event::Started | Event::StateDue);
        self.route(event);
        self.carry_out();
        let context = &mut Context::new(self.clock.now(), &mut self.peer);
        self.sockets.tell_written(context);
        self.carry_out();
        // A browser does not say by itself when its buffers empty. No more than a quarter of a mebibyte leaves between two
        // looks, so that how often they are bounds how fast a tab sends.
        if let Some(pause) = self.sockets.next_look() {
            self.soon.call(pause);
        }
        let due = self.peer.poll_timeout().map(|(at, _)| at);
        self.alarm.set(self.clock.now(), due);
        if is_due || *self.joining.connection() != before {
            self.publish();
        } else {
            self.page.publish_soon();
        }
    }

    fn route(&mut self, event: Event) {
        let context = &mut Context::new(self.clock.now(), &mut self.peer);
        match event {
            Event::Started => self.jobs.begin(Job::TakeUp),
            Event::Command(number, command) => self.command(number, command),
            Event::Socket(link, heard) => {
                let ended = self.sockets.heard(context, link, heard);
                self.joining.ended(ended);
            }
            Event::Due => {
                self.alarm.rang();
                context.peer.handle_timeout(context.now);
            }
            Event::Transfers(event) => self.transfers.on_event(context, event),
            Event::Drained => self.sockets.looked(),
            Event::StateDue => {}
        }
    }

    fn command(&mut self, number: u32, command: Command) {
        let context = &mut Context::new(self.clock.now(), &mut self.peer);
        let answer = match command {
            // The peer runs already.
            Command::Start(_) => None,
            Command::Join(address) => {
                let begun = self.joining.join(context, &address);
                begun.err().map(|why| Answer::Failed(why.to_string()))
            }
            Command::Leave => {
                self.joining.leave(context);
                None
            }
            Command::Put(name, value) => self.questions.put(context, number, name, value),
            Command::Get(name) => self.questions.get(context, number, name),
            Command::Delete(name) => self.questions.delete(context, number, name),
            Command::LookUp(key) => self.questions.look_up(context, number, key),
            Command::Share(file) => {
                self.transfers.share(number, file);
                None
            }
            Command::ShareFolder(folder) => {
                self.transfers.share_folder(number, folder);
                None
            }
            Command::Fetch(wanted) => {
                self.transfers.fetch(context, number, wanted);
                None
            }
            Command::Drop(row) => {
                self.transfers.remove(context, row);
                None
            }
        };
        if let Some(answer) = answer {
            self.page.answer(number, answer);
        }
    }

    /// Carries out what peer and transfers want, until they want nothing more.
    fn carry_out(&mut self) {
        while let Some(output) = self.peer.poll_output() {
            self.output(output);
        }
        while let Some(want) = self.transfers.poll_want() {
            match want {
                Want::Begin(job) => self.jobs.begin(job),
                Want::Refuse(name) => self.page.post(&Report::NoRoom(name)),
            }
        }
    }

    fn output(&mut self, output: Output) {
        let context = &mut Context::new(self.clock.now(), &mut self.peer);
        match output {
            Output::Send { link, frame } => self.sockets.send(context, link, &frame),
            Output::Dial(address) => {
                let ended = match self.joining.may_dial(&address) {
                    true => self.sockets.dial(context, address),
                    false => Some(refuse(context, &address, Cause::Unreachable)),
                };
                self.joining.ended(ended);
            }
            Output::Close { link, reason } => {
                self.joining.ended(self.sockets.close(link, reason));
            }
            Output::StoreRecord { token, key, copy } => {
                let stored = self.storage.keep(token, key, &copy);
                context.peer.handle_storage(context.now, stored);
            }
            Output::DropRecord(key) => self.storage.drop_record(key),
            // A tab is in no group of level `quorum`.
            Output::StoreGroups { token, .. } => {
                let failed = StorageEvent::Failed(token);
                context.peer.handle_storage(context.now, failed);
            }
            Output::DropEntries(_) | Output::SetAside(_) => {}
            Output::ReadSegment { content, index } => {
                self.transfers.read_segment(context, content, index);
            }
            Output::WriteSegment {
                content,
                index,
                pieces,
            } => {
                let bytes = pieces.concat();
                self.transfers
                    .write_segment(context, content, index, &bytes);
            }
            Output::Event(event) => self.on_peer_event(event),
        }
    }

    fn on_peer_event(&mut self, event: PeerEvent) {
        let context = &mut Context::new(self.clock.now(), &mut self.peer);
        let is_leaving = self.joining.is_leaving();
        if let Some(text) = notice::text(context.peer.node(), &event, is_leaving) {
            self.page.post(&Report::Happened(text));
        }
        if self.joining.on_event(context, &event) {
            self.sockets.hang_up(context);
        }
        match event {
            PeerEvent::Node(event) => {
                if let Some((number, answer)) = self.questions.on_event(context.peer, event) {
                    self.page.answer(number, answer);
                }
            }
            PeerEvent::Swarm(event) => self.transfers.on_swarm_event(context, event),
            // The state tells of relays and links.
            PeerEvent::LinkUp { .. }
            | PeerEvent::LinkDown { .. }
            | PeerEvent::Relays
            | PeerEvent::Known(_)
            | PeerEvent::OwnAddress(_)
            | PeerEvent::Data { .. }
            | PeerEvent::Room(_) => {}
        }
    }

    fn publish(&mut self) {
        let now = self.clock.now();
        let files = self.transfers.view(&self.peer, now);
        let (connection, shelf) = (self.joining.connection(), self.storage.shelf());
        let state = view::state(&self.peer, connection, now, shelf, files);
        self.page.publish(state);
    }
}
