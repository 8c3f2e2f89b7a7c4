//! The world of directories: the same peers, titles, questions and latencies, answered in four ways.
//!
//! Each peer is a client of a central directory, a client of trackers, a node of a Chord ring (the core's, with its records of providers)
//! and a node of a Kademlia network. A question goes to all four, and each answers over a network of its own with the same
//! latencies. What is taken out is gone without a word. Every measure comes from typed counts of the run.

pub mod action;
mod asking;
pub mod carrying;
pub mod measure;
mod peer;
pub mod permalink;
mod portable;
pub mod scenario;
pub mod setup;
mod text;
pub mod trace;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::engine::malformed::Malformed;
use crate::engine::queue::Queue;
use crate::engine::trace::{Entry, Trace};
use crate::engine::{Timed, World, history, run};
use crate::models::directory::server::Server;
use crate::worlds::directory::action::{Action, Member, Part, Refusal};
use crate::worlds::directory::carrying::Coming;
use crate::worlds::directory::measure::{
    Counts, LAST, LookupTrace, State, Subject, Summary, Traffic, Volume,
};
use crate::worlds::directory::peer::{Configs, Peer};
use crate::worlds::directory::setup::{Kind, Setup, Title, choose, machine};
use crate::worlds::directory::trace::What;
use chordscope_core::base::contact::Contact;
use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::Id;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::wire::codec;
use data_encoding::HEXLOWER;

/// Streams of one seed: 1 has the titles, then the questions, the choice of who goes, a network a kind, and four for each birth of a peer.
const QUESTIONS: u64 = 2;
const CHOICES: u64 = 3;
const NETWORKS: u64 = 4;
const BIRTHS: u64 = 16;
/// The memory that a peer takes, roughly.
const PEER_BYTES: usize = 24 << 10;
/// The memory that a message on its way takes, roughly.
const COMING_BYTES: usize = 256;
/// The bytes of an entry beside its peer's contact: a signature, a sequence number, a lifetime.
const ENTRY_REST: u64 = 64 + 8 + 8;

/// A history of a world of directories.
pub type History = history::History<DirectoryWorld>;
/// A run of a world of directories.
pub type Run = run::Run<DirectoryWorld>;

/// A world of directories. A clone is a checkpoint.
#[derive(Clone, Debug)]
pub struct DirectoryWorld {
    setup: Arc<Setup>,
    configs: Configs,
    seed: u64,
    now: Instant,
    titles: Arc<Vec<Title>>,
    /// The peers that are up.
    peers: BTreeMap<Id, Peer>,
    /// The peers that are gone, in the order in which they went.
    gone: Vec<Id>,
    /// The directory machines that are up.
    machines: BTreeMap<Id, Server>,
    queue: Queue<Coming>,
    alarms: BTreeSet<(Instant, Id)>,
    questions: Rng,
    choices: Rng,
    networks: [Rng; Kind::ALL.len()],
    births: u64,
    parcels: u64,
    lookups: u64,
    /// The lookups under way, by number.
    open: BTreeMap<u64, LookupTrace>,
    /// Their numbers, by kind, peer, and the number that they have there.
    numbers: BTreeMap<(Kind, Id, u64), u64>,
    /// The lookups of keys that have ended, oldest first; [`LAST`] at most.
    finds: VecDeque<LookupTrace>,
    counts: [Counts; Kind::ALL.len()],
    /// The bytes of a peer's contact on the wire.
    contact_bytes: u64,
    trace: Trace<What>,
    digest: Digest,
    /// Empty between steps: where entries are written for the digest.
    writing: Vec<u8>,
}

impl DirectoryWorld {
    /// The world of a set-up at time zero: ring and Kademlia are stable and complete, and peers begin to tell what they have.
    ///
    /// # Errors
    /// [`Malformed`] says where the set-up is wrong.
    pub fn new(setup: Arc<Setup>, seed: u64) -> Result<Self, Malformed> {
        setup.check()?;
        let sample = Signer::stand_in(setup.peers[0]);
        let sample = Contact::stand_in(setup.space, &sample, 1);
        let mut world = Self {
            configs: Configs::of(&setup),
            seed,
            now: Instant::ZERO,
            titles: Arc::new(setup.draw_titles(seed)),
            peers: BTreeMap::new(),
            gone: Vec::new(),
            machines: BTreeMap::new(),
            queue: Queue::new(),
            alarms: BTreeSet::new(),
            questions: Rng::from_seed(seed, QUESTIONS),
            choices: Rng::from_seed(seed, CHOICES),
            networks: core::array::from_fn(|at| Rng::from_seed(seed, NETWORKS + at as u64)),
            births: 0,
            parcels: 0,
            lookups: 0,
            open: BTreeMap::new(),
            numbers: BTreeMap::new(),
            finds: VecDeque::new(),
            counts: Default::default(),
            contact_bytes: codec::encode_contact(&sample).map_or(0, |bytes| bytes.len()) as u64,
            trace: Trace::default(),
            digest: Digest::new("chordscope v1 directories trace"),
            writing: Vec::new(),
            setup,
        };
        for number in 0..=world.setup.trackers {
            world.start_machine(number);
        }
        world.settle()?;
        if let Some(every) = world.setup.ask_every {
            world.queue.push(world.now + every, Coming::Question);
        }
        Ok(world)
    }

    fn start_machine(&mut self, number: u8) {
        let server = Server::new(self.setup.lifetime);
        self.machines.insert(machine(number), server);
    }

    /// Makes all peers, in a stable ring and with complete buckets.
    fn settle(&mut self) -> Result<(), Malformed> {
        let setup = Arc::clone(&self.setup);
        let ring = IdealRing::new(setup.space, setup.peers.clone());
        let ring = ring.map_err(|error| Malformed::new("peers", &error))?;
        for id in &setup.peers {
            self.bear(*id);
        }
        let contacts: BTreeMap<Id, Contact> = self
            .peers
            .iter()
            .map(|(id, peer)| (*id, peer.chord.contact().clone()))
            .collect();
        for id in &setup.peers {
            let others = choose_order(&setup.peers, &mut self.choices);
            if let Some(peer) = self.peers.get_mut(id) {
                peer.settle(self.now, &ring, &contacts, others);
            }
            self.share(*id);
            self.drain(*id, None);
        }
        Ok(())
    }

    /// Adds a peer that knows nobody.
    fn bear(&mut self, id: Id) {
        let stream = BIRTHS + 4 * self.births;
        self.births += 1;
        let rng = |part: u64| Rng::from_seed(self.seed, stream + part);
        let rngs = core::array::from_fn(|part| rng(part as u64));
        let peer = Peer::new(self.now, id, &self.configs, self.births, rngs);
        self.peers.insert(id, peer);
    }

    /// Lets a peer tell all directories what it has.
    fn share(&mut self, id: Id) {
        let titles = Arc::clone(&self.titles);
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        for title in titles.iter().filter(|title| title.holders.contains(&id)) {
            peer.share(self.now, title);
        }
    }

    // Views.

    /// The set-up.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The virtual time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Returns the digest of the run so far, in hexadecimal: what happened, and when.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&self.digest.finish())
    }

    /// The titles.
    pub fn titles(&self) -> &[Title] {
        &self.titles
    }

    /// The ids of the peers that are up, ascending.
    pub fn peers(&self) -> impl Iterator<Item = Id> {
        self.peers.keys().copied()
    }

    /// The node of the ring at a peer that is up.
    pub fn chord(&self, peer: Id) -> Option<&chordscope_core::node::Node> {
        self.peers.get(&peer).map(|peer| &peer.chord)
    }

    /// The Kademlia node at a peer that is up.
    pub fn kademlia(&self, peer: Id) -> Option<&crate::models::kademlia::node::Node> {
        self.peers.get(&peer).map(|peer| &peer.kademlia)
    }

    /// The directory machine of this number, if it is up: 0 is the central directory, the trackers follow.
    pub fn machine(&self, number: u8) -> Option<&Server> {
        self.machines.get(&machine(number))
    }

    /// The member with this id, up or not.
    pub fn member(&self, id: Id) -> Option<Member> {
        if let Ok(place) = self.setup.peers.binary_search(&id) {
            return Some(Member::Peer(u16::try_from(place + 1).ok()?));
        }
        let number = (0..=self.setup.trackers).find(|number| machine(*number) == id)?;
        Some(match number.checked_sub(1) {
            None => Member::Directory,
            Some(tracker) => Member::Tracker(tracker),
        })
    }

    /// The name of a member in words: the central directory, tracker B, peer 7.
    pub fn title(&self, id: Id) -> String {
        let member = self.member(id);
        member.map_or_else(|| self.setup.space.show(id), |member| member.to_string())
    }

    /// The region of a peer, up or not.
    pub fn region(&self, peer: Id) -> Option<u16> {
        let place = self.setup.peers.binary_search(&peer).ok()?;
        u16::try_from(place % usize::from(self.setup.regions)).ok()
    }

    /// Returns whether a machine lists a title, or a peer keeps its entries for others, in a kind of directory.
    pub fn keeps(&self, kind: Kind, at: Id, title: u32) -> bool {
        let Some(title) = self.titles.get(title as usize) else {
            return false;
        };
        match kind {
            Kind::Central | Kind::Trackers => {
                let is_of = (at == machine(0)) == (kind == Kind::Central);
                let server = self.machines.get(&at).filter(|_| is_of);
                server.is_some_and(|server| server.lists(self.now, title.content))
            }
            Kind::Chord => self.chord(at).is_some_and(|node| {
                let mut live = node.records().live(self.now);
                live.any(|(key, _)| key == title.key)
            }),
            Kind::Kademlia => self.kademlia(at).is_some_and(|node| {
                let kept = node.kept_under(self.now, title.key);
                !kept.is_empty()
            }),
        }
    }

    /// Returns whether a peer that is up has a title: nobody can find it otherwise.
    pub fn exists(&self, title: u32) -> bool {
        let title = self.titles.get(title as usize);
        title.is_some_and(|title| title.holders.iter().any(|id| self.peers.contains_key(id)))
    }

    /// The lookups under way.
    pub fn under_way(&self) -> impl Iterator<Item = &LookupTrace> {
        self.open.values()
    }

    /// The lookups of titles by one kind that ended last, oldest first; [`LAST`] at most.
    pub fn last(&self, kind: Kind) -> impl Iterator<Item = &LookupTrace> {
        self.counts[kind.index()].ended.iter()
    }

    /// The lookups of keys that ended last, oldest first; [`LAST`] at most.
    pub fn finds(&self) -> impl Iterator<Item = &LookupTrace> {
        self.finds.iter()
    }

    /// Sums up the lookups of titles by one kind that ended last.
    pub fn summary(&self, kind: Kind) -> Summary {
        Summary::of(self.last(kind))
    }

    /// Sums up those of them that began at this time or later.
    pub fn summary_since(&self, kind: Kind, since: Instant) -> Summary {
        Summary::of(self.last(kind).filter(|lookup| lookup.began >= since))
    }

    /// The volume of one traffic of a kind since the beginning.
    pub fn volume(&self, kind: Kind, traffic: Traffic) -> Volume {
        self.counts[kind.index()].volume(traffic)
    }

    /// The bytes a second of publishing and upkeep of a kind, of all peers and machines, over the last
    /// [`WINDOW`](measure::WINDOW) whole seconds.
    pub fn upkeep_rate(&self, kind: Kind) -> u64 {
        let (bytes, seconds) = self.counts[kind.index()].recent(self.now);
        bytes / seconds.max(1)
    }

    /// The state that a kind keeps now.
    pub fn state(&self, kind: Kind) -> State {
        let (contact, now) = (self.contact_bytes, self.now);
        let entry = contact + ENTRY_REST;
        let mut state = State::default();
        for peer in self.peers.values() {
            let (contacts, entries) = peer.state(now, kind);
            state.contacts += contacts;
            state.entries += entries;
            if matches!(kind, Kind::Chord | Kind::Kademlia) {
                state.fullest = state.fullest.max(entries);
                state.peer_bytes += contacts * contact + entries * entry;
            } else {
                // A peer's own registrations: a content's id each.
                state.peer_bytes += contacts * contact + entries * 32;
            }
        }
        let numbers = match kind {
            Kind::Central => 0..=0,
            Kind::Trackers => 1..=self.setup.trackers,
            Kind::Chord | Kind::Kademlia => return state,
        };
        for server in numbers.filter_map(|number| self.machine(number)) {
            let entries = server.entries(now) as u64;
            state.fullest = state.fullest.max(entries);
            state.machine_bytes += entries * (contact + 32);
        }
        state
    }

    // Actions.

    fn check(&self, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::Ask { peer, .. } | Action::Find { peer, .. }
                if !self.peers.contains_key(peer) =>
            {
                Err(Refusal::NoPeer)
            }
            Action::Ask { title, .. } if *title >= self.setup.titles => Err(Refusal::NoTitle),
            Action::Find { key, .. } if !self.setup.space.contains(*key) => Err(Refusal::NoKey),
            Action::Ask { peer, title } => {
                let key = self.titles[*title as usize].key;
                self.is_free(*peer, key)
            }
            Action::Find { peer, key } => self.is_free(*peer, *key),
            Action::TakeOut(part) if !self.can_go(*part) => Err(Refusal::NoPart),
            Action::PutBack(part) if !self.can_come(*part) => Err(Refusal::NoPart),
            Action::TakeOut(_) | Action::PutBack(_) => Ok(()),
        }
    }

    fn is_free(&self, peer: Id, key: Id) -> Result<(), Refusal> {
        let mut open = self.open.values();
        let asks = |lookup: &LookupTrace| lookup.peer == peer && self.key(lookup.subject) == key;
        match open.any(asks) {
            true => Err(Refusal::Busy),
            false => Ok(()),
        }
    }

    fn key(&self, subject: Subject) -> Id {
        match subject {
            Subject::Title(title) => self.titles[title as usize].key,
            Subject::Key(key) => key,
        }
    }

    /// Returns whether a part can be taken out.
    pub fn can_go(&self, part: Part) -> bool {
        match part {
            Part::Directory => self.machine(0).is_some(),
            Part::Tracker(number) => self
                .tracker(number)
                .is_some_and(|id| self.machines.contains_key(&id)),
            Part::Peer(id) => self.peers.contains_key(&id),
            Part::Peers(count) => count > 0 && self.peers.len() >= count as usize,
            Part::Region(region) => self.peers().any(|id| self.region(id) == Some(region)),
        }
    }

    /// Returns whether a part can be put back.
    pub fn can_come(&self, part: Part) -> bool {
        match part {
            Part::Directory => self.machine(0).is_none(),
            Part::Tracker(number) => self
                .tracker(number)
                .is_some_and(|id| !self.machines.contains_key(&id)),
            Part::Peer(id) => self.gone.contains(&id),
            Part::Peers(count) => count > 0 && self.gone.len() >= count as usize,
            Part::Region(region) => self.gone.iter().any(|id| self.region(*id) == Some(region)),
        }
    }

    fn tracker(&self, number: u8) -> Option<Id> {
        (number < self.setup.trackers).then(|| machine(number + 1))
    }

    fn take_out(&mut self, part: Part) {
        let peers = match part {
            Part::Directory => {
                self.machines.remove(&machine(0));
                return;
            }
            Part::Tracker(number) => {
                self.machines.remove(&machine(number + 1));
                return;
            }
            Part::Peer(id) => alloc::vec![id],
            Part::Peers(count) => {
                let all: Vec<Id> = self.peers().collect();
                choose(&all, count as usize, &mut self.choices)
            }
            Part::Region(region) => {
                let all = self.peers();
                all.filter(|id| self.region(*id) == Some(region)).collect()
            }
        };
        for id in peers {
            self.peers.remove(&id);
            self.gone.push(id);
            self.abandon(id);
            self.record(None, What::Gone(id));
        }
    }

    fn put_back(&mut self, part: Part) {
        let peers: Vec<Id> = match part {
            Part::Directory => return self.start_machine(0),
            Part::Tracker(number) => return self.start_machine(number + 1),
            Part::Peer(id) => alloc::vec![id],
            Part::Peers(count) => self.gone.iter().take(count as usize).copied().collect(),
            Part::Region(region) => {
                let gone = self.gone.iter().copied();
                gone.filter(|id| self.region(*id) == Some(region)).collect()
            }
        };
        for id in peers {
            self.gone.retain(|other| *other != id);
            self.bear(id);
            self.record(None, What::Back(id));
            self.join(id);
            self.share(id);
            self.drain(id, None);
        }
    }

    /// Lets a peer join ring and Kademlia through a random other one; alone, it begins both anew.
    fn join(&mut self, id: Id) {
        let others: Vec<Id> = self.peers().filter(|other| *other != id).collect();
        let via = choose(&others, 1, &mut self.choices).first().copied();
        let contact = via.and_then(|via| Some(self.peers.get(&via)?.chord.contact().clone()));
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.join(self.now, contact);
        }
    }

    fn record(&mut self, cause: Option<u64>, what: What) {
        what.encode(&mut self.writing);
        self.digest.absorb(&self.now.as_micros().to_le_bytes());
        self.digest.absorb(&self.writing);
        self.writing.clear();
        self.trace.record(self.now, cause, what);
    }
}

/// All of them in a random order.
fn choose_order(all: &[Id], rng: &mut Rng) -> Vec<Id> {
    let mut order = all.to_vec();
    for at in (1..order.len()).rev() {
        let other = usize::try_from(rng.below(at as u64 + 1)).unwrap_or(0);
        order.swap(at, other);
    }
    order
}

impl World for DirectoryWorld {
    type Setup = Setup;
    type Action = Action;
    type Refusal = Refusal;
    type What = What;

    fn begin(setup: &Arc<Setup>, seed: u64) -> Result<Self, Malformed> {
        Self::new(Arc::clone(setup), seed)
    }

    fn plan(setup: &Setup) -> &[Timed<Action>] {
        &setup.actions
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn next_at(&self) -> Option<Instant> {
        let alarm = self.alarms.first().map(|(at, _)| *at);
        self.queue.first().into_iter().chain(alarm).min()
    }

    fn step_until(&mut self, end: Instant) -> bool {
        self.step_until(end)
    }

    fn rest_until(&mut self, to: Instant) {
        self.now = self.now.max(to);
    }

    fn act(&mut self, action: Action) -> Result<(), Refusal> {
        self.check(&action)?;
        self.record(None, What::Acted(action.clone()));
        match action {
            Action::Ask { peer, title } => self.ask_all(peer, title),
            Action::Find { peer, key } => self.find(peer, key),
            Action::TakeOut(part) => self.take_out(part),
            Action::PutBack(part) => self.put_back(part),
        }
        Ok(())
    }

    fn take_trace(&mut self) -> Vec<Entry<What>> {
        self.trace.take()
    }

    fn events(&self) -> u64 {
        self.trace.count()
    }

    fn trace_digest(&self) -> [u8; 32] {
        self.digest.finish()
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.peers.len() * PEER_BYTES
            + self.queue.len() * COMING_BYTES
            + Kind::ALL.len() * LAST * size_of::<LookupTrace>() * 2
    }

    fn is_notable(what: &What) -> bool {
        what.is_notable()
    }

    fn describe(&self, action: &Action) -> String {
        let part = |part: Part| match part {
            Part::Peer(id) => self.title(id),
            part => part.to_string(),
        };
        match action {
            Action::Ask { peer, title } => format!("{} asks for title {title}", self.title(*peer)),
            Action::Find { peer, key } => {
                let key = self.setup.space.show(*key);
                format!("{} looks up {key}", self.title(*peer))
            }
            Action::TakeOut(gone) => format!("{} taken out", part(*gone)),
            Action::PutBack(back) => format!("{} put back", part(*back)),
        }
    }
}
