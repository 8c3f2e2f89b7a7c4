//! The driver, the task that owns the core's peer: it tells it what happens and carries out what it wants.

mod attempts;
mod exports;
mod files;
mod handle;
mod notice;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::Routing;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::api::{
    Event as NodeEvent, LookupError, LookupId, OperationId, Report, StorageEvent, StoreError,
    Written,
};
use chordscope_core::peer::api::{Event, LinkId, Output};
use chordscope_core::peer::{Known, Peer, Plan};
use chordscope_core::store::group::fence::Fence;
use chordscope_core::store::group::repair::RepairError;
use chordscope_core::store::record::{Record, RecordError};
use chordscope_core::swarm::api::Event as SwarmEvent;
use chordscope_core::swarm::picker::Order;
use futures_util::future::join_all;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;

use crate::address_space::AddressSpace;
use crate::burst::Burst;
use crate::clock::Clock;
use crate::links::{self, Inbox, Inside, Outbox};
use crate::storage::Storage;

use attempts::Attempts;
pub(crate) use attempts::Unlinked;
pub(crate) use exports::path as export_path;
use exports::{Exported, Exports};
use files::{Disk, Done};
pub(crate) use handle::{Belongs, Ended, Handle, Held, Input, Open, Wish};
use handle::{Command, Reply};
pub(crate) use notice::Notice;

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
/// The longest time for neighbours to hear that this peer has left.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Segments that the disk has refused.
static UNWRITTEN: Burst = Burst::new();

/// The task's state.
pub(crate) struct Driver {
    peer: Peer,
    clock: Clock,
    storage: Storage,
    stored: mpsc::UnboundedReceiver<StorageEvent>,
    exports: Exports,
    exported: mpsc::UnboundedReceiver<Exported>,
    disk: Disk,
    segments: mpsc::UnboundedReceiver<Done>,
    inputs: mpsc::Receiver<Input>,
    to_inputs: mpsc::Sender<Input>,
    commands: mpsc::Receiver<Command>,
    notices: broadcast::Sender<Notice>,
    links: HashMap<LinkId, Outbox>,
    next_link: u64,
    waits: Arc<AtomicU64>,
    puts: HashMap<OperationId, Reply<Held<Written>, StoreError>>,
    gets: HashMap<OperationId, Reply<Held<Option<Record>>, StoreError>>,
    /// The operation that ends next, and the seconds for which its record is held.
    lifetime: Option<(OperationId, u32)>,
    lookups: HashMap<LookupId, Reply<Report, LookupError>>,
    repairs: HashMap<OperationId, Reply<Result<Fence, RepairError>, StoreError>>,
    /// The plan for finding a ring, until the search has begun.
    plan: Option<(Plan, Vec<Known>)>,
    /// The address space that contacts may be in; addresses that the user has named may be anywhere.
    within: AddressSpace,
    /// The peers that are reached in memory.
    inside: Inside,
    attempts: Attempts,
    unlinked: Unlinked,
    leaving: bool,
    left: bool,
}

impl Driver {
    /// A driver of this peer. `run` it.
    pub(crate) fn new(
        peer: Peer,
        clock: Clock,
        storage: Storage,
        stored: mpsc::UnboundedReceiver<StorageEvent>,
        (plan, known): (Plan, Vec<Known>),
        (within, inside): (AddressSpace, Inside),
        transfers: mpsc::UnboundedSender<SwarmEvent>,
    ) -> (Self, Handle) {
        let (disk, segments) = Disk::new(transfers);
        let (exports, exported) = Exports::new(storage.folder().to_path_buf());
        let (to_inputs, inputs) = mpsc::channel(MAX_INPUTS);
        let (to_commands, commands) = mpsc::channel(MAX_COMMANDS);
        let (notices, _) = broadcast::channel(MAX_NOTICES);
        let waits = Arc::new(AtomicU64::new(0));
        let named = match &plan {
            Plan::Join(addresses) => addresses.clone(),
            Plan::Create | Plan::Resume => Vec::new(),
        };
        let (attempts, troubles) = Attempts::new(named);
        let unlinked = Unlinked::default();
        let handle = Handle {
            inputs: to_inputs.clone(),
            commands: to_commands,
            notices: notices.clone(),
            waits: Arc::clone(&waits),
            troubles,
            unlinked: unlinked.clone(),
        };
        let driver = Self {
            peer,
            clock,
            storage,
            stored,
            exports,
            exported,
            disk,
            segments,
            inputs,
            to_inputs,
            commands,
            notices,
            links: HashMap::new(),
            next_link: 0,
            waits,
            puts: HashMap::new(),
            gets: HashMap::new(),
            lifetime: None,
            lookups: HashMap::new(),
            repairs: HashMap::new(),
            attempts,
            unlinked,
            plan: Some((plan, known)),
            within,
            inside,
            leaving: false,
            left: false,
        };
        (driver, handle)
    }

    /// Runs until the peer has left its ring.
    pub(crate) async fn run(mut self) {
        if let Some((plan, known)) = self.plan.take() {
            self.peer.start(self.clock.now(), plan, known);
        }
        while !self.left {
            self.carry_out();
            let deadline = self.clock.deadline(self.deadline());
            tokio::select! {
                Some(input) = self.inputs.recv() => {
                    let mut bytes = input.bytes();
                    self.on_input(input);
                    for _ in 1..MAX_BATCH {
                        if bytes >= MAX_BATCH_BYTES {
                            break;
                        }
                        let Ok(input) = self.inputs.try_recv() else { break };
                        bytes += input.bytes();
                        self.on_input(input);
                    }
                }
                Some(command) = self.commands.recv() => self.on_command(command),
                Some(event) = self.stored.recv() => {
                    self.peer.handle_storage(self.clock.now(), event);
                }
                Some(exported) = self.exported.recv() => self.on_exported(exported),
                Some(done) = self.segments.recv() => {
                    self.on_segment(done);
                    for _ in 1..MAX_BATCH {
                        let Ok(done) = self.segments.try_recv() else { break };
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
        let links = self.links.drain();
        let ends: Vec<_> = links
            .map(|(_, link)| link.close(CloseReason::Leaving))
            .collect();
        let _ = timeout(GOODBYE_TIMEOUT, join_all(ends)).await;
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
                let link = self.open(open);
                self.peer.handle_accepted(now, link);
            }
            Input::Dialed(address, Ok(open)) => {
                let link = self.open(open);
                self.attempts.opened(link, &address);
                self.peer.handle_dialed(now, link, &address);
            }
            Input::Dialed(address, Err(reason)) => {
                tracing::debug!(%address, reason, "cannot reach");
                self.attempts.failed(&address, &reason);
                self.unlinked.failed(&address, &reason);
                self.peer.handle_dial_failed(now, &address);
            }
            Input::Frame(link, frame) => self.peer.handle_frame(now, link, frame),
            Input::Gone(link) => {
                if self.links.remove(&link).is_some() {
                    self.peer.handle_closed(now, link);
                }
            }
            Input::Goodbye(link, code, text) => {
                if self.links.remove(&link).is_some() {
                    self.peer.handle_goodbye(now, link, code, &text);
                }
            }
            Input::Broken(link, reason) => self.peer.handle_broken(now, link, reason),
            Input::Written(link, bytes) => self.peer.handle_written(now, link, bytes),
        }
    }

    fn open(&mut self, open: Open) -> LinkId {
        self.next_link += 1;
        let link = LinkId(self.next_link);
        let outbox = open(Inbox {
            link,
            inputs: self.to_inputs.clone(),
            waits: Arc::clone(&self.waits),
        });
        self.links.insert(link, outbox);
        link
    }

    fn on_command(&mut self, command: Command) {
        let now = self.clock.now();
        match command {
            Command::Put(label, value, wish, reply) => {
                let (expected, keeping) = (wish.if_sequence, wish.keeping);
                let begun = self
                    .peer
                    .put_for(now, label, value, expected, wish.level, keeping);
                enlist(begun, reply, &mut self.puts);
            }
            Command::PutImmutable(value, keeping, reply) => {
                let begun = self.peer.put_immutable_for(now, value, keeping);
                enlist(begun, reply, &mut self.puts);
            }
            Command::Get(subject, level, reply) => {
                enlist(self.peer.get(now, subject, level), reply, &mut self.gets);
            }
            Command::Adopt(lineage, reply) => answer(Some(reply), self.peer.adopt(now, lineage)),
            Command::Lookup(key, mode, reply) => {
                let begun = self.peer.lookup(now, key, Routing::Finger, mode);
                enlist(begun, reply, &mut self.lookups);
            }
            Command::Repair(key, lost, reply) => {
                let begun = self.peer.repair_range(now, key, lost);
                enlist(begun, reply, &mut self.repairs);
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
                answer(Some(reply), begun);
            }
            Command::Fetch(content, belongs, reply) => {
                let order = Order::RarestFirst;
                let begun = match belongs {
                    Belongs::Alone => self.peer.fetch(now, content, order),
                    Belongs::Folder(folder) => self.peer.fetch_part(now, content, folder, order),
                };
                answer(Some(reply), begun);
            }
            Command::LookIn(content, folder) => self.peer.look_in(now, content, folder),
            Command::StandAlone(content, reply) => {
                answer(Some(reply), self.peer.stand_alone(now, content));
            }
            Command::PassOut(bytes, reply) => {
                answer(Some(reply), self.peer.pass_out(now, bytes));
            }
            Command::Reorder(content, order) => self.peer.reorder(now, content, order),
            Command::Place(content, place) => self.disk.place(content, place),
            Command::StopTransfer(content) => {
                self.peer.stop_transfer(now, content);
                self.disk.forget(content);
            }
            Command::Look(view) => view(&self.peer),
            Command::Stop => {
                self.leaving = true;
                self.peer.stop(now);
            }
            Command::Leave(force) => self.leave(now, force),
        }
    }

    /// Leaves the ring for good, in any case or only if others take everything over.
    fn leave(&mut self, now: Instant, force: bool) {
        self.leaving = true;
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
                    let sent = self.links.get(&link).map(|outbox| outbox.send(frame));
                    if sent == Some(false) {
                        self.peer.handle_broken(now, link, CloseReason::QueueFull);
                    }
                }
                Output::Dial(address) => self.dial(address),
                Output::Close { link, reason } => {
                    if let Some(outbox) = self.links.remove(&link) {
                        outbox.close(reason);
                    }
                }
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

    fn dial(&self, address: Address) {
        let (inputs, inside) = (self.to_inputs.clone(), self.inside.clone());
        let within = match self.attempts.is_named(&address) {
            true => AddressSpace::Loopback,
            false => self.within,
        };
        tokio::spawn(async move {
            let open = links::dial(&address, within, &inside).await;
            let _ = inputs.send(Input::Dialed(address, open)).await;
        });
    }

    fn on_event(&mut self, event: Event) {
        self.attempts.hear(&event);
        self.unlinked.hear(&event);
        if let Some(notice) = Notice::of(self.peer.node().space(), &event) {
            tracing::info!("{}", notice.text);
            // Nobody may be listening.
            let _ = self.notices.send(notice);
        }
        let event = match event {
            Event::Node(event) => event,
            Event::OwnAddress(address) => {
                tracing::warn!("{address} is this peer's own address: it is not joined");
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
        match event {
            NodeEvent::Lifetime(id, seconds) => self.lifetime = Some((id, seconds)),
            NodeEvent::Renewing(renewal) => self.storage.renew(&renewal),
            NodeEvent::RenewalEnded(key, level) => self.storage.renew_no_more(key, level),
            NodeEvent::PutEnded(id, outcome) => {
                let held = self.held(id);
                answer(self.puts.remove(&id), outcome.map(|put| (put, held)));
            }
            NodeEvent::GetEnded(id, outcome) => {
                let held = self.held(id);
                answer(self.gets.remove(&id), outcome.map(|got| (got, held)));
            }
            NodeEvent::LineageConflict(conflict) => {
                let from = self.peer.node().adoption().and_then(|one| one.from);
                self.exports.export(from.unwrap_or_default(), &conflict);
            }
            NodeEvent::LookupEnded(id, outcome) => answer(self.lookups.remove(&id), outcome),
            NodeEvent::RangeRepaired(id, outcome) => answer(self.repairs.remove(&id), Ok(outcome)),
            NodeEvent::Left if self.leaving => self.left = true,
            _ => {}
        }
    }
}

impl Driver {
    /// Takes the number of seconds for which the record of an operation is held, if that was told.
    fn held(&mut self, operation: OperationId) -> Option<u32> {
        let told = self.lifetime.take_if(|(told, _)| *told == operation);
        told.map(|(_, seconds)| seconds)
    }
}

/// Remembers who waits for an answer, or answers at once what cannot begin.
fn enlist<K: std::hash::Hash + Eq, T, E>(
    begun: Result<K, E>,
    reply: Reply<T, E>,
    waiting: &mut HashMap<K, Reply<T, E>>,
) {
    match begun {
        Ok(id) => {
            waiting.insert(id, reply);
        }
        Err(error) => answer(Some(reply), Err(error)),
    }
}

/// Answers a request; the asker may have gone meanwhile.
fn answer<T, E>(reply: Option<Reply<T, E>>, outcome: Result<T, E>) {
    if let Some(reply) = reply {
        let _ = reply.send(outcome);
    }
}
