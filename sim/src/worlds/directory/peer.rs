//! A peer: its part in each kind of directory.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::models::directory::client::{Client, Config as ClientConfig};
use crate::models::kademlia;
use crate::worlds::directory::setup::{Kind, Setup, Title, machine};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::node::Node;
use chordscope_core::node::config::Config as ChordConfig;
use chordscope_core::store::record::Record;

/// The choices of all peers.
#[derive(Clone, Debug)]
pub(super) struct Configs {
    client: ClientConfig,
    chord: Arc<ChordConfig>,
    kademlia: Arc<kademlia::Config>,
}

impl Configs {
    pub(super) fn of(setup: &Setup) -> Self {
        Self {
            client: ClientConfig {
                refresh: setup.lifetime / 3,
                timeout: setup.timeout(),
                retries: 1,
            },
            chord: Arc::new(setup.chord()),
            kademlia: Arc::new(setup.kademlia()),
        }
    }
}

/// A peer that is up.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) central: Client,
    pub(super) trackers: Client,
    pub(super) chord: Node,
    pub(super) kademlia: kademlia::node::Node,
    /// The time at which the world calls it next.
    pub(super) alarm: Option<Instant>,
}

impl Peer {
    pub(super) fn new(
        now: Instant,
        id: Id,
        configs: &Configs,
        birth: u64,
        [central, trackers, chord, kademlia]: [Rng; 4],
    ) -> Self {
        let signer = Signer::stand_in(id);
        let contact = Contact::stand_in(configs.chord.space, &signer, birth);
        let buckets = Arc::clone(&configs.kademlia);
        let mut chord = Node::new(Arc::clone(&configs.chord), signer, contact, chord);
        chord.trace_routes();
        Self {
            central: Client::new(configs.client, central),
            trackers: Client::new(configs.client, trackers),
            chord,
            kademlia: kademlia::node::Node::new(now, id, buckets, kademlia),
            alarm: None,
        }
    }

    /// A member of a stable ring, and of a Kademlia network in which it knows `others`, as far as its buckets have room.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        ring: &IdealRing,
        contacts: &BTreeMap<Id, Contact>,
        others: Vec<Id>,
    ) {
        let id = self.chord.id();
        let before = ring.predecessor(id);
        let before = (before != id).then(|| contacts[&before].clone());
        let length = usize::from(self.chord.membership().successors().limit());
        let successors = ring.successors(id, length);
        let successors: Vec<Contact> = successors.iter().map(|id| contacts[id].clone()).collect();
        let fingers = ring.fingers(id);
        let fingers: Vec<Contact> = fingers
            .iter()
            .map(|(_, node)| contacts[node].clone())
            .collect();
        self.chord.settle(now, before, &successors, &fingers);
        self.kademlia.settle(now, others);
    }

    pub(super) fn join(&mut self, now: Instant, via: Option<Contact>) {
        match via {
            Some(via) => {
                self.kademlia.join(now, via.id());
                // A node that has just been made is no member, and it is another one than `via`.
                let _ = self.chord.join(now, via);
            }
            None => self.chord.create(now),
        }
    }

    /// Tells all directories that this peer has a title.
    pub(super) fn share(&mut self, now: Instant, title: &Title) {
        self.central.share(now, title.content, &[machine(0)]);
        let trackers: Vec<Id> = title.trackers.iter().map(|at| machine(at + 1)).collect();
        self.trackers.share(now, title.content, &trackers);
        // At the limit the directory lacks the title.
        let _ = self.chord.announce(now, title.content);
        self.kademlia.provide(now, title.key);
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let timers = [
            self.central.poll_timeout(),
            self.trackers.poll_timeout(),
            self.chord.poll_timeout().map(|(at, _)| at),
            self.kademlia.poll_timeout(),
        ];
        timers.into_iter().flatten().min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.central.handle_timeout(now);
        self.trackers.handle_timeout(now);
        self.chord.handle_timeout(now);
        self.kademlia.handle_timeout(now);
    }

    /// The contacts that it keeps for a kind, and the entries.
    pub(super) fn state(&self, now: Instant, kind: Kind) -> (u64, u64) {
        match kind {
            Kind::Central => (1, self.central.entries() as u64),
            Kind::Trackers => {
                let entries = self.trackers.entries() as u64;
                (self.trackers.machines() as u64, entries)
            }
            Kind::Chord => {
                let contacts: BTreeSet<Id> = self.chord.contacts().map(Contact::id).collect();
                let live = self.chord.records().live(now);
                let entries = live.map(|(_, held)| match &held.record {
                    Record::Providers(providers) => providers.entries.len() as u64,
                    Record::Immutable(_) | Record::Item(_) => 1,
                });
                (contacts.len() as u64, entries.sum())
            }
            Kind::Kademlia => {
                let contacts = self.kademlia.buckets().len() as u64;
                (contacts, self.kademlia.entries(now) as u64)
            }
        }
    }
}
