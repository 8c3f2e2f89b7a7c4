//! A [`Node`] over links: it speaks bytes, and knows who is at the other end of each connection.
//!
//! The owner opens and closes sockets and moves frames; a [`Peer`] does the rest: it dials whom the node wants to talk
//! to, proves its identity and demands the other side's, tags and checks every frame, and closes with a reason whatever
//! does not keep to the protocol.

pub mod api;

mod channel;
mod circuits;
mod data;
mod dialing;
mod finding;
mod joining;
mod leasing;
mod links;
mod messages;
mod operations;
mod relaying;
mod transfers;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::{Address, Contact, ContactError};
use crate::base::digest::Digest;
use crate::base::features::Features;
use crate::base::id::Id;
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::link::LinkId;
use crate::link::handshake::MAX_RING_NAME;
use crate::link::reason::CloseReason;
use crate::link::relay::{self, Relay};
use crate::message::{Message, Response};
use crate::node::api::{
    Event as NodeEvent, JoinError, LookupId, Output as NodeOutput, StorageEvent,
};
use crate::node::{Node, config::Config as NodeConfig};
use crate::peer::api::{Event, Output, TimerKind};
use crate::peer::channel::{Channel, Link};
use crate::peer::circuits::Flow;
pub use crate::peer::data::MAX_DATA;
use crate::peer::dialing::{Aim, Body, Dialing};
use crate::peer::joining::Joining;
pub use crate::peer::joining::{Known, Plan};
use crate::peer::leasing::Leasing;
use crate::peer::transfers::Transfers;
use crate::store::group::{Control, Entry};
use crate::store::message::StoredRecord;
use crate::swarm::{self, Swarm};
use crate::wire::codec::{Cards, encode_message};
use crate::wire::frame::FrameType;

/// How long a handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The choices of a peer.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node's choices.
    pub node: NodeConfig,
    /// Which position of its key this is: 0 to 15. A peer with several is one of these for each, with the same signer.
    pub index: u8,
    /// The ring's name: peers of different rings do not talk. At most 64 bytes.
    pub ring: String,
    /// How others come to it, and it to others.
    pub reach: Reach,
    /// What it says that it can do. With none it speaks as release 0.1 does.
    pub features: Features,
    /// What bounds the links.
    pub limits: Limits,
}

/// How a peer and others come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It accepts connections at its addresses, dials others at theirs, and relays for those who cannot.
    Direct,
    /// It cannot be dialed, as a browser tab: it leases an address at two others, and dials nobody else.
    Relayed,
}

/// The most that a peer holds of anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Links and own circuits in all, open or in their handshake.
    pub links: usize,
    /// Nodes that are being dialed.
    pub dials: usize,
    /// Bytes that wait for one node to be reached.
    pub waiting_bytes: usize,
    /// Bytes of messages that wait for all links together; a mebibyte may wait for each in any case.
    pub message_bytes: usize,
    /// What it relays for others.
    pub relay: relay::Limits,
    /// Files that it shares and fetches.
    pub swarm: swarm::api::Limits,
}

impl Config {
    /// The choices of a peer that cannot be dialed, as a browser tab: its node is in no group of level `quorum`.
    pub fn relayed() -> Self {
        Self {
            node: NodeConfig::without_groups(),
            index: 0,
            ring: "main".into(),
            reach: Reach::Relayed,
            features: Features::ALL,
            limits: Limits::default(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node: NodeConfig::default(),
            reach: Reach::Direct,
            ..Self::relayed()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            links: 1_024,
            dials: 256,
            waiting_bytes: 1 << 20,
            message_bytes: 64 << 20,
            relay: relay::Limits::default(),
            swarm: swarm::api::Limits::default(),
        }
    }
}

/// A ring member that speaks bytes.
#[derive(Clone, Debug)]
pub struct Peer {
    node: Node,
    signer: Signer,
    ring: String,
    features: Features,
    limits: Limits,
    rng: Rng,
    cards: Cards,
    links: BTreeMap<Channel, Link>,
    /// What carries circuits: one for each socket.
    flows: BTreeMap<LinkId, Flow>,
    /// The channel over which each known node is spoken to.
    routes: BTreeMap<Id, Channel>,
    dialing: Dialing,
    relay: Relay,
    /// Lookups for nodes that tabs want to reach.
    seeking: BTreeMap<LookupId, Id>,
    reach: Reach,
    leasing: Leasing,
    /// How it finds a ring, when that was left to it.
    joining: Option<Joining>,
    transfers: Transfers,
    /// Of the contact signed last.
    version: u64,
    deadlines: BTreeMap<Channel, Instant>,
    drops: BTreeMap<CloseReason, u64>,
    goodbyes: BTreeMap<Option<CloseReason>, u64>,
    late_frames: u64,
    relayed_bytes: u64,
    lost_messages: u64,
    outputs: VecDeque<Output>,
}

impl Peer {
    /// A peer outside any ring, reachable under `addresses`. `version` orders the contacts of one node: a later start
    /// needs a greater one.
    ///
    /// # Errors
    /// [`ContactError`] when an address is malformed, there are too many, or the index is 16 or above.
    pub fn new(
        mut config: Config,
        signer: Signer,
        addresses: Vec<Address>,
        version: u64,
        seed: [u8; 32],
    ) -> Result<Self, ContactError> {
        let mut rng = Rng::from_entropy(seed);
        let space = config.node.space;
        let contact = Contact::sign(space, &signer, config.index, version, addresses)?;
        let cards = Cards::new(space, signer.scheme());
        let node_rng = Rng::from_entropy(rng.bytes32());
        // A stream of its own, whatever else draws from the seed.
        let swarm_seed = Digest::new("chordscope v1 swarm randomness").part(&seed);
        let swarm_rng = Rng::from_entropy(swarm_seed.finish());
        let swarm = Swarm::new(config.limits.swarm.clone(), swarm_rng);
        // Who is reached through a relay is in no group, as the others see to.
        if config.reach == Reach::Relayed {
            config.node.quorum = None;
        }
        let mut ring = config.ring;
        while ring.len() > MAX_RING_NAME {
            ring.pop();
        }
        Ok(Self {
            node: Node::new(config.node, signer.clone(), contact, node_rng),
            dialing: Dialing::new(config.limits.dials, config.limits.waiting_bytes),
            relay: Relay::new(config.limits.relay.clone()),
            seeking: BTreeMap::new(),
            reach: config.reach,
            transfers: Transfers::new(swarm),
            leasing: Leasing::default(),
            joining: None,
            version,
            features: config.features,
            limits: config.limits,
            signer,
            ring,
            rng,
            cards,
            links: BTreeMap::new(),
            flows: BTreeMap::new(),
            routes: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            drops: BTreeMap::new(),
            goodbyes: BTreeMap::new(),
            late_frames: 0,
            relayed_bytes: 0,
            lost_messages: 0,
            outputs: VecDeque::new(),
        })
    }

    /// The node.
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// How many links and circuits were closed or refused by this side, or lost, by reason.
    pub const fn drops(&self) -> &BTreeMap<CloseReason, u64> {
        &self.drops
    }

    /// How many links and circuits the other side has closed, by the reason that it gave; `None` for one that is not the protocol's.
    pub const fn goodbyes(&self) -> &BTreeMap<Option<CloseReason>, u64> {
        &self.goodbyes
    }

    /// How many frames were thrown away because the circuit that they travelled on had just been closed.
    pub const fn late_frames(&self) -> u64 {
        self.late_frames
    }

    /// How many bytes were passed on for others.
    pub const fn relayed_bytes(&self) -> u64 {
        self.relayed_bytes
    }

    /// Begins a ring of one.
    pub fn create(&mut self, now: Instant) {
        self.node.create(now);
        self.drain_node(now);
    }

    /// Joins the ring of the peer at an address, with one attempt. [`NodeEvent::Joined`] or [`NodeEvent::JoinFailed`]
    /// follows. [`Peer::start`] keeps trying.
    ///
    /// # Errors
    /// [`JoinError::Already`] for a member.
    pub fn join(&mut self, _now: Instant, address: Address) -> Result<(), JoinError> {
        if self.node.membership().is_member() {
            return Err(JoinError::Already);
        }
        self.dial(address, Aim::Join);
        Ok(())
    }

    /// Leaves the ring for good: as [`Node::leave`]. [`NodeEvent::Left`] follows.
    pub fn leave(&mut self, now: Instant) {
        self.joining = None;
        self.node.leave(now);
        self.drain_node(now);
    }

    /// Leaves the ring for good if others take everything over: as [`Node::leave_if_taken_over`].
    pub fn leave_if_taken_over(&mut self, now: Instant) {
        self.joining = None;
        self.node.leave_if_taken_over(now);
        self.drain_node(now);
    }

    /// Stops for a while: as [`Node::stop`]. [`NodeEvent::Left`] follows.
    pub fn stop(&mut self, now: Instant) {
        self.joining = None;
        self.node.stop(now);
        self.drain_node(now);
    }

    /// Takes up a record kept from an earlier run.
    pub fn restore(&mut self, now: Instant, copy: &StoredRecord) {
        self.node.restore(now, copy);
    }

    /// As [`Node::restore_groups`].
    pub fn restore_groups(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        self.node.restore_groups(now, control, entries);
    }

    /// An [`Output::StoreRecord`] was carried out, or could not be.
    pub fn handle_storage(&mut self, now: Instant, event: StorageEvent) {
        self.node.handle_storage(now, event);
        self.drain_node(now);
    }

    /// Does all that is due. Calling early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        let overdue: Vec<Channel> = self
            .deadlines
            .iter()
            .filter(|(_, deadline)| **deadline <= now)
            .map(|(channel, _)| *channel)
            .collect();
        for channel in overdue {
            self.close(now, channel, CloseReason::HandshakeTimeout);
        }
        self.on_relay_timeout(now);
        self.on_lease_timeout(now);
        self.node.handle_timeout(now);
        self.transfers.swarm.handle_timeout(now);
        self.drain_node(now);
        self.take_steps(now);
    }

    /// What the owner must do, in order, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Peer::handle_timeout`] next, and what for. May change with every other call.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerKind)> {
        let handshake = self.deadlines.values().min().copied();
        let handshake = handshake.map(|at| (at, TimerKind::Handshake));
        let relay = self.relay.poll_timeout().map(|at| (at, TimerKind::Relay));
        let lease = self.leasing.poll_timeout().map(|at| (at, TimerKind::Lease));
        let node = self.node.poll_timeout();
        let node = node.map(|(at, kind)| (at, TimerKind::Node(kind)));
        let join = self.joining.as_ref().and_then(Joining::due);
        let join = join.map(|at| (at, TimerKind::Join));
        let swarm = self.transfers.swarm.poll_timeout();
        let swarm = swarm.map(|at| (at, TimerKind::Swarm));
        let due = [handshake, relay, lease, join, node, swarm];
        let due = due.into_iter().flatten();
        due.min_by_key(|(at, _)| *at)
    }

    /// Carries out what swarm and node want, until they want nothing more.
    fn drain_node(&mut self, now: Instant) {
        self.drain_swarm(now);
        while let Some(output) = self.node.poll_output() {
            match output {
                NodeOutput::Send { to, message } => self.send(now, &to, &message),
                NodeOutput::StoreRecord { token, key, copy } => {
                    let copy = *copy;
                    self.outputs
                        .push_back(Output::StoreRecord { token, key, copy });
                }
                NodeOutput::DropRecord(key) => self.outputs.push_back(Output::DropRecord(key)),
                NodeOutput::StoreGroups { token, save } => {
                    self.outputs.push_back(Output::StoreGroups { token, save });
                }
                NodeOutput::DropEntries(keys) => {
                    self.outputs.push_back(Output::DropEntries(keys));
                }
                NodeOutput::SetAside(keys) => self.outputs.push_back(Output::SetAside(keys)),
                NodeOutput::Event(event) => self.on_node_event(now, *event),
            }
            self.drain_swarm(now);
        }
    }

    fn on_node_event(&mut self, now: Instant, event: NodeEvent) {
        if let NodeEvent::LookupEnded(lookup, found) = &event
            && let Some(id) = self.seeking.remove(lookup)
        {
            self.on_sought(now, id, found.as_ref().ok().map(|report| &report.owner));
            return;
        }
        if let NodeEvent::ProvidersFound(operation, found) = &event
            && self.on_providers(now, *operation, found.as_deref().unwrap_or_default())
        {
            return;
        }
        if event == NodeEvent::Left && self.joining.is_none() {
            self.release_leases(now);
        }
        if self.note_for_joining(now, &event) {
            self.outputs.push_back(Output::Event(Event::Node(event)));
        }
    }

    fn send(&mut self, now: Instant, to: &Contact, message: &Message) {
        let Ok(body) = encode_message(message) else {
            // Only a lookup's path of hundreds of nodes grows beyond a frame; its origin asks hop by hop instead.
            return;
        };
        let body = Body {
            bytes: body,
            needs: message.needs(),
            plainer: message
                .plainer()
                .and_then(|plainer| encode_message(&plainer).ok()),
            request: match message {
                Message::Request(number, _) => Some(*number),
                _ => None,
            },
        };
        match self.routes.get(&to.id()).copied() {
            // A swarm counts on its messages staying in order.
            Some(channel) if matches!(message, Message::Swarm(_)) => {
                self.send_sealed(now, channel, FrameType::Message, &body.bytes);
            }
            Some(channel) => self.send_body(now, channel, to, &body),
            None => self.make_link(now, to, Some(body)),
        }
    }

    /// Sends a message, unless the other end would not understand it: then a request is answered here.
    fn send_body(&mut self, now: Instant, channel: Channel, to: &Contact, body: &Body) {
        let Some(link) = self.links.get(&channel) else {
            return;
        };
        if link.features.has(body.needs) {
            self.send_message(now, channel, &body.bytes);
        } else if let Some(plainer) = &body.plainer {
            self.send_message(now, channel, plainer);
        } else if let Some(number) = body.request {
            let answer = Message::Response(number, Response::Unsupported);
            self.node.handle_message(now, to.clone(), answer);
        }
    }
}
