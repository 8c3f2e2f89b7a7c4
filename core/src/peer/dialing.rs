//! Reaching nodes that there is no link to yet.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::base::contact::{Address, Contact};
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::api::Event as NodeEvent;
use crate::peer::Peer;
use crate::peer::api::{LinkId, Output};

/// Whom a dial is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Whoever is there, to join its ring.
    Join,
    /// This node and no other.
    Node(Id),
}

/// Dials under way, and what waits for them.
#[derive(Clone, Debug)]
pub(super) struct Dialing {
    max_dials: usize,
    max_waiting: usize,
    /// What each address was dialed for, in order.
    aims: BTreeMap<Address, VecDeque<Aim>>,
    waiting: BTreeMap<Id, Waiting>,
}

#[derive(Clone, Debug)]
struct Waiting {
    contact: Contact,
    next_address: usize,
    bodies: Vec<Vec<u8>>,
    bytes: usize,
}

impl Dialing {
    pub(super) const fn new(max_dials: usize, max_waiting: usize) -> Self {
        Self {
            max_dials,
            max_waiting,
            aims: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// The aim of a dial to this address that has just ended.
    pub(super) fn ended(&mut self, address: &Address) -> Option<Aim> {
        let aims = self.aims.get_mut(address)?;
        let aim = aims.pop_front();
        if aims.is_empty() {
            self.aims.remove(address);
        }
        aim
    }

    /// What waits for a node that is reached.
    pub(super) fn take(&mut self, node: Id) -> Vec<Vec<u8>> {
        let waiting = self.waiting.remove(&node);
        waiting.map(|waiting| waiting.bodies).unwrap_or_default()
    }

    fn aim(&mut self, address: &Address, aim: Aim) {
        self.aims.entry(address.clone()).or_default().push_back(aim);
    }
}

impl Peer {
    pub(super) fn dial_to_join(&mut self, _now: Instant, address: Address) {
        self.dialing.aim(&address, Aim::Join);
        self.outputs.push_back(Output::Dial(address));
    }

    /// Dials a node, or lets the message wait for a dial under way.
    pub(super) fn dial_to_send(&mut self, now: Instant, to: &Contact, body: Vec<u8>) {
        let id = to.id();
        let bytes = body.len();
        if let Some(waiting) = self.dialing.waiting.get_mut(&id) {
            // What does not fit is lost; the question it was times out.
            if waiting.bytes + bytes <= self.dialing.max_waiting {
                waiting.bytes += bytes;
                waiting.bodies.push(body);
            }
            return;
        }
        if self.dialing.waiting.len() >= self.dialing.max_dials {
            self.on_node_event(NodeEvent::LimitReached("dials"));
            return;
        }
        let waiting = Waiting {
            contact: to.clone(),
            next_address: 0,
            bodies: alloc::vec![body],
            bytes,
        };
        self.dialing.waiting.insert(id, waiting);
        self.dial_next_address(now, id);
    }

    fn dial_next_address(&mut self, now: Instant, id: Id) {
        let Some(waiting) = self.dialing.waiting.get_mut(&id) else {
            return;
        };
        let address = waiting
            .contact
            .addresses()
            .get(waiting.next_address)
            .cloned();
        waiting.next_address += 1;
        match address {
            Some(address) => {
                self.dialing.aim(&address, Aim::Node(id));
                self.outputs.push_back(Output::Dial(address));
            }
            None => {
                self.dialing.waiting.remove(&id);
                self.node.handle_unreachable(now, id);
                self.drain_node(now);
            }
        }
    }

    /// The answer to [`Output::Dial`]: the connection is open as this link.
    pub fn handle_dialed(&mut self, now: Instant, link: LinkId, address: &Address) {
        let aim = self.dialing.ended(address).unwrap_or(Aim::Join);
        self.open_link(now, link, Some(aim));
    }

    /// The answer to [`Output::Dial`]: nobody is there.
    pub fn handle_dial_failed(&mut self, now: Instant, address: &Address) {
        if let Some(aim) = self.dialing.ended(address) {
            self.on_aim_missed(now, &aim);
        }
    }

    /// A dial, or the handshake after it, has failed.
    pub(super) fn on_aim_missed(&mut self, now: Instant, aim: &Aim) {
        match aim {
            Aim::Join => self.on_node_event(NodeEvent::JoinFailed),
            Aim::Node(id) if self.dialing.waiting.contains_key(id) => {
                self.dial_next_address(now, *id);
            }
            Aim::Node(_) => {}
        }
    }
}
