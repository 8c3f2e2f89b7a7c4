//! The driver, the task that owns the core's peer: it tells it what happens and carries out what it wants.

mod askers;
mod attempts;
mod exports;
mod files;
mod handle;
mod notice;
mod sockets;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::Routing;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::api::{Event as NodeEvent, StorageEvent, StoreError};
use chordscope_core::peer::api::{Event, Output};
use chordscope_core::peer::{Known, Peer, Plan};
use chordscope_core::store::record::RecordError;
use chordscope_core::swarm::api::Event as SwarmEvent;
use chordscope_core::swarm::picker::Order;
use tokio::sync::{broadcast, mpsc};

use crate::address_space::AddressSpace;
use crate::burst::Burst;
use crate::clock::Clock;
use crate::links::Inside;
use crate::output;
use crate::storage::Storage;

use askers::{Askers, answer};
use attempts::Attempts;
pub(crate) use attempts::Unlinked;
pub(crate) use exports::path as export_path;
use exports::{Exported, Exports};
use files::{Disk, Done};
use handle::Command;
pub(crate) use handle::{Belongs, Ended, Handle, Held, Input, Open, Wish};
pub(crate) use notice::Notice;
use sockets::Sockets;

/// The number of inputs from links that may wait for the driver; behind it, sockets wait (backpressure).
const MAX_INPUTS: usize = 256;
/// The number of requests of people that may wait.
const MAX_COMMANDS: usize = 64;
/// The number of inputs that are taken in before their effects are carried out.
const MAX_BATCH: usize = 32;
/// The number of bytes of these inputs, but for the last one: what answers a small message does not wait for many large ones
/// behind it.
const MAX_BATCH_BYTES: usize = 64 * 1024;
/// The number of notices by which a slow listener may be behind.
const MAX_NOTICES: usize = 256;

/// Segments that the disk has refused.
static UNWRITTEN: Burst = Burst::new();

/// The task's state.
pub(crate) struct Driver {
    peer: Peer,
    clock: Clock,
    queues: Queues,
    sockets: Sockets,
    storage: Storage,
    exports: Exports,
    disk: Disk,
    askers: Askers,
    attempts: Attempts,
    notices: broadcast::Sender<Notice>,
    stay: Stay,
}

/// The queues of what the driver is told.
struct Queues {
    inputs: mpsc::Receiver<Input>,
    commands: mpsc::Receiver<Command>,
    stored: mpsc::UnboundedReceiver<StorageEvent>,
    exported: mpsc::UnboundedReceiver<Exported>,
    segments: mpsc::UnboundedReceiver<Done>,
}

/// The peer's stay in its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stay {
    /// Stays in its ring, or looks for one.
    Here,
    /// Leaves, for a while or for good.
    Leaving,
    /// The peer has left, and the driver ends.
    Left,
}

impl Driver {
    /// A driver of this peer, which begins to look for a ring. `run` it.
    pub(crate) fn new(
        mut peer: Peer,
        clock: Clock,
        (storage, stored): (Storage, mpsc::UnboundedReceiver<StorageEvent>),
        (plan, known): (Plan, Vec<Known>),
        reach: (AddressSpace, Inside),
        transfers: mpsc::UnboundedSender<SwarmEvent>,
    ) -> (Self, Handle) {
        let (disk, segments) = Disk::new(transfers);
        let (exports, exported) = Exports::new(storage.folder().to_path_buf());
        let (to_inputs, inputs) = mpsc::channel(MAX_INPUTS);
        let (to_commands, commands) = mpsc::channel(MAX_COMMANDS);
        let (notices, _) = broadcast::channel(MAX_NOTICES);
        let waits = Arc::new(AtomicU64::new(0));
        let attempts = Attempts::new(match &plan {
            Plan::Join(addresses) => addresses.clone(),
            Plan::Create | Plan::Resume => Vec::new(),
        });
        peer.start(clock.now(), plan, known);
        let handle = Handle {
            inputs: to_inputs.clone(),
            commands: to_commands,
            notices: notices.clone(),
            waits: Arc::clone(&waits),
            troubles: attempts.troubles(),
            unlinked: attempts.unlinked(),
        };
        let driver = Self {
            peer,
            clock,
            queues: Queues {
                inputs,
                commands,
                stored,
                exported,
                segments,
            },
            sockets: Sockets::new(to_inputs, waits, reach),
            storage,
            exports,
            disk,
            askers: Askers::default(),
            attempts,
            notices,
            stay: Stay::Here,
        };
        (driver, handle)
    }

    /// Runs until the peer has left its ring.
    pub(crate) async fn run(mut self) {
        while self.stay != Stay::Left {
            self.carry_out();
            let deadline = self.clock.deadline(self.deadline());
            tokio::select! {
                Some(input) = self.queues.inputs.recv() => {
                    let mut bytes = input.bytes();
                    self.on_input(input);
                    for _ in 1..MAX_BATCH {
                        if bytes >= MAX_BATCH_BYTES {
                            break;
                        }
                        let Ok(input) = self.queues.inputs.try_recv() else { break };
                        bytes += input.bytes();
                        self.on_input(input);
                    }
                }
                Some(command) = self.queues.commands.recv() => self.on_command(command),
                Some(event) = self.queues.stored.recv() => {
                    self.peer.handle_storage(self.clock.now(), event);
                }
                Some(exported) = self.queues.exported.recv() => self.on_exported(exported),
                Some(done) = self.queues.segments.recv() => {
                    self.on_segment(done);
                    for _ in 1..MAX_BATCH {
                        let Ok(done) = self.queues.segments.try_recv() else { break };
                        self.on_segment(done);
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    self.peer.handle_timeout(self.clock.now());
                }
            }
            self.carry_out();
        }
        // The last words to the neighbours are still to be sent.
        self.sockets.close_all(CloseReason::Leaving).await;
        self.storage.close().await;
    }

    fn on_segment(&mut self, done: Done) {
        let now = self.clock.now();
        match done {
            Done::Read(content, index, bytes) => {
                if self.disk.has_changed(content) {
                    self.peer.doubt(content);
                }
                self.peer.handle_segment_read(now, content, index, bytes);
            }
            Done::Written(content, index, outcome) => {
                if let Err(error) = &outcome {
                    UNWRITTEN.warn(format!(
                        "cannot write segment {index} of {content}: {error}"
                    ));
                }
                let done = outcome.is_ok();
                self.peer.handle_segment_written(now, content, index, done);
            }
            Done::Rested(content) => self.disk.go_on(content),
        }
    }

    fn on_exported(&mut self, (number, outcome): Exported) {
        let now = self.clock.now();
        match outcome {
            Ok(()) => self.peer.conflict_exported(now, number),
            Err(reason) => {
                tracing::error!("a conflict cannot be exported, and the lineage stays: {reason}");
                let error = StoreError::Record(RecordError::Storage);
                self.peer.abandon_adoption(now, error);
            }
        }
    }

    fn deadline(&self) -> Instant {
        let due = self.peer.poll_timeout().map(|(at, _)| at);
        due.unwrap_or(Instant::from_micros(u64::MAX))
    }

    fn on_input(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Accepted(open) => {
                let link = self.sockets.open(open);
                self.peer.handle_accepted(now, link);
            }
            Input::Dialed(address, Ok(open)) => {
                let link = self.sockets.open(open);
                self.attempts.opened(link, &address);
                self.peer.handle_dialed(now, link, &address);
            }
            Input::Dialed(address, Err(reason)) => {
                tracing::debug!(%address, %reason, "cannot reach");
                self.attempts.failed(&address, &reason);
                self.peer.handle_dial_failed(now, &address);
            }
            Input::Frame(link, frame) => self.peer.handle_frame(now, link, frame),
            Input::Gone(link) => {
                if self.sockets.forget(link) {
                    self.peer.handle_closed(now, link);
                }
            }
            Input::Goodbye(link, code, text) => {
                if self.sockets.forget(link) {
                    self.peer.handle_goodbye(now, link, code, &text);
                }
            }
            Input::Broken(link, reason) => self.peer.handle_broken(now, link, reason),
            Input::Written(link, bytes) => self.peer.handle_written(now, link, bytes),
        }
    }

    fn on_command(&mut self, command: Command) {
        let now = self.clock.now();
        match command {
            Command::Put(label, value, wish, reply) => {
                let (expected, keeping) = (wish.if_sequence, wish.keeping);
                let begun = self
                    .peer
                    .put_for(now, label, value, expected, wish.level, keeping);
                self.askers.puts.enlist(begun, reply);
            }
            Command::PutImmutable(value, keeping, reply) => {
                let begun = self.peer.put_immutable_for(now, value, keeping);
                self.askers.puts.enlist(begun, reply);
            }
            Command::Get(subject, level, reply) => {
                let begun = self.peer.get(now, subject, level);
                self.askers.gets.enlist(begun, reply);
            }
            Command::Adopt(lineage, reply) => answer(reply, self.peer.adopt(now, lineage)),
            Command::Lookup(key, mode, reply) => {
                let begun = self.peer.lookup(now, key, Routing::Finger, mode);
                self.askers.lookups.enlist(begun, reply);
            }
            Command::Repair(key, lost, reply) => {
                let begun = self.peer.repair_range(now, key, lost);
                self.askers.repairs.enlist(begun, reply);
            }
            Command::Share(manifest, have, place, values, belongs, reply) => {
                let content = manifest.content();
                self.disk.place(content, place);
                let begun = match belongs {
                    Belongs::Alone => self.peer.share(now, *manifest, have),
                    Belongs::Folder(_) => self.peer.share_part(now, *manifest, have),
                };
                if begun.is_ok() {
                    self.peer.vouch(content, &values);
                }
                answer(reply, begun);
            }
            Command::Fetch(content, belongs, reply) => {
                let order = Order::RarestFirst;
                let begun = match belongs {
                    Belongs::Alone => self.peer.fetch(now, content, order),
                    Belongs::Folder(folder) => self.peer.fetch_part(now, content, folder, order),
                };
                answer(reply, begun);
            }
            Command::LookIn(content, folder) => self.peer.look_in(now, content, folder),
            Command::StandAlone(content, reply) => {
                answer(reply, self.peer.stand_alone(now, content));
            }
            Command::PassOut(bytes, reply) => {
                answer(reply, self.peer.pass_out(now, bytes));
            }
            Command::Reorder(content, order) => self.peer.reorder(now, content, order),
            Command::Place(content, place) => self.disk.place(content, place),
            Command::StopTransfer(content) => {
                self.peer.stop_transfer(now, content);
                self.disk.forget(content);
            }
            Command::Look(view) => view(&self.peer),
            Command::Stop => {
                self.stay = Stay::Leaving;
                self.peer.stop(now);
            }
            Command::Leave(force) => self.leave(now, force),
        }
    }

    /// Leaves the ring for good, in any case or only if others take everything over.
    fn leave(&mut self, now: Instant, force: bool) {
        self.stay = Stay::Leaving;
        match force {
            true => self.peer.leave(now),
            false => self.peer.leave_if_taken_over(now),
        }
    }

    /// Carries out what the peer wants, until it wants nothing more.
    fn carry_out(&mut self) {
        while let Some(output) = self.peer.poll_output() {
            let now = self.clock.now();
            match output {
                Output::Send { link, frame } => {
                    if !self.sockets.send(link, frame) {
                        self.peer.handle_broken(now, link, CloseReason::QueueFull);
                    }
                }
                Output::Dial(address) => {
                    let is_named = self.attempts.is_named(&address);
                    self.sockets.dial(address, is_named);
                }
                Output::Close { link, reason } => self.sockets.close(link, reason),
                Output::StoreRecord { token, key, copy } => {
                    if !self.storage.keep(token, key, &copy) {
                        self.peer.handle_storage(now, StorageEvent::Failed(token));
                    }
                }
                Output::DropRecord(key) => self.storage.drop_record(key),
                Output::StoreGroups { token, save } => {
                    if !self.storage.save_groups(token, &save) {
                        self.peer.handle_storage(now, StorageEvent::Failed(token));
                    }
                }
                Output::DropEntries(keys) => self.storage.drop_entries(&keys),
                Output::SetAside(keys) => self.storage.set_aside(&keys),
                Output::ReadSegment { content, index } => self.disk.read(content, index),
                Output::WriteSegment {
                    content,
                    index,
                    pieces,
                } => self.disk.write(content, index, pieces),
                Output::Event(event) => self.on_event(event),
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        self.attempts.hear(&event);
        if let Some(notice) = Notice::of(self.peer.node().space(), &event) {
            tracing::info!("{}", notice.text);
            // Nobody may be listening.
            let _ = self.notices.send(notice);
        }
        let event = match event {
            Event::Node(event) => event,
            Event::OwnAddress(address) => {
                output::note(self.attempts.own(address));
                return;
            }
            Event::Known(known) => {
                let lines: Vec<_> = known.iter().map(Known::line).collect();
                self.storage.know(&lines);
                return;
            }
            Event::Swarm(event) => {
                self.disk.tell(event);
                return;
            }
            _ => return,
        };
        match self.askers.hear(event) {
            Some(NodeEvent::Renewing(renewal)) => self.storage.renew(&renewal),
            Some(NodeEvent::RenewalEnded(key, level)) => self.storage.renew_no_more(key, level),
            Some(NodeEvent::LineageConflict(conflict)) => {
                let from = self.peer.node().adoption().and_then(|one| one.from);
                self.exports.export(from.unwrap_or_default(), &conflict);
            }
            Some(NodeEvent::Left) if self.stay == Stay::Leaving => self.stay = Stay::Left,
            _ => {}
        }
    }
}
