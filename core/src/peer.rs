//! A [`Node`] over links: it speaks bytes, and knows the identity of the node at the other end of each connection.
//!
//! The owner opens and closes sockets and moves frames; a [`Peer`] does the rest: it dials the nodes to which the
//! node sends, proves its identity and checks the other side's, tags and checks every frame, and closes a connection that violates the
//! protocol with a reason.
//!
//! Each part owns its state and decides for itself: links, dialing, relaying, leasing, finding a ring, transfers. The peer tells
//! them what happens, in order, and hands on what one of them wants of another.

pub mod api;

mod commands;
mod config;
mod dialing;
mod finding;
mod leasing;
mod links;
mod parts;
mod relaying;
mod transfers;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::base::contact::{Address, Contact, ContactError};
use crate::base::digest::Digest;
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::link::LinkId;
use crate::node::Node;
use crate::node::api::{Event as NodeEvent, Output as NodeOutput};
use crate::peer::api::{Event, Output};
pub use crate::peer::config::{Config, Limits, Reach};
use crate::peer::dialing::{Aim, Bearings, Dialing};
use crate::peer::finding::Finding;
pub use crate::peer::finding::{Known, Plan};
use crate::peer::leasing::Leasing;
use crate::peer::links::{Channel, Host, Links, Outputs};
pub use crate::peer::links::{HANDSHAKE_TIMEOUT, MAX_DATA};
use crate::peer::parts::{Context, ToNode, Want};
use crate::peer::relaying::Relaying;
use crate::peer::transfers::{Order, Transfers};
use crate::swarm::Swarm;

/// A ring member that speaks bytes.
#[derive(Clone, Debug)]
pub struct Peer {
    signer: Signer,
    node: Node,
    links: Links,
    dialing: Dialing,
    relaying: Relaying,
    leasing: Leasing,
    finding: Finding,
    transfers: Transfers,
    outputs: Outputs,
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
        let node_rng = Rng::from_entropy(rng.bytes32());
        // A stream of its own, whatever else draws from the seed.
        let swarm_seed = Digest::new("chordscope v1 swarm randomness").part(&seed);
        let swarm_rng = Rng::from_entropy(swarm_seed.finish());
        // Who is reached through a relay is in no group, as the others see to.
        if config.reach == Reach::Relayed {
            config.node.quorum = None;
        }
        Ok(Self {
            links: Links::new(&config, &signer, rng),
            dialing: Dialing::new(config.reach, &config.limits),
            relaying: Relaying::new(config.reach, config.limits.relay),
            leasing: Leasing::new(config.reach, version),
            finding: Finding::new(config.reach),
            transfers: Transfers::new(Swarm::new(config.limits.swarm, swarm_rng)),
            node: Node::new(config.node, signer.clone(), contact, node_rng),
            signer,
            outputs: Outputs::new(),
        })
    }

    /// Carries out what parts want of one another: in order, each want with all that follows from it.
    fn carry_out(&mut self, now: Instant, wants: impl IntoIterator<Item = Want>) {
        for want in wants {
            self.route(now, want);
        }
    }

    fn route(&mut self, now: Instant, want: Want) {
        let context = Context::new(now, &mut self.node, &self.links);
        match want {
            Want::Owner(output) => self.outputs.push_back(output),
            Want::Node(want) => self.tell_node(now, want),
            Want::News(event) => self.on_node_event(now, event),
            Want::Drain => self.drain_node(now),
            Want::Links(want) => {
                let wants = self.with_links(now, |links, host| links.handle(host, want));
                self.carry_out(now, wants);
            }
            Want::Dialing(want) => {
                let bearings = Bearings {
                    me: self.node.id(),
                    links: &self.links,
                    relays: self.leasing.held(),
                };
                let wants = self.dialing.handle(bearings, want);
                self.carry_out(now, wants);
            }
            Want::Relaying(want) => {
                let wants = self.relaying.handle(context, want);
                self.carry_out(now, wants);
            }
            Want::WayFound(link, node) => {
                let wants = self.relaying.way_found(link, node);
                self.carry_out(now, wants);
                let wants = self.dialing.way_found(&self.links, link, node);
                self.carry_out(now, wants);
            }
            Want::Leasing(want) => {
                let wants = self.leasing.handle(context, &self.signer, want);
                self.carry_out(now, wants);
            }
            Want::Finding(want) => {
                let want = self.finding.handle(want);
                self.carry_out(now, want);
            }
            Want::Transfers(want) => {
                let want = self.transfers.handle(now, want);
                self.carry_out(now, want);
            }
        }
    }

    fn tell_node(&mut self, now: Instant, want: ToNode) {
        match want {
            ToNode::Message(from, message) => self.node.handle_message(now, from, message),
            ToNode::Refresh(contact) => self.node.refresh(&contact),
            ToNode::Probe(contact) => self.node.probe(now, &contact),
            ToNode::Join(contact) => {
                // A member by another way meanwhile, or on its way to be one.
                if self.node.join(now, contact).is_err() {
                    self.on_node_event(now, NodeEvent::Joined);
                }
            }
            ToNode::Unreachable(id) => self.node.handle_unreachable(now, id),
        }
    }

    fn with_links<R>(&mut self, now: Instant, deed: impl FnOnce(&mut Links, Host<'_>) -> R) -> R {
        let host = Host {
            now,
            me: self.node.contact(),
            signer: &self.signer,
            outputs: &mut self.outputs,
        };
        deed(&mut self.links, host)
    }

    fn open_socket(
        &mut self,
        now: Instant,
        link: LinkId,
        aim: Option<Aim>,
        dialed: Option<&Address>,
    ) {
        let socket = Channel::Socket(link);
        let want = self.with_links(now, |links, host| links.open(host, socket, aim, dialed));
        self.carry_out(now, want);
    }

    fn receive(&mut self, now: Instant, link: LinkId, bytes: &Bytes) {
        let wants = self.with_links(now, |links, host| links.receive(host, link, bytes));
        if let Some(wants) = wants {
            self.carry_out(now, wants);
            self.drain_node(now);
        }
    }

    /// Takes all steps of the search for a ring that are due.
    fn take_steps(&mut self, now: Instant) {
        let mut context = Context::new(now, &mut self.node, &self.links);
        if self.finding.found_at_last(&mut context) {
            self.drain_node(now);
        }
        loop {
            let context = Context::new(now, &mut self.node, &self.links);
            let Some(want) = self.finding.step(context, self.leasing.held()) else {
                return;
            };
            self.carry_out(now, want);
            self.drain_node(now);
        }
    }

    /// Carries out what swarm and node want, until they want nothing more.
    fn drain_node(&mut self, now: Instant) {
        self.drain_swarm(now);
        while let Some(output) = self.node.poll_output() {
            let want = match output {
                NodeOutput::Send { to, message } => Want::Links(links::Input::Send(to, message)),
                NodeOutput::Event(event) => Want::News(*event),
                NodeOutput::StoreRecord { token, key, copy } => {
                    let copy = *copy;
                    Want::Owner(Output::StoreRecord { token, key, copy })
                }
                NodeOutput::DropRecord(key) => Want::Owner(Output::DropRecord(key)),
                NodeOutput::StoreGroups { token, save } => {
                    Want::Owner(Output::StoreGroups { token, save })
                }
                NodeOutput::DropEntries(keys) => Want::Owner(Output::DropEntries(keys)),
                NodeOutput::SetAside(keys) => Want::Owner(Output::SetAside(keys)),
            };
            self.route(now, want);
            self.drain_swarm(now);
        }
    }

    fn drain_swarm(&mut self, now: Instant) {
        let mut fed = BTreeSet::new();
        loop {
            let context = Context::new(now, &mut self.node, &self.links);
            match self.transfers.poll(context) {
                Some(Order::Want(want)) => self.route(now, want),
                Some(Order::SendBlock(to, block)) => {
                    self.links.send_block(to, &block, &mut self.outputs);
                    fed.insert(to);
                }
                None => {
                    let Some(to) = fed.pop_first() else {
                        return;
                    };
                    let waiting = self.links.waiting(to);
                    self.transfers.swarm.handle_waiting(now, to, waiting);
                }
            }
        }
    }

    fn on_node_event(&mut self, now: Instant, event: NodeEvent) {
        if let NodeEvent::LookupEnded(lookup, found) = &event
            && let Some(wants) = self.relaying.on_lookup_ended(*lookup, found)
        {
            self.carry_out(now, wants);
            return;
        }
        let context = Context::new(now, &mut self.node, &self.links);
        if let NodeEvent::ProvidersFound(operation, found) = &event {
            let found = found.as_deref().unwrap_or_default();
            if self.transfers.on_providers(&context, *operation, found) {
                return;
            }
        }
        if event == NodeEvent::Left && self.finding.is_off() {
            let wants = self.leasing.release(&self.links);
            self.carry_out(now, wants);
        }
        let context = Context::new(now, &mut self.node, &self.links);
        let relays = self.leasing.held();
        let known = self.finding.on_node_event(context, relays, &event);
        self.outputs.extend(known.map(Output::Event));
        if !Finding::is_its_own(&event) {
            self.outputs.push_back(Output::Event(Event::Node(event)));
        }
    }
}
