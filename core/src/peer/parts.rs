//! The parts of a peer, the router between them, and their interface: the context of a call, and the wants that come of it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::base::contact::{Address, Contact, ContactError};
use crate::base::digest::Digest;
use crate::base::id::Id;
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::link::LinkId;
use crate::message::Message;
use crate::node::Node;
use crate::node::api::{Event as NodeEvent, Output as NodeOutput};
use crate::peer::api::{Event, Output, TimerKind};
use crate::peer::config::{Config, Reach};
use crate::peer::dialing::{Aim, Bearings, Dialing};
use crate::peer::finding::Finding;
use crate::peer::leasing::Leasing;
use crate::peer::links::{Channel, Host, Links, Outputs};
use crate::peer::relaying::Relaying;
use crate::peer::transfers::{Order, Transfers};
use crate::peer::{dialing, finding, leasing, links, relaying, transfers};
use crate::swarm::Swarm;

/// The context of the parts that speak for the node. The node does nothing at once: what it is asked for, it queues.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) node: &'a mut Node,
    /// The links, to look at: a part acts on them by what it [wants](Want).
    pub(super) links: &'a Links,
}

impl<'a> Context<'a> {
    pub(super) const fn new(now: Instant, node: &'a mut Node, links: &'a Links) -> Self {
        Self { now, node, links }
    }
}

/// A want of one part of another one. The peer carries wants out in order, each with all that follows from it before the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Of the owner.
    Owner(Output),
    /// Of the node.
    Node(ToNode),
    /// Counts this as the node's own news.
    News(NodeEvent),
    /// Gives node and swarm what they want, before anything else happens.
    Drain,
    /// Of the links.
    Links(links::Input),
    /// Of dialing.
    Dialing(dialing::Input),
    /// Of relaying.
    Relaying(relaying::Input),
    /// Lets what waited for a node, here or elsewhere, go on over this link to it.
    WayFound(LinkId, Id),
    /// Of leasing.
    Leasing(leasing::Input),
    /// Of the search for a ring.
    Finding(finding::Input),
    /// Of the transfers.
    Transfers(transfers::Input),
}

/// A want of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ToNode {
    /// Take a message in.
    Message(Contact, Message),
    /// Use this contact from now on.
    Refresh(Contact),
    /// Ask a node whether it is in a ring.
    Probe(Contact),
    /// Join the ring of this member.
    Join(Contact),
    /// Count a node as unreachable.
    Unreachable(Id),
}

/// The parts of a peer, and the router between them: it carries out what one of them wants of another.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    signer: Signer,
    pub(super) node: Node,
    pub(super) links: Links,
    pub(super) dialing: Dialing,
    pub(super) relaying: Relaying,
    pub(super) leasing: Leasing,
    pub(super) finding: Finding,
    pub(super) transfers: Transfers,
    pub(super) outputs: Outputs,
}

impl Parts {
    /// The parts of a new peer, as [`Peer::new`](super::Peer::new) describes it.
    pub(super) fn new(
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

    /// Asks the node for something, and carries out what comes of it.
    pub(super) fn with_node<T>(&mut self, now: Instant, deed: impl FnOnce(&mut Node) -> T) -> T {
        let done = deed(&mut self.node);
        self.drain_node(now);
        done
    }

    /// Lets every part do what is due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let overdue = self.links.overdue(now);
        self.carry_out(now, overdue);
        let late = self.relaying.on_timeout(now);
        self.carry_out(now, late);
        if let Some(overdue) = self.leasing.overdue(now, &self.links) {
            self.carry_out(now, overdue);
            let context = Context::new(now, &mut self.node, &self.links);
            let wants = self.leasing.look(&context);
            self.carry_out(now, wants);
        }
        self.node.handle_timeout(now);
        self.transfers.swarm.handle_timeout(now);
        self.drain_node(now);
        self.take_steps(now);
    }

    /// The earliest time at which a part wants to be called, and the part.
    pub(super) fn poll_timeout(&self) -> Option<(Instant, TimerKind)> {
        let due = |at: Option<Instant>, kind| at.map(|at| (at, kind));
        let node = self.node.poll_timeout();
        let timers = [
            due(self.links.poll_timeout(), TimerKind::Handshake),
            due(self.relaying.poll_timeout(), TimerKind::Relay),
            due(self.leasing.poll_timeout(), TimerKind::Lease),
            due(self.finding.poll_timeout(), TimerKind::Join),
            node.map(|(at, kind)| (at, TimerKind::Node(kind))),
            due(self.transfers.swarm.poll_timeout(), TimerKind::Swarm),
        ];
        timers.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Carries out what parts want of one another: in order, each want with all that follows from it.
    pub(super) fn carry_out(&mut self, now: Instant, wants: impl IntoIterator<Item = Want>) {
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

    pub(super) fn open_socket(
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

    pub(super) fn receive(&mut self, now: Instant, link: LinkId, bytes: &Bytes) {
        let wants = self.with_links(now, |links, host| links.receive(host, link, bytes));
        if let Some(wants) = wants {
            self.carry_out(now, wants);
            self.drain_node(now);
        }
    }

    /// Takes all steps of the search for a ring that are due.
    pub(super) fn take_steps(&mut self, now: Instant) {
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
    pub(super) fn drain_node(&mut self, now: Instant) {
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

/// Surroundings for tests of a part, instead of a peer.
#[cfg(test)]
pub(super) mod fixture {
    use super::*;
    use crate::base::id::Space;
    use crate::link::session::Role;

    /// The address of the node with this secret.
    pub(in crate::peer) fn address_of(secret: u8) -> Address {
        Address::parse_url(&alloc::format!("ws://peer-{secret}")).unwrap()
    }

    /// The contact of the node with this secret.
    pub(in crate::peer) fn contact_of(secret: u8) -> Contact {
        let signer = Signer::ed25519([secret; 32]);
        let addresses = alloc::vec![address_of(secret)];
        Contact::sign(Space::FULL, &signer, 0, 1, addresses).unwrap()
    }

    /// A node of its own and its links: what there is around a part.
    pub(in crate::peer) struct Around {
        pub(in crate::peer) signer: Signer,
        pub(in crate::peer) node: Node,
        pub(in crate::peer) links: Links,
    }

    impl Around {
        pub(in crate::peer) fn new(secret: u8) -> Self {
            let signer = Signer::ed25519([secret; 32]);
            let rng = Rng::from_entropy([secret; 32]);
            let config = Config::default();
            Self {
                links: Links::new(&config, &signer, rng.clone()),
                node: Node::new(config.node, signer.clone(), contact_of(secret), rng),
                signer,
            }
        }

        /// Opens a socket of this number to the node with this secret.
        pub(in crate::peer) fn link(&mut self, number: u64, role: Role, secret: u8) -> LinkId {
            let link = LinkId(number);
            let socket = Channel::Socket(link);
            self.links.assume_open(socket, role, &contact_of(secret));
            link
        }

        pub(in crate::peer) fn context(&mut self, now: Instant) -> Context<'_> {
            Context::new(now, &mut self.node, &self.links)
        }
    }
}
