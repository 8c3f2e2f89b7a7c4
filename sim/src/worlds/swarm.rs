//! A simulated swarm: real [`Swarm`]s over links with latency and bandwidth, and members that cheat.
//!
//! Member 0 is the first seed; clients are numbered from 1, and the proxies of a content delivery network follow them. All members of a
//! swarm find all that have announced the file. [`Way`] has one server and a network of proxies in place of the swarm, over the same
//! links.

pub mod acting;
pub mod bounds;
pub mod comparison;
pub mod permalink;
pub mod scenario;
pub mod setup;
pub mod view;

mod conduct;
mod line;
mod member;
mod server;
mod text;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use data_encoding::HEXLOWER;

use crate::engine::content::Content;
use crate::engine::queue::Queue;
use crate::engine::trace::Trace;
use crate::worlds::swarm::acting::What;
use crate::worlds::swarm::line::{Flight, Line};
use crate::worlds::swarm::member::{Machine, Member};
use crate::worlds::swarm::server::{Fetcher, Server};
use chordscope_core::base::content::ContentId;
use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::Swarm;
use chordscope_core::swarm::api::{Event, Limits, Output, TransferView};
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::Manifest;
use chordscope_core::swarm::message::{Arrived, Block, Message, Place};

pub use crate::worlds::swarm::conduct::Conduct;
pub use crate::worlds::swarm::member::Part;
pub use crate::worlds::swarm::setup::{Begins, Client, Rates, Setup, SetupError, Stay, Way};

/// A simulated swarm on its way.
#[derive(Clone, Debug)]
pub struct SwarmWorld {
    setup: Arc<Setup>,
    content: Arc<Content>,
    seed: u64,
    now: Instant,
    members: BTreeMap<Id, Member>,
    announced: BTreeSet<Id>,
    queue: Queue<Coming>,
    /// The blocks that are on their way, by number.
    flights: BTreeMap<u64, Flight>,
    /// The number of blocks so far.
    departures: u64,
    /// The number of members so far.
    births: u64,
    /// Whether anything has changed by which a member may be due to leave.
    is_changed: bool,
    digest: Digest,
    events: Vec<(Instant, Id, Event)>,
    /// The trace that takes the events instead, once the world has a history.
    trace: Option<Trace<What>>,
}

#[derive(Clone, Debug)]
enum Coming {
    Arrives(Id),
    Message(Id, Id, Message),
    /// The block of this number has arrived.
    Block(u64),
    /// The uplink has sent the block that it was sending.
    Sent(Id),
    Found(Id),
    Gone(Id),
}

/// The name of the member of this number; 0 is the first seed.
pub fn member(number: u64) -> Id {
    Id::from_u64(number + 1)
}

/// The number of the member of this name.
pub fn number(member: Id) -> u64 {
    member.to_u64().unwrap_or_default().saturating_sub(1)
}

impl SwarmWorld {
    /// The swarm at time zero, without a history. The limits of set-ups are not checked.
    ///
    /// `None` when the file is too long.
    pub fn new(setup: Setup) -> Option<Self> {
        let seed = setup.seed;
        Self::seeded(Arc::new(setup), seed, None)
    }

    fn seeded(setup: Arc<Setup>, seed: u64, trace: Option<Trace<What>>) -> Option<Self> {
        let content = Arc::new(Content::of(seed, setup.length)?);
        Some(Self::over(setup, seed, content, trace))
    }

    /// The swarm of a file that is there already.
    fn over(
        setup: Arc<Setup>,
        seed: u64,
        content: Arc<Content>,
        trace: Option<Trace<What>>,
    ) -> Self {
        let mut world = Self {
            content,
            now: Instant::ZERO,
            members: BTreeMap::new(),
            announced: BTreeSet::new(),
            queue: Queue::new(),
            flights: BTreeMap::new(),
            departures: 0,
            births: 0,
            is_changed: false,
            digest: Digest::new("chordscope simulated swarm"),
            events: Vec::new(),
            trace,
            seed,
            setup: Arc::clone(&setup),
        };
        let seed = Client {
            rates: setup.seed_rates,
            stay: setup.seed_stay,
            ..Client::default()
        };
        world.add(Part::Seed, seed);
        for client in &setup.clients {
            world.add(Part::Client, *client);
        }
        if let Way::Cdn { proxies, rates } = setup.way {
            let proxy = Client {
                rates,
                ..Client::default()
            };
            // Before anybody asks.
            for _ in 0..proxies {
                world.add(Part::Proxy, proxy);
            }
        }
        let first = world.members.keys().copied();
        let present = first.filter(|id| world.arrives_at(*id) == Instant::ZERO);
        let present: Vec<Id> = present.collect();
        // Servers first: clients choose among those that are there.
        let (clients, servers): (Vec<Id>, Vec<Id>) =
            present.into_iter().partition(|id| world.is_client(*id));
        for id in servers.into_iter().chain(clients) {
            world.arrive(id);
        }
        world
    }

    fn arrives_at(&self, id: Id) -> Instant {
        let member = self.members.get(&id);
        member.map_or(Instant::ZERO, |member| member.setup.arrives)
    }

    fn is_client(&self, id: Id) -> bool {
        let member = self.members.get(&id);
        member.is_some_and(|member| member.part == Part::Client)
    }

    /// Adds a member that is awaited; it has the next number.
    fn add(&mut self, part: Part, setup: Client) -> Id {
        let id = member(self.births);
        self.births += 1;
        self.members.insert(id, Member::new(part, setup));
        if setup.arrives > self.now {
            self.queue.push(setup.arrives, Coming::Arrives(id));
        }
        id
    }

    /// A member that was awaited is here.
    fn arrive(&mut self, id: Id) {
        let Some(member) = self.members.get(&id) else {
            return;
        };
        let (part, setup) = (member.part, member.setup);
        let machine = self.machine(id, part, setup);
        let now = self.now;
        if let Some(member) = self.members.get_mut(&id) {
            member.machine = machine;
            member.arrived = Some(now);
            member.complete = (part != Part::Client).then_some(now);
        }
        if setup.conduct.poses_as_source() {
            self.announced.insert(id);
        }
        if let Stay::Until(at) = setup.stay {
            self.queue.push(at.max(now), Coming::Gone(id));
        }
        self.is_changed = true;
        self.tell_arrival(id);
        self.ask_server(id);
        self.drain(id);
    }

    /// Makes the machine of a member.
    fn machine(&self, id: Id, part: Part, setup: Client) -> Machine {
        let (content, count) = (self.content.id(), self.content.count());
        let have = match (part, setup.begins) {
            (Part::Seed | Part::Proxy, _) => Bitfield::all(count),
            (Part::Client, Begins::Empty) => Bitfield::none(count),
            (Part::Client, Begins::AllBut(segment)) => {
                let mut have = Bitfield::all(count);
                have.remove(segment);
                have
            }
        };
        match (self.setup.way, part) {
            (Way::Swarm, _) => {
                let stream = id.to_u64().unwrap_or_default();
                let slots = match setup.conduct {
                    Conduct::FreeRides => 0,
                    _ => self.setup.slots.into(),
                };
                let limits = Limits {
                    slots,
                    ..Limits::default()
                };
                let mut swarm = Swarm::new(limits, Rng::from_seed(self.seed, stream));
                swarm.explain_picks();
                let order = self.setup.order;
                if have.is_empty() {
                    let _ = swarm.fetch(self.now, content, order);
                } else {
                    let manifest = self.content.manifest().clone();
                    let _ = swarm.share(self.now, manifest, have);
                    swarm.reorder(self.now, content, order);
                }
                Machine::Swarm(Box::new(swarm))
            }
            (_, Part::Seed | Part::Proxy) => Machine::Server(Server::default()),
            (_, Part::Client) => Machine::Fetcher(Fetcher::new(have)),
        }
    }

    /// The virtual time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The set-up, as the world began.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Returns the digest of the run so far, in hexadecimal: what happened, and when.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&self.digest.finish())
    }

    /// The file's id.
    pub fn content(&self) -> ContentId {
        self.content.id()
    }

    /// Returns the state of the transfer at a member of a swarm.
    pub fn view(&self, id: Id) -> Option<TransferView> {
        let swarm = self.members.get(&id)?.swarm()?;
        swarm.view(self.now, self.content.id())
    }

    /// Returns the time at which a member had everything.
    pub fn completed(&self, id: Id) -> Option<Instant> {
        self.members.get(&id)?.complete
    }

    /// Bytes of blocks that have left a member, the list of digests included.
    pub fn sent(&self, id: Id) -> u64 {
        self.members.get(&id).map_or(0, |member| member.sent)
    }

    /// Returns what the members reported, each event with its time and its member; a world with a history has it in its trace instead.
    pub fn reports(&self) -> &[(Instant, Id, Event)] {
        &self.events
    }

    /// Returns whether every client that wants the file has it, or has gone.
    pub fn is_complete(&self) -> bool {
        !self.members.values().any(Member::is_waiting)
    }

    /// Returns the time at which the last client that wants the file had it; `None` while one waits, or where none has ever had it.
    pub fn finished(&self) -> Option<Instant> {
        let clients = self.members.values();
        let clients = clients
            .filter(|member| member.part == Part::Client && member.setup.conduct.wants_the_file());
        let last = clients.filter_map(|member| member.complete).max();
        last.filter(|_| self.is_complete())
    }

    /// Lets things happen until every client that wants the file has it or has gone, or this time has come.
    pub fn run_until(&mut self, end: Instant) {
        while !self.is_complete() && self.step_until(end) {}
    }

    /// The member that wants to be called first, and when.
    fn first_timer(&self) -> Option<(Instant, Id)> {
        let timers = self.members.iter();
        timers
            .filter_map(|(id, member)| Some((member.swarm()?.poll_timeout()?, *id)))
            .min()
    }

    /// Lets the next event happen, if it happens by this time.
    fn step_until(&mut self, end: Instant) -> bool {
        let timer = self.first_timer();
        let arrival = self.queue.first().into_iter();
        let next = arrival.chain(timer.map(|(at, _)| at)).min();
        let Some(next) = next.filter(|next| *next <= end) else {
            return false;
        };
        self.now = self.now.max(next);
        match self.queue.pop_until(next) {
            Some(coming) => self.happen(coming),
            None => {
                if let Some((_, id)) = timer
                    && let Some(swarm) = self.members.get_mut(&id).and_then(Member::swarm_mut)
                {
                    swarm.handle_timeout(self.now);
                    self.drain(id);
                }
            }
        }
        self.part_with_done();
        true
    }

    fn happen(&mut self, coming: Coming) {
        self.absorb(&coming);
        match coming {
            Coming::Arrives(id) => self.arrive(id),
            Coming::Message(from, to, message) => self.deliver(from, to, message),
            Coming::Block(number) => self.take_in(number),
            Coming::Sent(id) => self.send_on(id),
            Coming::Found(id) => self.find(id),
            Coming::Gone(id) => self.depart(id),
        }
    }

    fn deliver(&mut self, from: Id, to: Id, message: Message) {
        let is_here = |id: &Id| self.members.get(id).is_some_and(Member::is_here);
        // What was on its way when its sender left is not waited for.
        if !is_here(&from) {
            return;
        }
        let now = self.now;
        let (id, other, is_reached) = match is_here(&to) {
            true => (to, from, true),
            false => (from, to, false),
        };
        if let Some(swarm) = self.members.get_mut(&id).and_then(Member::swarm_mut) {
            match is_reached {
                true => swarm.handle_message(now, other, message),
                false => swarm.handle_gone(now, other),
            }
        }
        self.drain(id);
    }

    /// A block has arrived.
    fn take_in(&mut self, number: u64) {
        let Some(flight) = self.flights.remove(&number) else {
            return;
        };
        let (now, to) = (self.now, flight.to);
        let content = Arc::clone(&self.content);
        let Some(member) = self.members.get_mut(&to) else {
            return;
        };
        match &mut member.machine {
            Machine::Swarm(swarm) => {
                let block = flight.block;
                let arrived = Arrived::new(block.place, block.bytes().to_vec());
                swarm.handle_block(now, flight.from, block.content, arrived);
            }
            Machine::Fetcher(fetcher) => {
                let Place::Content(at) = flight.block.place else {
                    return;
                };
                let index = content.manifest().layout().segment_at(at);
                let bytes = flight.block.bytes();
                if fetcher.handle_segment(content.manifest(), index, bytes)
                    && fetcher.have().is_full()
                {
                    member.complete = Some(now);
                    self.tell(to, Event::Complete(content.id()));
                }
                self.is_changed = true;
            }
            Machine::Awaited | Machine::Server(_) | Machine::Gone(_) => {}
        }
        self.drain(to);
    }

    /// A member finds those that have announced the file.
    fn find(&mut self, id: Id) {
        let (now, content) = (self.now, self.content.id());
        let found = self.announced.iter().filter(|other| **other != id);
        if let Some(swarm) = self.members.get_mut(&id).and_then(Member::swarm_mut) {
            for other in found {
                swarm.add_source(now, content, *other);
            }
        }
        self.drain(id);
    }

    /// A member is gone from one moment to the next: what has not left it yet is lost.
    fn depart(&mut self, id: Id) {
        let (now, content, count) = (self.now, self.content.id(), self.content.count());
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if member.left.is_some() {
            return;
        }
        member.machine = Machine::Gone(member.have(content, count));
        member.left = Some(now);
        member.waiting.clear();
        member.line = Line::new(1, None);
        self.announced.remove(&id);
        self.flights
            .retain(|_, flight| flight.to != id && (flight.from != id || flight.leaves <= now));
        self.tell_departure(id);
        let others: Vec<Id> = self.members.keys().copied().collect();
        let mut orphans = Vec::new();
        for (other, member) in &mut self.members {
            member.line.forget(id);
            member.waiting.remove(&id);
            match &mut member.machine {
                Machine::Swarm(swarm) => swarm.handle_gone(now, id),
                Machine::Server(server) => server.handle_gone(id),
                Machine::Fetcher(fetcher) if fetcher.server == Some(id) => orphans.push(*other),
                Machine::Awaited | Machine::Fetcher(_) | Machine::Gone(_) => {}
            }
        }
        for orphan in orphans {
            self.ask_server(orphan);
        }
        for other in others {
            self.drain(other);
        }
        self.is_changed = true;
    }

    /// Lets those go whose stay is over.
    fn part_with_done(&mut self) {
        while core::mem::take(&mut self.is_changed) {
            let served = self.served();
            let (length, count) = (self.setup.length, self.content.count());
            let (content, segment) = (
                self.content.id(),
                self.content.manifest().layout().segment_size(),
            );
            let due = self.members.iter().find(|(_, member)| {
                let share = thousandths(member.count(content, count).into(), count.into());
                let is_done = match member.setup.stay {
                    Stay::UntilServed(wanted) => served >= wanted,
                    _ => member.has_done(length, segment.into(), share),
                };
                member.is_here() && is_done
            });
            if let Some(id) = due.map(|(id, _)| *id) {
                self.depart(id);
            }
        }
    }

    /// Returns the share that the clients have together of all that they want, in thousandths. Those that have gone count with what they
    /// had.
    pub fn served(&self) -> u16 {
        let (content, count) = (self.content.id(), self.content.count());
        let clients = || {
            let members = self.members.values();
            members.filter(|member| {
                member.part == Part::Client && member.setup.conduct.wants_the_file()
            })
        };
        let have: u64 = clients()
            .map(|member| u64::from(member.count(content, count)))
            .sum();
        thousandths(have, clients().count() as u64 * u64::from(count))
    }

    /// A client of servers asks the one with the fewest clients for its uplink for all that it lacks.
    fn ask_server(&mut self, id: Id) {
        let servers = self
            .members
            .iter()
            .filter_map(|(server, member)| match &member.machine {
                Machine::Server(machine) => {
                    Some((*server, machine.clients() as u64 + 1, member.setup.rates.up))
                }
                _ => None,
            });
        // Compared as fractions: clients over uplink, for the one with this client more.
        let best = servers.min_by(|(_, clients, up), (_, others, other)| {
            (clients.saturating_mul(*other)).cmp(&others.saturating_mul(*up))
        });
        let Some(fetcher) = self.members.get_mut(&id).and_then(Member::fetcher_mut) else {
            return;
        };
        fetcher.server = best.map(|(server, ..)| server);
        let lacks: Vec<u32> = fetcher.lacks().collect();
        if let Some((server, ..)) = best {
            if let Some(server) = self.members.get_mut(&server).and_then(Member::server_mut) {
                server.handle_get(id, lacks);
            }
            self.serve(server);
        }
    }

    /// A server whose uplink is idle sends the next segment.
    fn serve(&mut self, id: Id) {
        let content = Arc::clone(&self.content);
        let layout = content.manifest().layout();
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if !member.line.is_idle() {
            return;
        }
        let Some((to, index)) = member.server_mut().and_then(Server::next) else {
            return;
        };
        let bytes = content.segment(layout, index).unwrap_or_default().to_vec();
        let block = Block {
            content: content.id(),
            place: Place::Content(layout.range(index).start),
            range: 0..bytes.len(),
            whole: Arc::new(bytes),
            value: None,
        };
        member.line.push(to, block);
        self.begin_sending(id);
    }

    /// The uplink of a member begins to send the next block, if it is free.
    fn begin_sending(&mut self, from: Id) {
        let Some(member) = self.members.get_mut(&from) else {
            return;
        };
        let Some((to, block, takes)) = member.line.begin() else {
            return;
        };
        let conduct = member.conduct();
        let leaves = self.now + takes;
        self.queue.push(leaves, Coming::Sent(from));
        let receiver = self.members.get_mut(&to).filter(|member| member.is_here());
        let (Some(receiver), Some(block)) = (receiver, conduct.sends(block)) else {
            return;
        };
        let (begins, ends) = (self.now + self.setup.latency, leaves + self.setup.latency);
        let arrives = receiver.line.take_in(begins, ends, block.bytes().len());
        let number = self.departures;
        self.departures += 1;
        self.queue.push(arrives, Coming::Block(number));
        self.flights.insert(
            number,
            Flight {
                from,
                to,
                block,
                leaves,
                begins,
                arrives,
            },
        );
    }

    /// The uplink of a member has sent a block, and goes on.
    fn send_on(&mut self, id: Id) {
        let now = self.now;
        let Some(member) = self.members.get_mut(&id).filter(|member| member.is_here()) else {
            return;
        };
        let Some((to, length, is_content)) = member.line.end() else {
            return;
        };
        member.sent += length as u64;
        member.gave += if is_content { length as u64 } else { 0 };
        self.is_changed = true;
        self.begin_sending(id);
        if let Some(member) = self.members.get_mut(&id) {
            let left = member.waiting.get(&to).map(|left| left - length);
            match left {
                Some(0) | None => member.waiting.remove(&to),
                Some(left) => member.waiting.insert(to, left),
            };
            if let Some(swarm) = member.swarm_mut() {
                swarm.handle_waiting(now, to, left.unwrap_or(0));
            }
        }
        self.serve(id);
        self.drain(id);
    }

    fn drain(&mut self, id: Id) {
        loop {
            let swarm = self.members.get_mut(&id).and_then(Member::swarm_mut);
            let Some(swarm) = swarm else {
                return;
            };
            let output = swarm.poll_output();
            let picks = swarm.take_picks();
            for pick in picks {
                self.tell_pick(id, pick);
            }
            match output {
                Some(output) => self.carry_out(id, output),
                None => return,
            }
        }
    }

    fn carry_out(&mut self, id: Id, output: Output) {
        let now = self.now;
        let later = now + self.setup.latency;
        let file = Arc::clone(&self.content);
        let content = file.id();
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let conduct = member.conduct();
        let Machine::Swarm(swarm) = &mut member.machine else {
            return;
        };
        match output {
            Output::Send(to, message) => {
                if let Some(message) = conduct.says(self.setup.length, message) {
                    self.queue.push(later, Coming::Message(id, to, message));
                }
            }
            Output::SendBlock(to, block) => {
                *member.waiting.entry(to).or_default() += block.bytes().len();
                member.line.push(to, block);
                self.begin_sending(id);
            }
            Output::Read(_, index) => {
                let layout = swarm.manifest(content).map(Manifest::layout);
                let bytes = layout.and_then(|layout| file.segment(layout, index));
                let bytes = bytes.map(<[u8]>::to_vec);
                swarm.handle_read(now, content, index, bytes);
            }
            Output::Write(_, index, pieces) => {
                let layout = swarm.manifest(content).map(Manifest::layout);
                let right = layout.and_then(|layout| file.segment(layout, index));
                let is_right = right == Some(&pieces.concat()[..]);
                swarm.handle_written(now, content, index, is_right);
                self.is_changed = true;
            }
            Output::Find { .. } => self.queue.push(later, Coming::Found(id)),
            Output::Announce(_, true) => {
                self.announced.insert(id);
            }
            Output::Announce(_, false) => {
                self.announced.remove(&id);
            }
            Output::Event(event) => {
                if matches!(event, Event::Complete(_)) {
                    member.complete = Some(now);
                    member.gave_before = member.gave;
                }
                self.tell(id, event);
            }
        }
    }
}

/// A part of a whole in thousandths, rounded down; of nothing it is all.
const fn thousandths(part: u64, whole: u64) -> u16 {
    if part >= whole {
        return setup::WHOLE;
    }
    (part as u128 * setup::WHOLE as u128 / whole as u128) as u16
}
