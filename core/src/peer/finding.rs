//! Carrying out a plan for finding a ring.

use alloc::vec::Vec;

use crate::base::contact::{Address, Contact};
use crate::base::time::Instant;
use crate::node::api::Event as NodeEvent;
use crate::peer::api::{Event, Output};
use crate::peer::dialing::Aim;
use crate::peer::joining::{Joining, Known, Plan, Step};
use crate::peer::{Peer, Reach};

impl Peer {
    /// Finds a ring by a plan, and another one whenever this peer has lost everybody. `known` are neighbours of an
    /// earlier run, as [`Event::Known`] told them.
    pub fn start(&mut self, now: Instant, plan: Plan, known: Vec<Known>) {
        self.joining = Some(Joining::new(plan, known, self.node.contact(), now));
        self.take_steps(now);
    }

    /// Does what the plan for finding a ring says is due.
    pub(super) fn take_steps(&mut self, now: Instant) {
        while let Some(step) = self.joining.as_mut().and_then(|joining| joining.step(now)) {
            match step {
                Step::Create => self.node.create(now),
                Step::Join(address) => match self.relay_at(&address) {
                    Some(relay) => self.join_via(now, relay),
                    None => self.dial(address, Aim::Join),
                },
                Step::Probe(address) => self.probe(now, address),
            }
            self.drain_node(now);
        }
    }

    /// Sees whether there is a ring to move to.
    fn probe(&mut self, now: Instant, address: Address) {
        match self.reach {
            Reach::Direct => self.dial(address, Aim::Probe),
            // A tab alone serves nobody: it goes to its relay's ring as soon as it has a relay.
            Reach::Relayed => {
                let relay = self.leasing.held().first();
                let address = relay.and_then(|relay| relay.addresses().first().cloned());
                if let Some(address) = address {
                    self.move_to(now, address);
                }
            }
        }
    }

    /// Somebody is there again. Of two rings of one, the node with the higher id moves.
    fn on_probed(&mut self, now: Instant, contact: &Contact, others: bool) {
        let address = contact.addresses().first().cloned();
        if let Some(address) = address.filter(|_| others || contact.id() < self.node.id()) {
            self.move_to(now, address);
        }
    }

    fn move_to(&mut self, now: Instant, address: Address) {
        let joining = self.joining.as_mut();
        if joining.is_some_and(|joining| joining.leave_for(address)) {
            self.node.leave(now);
        }
    }

    /// The relay that was dialed at this address, if it has granted a lease.
    fn relay_at(&self, address: &Address) -> Option<Contact> {
        let mut held = self.leasing.held().iter();
        held.find(|relay| relay.addresses().contains(address))
            .cloned()
    }

    /// Whether a node event is the business of whoever looks for a ring; `false` when the owner need not hear of it.
    pub(super) fn note_for_joining(&mut self, now: Instant, event: &NodeEvent) -> bool {
        if let NodeEvent::Probed(contact, others) = event {
            self.on_probed(now, contact, *others);
            return false;
        }
        let Some(joining) = &mut self.joining else {
            return true;
        };
        match event {
            NodeEvent::Joined => joining.joined(now),
            NodeEvent::JoinFailed => joining.failed(now),
            NodeEvent::Alone => joining.alone(now),
            NodeEvent::Left => joining.left(now),
            NodeEvent::Predecessor { .. } | NodeEvent::Successors(_) => self.note_neighbours(),
            _ => {}
        }
        true
    }

    fn note_neighbours(&mut self) {
        let membership = self.node.membership();
        let successors = membership.successors().entries().iter();
        let neighbours = successors.chain(membership.predecessor());
        let known = neighbours.chain(self.leasing.held()).filter_map(|contact| {
            let address = contact.addresses().first()?.clone();
            let id = contact.id();
            Some(Known { id, address })
        });
        let known = known.collect();
        let changed = self
            .joining
            .as_mut()
            .and_then(|joining| joining.note(known));
        let told = changed.map(|known| Output::Event(Event::Known(known.to_vec())));
        self.outputs.extend(told);
    }
}
