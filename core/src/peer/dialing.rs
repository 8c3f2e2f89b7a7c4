//! Reaching nodes that there is no link to yet.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use crate::base::contact::{Address, Contact};
use crate::base::features::Features;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::reason::CloseReason;
use crate::link::relay_message::RelayMessage;
use crate::link::{Leg, LinkId};
use crate::node::api::{Event as NodeEvent, Limit};
use crate::peer::api::Output;
use crate::peer::channel::Channel;
use crate::peer::{Peer, Reach};

/// How many ways to one node are tried.
const MAX_WAYS: usize = 6;

/// Whom a connection is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Whoever is there, to join its ring.
    Join,
    /// This node and no other.
    Node(Id),
    /// This node and no other, to lease an address.
    Relay(Id),
    /// Whoever is there, to see whether there is a ring to move to.
    Probe,
}

impl Aim {
    /// Who must be there.
    pub(super) const fn node(&self) -> Option<Id> {
        match self {
            Self::Join | Self::Probe => None,
            Self::Node(id) | Self::Relay(id) => Some(*id),
        }
    }
}

/// A way to a node.
#[derive(Clone, Debug)]
enum Way {
    /// By a socket to this address.
    Socket(Address),
    /// By a circuit over this relay, and on over another one if the node has its lease there.
    Circuit { over: Contact, at: Option<Id> },
}

/// Dials under way, and what waits for them.
#[derive(Clone, Debug)]
pub(super) struct Dialing {
    max_dials: usize,
    max_waiting: usize,
    /// What each address was dialed for, in order.
    aims: BTreeMap<Address, VecDeque<Aim>>,
    waiting: BTreeMap<Id, Waiting>,
    /// Nodes that wait for a link to this relay.
    over: BTreeMap<Id, BTreeSet<Id>>,
}

/// A message that is sent once its receiver is reached.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    /// What the receiver must be able to do.
    pub(super) needs: Features,
    /// What a receiver is sent instead that can not.
    pub(super) plainer: Option<Vec<u8>>,
    /// Its number, if it is a request.
    pub(super) request: Option<u64>,
}

#[derive(Clone, Debug)]
struct Waiting {
    ways: VecDeque<Way>,
    bodies: Vec<Body>,
    bytes: usize,
}

impl Dialing {
    pub(super) const fn new(max_dials: usize, max_waiting: usize) -> Self {
        Self {
            max_dials,
            max_waiting,
            aims: BTreeMap::new(),
            waiting: BTreeMap::new(),
            over: BTreeMap::new(),
        }
    }

    /// What waits for a node that is reached.
    pub(super) fn take(&mut self, node: Id) -> Vec<Body> {
        let waiting = self.waiting.remove(&node);
        waiting.map(|waiting| waiting.bodies).unwrap_or_default()
    }

    /// The nodes that waited for a link to this relay.
    pub(super) fn take_over(&mut self, relay: Id) -> BTreeSet<Id> {
        self.over.remove(&relay).unwrap_or_default()
    }

    /// The aim of a dial to this address that has just ended.
    fn ended(&mut self, address: &Address) -> Option<Aim> {
        let aims = self.aims.get_mut(address)?;
        let aim = aims.pop_front();
        if aims.is_empty() {
            self.aims.remove(address);
        }
        aim
    }
}

impl Peer {
    /// Makes a link to a node. [`Event::LinkUp`](super::api::Event::LinkUp) follows, unless it cannot be reached.
    pub fn reach(&mut self, now: Instant, contact: &Contact) {
        self.make_link(now, contact, None);
        self.drain_node(now);
    }

    /// The answer to [`Output::Dial`]: the connection is open as this link.
    pub fn handle_dialed(&mut self, now: Instant, link: LinkId, address: &Address) {
        let aim = self.dialing.ended(address).unwrap_or(Aim::Join);
        let channel = Channel::Socket(link);
        self.open_channel(now, channel, Some(aim));
        if let Some(state) = self.links.get_mut(&channel) {
            state.dialed = Some(address.clone());
        }
    }

    /// The answer to [`Output::Dial`]: nobody is there.
    pub fn handle_dial_failed(&mut self, now: Instant, address: &Address) {
        if let Some(aim) = self.dialing.ended(address) {
            self.on_aim_missed(now, &aim);
        }
        self.drain_node(now);
    }

    pub(super) fn dial(&mut self, address: Address, aim: Aim) {
        let aims = self.dialing.aims.entry(address.clone()).or_default();
        aims.push_back(aim);
        self.outputs.push_back(Output::Dial(address));
    }

    /// Looks for a way to a node, or lets the message wait for one that is being looked for.
    pub(super) fn make_link(&mut self, now: Instant, to: &Contact, body: Option<Body>) {
        let id = to.id();
        if self.routes.contains_key(&id) {
            return;
        }
        let bytes = body.as_ref().map_or(0, |body| body.bytes.len());
        if let Some(waiting) = self.dialing.waiting.get_mut(&id) {
            // What does not fit is lost; the question it was times out.
            if waiting.bytes + bytes <= self.dialing.max_waiting {
                waiting.bytes += bytes;
                waiting.bodies.extend(body);
            }
            return;
        }
        if self.dialing.waiting.len() >= self.dialing.max_dials {
            self.on_node_event(now, NodeEvent::LimitReached(Limit::Dials));
            return;
        }
        let waiting = Waiting {
            ways: self.ways(to),
            bodies: body.into_iter().collect(),
            bytes,
        };
        self.dialing.waiting.insert(id, waiting);
        self.try_next_way(now, id);
    }

    /// The ways to a node, best first. A tab dials nobody but its relays.
    fn ways(&self, to: &Contact) -> VecDeque<Way> {
        let mut ways = VecDeque::new();
        match self.reach {
            Reach::Direct => {
                ways.extend(to.addresses().iter().cloned().map(Way::Socket));
                let me = self.node.id();
                let others = to.relays().iter().filter(|relay| relay.id() != me);
                ways.extend(others.map(|over| Way::Circuit {
                    over: over.clone(),
                    at: None,
                }));
            }
            Reach::Relayed => {
                let held = self.leasing.held();
                let shared = held.iter().filter(|over| to.relays().contains(over));
                ways.extend(shared.map(|over| Way::Circuit {
                    over: over.clone(),
                    at: None,
                }));
                for over in held {
                    let direct = (!to.addresses().is_empty()).then_some(None);
                    let others = to.relays().iter().map(Contact::id);
                    let others = others.filter(|at| *at != over.id()).map(Some);
                    ways.extend(direct.into_iter().chain(others).map(|at| Way::Circuit {
                        over: over.clone(),
                        at,
                    }));
                }
            }
        }
        ways.truncate(MAX_WAYS);
        ways
    }

    fn try_next_way(&mut self, now: Instant, id: Id) {
        while let Some(waiting) = self.dialing.waiting.get_mut(&id) {
            match waiting.ways.pop_front() {
                Some(Way::Socket(address)) => {
                    self.dial(address, Aim::Node(id));
                    return;
                }
                Some(Way::Circuit { over, at }) => {
                    if let Some(link) = self.socket_to(over.id()) {
                        self.open_circuit(now, link, id, at);
                        return;
                    }
                    if self.reach == Reach::Direct && !self.routes.contains_key(&over.id()) {
                        self.dialing.over.entry(over.id()).or_default().insert(id);
                        self.make_link(now, &over, None);
                        return;
                    }
                }
                None => {
                    self.dialing.waiting.remove(&id);
                    self.on_unreachable(now, id);
                }
            }
        }
    }

    /// Opens a circuit to a node that has a lease at the other end of a link, or at the relay `at` behind it.
    pub(super) fn open_circuit(&mut self, now: Instant, link: LinkId, to: Id, at: Option<Id>) {
        let aim = Aim::Node(to);
        let Some(circuit) = self.flows.get_mut(&link).and_then(|flow| flow.number()) else {
            self.on_aim_missed(now, &aim);
            return;
        };
        let open = RelayMessage::Open {
            circuit,
            target: to,
            relay: at,
        };
        self.send_relay_message(now, link, open);
        let channel = Channel::Circuit(Leg { link, circuit });
        self.open_channel(now, channel, Some(aim));
    }

    /// A dial, or the handshake after it, has failed.
    pub(super) fn on_aim_missed(&mut self, now: Instant, aim: &Aim) {
        match aim {
            Aim::Join => self.on_node_event(now, NodeEvent::JoinFailed),
            Aim::Node(id) => self.try_next_way(now, *id),
            Aim::Probe => {}
            Aim::Relay(id) => self.on_relay_unreachable(now, *id),
        }
    }

    /// There is no way left to a node.
    fn on_unreachable(&mut self, now: Instant, id: Id) {
        for leg in self.relay.give_up(id) {
            self.refuse_circuit(now, leg, CloseReason::Unreachable);
        }
        for node in self.dialing.take_over(id) {
            self.try_next_way(now, node);
        }
        self.node.handle_unreachable(now, id);
        self.transfers.swarm.handle_gone(now, id);
        self.drain_node(now);
    }
}
