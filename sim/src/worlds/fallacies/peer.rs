//! A peer: the core's node and swarm, its disk, and what the world keeps of it.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::engine::content::Content;
use crate::worlds::fallacies::terms::{Role, Terms};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::node::Node;
use chordscope_core::node::api::OperationId;
use chordscope_core::store::group::{Control, Entry};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::swarm::Swarm;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::picker::Order;

/// The first stream of peers: two for each birth of each.
const BIRTHS: u64 = 1 << 16;
/// The most requests of a peer that are remembered as without an answer.
const MAX_ASKED: usize = 8_192;

/// A peer, up or not.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) contact: Contact,
    pub(super) node: Option<Box<Node>>,
    pub(super) swarm: Option<Box<Swarm>>,
    /// The time at which the world calls it next.
    pub(super) alarm: Option<Instant>,
    /// The number of times that it started.
    pub(super) lives: u32,
    /// The ring's searches for providers that its swarm waits for.
    pub(super) finding: BTreeSet<OperationId>,
    /// Bytes of blocks that wait for its line, by receiver.
    pub(super) waiting: BTreeMap<Id, usize>,
    /// The time at which it had the whole file, once it had.
    pub(super) complete: Option<Instant>,
    /// Requests without an answer yet, by receiver and number: what is sent under one of them is sent again.
    asked: BTreeSet<(Id, u64)>,
    disk: Disk,
}

/// The state that outlives a crash.
#[derive(Clone, Debug, Default)]
struct Disk {
    records: Vec<StoredRecord>,
    groups: Option<(Control, Vec<Entry>)>,
    segments: Option<Bitfield>,
}

impl Peer {
    /// A peer that knows nobody.
    pub(super) fn new(peer: u16, terms: &Terms, seed: u64) -> Self {
        let id = terms.ids[usize::from(peer)];
        let mut born = Self {
            contact: Contact::stand_in(terms.space, &Signer::stand_in(id), 1),
            node: None,
            swarm: None,
            alarm: None,
            lives: 0,
            finding: BTreeSet::new(),
            waiting: BTreeMap::new(),
            complete: None,
            asked: BTreeSet::new(),
            disk: Disk::default(),
        };
        born.start(Instant::ZERO, peer, terms, seed);
        born
    }

    /// Starts the peer's node with what is on its disk.
    pub(super) fn start(&mut self, now: Instant, peer: u16, terms: &Terms, seed: u64) {
        self.lives += 1;
        let signer = Signer::stand_in(terms.ids[usize::from(peer)]);
        self.contact = Contact::stand_in(terms.space, &signer, self.lives.into());
        let rng = self.rng(peer, seed, 0);
        let mut node = Node::new(terms.config(peer), signer, self.contact.clone(), rng);
        for copy in core::mem::take(&mut self.disk.records) {
            node.restore(now, &copy);
        }
        if let Some((control, entries)) = self.disk.groups.take() {
            node.restore_groups(now, control, &entries);
        }
        self.node = Some(Box::new(node));
    }

    /// Ends the peer without a word.
    pub(super) fn crash(&mut self, now: Instant, content: Option<&Content>) {
        if let Some(node) = self.node.take() {
            let keys = node.records().iter().map(|(key, _)| key);
            let copies = keys.filter_map(|key| node.records().copy(now, key));
            self.disk.records = copies.collect();
            self.disk.groups = node.groups().map(|groups| groups.saved(now));
        }
        let swarm = self.swarm.take();
        if let (Some(swarm), Some(content)) = (swarm, content) {
            self.disk.segments = swarm.have(content.id()).cloned();
        }
        self.alarm = None;
        self.finding.clear();
        self.waiting.clear();
        self.asked.clear();
    }

    /// Begins the peer's part in the transfer.
    pub(super) fn take_part(
        &mut self,
        now: Instant,
        peer: u16,
        terms: &Terms,
        content: &Content,
        seed: u64,
    ) {
        let role = terms.roles[usize::from(peer)];
        if role == Role::None || self.node.is_none() {
            return;
        }
        let mut swarm = Swarm::new(terms.swarm_limits(peer), self.rng(peer, seed, 1));
        let have = match role {
            Role::Seed | Role::Liar => Some(Bitfield::all(content.count())),
            Role::Client | Role::None => self.disk.segments.take(),
        };
        // There is room for one transfer, and it is not there yet.
        let _ = match have.filter(|have| !have.is_empty()) {
            Some(have) => swarm.share(now, content.manifest().clone(), have),
            None => swarm.fetch(now, content.id(), Order::RarestFirst),
        };
        self.swarm = Some(Box::new(swarm));
    }

    fn rng(&self, peer: u16, seed: u64, part: u64) -> Rng {
        let life = u64::from(self.lives) << 32;
        Rng::from_seed(seed, BIRTHS + life + 2 * u64::from(peer) + part)
    }

    /// Returns whether it is up and a member of the ring.
    pub(super) fn is_member(&self) -> bool {
        let node = self.node.as_ref();
        node.is_some_and(|node| node.membership().is_member())
    }

    /// Notes that a request is sent; returns whether it is sent again.
    pub(super) fn asks(&mut self, to: Id, number: u64) -> bool {
        while self.asked.len() >= MAX_ASKED {
            self.asked.pop_first();
        }
        !self.asked.insert((to, number))
    }

    /// Notes that the answer to a request has come.
    pub(super) fn is_answered(&mut self, by: Id, number: u64) {
        self.asked.remove(&(by, number));
    }

    /// Returns the time at which node or swarm wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let node = self.node.as_ref();
        let node = node.and_then(|node| Some(node.poll_timeout()?.0));
        let swarm = self.swarm.as_ref().and_then(|swarm| swarm.poll_timeout());
        node.into_iter().chain(swarm).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if let Some(node) = &mut self.node {
            node.handle_timeout(now);
        }
        if let Some(swarm) = &mut self.swarm {
            swarm.handle_timeout(now);
        }
    }
}
