//! A simulated swarm: real [`Swarm`]s over links with latency and bandwidth, and members that cheat.
//!
//! Member 0 is the first seed. All members find all that have announced the file. A member's uplink sends one block after another;
//! downlinks are as wide as need be.

pub mod acting;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::Timed;
use crate::engine::queue::Queue;
use crate::engine::trace::Trace;
use crate::worlds::swarm::acting::{Action, What};
use chordscope_core::base::content::ContentId;
use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::Swarm;
use chordscope_core::swarm::api::{Event, Limits, Output, TransferView};
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::{Manifest, digest};
use chordscope_core::swarm::message::{Arrived, Block, Message, Said, Standing};
use chordscope_core::swarm::picker::Order;

/// The conduct of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conduct {
    /// As it should.
    #[default]
    Honest,
    /// Changes a byte of everything that it sends.
    Corrupts,
    /// Takes requests, and sends nothing.
    Stalls,
    /// Says that it has everything, and rejects all requests.
    Boasts,
    /// Says that the file is a byte longer.
    Stretches,
    /// Gone from this time on.
    Leaves(Instant),
}

/// A swarm to be simulated.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The seed of all randomness.
    pub seed: u64,
    /// The file's length in bytes.
    pub length: u64,
    /// Bytes a second of each uplink.
    pub up: u64,
    /// The latency from any member to any other.
    pub latency: Duration,
    /// The order in which segments are fetched.
    pub order: Order,
    /// The members that fetch, by their conduct; those that do not begin with everything.
    pub members: Vec<Conduct>,
    /// Members take nothing of one another, only of the first seed: one server.
    pub is_server: bool,
    /// The actions, in order of time.
    pub actions: Vec<Timed<Action>>,
}

/// A simulated swarm on its way.
#[derive(Clone, Debug)]
pub struct SwarmWorld {
    setup: Arc<Setup>,
    file: Arc<Vec<u8>>,
    content: ContentId,
    seed: u64,
    now: Instant,
    members: BTreeMap<Id, Member>,
    announced: BTreeSet<Id>,
    queue: Queue<Coming>,
    /// The number of members so far.
    births: u64,
    digest: Digest,
    events: Vec<(Instant, Id, Event)>,
    /// The trace that takes the events instead, once the world has a history.
    trace: Option<Trace<What>>,
}

#[derive(Clone, Debug)]
struct Member {
    swarm: Swarm,
    conduct: Conduct,
    free_at: Instant,
    waiting: BTreeMap<Id, usize>,
    sent: u64,
    complete: Option<Instant>,
}

#[derive(Clone, Debug)]
enum Coming {
    Message(Id, Id, Message),
    Block(Id, Id, Block),
    Left(Id, Id, usize),
    Found(Id),
    Gone(Id),
}

/// The name of the member of this number; 0 is the first seed.
pub fn member(number: u64) -> Id {
    Id::from_u64(number + 1)
}

impl SwarmWorld {
    /// The swarm at time zero.
    ///
    /// `None` when the file is too long.
    pub fn new(setup: Setup) -> Option<Self> {
        let seed = setup.seed;
        Self::seeded(Arc::new(setup), seed, None)
    }

    fn seeded(setup: Arc<Setup>, seed: u64, trace: Option<Trace<What>>) -> Option<Self> {
        let mut bytes = alloc::vec![0; usize::try_from(setup.length).ok()?];
        Rng::from_seed(seed, 0).fill(&mut bytes);
        let layout = Layout::of(setup.length)?;
        let part = |index| {
            let range = layout.range(index);
            let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
            bytes.get(range)
        };
        let digests =
            (0..layout.count()).filter_map(|index| Some(digest(layout, index, part(index)?)));
        let manifest = Manifest::of(layout, digests.collect())?;
        let mut world = Self {
            content: manifest.content(),
            file: Arc::new(bytes),
            now: Instant::ZERO,
            members: BTreeMap::new(),
            announced: BTreeSet::new(),
            queue: Queue::new(),
            births: 0,
            digest: Digest::new("chordscope simulated swarm"),
            events: Vec::new(),
            trace,
            seed,
            setup,
        };
        world.add(Conduct::Honest, Some(manifest));
        let conducts = world.setup.members.clone();
        for conduct in conducts {
            world.add(conduct, None);
        }
        Some(world)
    }

    /// Adds a member; it has the next number.
    fn add(&mut self, conduct: Conduct, manifest: Option<Manifest>) {
        let id = member(self.births);
        self.births += 1;
        let stream = id.to_u64().unwrap_or_default();
        let mut swarm = Swarm::new(Limits::default(), Rng::from_seed(self.seed, stream));
        let is_seed = manifest.is_some();
        let _ = match manifest {
            Some(manifest) => {
                let all = Bitfield::all(manifest.layout().count());
                swarm.share(self.now, manifest, all)
            }
            None => swarm.fetch(self.now, self.content, self.setup.order),
        };
        let boasts = matches!(
            conduct,
            Conduct::Boasts | Conduct::Stretches | Conduct::Stalls
        );
        if boasts {
            self.announced.insert(id);
        }
        if let Conduct::Leaves(at) = conduct {
            self.push(at, Coming::Gone(id));
        }
        self.members.insert(
            id,
            Member {
                swarm,
                conduct,
                free_at: self.now,
                waiting: BTreeMap::new(),
                sent: 0,
                complete: is_seed.then_some(self.now),
            },
        );
        self.drain(id);
    }

    /// The virtual time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The file's id.
    pub const fn content(&self) -> ContentId {
        self.content
    }

    /// Returns the state of the transfer at a member.
    pub fn view(&self, id: Id) -> Option<TransferView> {
        self.members.get(&id)?.swarm.view(self.now, self.content)
    }

    /// Returns the time at which a member had everything.
    pub fn completed(&self, id: Id) -> Option<Instant> {
        self.members.get(&id)?.complete
    }

    /// Bytes of blocks that a member sent.
    pub fn sent(&self, id: Id) -> u64 {
        self.members.get(&id).map_or(0, |member| member.sent)
    }

    /// Returns the events, each with its time and its member.
    pub fn events(&self) -> &[(Instant, Id, Event)] {
        &self.events
    }

    /// Returns whether every honest member has everything.
    pub fn is_complete(&self) -> bool {
        let mut honest = self
            .members
            .values()
            .filter(|member| member.conduct == Conduct::Honest);
        honest.all(|member| member.complete.is_some())
    }

    /// Lets things happen until every honest member has everything, or this time has come.
    pub fn run_until(&mut self, end: Instant) {
        while !self.is_complete() && self.step_until(end) {}
    }

    /// The member that wants to be called first, and when.
    fn first_timer(&self) -> Option<(Instant, Id)> {
        let timers = self.members.iter();
        timers
            .filter_map(|(id, member)| Some((member.swarm.poll_timeout()?, *id)))
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
                    && let Some(member) = self.members.get_mut(&id)
                {
                    member.swarm.handle_timeout(self.now);
                    self.drain(id);
                }
            }
        }
        true
    }

    fn push(&mut self, at: Instant, coming: Coming) {
        self.queue.push(at, coming);
    }

    fn happen(&mut self, coming: Coming) {
        self.absorb(&coming);
        let (now, content) = (self.now, self.content);
        let id = match coming {
            Coming::Message(from, to, message) => {
                let reached = self.members.contains_key(&to);
                let id = if reached { to } else { from };
                if let Some(member) = self.members.get_mut(&id) {
                    match reached {
                        true => member.swarm.handle_message(now, from, message),
                        false => member.swarm.handle_gone(now, to),
                    }
                }
                id
            }
            Coming::Block(from, to, block) => {
                if let Some(member) = self.members.get_mut(&to) {
                    let arrived = Arrived::new(block.place, block.bytes().to_vec());
                    member.swarm.handle_block(now, from, block.content, arrived);
                }
                to
            }
            Coming::Left(from, to, bytes) => {
                if let Some(member) = self.members.get_mut(&from) {
                    let waiting = member.waiting.entry(to).or_default();
                    *waiting -= bytes;
                    member.swarm.handle_waiting(now, to, *waiting);
                }
                from
            }
            Coming::Found(id) => {
                let server = self.setup.is_server.then(|| member(0));
                let found = self.announced.iter().filter(|other| **other != id);
                let found = found.filter(|other| server.is_none_or(|server| **other == server));
                if let Some(member) = self.members.get_mut(&id) {
                    for other in found {
                        member.swarm.add_source(now, content, *other);
                    }
                }
                id
            }
            Coming::Gone(id) => {
                self.members.remove(&id);
                self.announced.remove(&id);
                for (other, member) in &mut self.members {
                    if *other != id {
                        member.swarm.handle_gone(now, id);
                    }
                }
                for other in self.members.keys().copied().collect::<Vec<_>>() {
                    self.drain(other);
                }
                id
            }
        };
        self.drain(id);
    }

    fn drain(&mut self, id: Id) {
        while let Some(member) = self.members.get_mut(&id)
            && let Some(output) = member.swarm.poll_output()
        {
            self.carry_out(id, output);
        }
    }

    fn carry_out(&mut self, id: Id, output: Output) {
        let (now, content) = (self.now, self.content);
        let later = now + self.setup.latency;
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        match output {
            Output::Send(to, message) => {
                if let Some(message) = said(member.conduct, self.setup.length, message) {
                    self.push(later, Coming::Message(id, to, message));
                }
            }
            Output::SendBlock(to, block) => {
                let length = block.bytes().len();
                let micros = length as u64 * 1_000_000 / self.setup.up.max(1);
                member.free_at = member.free_at.max(now) + Duration::from_micros(micros);
                member.sent += length as u64;
                *member.waiting.entry(to).or_default() += length;
                let (left, conduct) = (member.free_at, member.conduct);
                self.push(left, Coming::Left(id, to, length));
                let block = if conduct == Conduct::Corrupts {
                    corrupt(&block)
                } else {
                    block
                };
                if conduct != Conduct::Stalls {
                    self.push(left + self.setup.latency, Coming::Block(id, to, block));
                }
            }
            Output::Read(_, index) => {
                let layout = member.swarm.manifest(content).map(Manifest::layout);
                let bytes = layout.and_then(|layout| segment(&self.file, layout, index));
                let bytes = bytes.map(<[u8]>::to_vec);
                member.swarm.handle_read(now, content, index, bytes);
            }
            Output::Write(_, index, pieces) => {
                let layout = member.swarm.manifest(content).map(Manifest::layout);
                let right = layout.and_then(|layout| segment(&self.file, layout, index));
                let is_right = right == Some(&pieces.concat()[..]);
                member.swarm.handle_written(now, content, index, is_right);
            }
            Output::Find { .. } => self.push(later, Coming::Found(id)),
            Output::Announce(_, true) => {
                self.announced.insert(id);
            }
            Output::Announce(_, false) => {
                self.announced.remove(&id);
            }
            Output::Event(event) => {
                if matches!(event, Event::Complete(_)) {
                    member.complete = Some(now);
                }
                self.tell(id, event);
            }
        }
    }
}

/// Returns the message of a member that deviates, in place of the honest one.
fn said(conduct: Conduct, length: u64, message: Message) -> Option<Message> {
    let content = message.content;
    let said = match (conduct, message.said) {
        (Conduct::Boasts | Conduct::Stalls, Said::Hello(_)) => Said::Hello(Standing::Whole(length)),
        (Conduct::Stretches, Said::Hello(_)) => Said::Hello(Standing::Whole(length + 1)),
        // It is open to everybody, and never gets to sending anything.
        (Conduct::Boasts | Conduct::Stalls | Conduct::Stretches, Said::Interested(_)) => {
            Said::Choked(false)
        }
        (Conduct::Stalls, Said::Reject(..)) => return None,
        (Conduct::Boasts | Conduct::Stalls | Conduct::Stretches, Said::Request(_)) => return None,
        (_, said) => said,
    };
    Some(Message { content, said })
}

fn corrupt(block: &Block) -> Block {
    let mut bytes = block.bytes().to_vec();
    if let Some(byte) = bytes.last_mut() {
        *byte ^= 1;
    }
    Block {
        range: 0..bytes.len(),
        whole: Arc::new(bytes),
        value: None,
        ..block.clone()
    }
}

fn segment(file: &[u8], layout: Layout, index: u32) -> Option<&[u8]> {
    let range = layout.range(index);
    file.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}
