//! Carrying out a plan for finding a ring.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::base::contact::{Address, Contact};
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::api::{Event as NodeEvent, Standing};
use crate::peer::api::{Event, Output};
use crate::peer::channel::{Channel, Link};
use crate::peer::dialing::Aim;
use crate::peer::joining::{Joining, Known, Plan, Step};
use crate::peer::{Peer, Reach};

impl Peer {
    /// Finds a ring by a plan, and another one whenever this peer has lost everybody. `known` are neighbours of an
    /// earlier run, as [`Event::Known`] told them.
    pub fn start(&mut self, now: Instant, plan: Plan, known: Vec<Known>) {
        let given = match &plan {
            Plan::Join(given) => given.clone(),
            Plan::Create | Plan::Resume => Vec::new(),
        };
        let me = self.node.contact();
        for address in given.iter().filter(|given| me.addresses().contains(given)) {
            let own = Event::OwnAddress(address.clone());
            self.outputs.push_back(Output::Event(own));
        }
        self.joining = Some(Joining::new(plan, known, me, self.reach, now));
        self.take_steps(now);
    }

    /// Returns where this peer looks for a ring while it is in none: each address, with the id of who was there last where that is
    /// known. Who is linked is there, and not among them.
    pub fn looked_for(&self) -> Vec<(Option<Id>, Address)> {
        let joining = self.joining.as_ref();
        let joining = joining.filter(|_| !self.node.membership().is_member());
        let mut asked = joining.map(Joining::asked).unwrap_or_default();
        asked.retain(|(id, address)| {
            let is_linked = id.is_some_and(|id| self.is_linked(id));
            !is_linked && linked_at(&self.links, address).is_none()
        });
        asked
    }

    /// Does what the plan for finding a ring says is due.
    pub(super) fn take_steps(&mut self, now: Instant) {
        self.found_at_last(now);
        while let Some(step) = self.joining.as_mut().and_then(|joining| joining.step(now)) {
            match step {
                Step::Create => self.begin_ring(now),
                Step::Join(address) => self.join_at(now, address),
                Step::AskLinked => self.ask_linked(now),
                Step::Probe(address) => self.probe(now, address),
                Step::Look(address) => self.look_at(now, address),
            }
            self.drain_node(now);
        }
    }

    fn begin_ring(&mut self, now: Instant) {
        let links = &self.links;
        let joining = self.joining.as_mut();
        match joining.is_none_or(|joining| joining.may_found(|at| linked_at(links, at).is_some())) {
            true => self.node.create(now),
            false => self.node.create_again(now),
        }
    }

    /// Founds the first group of a ring that this peer began when it reached too few of its list, once it reaches a majority.
    fn found_at_last(&mut self, now: Instant) {
        let links = &self.links;
        let joining = self.joining.as_mut();
        if joining
            .is_some_and(|joining| joining.may_found_at_last(|at| linked_at(links, at).is_some()))
        {
            self.node.found_group(now);
            self.drain_node(now);
        }
    }

    fn join_at(&mut self, now: Instant, address: Address) {
        let linked = match self.reach {
            Reach::Direct => self.linked_at(&address),
            // A tab needs a lease before it joins.
            Reach::Relayed => {
                let mut held = self.leasing.held().iter();
                held.find(|relay| relay.addresses().contains(&address))
                    .cloned()
            }
        };
        match linked {
            Some(contact) => self.join_via(now, contact),
            None => self.dial(address, Aim::Join),
        }
    }

    /// Asks those that others can dial whether they are in a ring: among them may be company, or a member.
    fn ask_linked(&mut self, now: Instant) {
        if self.reach == Reach::Relayed {
            return;
        }
        let me = self.node.contact();
        let linked = self.links.values().filter_map(|state| state.contact());
        let linked =
            linked.filter(|other| !other.addresses().is_empty() && !other.is_same_peer(me));
        let mut linked: Vec<Contact> = linked.cloned().collect();
        linked.sort_unstable();
        linked.dedup_by_key(|contact| contact.id());
        for contact in linked {
            self.node.probe(now, &contact);
        }
    }

    /// Sees whether there is a ring to move to.
    fn probe(&mut self, now: Instant, address: Address) {
        match self.reach {
            Reach::Direct => self.probe_at(now, address),
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

    /// Sees whether another ring is at an address that no neighbour and no finger has.
    fn look_at(&mut self, now: Instant, address: Address) {
        let is_near = (self.node.contacts()).any(|contact| contact.addresses().contains(&address));
        if self.reach == Reach::Direct && !is_near {
            self.probe_at(now, address);
        }
    }

    fn probe_at(&mut self, now: Instant, address: Address) {
        match self.linked_at(&address) {
            Some(contact) => self.node.probe(now, &contact),
            None => self.dial(address, Aim::Probe),
        }
    }

    /// Who is linked and reached at this address.
    fn linked_at(&self, address: &Address) -> Option<Contact> {
        linked_at(&self.links, address).cloned()
    }

    /// A peer that was asked says whether it is in a ring.
    fn on_probed(&mut self, now: Instant, contact: &Contact, standing: Standing) {
        let Some(joining) = &mut self.joining else {
            return;
        };
        let address = contact.addresses().first().cloned();
        if standing == Standing::Outside {
            joining.is_outside(now, contact.id());
            return;
        }
        joining.is_inside(now, contact.id(), address.clone());
        if joining.is_settled() && self.node.membership().is_member() {
            // It may be of another ring, which its answer shows: the two close up from there.
            self.node.look_round(now, contact);
            return;
        }
        // Of two rings of one, the node with the higher id moves.
        let others = standing == Standing::Member;
        if let Some(address) = address.filter(|_| others || contact.id() < self.node.id()) {
            self.move_to(now, address);
        }
    }

    fn move_to(&mut self, now: Instant, address: Address) {
        let joining = self.joining.as_mut();
        if joining.is_some_and(|joining| joining.leave_for(address)) {
            self.node.stop(now);
        }
    }

    /// This peer itself was reached at an address.
    pub(super) fn on_itself(&mut self, address: Address) {
        let joining = self.joining.as_mut();
        if joining.is_some_and(|joining| joining.is_mine(address.clone())) {
            let own = Event::OwnAddress(address);
            self.outputs.push_back(Output::Event(own));
        }
    }

    /// The last link to a node is gone.
    pub(super) fn on_company_gone(&mut self, id: Id) {
        if let Some(joining) = &mut self.joining {
            joining.is_gone(id);
        }
    }

    /// Whether a node event is the business of whoever looks for a ring; `false` when the owner need not hear of it.
    pub(super) fn note_for_joining(&mut self, now: Instant, event: &NodeEvent) -> bool {
        if let NodeEvent::Probed(contact, standing) = event {
            self.on_probed(now, contact, *standing);
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

/// Returns the contact that one of these links reaches at this address.
fn linked_at<'a>(links: &'a BTreeMap<Channel, Link>, address: &Address) -> Option<&'a Contact> {
    links.values().find_map(|state| {
        let contact = state.contact()?;
        let dialed = state.dialed.as_ref() == Some(address);
        (dialed || contact.addresses().contains(address)).then_some(contact)
    })
}
