//! A [`Node`] over links: it speaks bytes, and knows who is at the other end of each connection.
//!
//! The owner opens and closes sockets and moves frames; a [`Peer`] does the rest: it dials whom the node wants to talk
//! to, proves its identity and demands the other side's, tags and checks every frame, and closes with a reason whatever
//! does not keep to the protocol.

pub mod api;

mod dialing;
mod links;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::{Address, Contact, ContactError};
use crate::base::id::Id;
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::chord::route::{Mode, Routing};
use crate::link::handshake::MAX_RING_NAME;
use crate::link::reason::CloseReason;
use crate::message::Message;
use crate::node::api::{
    Event as NodeEvent, JoinError, LookupError, LookupId, OperationId, Output as NodeOutput,
    StorageEvent, StoreError,
};
use crate::node::{Node, config::Config as NodeConfig};
use crate::peer::api::{Event, LinkId, Output, TimerKind};
use crate::peer::dialing::Dialing;
use crate::peer::links::Link;
use crate::store::message::Copy;
use crate::store::record::Name;
use crate::wire::codec::{Cards, encode_message};

/// How long a handshake may take.
pub const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(5);

/// The choices of a peer.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node's choices.
    pub node: NodeConfig,
    /// The ring's name: peers of different rings do not talk. At most 64 bytes.
    pub ring: String,
    /// What bounds the links.
    pub limits: Limits,
}

/// The most that a peer holds of anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Links in all, open or in their handshake.
    pub links: usize,
    /// Nodes that are being dialed.
    pub dials: usize,
    /// Bytes that wait for one node to be reached.
    pub waiting_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node: NodeConfig::default(),
            ring: "main".into(),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            links: 512,
            dials: 256,
            waiting_bytes: 256 * 1024,
        }
    }
}

/// A ring member that speaks bytes.
#[derive(Clone, Debug)]
pub struct Peer {
    node: Node,
    signer: Signer,
    ring: String,
    limits: Limits,
    rng: Rng,
    cards: Cards,
    links: BTreeMap<LinkId, Link>,
    /// The link over which each known node is spoken to.
    routes: BTreeMap<Id, LinkId>,
    dialing: Dialing,
    deadlines: BTreeMap<LinkId, Instant>,
    drops: BTreeMap<CloseReason, u64>,
    outputs: VecDeque<Output>,
}

impl Peer {
    /// A peer outside any ring, reachable under `addresses`. `version` orders the contacts of one node: a later start
    /// needs a greater one.
    ///
    /// # Errors
    /// [`ContactError`] when an address is malformed or there are too many.
    pub fn new(
        config: Config,
        signer: Signer,
        addresses: Vec<Address>,
        version: u64,
        seed: [u8; 32],
    ) -> Result<Self, ContactError> {
        let mut rng = Rng::from_entropy(seed);
        let space = config.node.space;
        let contact = Contact::sign(space, &signer, 0, version, addresses)?;
        let cards = Cards::new(space, signer.scheme());
        let node_rng = Rng::from_entropy(rng.bytes32());
        let mut ring = config.ring;
        while ring.len() > MAX_RING_NAME {
            ring.pop();
        }
        Ok(Self {
            node: Node::new(config.node, signer.clone(), contact, node_rng),
            dialing: Dialing::new(config.limits.dials, config.limits.waiting_bytes),
            limits: config.limits,
            signer,
            ring,
            rng,
            cards,
            links: BTreeMap::new(),
            routes: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            drops: BTreeMap::new(),
            outputs: VecDeque::new(),
        })
    }

    /// The node.
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// How many links were closed, by reason.
    pub const fn drops(&self) -> &BTreeMap<CloseReason, u64> {
        &self.drops
    }

    /// Begins a ring of one.
    pub fn create(&mut self, now: Instant) {
        self.node.create(now);
        self.drain_node(now);
    }

    /// Joins the ring of the peer at an address. [`NodeEvent::Joined`] or [`NodeEvent::JoinFailed`] follows.
    ///
    /// # Errors
    /// [`JoinError::Already`] for a member.
    pub fn join(&mut self, now: Instant, address: Address) -> Result<(), JoinError> {
        if self.node.membership().is_member() {
            return Err(JoinError::Already);
        }
        self.dial_to_join(now, address);
        Ok(())
    }

    /// Leaves the ring. [`NodeEvent::Left`] follows.
    pub fn leave(&mut self, now: Instant) {
        self.node.leave(now);
        self.drain_node(now);
    }

    /// As [`Node::lookup`].
    ///
    /// # Errors
    /// As [`Node::lookup`].
    pub fn lookup(
        &mut self,
        now: Instant,
        key: Id,
        routing: Routing,
        mode: Mode,
    ) -> Result<LookupId, LookupError> {
        let begun = self.node.lookup(now, key, routing, mode);
        self.drain_node(now);
        begun
    }

    /// As [`Node::put`].
    ///
    /// # Errors
    /// As [`Node::put`].
    pub fn put(
        &mut self,
        now: Instant,
        name: Name,
        value: Vec<u8>,
    ) -> Result<OperationId, StoreError> {
        let begun = self.node.put(now, name, value);
        self.drain_node(now);
        begun
    }

    /// As [`Node::get`].
    ///
    /// # Errors
    /// As [`Node::get`].
    pub fn get(&mut self, now: Instant, name: Name) -> Result<OperationId, StoreError> {
        let begun = self.node.get(now, name);
        self.drain_node(now);
        begun
    }

    /// As [`Node::delete`].
    ///
    /// # Errors
    /// As [`Node::delete`].
    pub fn delete(&mut self, now: Instant, name: Name) -> Result<OperationId, StoreError> {
        let begun = self.node.delete(now, name);
        self.drain_node(now);
        begun
    }

    /// Takes up a record kept from an earlier run.
    pub fn restore(&mut self, now: Instant, copy: &Copy) {
        self.node.restore(now, copy);
    }

    /// An [`Output::StoreRecord`] was carried out, or could not be.
    pub fn handle_storage(&mut self, now: Instant, event: StorageEvent) {
        self.node.handle_storage(now, event);
        self.drain_node(now);
    }

    /// Does all that is due. Calling early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        let overdue: Vec<LinkId> = self
            .deadlines
            .iter()
            .filter(|(_, deadline)| **deadline <= now)
            .map(|(link, _)| *link)
            .collect();
        for link in overdue {
            self.close(now, link, CloseReason::HandshakeTimeout);
        }
        self.node.handle_timeout(now);
        self.drain_node(now);
    }

    /// What the owner must do, in order, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Peer::handle_timeout`] next, and what for. May change with every other call.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerKind)> {
        let handshake = self.deadlines.iter().map(|(link, at)| (*at, *link)).min();
        let handshake = handshake.map(|(at, link)| (at, TimerKind::Handshake(link)));
        let node = self.node.poll_timeout();
        let node = node.map(|(at, kind)| (at, TimerKind::Node(kind)));
        match (handshake, node) {
            (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
            (a, b) => a.or(b),
        }
    }

    /// Carries out what the node wants, until it wants nothing more.
    fn drain_node(&mut self, now: Instant) {
        while let Some(output) = self.node.poll_output() {
            match output {
                NodeOutput::Send { to, message } => self.send(now, &to, &message),
                NodeOutput::StoreRecord { token, key, copy } => {
                    self.outputs
                        .push_back(Output::StoreRecord { token, key, copy });
                }
                NodeOutput::DropRecord(key) => self.outputs.push_back(Output::DropRecord(key)),
                NodeOutput::Event(event) => self.on_node_event(event),
            }
        }
    }

    fn on_node_event(&mut self, event: NodeEvent) {
        self.outputs.push_back(Output::Event(Event::Node(event)));
    }

    fn send(&mut self, now: Instant, to: &Contact, message: &Message) {
        let Ok(body) = encode_message(message) else {
            // Only a lookup's path of hundreds of nodes grows beyond a frame; its origin asks hop by hop instead.
            return;
        };
        match self.routes.get(&to.id()).copied() {
            Some(link) => self.send_on(link, &body),
            None => self.dial_to_send(now, to, body),
        }
    }
}

#[cfg(test)]
mod tests;
