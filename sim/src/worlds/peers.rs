//! A simulated network of [`Peer`]s: real frames over links that keep their order, take time and may break.
//!
//! Bytes matter here, not typed messages: handshakes, relays, circuits, slow and dying connections.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::queue::Queue;
use crate::engine::trace::Trace;
use crate::worlds::peers::acting::What;
use chordscope_core::base::contact::Address;
use chordscope_core::base::content::ContentId;
use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::Id;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::link::LinkId;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::api::Level;
use chordscope_core::node::config::Config as NodeConfig;
use chordscope_core::peer::api::Event;
use chordscope_core::peer::{Config, Known, Peer, Plan, Reach};
use chordscope_core::store::group::{Control, Entry};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::renewal::Renewal;

pub mod acting;
mod asking;
mod carrying;
pub mod files;

/// The conditions of links.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// The latency of a frame, at least and at most.
    pub latency: (Duration, Duration),
    /// The number of frames in a million in which the connection breaks.
    pub breaks: u32,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            latency: (Duration::from_millis(1), Duration::from_millis(9)),
            breaks: 0,
        }
    }
}

/// The deed of a cheat with a frame that it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Sends it, changed or not.
    Send,
    /// Keeps it.
    Drop,
    /// Sends it twice.
    Twice,
}

/// Looks at each frame that a member sends, may change it, and decides what to do with it.
pub type Cheat = fn(&mut Vec<u8>) -> Deed;

/// Peers and the links between them. Members are numbered from 0.
#[derive(Clone, Debug)]
pub struct Peers {
    now: Instant,
    conditions: Conditions,
    rng: Rng,
    members: Vec<Member>,
    ends: BTreeMap<LinkId, End>,
    coming: Queue<Happening>,
    /// The number of the last link's first end.
    links: u64,
    digest: Digest,
    events: Vec<(usize, Event)>,
    /// The trace that takes the events instead, once the world has a history.
    trace: Option<Trace<What>>,
    cut_off: Vec<usize>,
    /// The number of positions of each peer.
    positions: u8,
}

#[derive(Clone, Debug)]
struct Member {
    peer: Option<Peer>,
    secret: [u8; 32],
    index: u8,
    reach: Reach,
    lives: u64,
    /// Records, and when each was stored.
    disk: BTreeMap<Id, (Instant, StoredRecord)>,
    control: Control,
    /// Entries of groups, and when each was stored.
    entries: BTreeMap<Id, (Instant, Entry)>,
    /// The records that it renews.
    renewals: BTreeMap<(Id, Level), Renewal>,
    /// Neighbours of earlier runs.
    known: Vec<Known>,
    /// Segments of files.
    segments: BTreeMap<(ContentId, u32), Vec<u8>>,
    cheat: Option<Cheat>,
    /// Bytes in a second that it takes in; `None` without limit.
    rate: Option<u64>,
}

/// One end of a link.
#[derive(Clone, Copy, Debug)]
struct End {
    owner: usize,
    far: LinkId,
    /// The time at which what was sent from here last arrives: nothing overtakes it.
    arrives: Instant,
    /// Bytes that have not left.
    queued: usize,
}

#[derive(Clone, Debug)]
enum Happening {
    Frame(LinkId, Vec<u8>),
    Written(LinkId, usize),
    Closed(usize, LinkId),
    DialFailed(usize, Address),
    Stored(usize, u64, u64),
    Read(usize, ContentId, u32),
    Kept(usize, u64, ContentId, u32),
}

impl Peers {
    /// A world without members.
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        Self {
            now: Instant::ZERO,
            conditions,
            rng: Rng::from_seed(seed, 0),
            members: Vec::new(),
            ends: BTreeMap::new(),
            coming: Queue::new(),
            links: 0,
            digest: Digest::new("chordscope simulated peers"),
            events: Vec::new(),
            trace: None,
            cut_off: Vec::new(),
            positions: 1,
        }
    }

    /// A ring of so many peers that can be dialed and so many tabs, all joined by the first, at rest.
    ///
    /// # Errors
    /// The number of the member that found no place.
    pub fn ring(
        seed: u64,
        conditions: Conditions,
        direct: usize,
        tabs: usize,
    ) -> Result<Self, usize> {
        let mut peers = Self::new(seed, conditions);
        let reach = (0..direct).map(|_| Reach::Direct);
        for reach in reach.chain((0..tabs).map(|_| Reach::Relayed)) {
            let member = peers.add(reach);
            peers.take_place(member)?;
        }
        peers.run_for(Duration::from_secs(40));
        Ok(peers)
    }

    /// A ring of so many peers with so many positions each, at rest. Each position is a member, peer by peer.
    ///
    /// # Errors
    /// The number of the member that found no place.
    pub fn ring_of_virtual_nodes(
        seed: u64,
        conditions: Conditions,
        count: usize,
        positions: u8,
    ) -> Result<Self, usize> {
        let mut peers = Self::new(seed, conditions);
        peers.positions = positions;
        for _ in 0..count {
            let secret = peers.rng.bytes32();
            for index in 0..positions {
                let member = peers.add_position(Reach::Direct, secret, index);
                peers.take_place(member)?;
            }
        }
        peers.run_for(Duration::from_secs(40));
        Ok(peers)
    }

    /// Makes a new member join by the first one, or begin a ring.
    fn take_place(&mut self, member: usize) -> Result<(), usize> {
        match member {
            0 => self.create(0),
            _ => self.join(member, 0),
        }
        let is_member = |peers: &Self| {
            peers
                .peer(member)
                .is_some_and(|peer| peer.node().membership().is_member())
        };
        let joined = self.run_until(Duration::from_secs(30), is_member);
        joined.then_some(()).ok_or(member)
    }

    /// Returns the address at which a member is dialed.
    pub fn address(member: usize) -> Address {
        Address::Socket(alloc::format!("ws://peer-{member}.example/ws"))
    }

    /// Adds a member that is in no ring yet; gives its number.
    pub fn add(&mut self, reach: Reach) -> usize {
        let secret = self.rng.bytes32();
        self.add_position(reach, secret, 0)
    }

    /// Adds a position of the peer with this key, in no ring yet; gives its number.
    pub fn add_position(&mut self, reach: Reach, secret: [u8; 32], index: u8) -> usize {
        let member = Member {
            peer: None,
            secret,
            index,
            reach,
            lives: 0,
            disk: BTreeMap::new(),
            control: Control::default(),
            entries: BTreeMap::new(),
            renewals: BTreeMap::new(),
            known: Vec::new(),
            segments: BTreeMap::new(),
            cheat: None,
            rate: None,
        };
        self.members.push(member);
        let index = self.members.len() - 1;
        self.start(index);
        index
    }

    /// Starts a member that was killed: it has its key and its records, and is in no ring.
    pub fn start(&mut self, member: usize) {
        let seed = self.rng.bytes32();
        let now = self.now;
        let Some(state) = self.members.get_mut(member) else {
            return;
        };
        state.lives += 1;
        let config = Config {
            node: NodeConfig::for_virtual_nodes(self.positions),
            index: state.index,
            reach: state.reach,
            ..Config::default()
        };
        let addresses = match state.reach {
            Reach::Direct => vec![Self::address(member)],
            Reach::Relayed => Vec::new(),
        };
        let signer = Signer::ed25519(state.secret);
        let version = state.lives * 1_000_000;
        let peer = Peer::new(config, signer, addresses, version, seed).ok();
        state.peer = peer.map(|mut peer| {
            for (stored, copy) in state.disk.values() {
                if let Some(copy) = aged(copy, now.since(*stored)) {
                    peer.restore(now, &copy);
                }
            }
            let entries = state.entries.values().filter_map(|(stored, entry)| {
                let copy = aged(&entry.copy, now.since(*stored))?;
                Some(Entry {
                    copy,
                    ..entry.clone()
                })
            });
            let entries: Vec<Entry> = entries.collect();
            peer.restore_groups(now, state.control.clone(), &entries);
            let renewals: Vec<Renewal> = state.renewals.values().copied().collect();
            peer.restore_renewals(now, &renewals);
            peer
        });
    }

    /// Makes a member begin a ring.
    pub fn create(&mut self, member: usize) {
        self.with(member, |peer, now| {
            peer.start(now, Plan::Create, Vec::new())
        });
    }

    /// Makes a member join the ring of another one, however long it takes until that ring is there.
    pub fn join(&mut self, member: usize, via: usize) {
        let plan = Plan::Join(vec![Self::address(via)]);
        self.with(member, |peer, now| peer.start(now, plan, Vec::new()));
    }

    /// A member finds a ring by a plan, with the neighbours that it has kept.
    pub fn find(&mut self, member: usize, plan: Plan) {
        let known = self.members.get(member).map(|state| state.known.clone());
        let known = known.unwrap_or_default();
        self.with(member, |peer, now| peer.start(now, plan, known));
    }

    /// The plan to join any of these.
    pub fn seeds(members: &[usize]) -> Plan {
        Plan::Join(members.iter().copied().map(Self::address).collect())
    }

    /// Makes a member leave properly.
    pub fn leave(&mut self, member: usize) {
        self.with(member, Peer::leave);
    }

    /// Ends a member without a word; its disk stays.
    pub fn kill(&mut self, member: usize) {
        if let Some(state) = self.members.get_mut(member) {
            state.peer = None;
        }
        let ends = self.ends.iter().filter(|(_, end)| end.owner == member);
        let ends: Vec<LinkId> = ends.map(|(link, _)| *link).collect();
        for link in ends {
            self.hang_up(link);
        }
    }

    /// Breaks every connection of a member; it goes on.
    pub fn unplug(&mut self, member: usize) {
        let ends = self.ends.iter().filter(|(_, end)| end.owner == member);
        let ends: Vec<LinkId> = ends.map(|(link, _)| *link).collect();
        for link in ends {
            self.break_link(link);
        }
    }

    /// Puts a member's frames through these hands from now on.
    pub fn set_cheat(&mut self, member: usize, cheat: Option<Cheat>) {
        if let Some(state) = self.members.get_mut(member) {
            state.cheat = cheat;
        }
    }

    /// Limits the bytes that a member takes in within a second from now on.
    pub fn set_rate(&mut self, member: usize, rate: Option<u64>) {
        if let Some(state) = self.members.get_mut(member) {
            state.rate = rate;
        }
    }

    /// Sets the conditions of links from now on.
    pub const fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// The time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// A member, while it runs.
    pub fn peer(&self, member: usize) -> Option<&Peer> {
        self.members.get(member)?.peer.as_ref()
    }

    /// Returns the members that run, each with its number.
    pub fn running(&self) -> impl Iterator<Item = (usize, &Peer)> {
        let members = self.members.iter().enumerate();
        members.filter_map(|(index, member)| Some((index, member.peer.as_ref()?)))
    }

    /// Returns the events since [`Peers::forget_events`], each with its member.
    pub fn events(&self) -> &[(usize, Event)] {
        &self.events
    }

    /// Forgets what happened.
    pub fn forget_events(&mut self) {
        self.events.clear();
    }

    /// A digest of every frame that arrived, and when: equal for equal seeds and deeds.
    pub fn digest(&self) -> [u8; 32] {
        self.digest.finish()
    }

    /// Calls a running member and carries out its outputs.
    pub fn with<T>(
        &mut self,
        member: usize,
        deed: impl FnOnce(&mut Peer, Instant) -> T,
    ) -> Option<T> {
        let now = self.now;
        let peer = self.members.get_mut(member)?.peer.as_mut()?;
        let done = deed(peer, now);
        self.carry_out(member);
        Some(done)
    }

    /// Runs for a while.
    pub fn run_for(&mut self, duration: Duration) {
        self.run_until(duration, |_| false);
    }

    /// Runs until something is so, for a while at most; says whether it came to be so.
    pub fn run_until(&mut self, patience: Duration, so: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + patience;
        while !so(self) && self.step_until(end) {}
        let is_so = so(self);
        if !is_so {
            self.now = end;
        }
        is_so
    }

    /// The peer that wants to be called first, and when.
    fn first_timer(&self) -> Option<(Instant, usize)> {
        let timers = self.running();
        let timers = timers.filter_map(|(index, peer)| Some((peer.poll_timeout()?.0, index)));
        timers.min()
    }

    /// Lets the next event happen, if it happens by this time.
    fn step_until(&mut self, end: Instant) -> bool {
        let timer = self.first_timer();
        let coming = self.coming.first().into_iter();
        let next = coming.chain(timer.map(|(at, _)| at)).min();
        let Some(next) = next.filter(|next| *next <= end) else {
            return false;
        };
        self.now = self.now.max(next);
        match (self.coming.pop_until(self.now), timer) {
            (Some(happening), _) => self.happen(happening),
            (None, Some((_, member))) => {
                self.with(member, Peer::handle_timeout);
            }
            (None, None) => {}
        }
        true
    }

    /// Returns the reasons why links and circuits ended at a member since [`Peers::forget_events`].
    pub fn losses(&self, member: usize) -> impl Iterator<Item = CloseReason> {
        let own = self.events.iter().filter(move |(at, _)| *at == member);
        own.filter_map(|(_, event)| match event {
            Event::LinkDown { reason, .. } => Some(*reason),
            _ => None,
        })
    }
}

/// Returns what is left of a copy after so long on a disk.
fn aged(copy: &StoredRecord, age: Duration) -> Option<StoredRecord> {
    let age = i32::try_from(age.as_secs()).unwrap_or(i32::MAX);
    let remaining = copy.remaining.saturating_sub(age);
    copy.clone().lasting(remaining)
}
