//! The world of fallacies: one ring of peers with values and a file, under assumptions that can be switched one by one.
//!
//! Each peer is the core's [`Node`] (ring, records at levels `one` and `quorum`) and, where it takes part in the
//! transfer, the core's [`Swarm`], joined as the shipped peer joins them: the ring finds the providers of the
//! file. Both share one line, one clock and one seed. The eight levers ([`lever`]) become settings of these machines and of the network
//! between them ([`terms`]); nothing else differs between two runs of a seed. What the machines and the network count becomes the measures
//! of the run ([`measure`]).
//!
//! The links below are not those of the shipped peer: there is no handshake, and messages of the ring are datagrams ([`network`]).

pub mod acting;
pub mod action;
mod carrying;
pub mod comparison;
mod conduct;
pub mod facts;
pub mod lever;
pub mod measure;
pub mod network;
mod peer;
pub mod permalink;
pub mod price;
pub mod scenario;
pub mod setup;
pub mod terms;
mod text;
pub mod trace;
pub mod work;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use data_encoding::HEXLOWER;

use crate::engine::content::Content;
use crate::engine::malformed::Malformed;
use crate::engine::queue::Queue;
use crate::engine::trace::Trace;
use crate::engine::{history, run};
use crate::worlds::fallacies::action::{Action, Refusal};
use crate::worlds::fallacies::carrying::{Body, Coming};
use crate::worlds::fallacies::facts::{Counts, Facts};
use crate::worlds::fallacies::lever::Fallacy;
use crate::worlds::fallacies::measure::{Damage, FileState, Measured, Refusers};
use crate::worlds::fallacies::network::Network;
use crate::worlds::fallacies::peer::Peer;
use crate::worlds::fallacies::price::Bill;
use crate::worlds::fallacies::setup::{FETCH_AT, SEGMENT, Setup};
use crate::worlds::fallacies::terms::{Role, Terms, Traits, level_of};
use crate::worlds::fallacies::trace::{Operation, Parcel, What};
use crate::worlds::fallacies::work::{Answer, Kind, OperationTrace, Work};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::node::Node;
use chordscope_core::node::api::Level;
use chordscope_core::store::group::configuration::{Configuration, Epoch, Member};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::record::Record;
use chordscope_core::swarm::Swarm;

/// Streams of the seed for sessions, and for the choice of whom to join by.
const SESSIONS: u64 = 16;
const CHOICES: u64 = 17;
/// The pause of a peer between two sessions.
pub const AWAY: Duration = Duration::from_secs(5);
/// The lifetime of the values that are there at the beginning.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The memory that a peer takes with its tables, roughly.
const PEER_BYTES: usize = 24 << 10;
/// The memory that a message on its way takes, roughly.
const COMING_BYTES: usize = 512;

/// A history of a world of fallacies.
pub type History = history::History<FallaciesWorld>;
/// A run of a world of fallacies.
pub type Run = run::Run<FallaciesWorld>;

/// A ring of peers with values and a file. A clone is a checkpoint.
#[derive(Clone, Debug)]
pub struct FallaciesWorld {
    setup: Arc<Setup>,
    terms: Arc<Terms>,
    content: Option<Arc<Content>>,
    seed: u64,
    now: Instant,
    peers: Vec<Peer>,
    network: Network<Body>,
    queue: Queue<Coming>,
    alarms: BTreeSet<(Instant, u16)>,
    work: Work,
    sessions: Rng,
    choices: Rng,
    parcels: u64,
    /// Bytes of blocks that the first seed's line has sent.
    seed_sent: u64,
    counts: Counts,
    damage: Damage,
    refusers: Refusers,
    trace: Trace<What>,
    digest: Digest,
    /// Empty between steps: where entries are written for the digest.
    writing: Vec<u8>,
}

/// A peer, as an observer sees it who sees all.
#[derive(Clone, Copy, Debug)]
pub struct PeerView<'a> {
    /// The peer's number.
    pub number: u16,
    /// Its position on the ring.
    pub id: Id,
    /// Its traits.
    pub traits: Traits,
    /// Its part in the transfer.
    pub role: Role,
    /// Its node, while it is up.
    pub node: Option<&'a Node>,
    /// Its swarm, while it takes part in the transfer.
    pub swarm: Option<&'a Swarm>,
    /// The time at which it had the whole file, if it fetches it.
    pub complete: Option<Instant>,
    /// Bytes that wait for its line.
    pub waiting: u64,
}

impl FallaciesWorld {
    /// The world of a set-up at time zero: a stable ring with its values in place. The actions are left to a
    /// [`Run`](crate::engine::run::Run).
    ///
    /// # Errors
    /// [`Malformed`] says where the set-up is wrong.
    pub fn new(setup: Arc<Setup>, seed: u64) -> Result<Self, Malformed> {
        setup.check()?;
        let terms = Terms::of(&setup, seed);
        let content = match setup.segments {
            0 => None,
            segments => Content::of(seed, u64::from(segments) * SEGMENT).map(Arc::new),
        };
        let numbers = 0..setup.peers;
        let mut world = Self {
            peers: numbers.map(|peer| Peer::new(peer, &terms, seed)).collect(),
            network: Network::of(&terms, seed),
            work: Work::of(&setup, seed),
            terms: Arc::new(terms),
            content,
            seed,
            now: Instant::ZERO,
            queue: Queue::new(),
            alarms: BTreeSet::new(),
            sessions: Rng::from_seed(seed, SESSIONS),
            choices: Rng::from_seed(seed, CHOICES),
            parcels: 0,
            seed_sent: 0,
            counts: Counts::default(),
            damage: Damage::default(),
            refusers: Refusers::default(),
            trace: Trace::default(),
            digest: Digest::new("chordscope v1 fallacies trace"),
            writing: Vec::new(),
            setup,
        };
        world.settle()?;
        for kind in Kind::ALL {
            world.plan_work(kind);
        }
        if world.content.is_some() {
            world.queue.push(Instant::ZERO + FETCH_AT, Coming::Fetch);
        }
        Ok(world)
    }

    /// Makes the peers a stable ring with groups and values, of which the seed and the liars share the file.
    fn settle(&mut self) -> Result<(), Malformed> {
        let terms = Arc::clone(&self.terms);
        let ring = IdealRing::new(terms.space, terms.ids.clone());
        let ring = ring.map_err(|error| Malformed::new("peers", &error))?;
        let contacts: Vec<Contact> = self.peers.iter().map(|peer| peer.contact.clone()).collect();
        let contact = |id: &Id| contacts[ring.rank(*id)].clone();
        for (peer, id) in self.peers.iter_mut().zip(&terms.ids) {
            let Some(node) = &mut peer.node else {
                continue;
            };
            let before = contact(&ring.predecessor(*id));
            let length = usize::from(node.membership().successors().limit());
            let successors = ring.successors(*id, length);
            let successors: Vec<Contact> = successors.iter().map(contact).collect();
            let fingers = ring.fingers(*id);
            let fingers: Vec<Contact> = fingers.iter().map(|(_, node)| contact(node)).collect();
            node.settle(self.now, Some(before), &successors, &fingers);
        }
        self.assign_groups(&ring, &contacts);
        self.place_values(&ring);
        for peer in 0..self.setup.peers {
            self.begin_session(peer);
            if matches!(terms.roles[usize::from(peer)], Role::Seed | Role::Liar) {
                self.take_part(peer);
            }
            self.drain(peer);
        }
        Ok(())
    }

    /// A group of level `quorum` for the keys of each peer: itself and its next successors. Peers of an older release are named in it, as
    /// they hold the positions, and do not know of it.
    fn assign_groups(&mut self, ring: &IdealRing, contacts: &[Contact]) {
        for id in ring.ids() {
            let copies = usize::from(self.terms.config(0).copies.saturating_sub(1));
            let others = ring.successors(*id, copies);
            let members = core::iter::once(*id).chain(others).map(|id| ring.rank(id));
            let members: Vec<usize> = members.collect();
            let group = Configuration {
                lineage: self.seed,
                after: ring.predecessor(*id),
                upto: *id,
                epoch: Epoch {
                    generation: 0,
                    round: 1,
                    proposer: *id,
                },
                members: members
                    .iter()
                    .map(|at| Member {
                        contact: contacts[*at].clone(),
                        incarnation: 0,
                        votes: true,
                    })
                    .collect(),
            };
            for at in members
                .iter()
                .filter(|at| !self.terms.traits[**at].is_other)
            {
                if let Some(node) = &mut self.peers[*at].node {
                    node.assign(group.clone());
                }
            }
        }
    }

    /// The first version of each name of level `one`, at its owner and the next successors.
    fn place_values(&mut self, ring: &IdealRing) {
        let terms = Arc::clone(&self.terms);
        let author = Signer::stand_in(ring.ids()[0]);
        let copies = usize::from(terms.config(0).copies.saturating_sub(1));
        for (name, label) in (0..).zip(&terms.names) {
            if level_of(name) != Level::One {
                continue;
            }
            let value = Some(label.as_str().as_bytes().to_vec());
            let Ok(record) = Record::sign(&author, label.clone(), value, 1, LIFETIME) else {
                continue;
            };
            let owner = ring.successor(label.key(terms.space));
            let copy = StoredRecord::whole(record);
            for holder in core::iter::once(owner).chain(ring.successors(owner, copies)) {
                if let Some(node) = &mut self.peers[ring.rank(holder)].node {
                    node.restore(self.now, &copy);
                }
            }
        }
    }

    // Peers that come and go.

    /// Draws the end of a peer's session. The first seed stays.
    fn begin_session(&mut self, peer: u16) {
        let Some(mean) = self.terms.session else {
            return;
        };
        let length = self.sessions.exponential(mean);
        let state = &self.peers[usize::from(peer)];
        if self.terms.roles[usize::from(peer)] != Role::Seed {
            let goes = Coming::Goes(peer, state.lives);
            self.queue.push(self.now + length, goes);
        }
    }

    fn crash(&mut self, peer: u16) {
        let id = self.terms.ids[usize::from(peer)];
        let state = &mut self.peers[usize::from(peer)];
        if let Some(alarm) = state.alarm {
            self.alarms.remove(&(alarm, peer));
        }
        state.crash(self.now, self.content.as_deref());
        self.network.forget(peer);
        self.counts.departed += 1;
        self.record(What::Gone(peer));
        for number in self.work.of_peer(peer) {
            self.conclude(number, Answer::Void);
        }
        // Streams of the transfer break; datagrams just come to nobody.
        for other in (0..self.setup.peers).filter(|other| *other != peer) {
            if self.peers[usize::from(other)].swarm.is_some() {
                self.break_stream(other, id);
            }
        }
    }

    fn come_back(&mut self, peer: u16) {
        let state = &mut self.peers[usize::from(peer)];
        if state.node.is_some() {
            return;
        }
        state.start(self.now, peer, &self.terms, self.seed);
        self.record(What::Back(peer));
        self.begin_session(peer);
        self.join(peer);
        let is_fetching = self.now >= Instant::ZERO + FETCH_AT;
        if is_fetching || self.terms.roles[usize::from(peer)] != Role::Client {
            self.take_part(peer);
        }
        self.drain(peer);
    }

    /// Lets a peer join by any member.
    fn join(&mut self, peer: u16) {
        let members: Vec<u16> = self.members().filter(|other| *other != peer).collect();
        let at = self.choices.below(members.len() as u64);
        let via = usize::try_from(at).ok().and_then(|at| members.get(at));
        let via = via.map(|via| self.peers[usize::from(*via)].contact.clone());
        let now = self.now;
        let Some(node) = &mut self.peers[usize::from(peer)].node else {
            return;
        };
        match via {
            // It is no member, and another one than `via`.
            Some(via) => drop(node.join(now, via)),
            None => node.create(now),
        }
    }

    fn join_again(&mut self, peer: u16) {
        let node = self.peers[usize::from(peer)].node.as_ref();
        let is_alone = node.is_some_and(|node| {
            let membership = node.membership();
            !membership.is_member() || membership.successors().entries().is_empty()
        });
        if is_alone {
            self.join(peer);
            self.drain(peer);
        }
    }

    fn take_part(&mut self, peer: u16) {
        if let Some(content) = &self.content {
            let state = &mut self.peers[usize::from(peer)];
            state.take_part(self.now, peer, &self.terms, content, self.seed);
        }
    }

    // Work.

    fn plan_work(&mut self, kind: Kind) {
        if let Some(pause) = Work::pause(kind, &self.setup, self.now) {
            self.queue.push(self.now + pause, Coming::Work(kind));
        }
    }

    /// Lets a peer do the next operation of a kind: the one that is drawn, or the next one that is a member and honest.
    fn do_work(&mut self, kind: Kind) {
        self.plan_work(kind);
        let Some((drawn, operation)) = self.work.draw(kind, &self.setup, self.terms.space) else {
            return;
        };
        let all = self.setup.peers;
        let mut in_turn = (0..all).map(|step| (drawn + step) % all);
        let peer = in_turn.find(|peer| {
            let at = usize::from(*peer);
            self.peers[at].is_member() && !self.terms.traits[at].is_liar
        });
        if let Some(peer) = peer {
            // At a limit of the core the operation fails at once, and is counted.
            let _ = self.operate(peer, operation);
        }
    }

    /// Lets a peer do an operation.
    fn operate(&mut self, peer: u16, operation: Operation) -> Result<(), Refusal> {
        let now = self.now;
        let owner = match operation {
            Operation::Lookup(key) => self.owner_of(key),
            Operation::Get(_) | Operation::Put(_) => None,
        };
        let version = self.work.next_number();
        let number = self.work.begin(now, peer, operation, owner);
        self.record(What::Began(number, peer, operation));
        let name = match operation {
            Operation::Lookup(_) => None,
            Operation::Get(name) | Operation::Put(name) => Some(name),
        };
        let level = name.map_or(Level::One, level_of);
        if level == Level::Quorum && self.terms.traits[usize::from(peer)].is_other {
            self.conclude(number, Answer::NotKnown);
            return Err(Refusal::Busy(peer));
        }
        let label = name.and_then(|name| self.terms.names.get(usize::from(name)).cloned());
        let Some(node) = &mut self.peers[usize::from(peer)].node else {
            self.conclude(number, Answer::Void);
            return Err(Refusal::NoPeer(peer));
        };
        let begun = match (operation, label) {
            (Operation::Lookup(key), _) => {
                let begun = node.lookup(now, key, Routing::Finger, Mode::Recursive);
                begun.ok().map(|own| (true, own.0))
            }
            (Operation::Get(_), Some(label)) => {
                node.get(now, label, level).ok().map(|own| (false, own.0))
            }
            (_, Some(label)) => {
                let value = alloc::format!("{} by {peer}, {version}", label.as_str());
                let begun = node.put(now, label, value.into_bytes(), level);
                begun.ok().map(|own| (false, own.0))
            }
            (_, None) => None,
        };
        match begun {
            Some((is_lookup, own)) => {
                self.work.know(peer, is_lookup, own, number);
                self.drain(peer);
                Ok(())
            }
            None => {
                self.conclude(number, Answer::None);
                Err(Refusal::Busy(peer))
            }
        }
    }

    /// An operation has ended, by the number that it has at its peer.
    fn end(&mut self, peer: u16, is_lookup: bool, own: u64, answer: Answer) {
        if let Some(number) = self.work.number(peer, is_lookup, own) {
            self.conclude(number, answer);
        }
    }

    fn conclude(&mut self, number: u64, answer: Answer) {
        let owner = self.work.key(number).and_then(|key| self.owner_of(key));
        if let Some(ended) = self.work.end(self.now, number, answer, owner) {
            self.record(What::Ended(number, ended.0, ended.1));
        }
    }

    // Time.

    /// Returns the time of the next event.
    pub fn next_at(&self) -> Option<Instant> {
        let alarm = self.alarms.first().map(|(at, _)| *at);
        self.queue.first().into_iter().chain(alarm).min()
    }

    /// Lets the next event happen, if it happens by this time.
    pub fn step_until(&mut self, end: Instant) -> bool {
        let Some(next) = self.next_at().filter(|next| *next <= end) else {
            return false;
        };
        self.now = self.now.max(next);
        match self.queue.pop_until(next) {
            Some(coming) => self.happen(coming),
            None => {
                if let Some((_, peer)) = self.alarms.pop_first() {
                    let state = &mut self.peers[usize::from(peer)];
                    state.alarm = None;
                    state.handle_timeout(self.now);
                    self.drain(peer);
                }
            }
        }
        true
    }

    fn happen(&mut self, coming: Coming) {
        match coming {
            Coming::Left(peer, lane) => self.leave(peer, lane),
            Coming::Arrival(load) => self.arrive(*load),
            Coming::Aside(peer, heard) => self.hear_aside(peer, heard.0, heard.1),
            Coming::Work(kind) => self.do_work(kind),
            Coming::Fetch => {
                let clients = (0..self.setup.peers)
                    .filter(|peer| self.terms.roles[usize::from(*peer)] == Role::Client);
                for client in clients.collect::<Vec<_>>() {
                    self.take_part(client);
                    self.drain(client);
                }
            }
            Coming::JoinAgain(peer) => self.join_again(peer),
            Coming::Goes(peer, life) => {
                let state = &self.peers[usize::from(peer)];
                if state.node.is_some() && state.lives == life && self.members().nth(1).is_some() {
                    self.crash(peer);
                    self.queue.push(self.now + AWAY, Coming::Comes(peer));
                }
            }
            Coming::Comes(peer) => self.come_back(peer),
            Coming::Broken(peer, other) => self.on_broken(peer, other),
        }
    }

    fn record(&mut self, what: What) {
        what.encode(&mut self.writing);
        self.digest.absorb(&self.now.as_micros().to_le_bytes());
        self.digest.absorb(&self.writing);
        self.writing.clear();
        self.trace.record(self.now, None, what);
    }

    /// Takes a message that is not in the trace into the digest.
    fn absorb(&mut self, mark: u8, parcel: &Parcel) {
        parcel.encode(mark, &mut self.writing);
        self.digest.absorb(&self.now.as_micros().to_le_bytes());
        self.digest.absorb(&self.writing);
        self.writing.clear();
    }

    // Views.

    /// The set-up.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The seed that all its randomness comes from.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The virtual time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The address space.
    pub fn space(&self) -> Space {
        self.terms.space
    }

    /// The digest of the run so far, as 64 hexadecimal digits: the same set-up, seed and actions give the same one on every machine.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&self.digest.finish())
    }

    /// The numbers of the peers that are members of the ring.
    pub fn members(&self) -> impl Iterator<Item = u16> {
        let peers = (0..).zip(&self.peers);
        peers.filter_map(|(number, peer)| peer.is_member().then_some(number))
    }

    /// The number of the peer of an id.
    pub fn number_of(&self, id: Id) -> Option<u16> {
        let at = self.terms.ids.binary_search(&id).ok()?;
        u16::try_from(at).ok()
    }

    /// A peer.
    pub fn peer(&self, number: u16) -> Option<PeerView<'_>> {
        let at = usize::from(number);
        let state = self.peers.get(at)?;
        Some(PeerView {
            number,
            id: self.terms.ids[at],
            traits: self.terms.traits[at],
            role: self.terms.roles[at],
            node: state.node.as_deref(),
            swarm: state.swarm.as_deref(),
            complete: state.complete,
            waiting: self.network.waiting(number),
        })
    }

    /// The name of this number.
    pub fn name(&self, number: u16) -> Option<&str> {
        let name = self.terms.names.get(usize::from(number))?;
        Some(name.as_str())
    }

    /// Returns the owner of a key among the members, by the ideal ring.
    pub fn owner_of(&self, key: Id) -> Option<Id> {
        let ids = self.members().map(|peer| self.terms.ids[usize::from(peer)]);
        let ring = IdealRing::new(self.terms.space, ids.collect()).ok()?;
        Some(ring.successor(key))
    }

    /// The operations under way, oldest first.
    pub fn under_way(&self) -> impl Iterator<Item = &OperationTrace> {
        self.work.open()
    }

    /// The operations that ended last, oldest first; [`LAST`](work::LAST) at most.
    pub fn ended(&self) -> impl Iterator<Item = &OperationTrace> {
        self.work.last()
    }

    /// The counts of the protocol's own means.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Returns the bills of all peers, the highest first, then by number.
    pub fn bills(&self) -> Vec<Bill> {
        let bill = |peer| {
            let (sent, received) = self.network.bytes_of(peer);
            Bill {
                peer,
                sent,
                received,
                nanocents: self.terms.prices.cost(sent, received),
            }
        };
        let mut bills: Vec<Bill> = (0..self.setup.peers).map(bill).collect();
        bills.sort_by_key(|bill| (core::cmp::Reverse(bill.nanocents), bill.peer));
        bills
    }

    /// The state of the transfer; `None` where there is none.
    pub fn file(&self) -> Option<FileState> {
        let length = self.content.as_ref()?.manifest().layout().length();
        let roles = self.terms.roles.iter().zip(&self.peers);
        let clients = roles.filter(|(role, _)| **role == Role::Client);
        let complete: Vec<Option<Instant>> = clients.map(|(_, peer)| peer.complete).collect();
        let served = complete.iter().flatten().count();
        let last = match served == complete.len() {
            true => complete.iter().flatten().max().copied(),
            false => None,
        };
        let begin = Instant::ZERO + FETCH_AT;
        let copies = self.seed_sent.saturating_mul(1_000) / length.max(1);
        Some(FileState {
            clients: u16::try_from(complete.len()).unwrap_or(u16::MAX),
            served: u16::try_from(served).unwrap_or(u16::MAX),
            took: last.unwrap_or(self.now).since(begin),
            seed_copies: u32::try_from(copies).unwrap_or(u32::MAX),
        })
    }

    /// Returns the measures of the run so far.
    pub fn measured(&self) -> Measured {
        let bills = self.bills();
        let lookups = *self.work.lookups();
        Measured {
            lookups,
            p50: self.work.percentile(50),
            p99: self.work.percentile(99),
            values: *self.work.values(),
            file: self.file(),
            network: *self.network.counts(),
            sent: bills.iter().map(|bill| bill.sent).sum(),
            nanocents: bills.iter().map(|bill| bill.nanocents).sum(),
            damage: Damage {
                deceived: lookups.deceived,
                ..self.damage
            },
            refusers: self.refusers.clone(),
        }
    }

    /// Returns what the ring has done about a fallacy in this run, and what it could not do.
    pub fn facts(&self, fallacy: Fallacy) -> Facts {
        Facts::of(fallacy, &self.counts, &self.measured(), self.setup.peers)
    }

    // Actions.

    fn check(&self, action: &Action) -> Result<(), Refusal> {
        let member = |peer: u16| match self.members().any(|member| member == peer) {
            true => Ok(()),
            false => Err(Refusal::NoPeer(peer)),
        };
        match *action {
            Action::Lookup { peer, key } => match self.terms.space.contains(key) {
                true => member(peer),
                false => Err(Refusal::NoKey(key)),
            },
            Action::Get { peer, name } | Action::Put { peer, name } => {
                match name < self.setup.names {
                    true => member(peer),
                    false => Err(Refusal::NoName(name)),
                }
            }
            Action::Crash(peer) => {
                let state = self.peers.get(usize::from(peer));
                if state.is_none_or(|state| state.node.is_none()) {
                    return Err(Refusal::NoPeer(peer));
                }
                match self.members().any(|member| member != peer) {
                    true => Ok(()),
                    false => Err(Refusal::Last),
                }
            }
            Action::Return(peer) => {
                let state = self.peers.get(usize::from(peer));
                match state.is_some_and(|state| state.node.is_none()) {
                    true => Ok(()),
                    false => Err(Refusal::NotGone(peer)),
                }
            }
        }
    }

    fn carry_out_action(&mut self, action: Action) -> Result<(), Refusal> {
        match action {
            Action::Lookup { peer, key } => self.operate(peer, Operation::Lookup(key)),
            Action::Get { peer, name } => self.operate(peer, Operation::Get(name)),
            Action::Put { peer, name } => self.operate(peer, Operation::Put(name)),
            Action::Crash(peer) => {
                self.crash(peer);
                Ok(())
            }
            Action::Return(peer) => {
                self.come_back(peer);
                Ok(())
            }
        }
    }
}
