//! Finding a ring: a plan is carried out, at first and whenever this peer has lost all neighbours.
//!
//! [`Joining`] decides the next step; this part carries it out, in one way for a peer that others can dial and in another for a tab.

mod company;
mod joining;
mod lookout;

use alloc::vec::Vec;

use self::joining::{Joining, Step};
pub use self::joining::{Known, Plan};
use crate::base::contact::{Address, Contact};
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::Node;
use crate::node::api::{Event as NodeEvent, Standing};
use crate::peer::api::{Event, Output};
use crate::peer::config::Reach;
use crate::peer::dialing;
use crate::peer::dialing::Aim;
use crate::peer::links::Links;
use crate::peer::parts::{Context, ToNode, Want};

/// The search for a ring, when that was left to the peer.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    reach: Reach,
    joining: Option<Joining>,
}

/// A want of another part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Take note that this address, where a connection led, is this peer's own.
    Itself(Address),
    /// Take note that the last link to a node is gone.
    Unlinked(Id),
}

impl Finding {
    pub(super) const fn new(reach: Reach) -> Self {
        Self {
            reach,
            joining: None,
        }
    }

    /// Begins the search. Gives the addresses to join that are this peer's own.
    pub(super) fn start(
        &mut self,
        now: Instant,
        me: &Contact,
        plan: Plan,
        known: Vec<Known>,
    ) -> Vec<Address> {
        let given = match &plan {
            Plan::Join(given) => given.as_slice(),
            Plan::Create | Plan::Resume => &[],
        };
        let own = given.iter().filter(|given| me.addresses().contains(given));
        let own = own.cloned().collect();
        self.joining = Some(Joining::new(plan, known, me, self.reach, now));
        own
    }

    /// Ends it: the owner has this peer leave.
    pub(super) fn end(&mut self) {
        self.joining = None;
    }

    /// Returns whether a ring that is left is not followed by another one.
    pub(super) const fn is_off(&self) -> bool {
        self.joining.is_none()
    }

    /// Returns the addresses at which a ring is looked for while this peer is in none, each with the id of the last node there if that is
    /// known; without those of linked peers.
    pub(super) fn looked_for(&self, node: &Node, links: &Links) -> Vec<(Option<Id>, Address)> {
        let joining = self.joining.as_ref();
        let joining = joining.filter(|_| !node.membership().is_member());
        let mut asked = joining.map(Joining::asked).unwrap_or_default();
        asked.retain(|(id, address)| {
            let is_linked = id.is_some_and(|id| links.is_linked(id));
            !is_linked && links.at_address(address).is_none()
        });
        asked
    }

    /// The time at which [`Finding::step`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.joining.as_ref().and_then(Joining::due)
    }

    /// Founds the first group of a ring that this peer began when it reached too few of its list, once it reaches a majority. Gives whether
    /// it did.
    pub(super) fn found_at_last(&mut self, context: &mut Context<'_>) -> bool {
        let Context { now, links, .. } = *context;
        let is_linked = |address: &Address| links.at_address(address).is_some();
        let joining = self.joining.as_mut();
        let founds = joining.is_some_and(|joining| joining.may_found_at_last(is_linked));
        if founds {
            context.node.found_group(now);
        }
        founds
    }

    /// Takes the next step that is due; `None` when nothing more is. `relays` are this peer's own.
    pub(super) fn step(
        &mut self,
        context: Context<'_>,
        relays: &[Contact],
    ) -> Option<Option<Want>> {
        let joining = self.joining.as_mut()?;
        Some(match joining.step(context.now)? {
            Step::Create => {
                let is_linked = |address: &Address| context.links.at_address(address).is_some();
                match joining.may_found(is_linked) {
                    true => context.node.create(context.now),
                    false => context.node.create_again(context.now),
                }
                None
            }
            Step::Join(address) => Some(self.join_at(context.links, relays, address)),
            Step::AskLinked => {
                self.ask_linked(context);
                None
            }
            Step::Probe(address) => match self.reach {
                Reach::Direct => probe_at(context, address),
                // A tab alone serves no other peer: it goes to its relay's ring as soon as it has a relay.
                Reach::Relayed => {
                    let relay = relays.first();
                    let address = relay.and_then(|relay| relay.addresses().first().cloned());
                    if let Some(address) = address {
                        self.move_to(context, address);
                    }
                    None
                }
            },
            Step::Look(address) => self.look_at(context, address),
        })
    }

    fn join_at(&self, links: &Links, relays: &[Contact], address: Address) -> Want {
        let linked = match self.reach {
            Reach::Direct => links.at_address(&address),
            // A tab needs a lease before it joins.
            Reach::Relayed => {
                let mut held = relays.iter();
                held.find(|relay| relay.addresses().contains(&address))
            }
        };
        match linked {
            Some(contact) => Want::Node(ToNode::Join(contact.clone())),
            None => Want::Dialing(dialing::Input::Dial(address, Aim::Join)),
        }
    }

    /// Asks those that others can dial whether they are in a ring: among them may be company, or a member.
    fn ask_linked(&self, context: Context<'_>) {
        if self.reach == Reach::Relayed {
            return;
        }
        let me = context.node.contact();
        let linked = context.links.contacts();
        let linked =
            linked.filter(|other| !other.addresses().is_empty() && !other.is_same_peer(me));
        let mut linked: Vec<&Contact> = linked.collect();
        linked.sort_unstable();
        linked.dedup_by_key(|contact| contact.id());
        for contact in linked {
            context.node.probe(context.now, contact);
        }
    }

    /// Sees whether another ring is at an address that no neighbour and no finger has.
    fn look_at(&self, context: Context<'_>, address: Address) -> Option<Want> {
        let mut near = context.node.contacts();
        let is_near = near.any(|contact| contact.addresses().contains(&address));
        drop(near);
        match self.reach == Reach::Direct && !is_near {
            true => probe_at(context, address),
            false => None,
        }
    }

    /// Handles the answer of a peer that was asked whether it is in a ring.
    fn on_probed(&mut self, context: Context<'_>, contact: &Contact, standing: Standing) {
        let Some(joining) = &mut self.joining else {
            return;
        };
        let Context { now, .. } = context;
        let address = contact.addresses().first().cloned();
        if standing == Standing::Outside {
            joining.is_outside(now, contact.id());
            return;
        }
        joining.is_inside(now, contact.id(), address.clone());
        if joining.is_settled() && context.node.membership().is_member() {
            // It may be of another ring, which its answer shows: the two close up from there.
            context.node.look_round(now, contact);
            return;
        }
        // Of two rings of one, the node with the higher id moves.
        let others = standing == Standing::Member;
        if let Some(address) = address.filter(|_| others || contact.id() < context.node.id()) {
            self.move_to(context, address);
        }
    }

    fn move_to(&mut self, context: Context<'_>, address: Address) {
        let joining = self.joining.as_mut();
        if joining.is_some_and(|joining| joining.leave_for(address)) {
            context.node.stop(context.now);
        }
    }

    /// Handles an input from another part.
    pub(super) fn handle(&mut self, input: Input) -> Option<Want> {
        let joining = self.joining.as_mut()?;
        match input {
            Input::Itself(address) => {
                let is_listed = joining.is_mine(address.clone());
                let own = Want::Owner(Output::Event(Event::OwnAddress(address)));
                is_listed.then_some(own)
            }
            Input::Unlinked(id) => {
                joining.is_gone(id);
                None
            }
        }
    }

    /// Returns whether a node's event is the result of a probe of this search, which no other part handles.
    pub(super) const fn is_its_own(event: &NodeEvent) -> bool {
        matches!(event, NodeEvent::Probed(..))
    }

    /// Takes note of what happened at the node. Gives the neighbours to remember, when they have changed.
    pub(super) fn on_node_event(
        &mut self,
        context: Context<'_>,
        relays: &[Contact],
        event: &NodeEvent,
    ) -> Option<Event> {
        if let NodeEvent::Probed(contact, standing) = event {
            self.on_probed(context, contact, *standing);
            return None;
        }
        let Context { now, node, .. } = context;
        let joining = self.joining.as_mut()?;
        match event {
            NodeEvent::Joined => joining.joined(now),
            NodeEvent::JoinFailed => joining.failed(now),
            NodeEvent::Alone => joining.alone(now),
            NodeEvent::Left => joining.left(now),
            NodeEvent::Predecessor { .. } | NodeEvent::Successors(_) => {
                let known = joining.note(neighbours(node, relays));
                return known.map(|known| Event::Known(known.to_vec()));
            }
            _ => {}
        }
        None
    }
}

fn probe_at(context: Context<'_>, address: Address) -> Option<Want> {
    match context.links.at_address(&address) {
        Some(contact) => {
            context.node.probe(context.now, contact);
            None
        }
        None => Some(Want::Dialing(dialing::Input::Dial(address, Aim::Probe))),
    }
}

/// The neighbours in the ring, and the relays, that others can dial.
fn neighbours(node: &Node, relays: &[Contact]) -> Vec<Known> {
    let membership = node.membership();
    let successors = membership.successors().entries().iter();
    let neighbours = successors.chain(membership.predecessor());
    let known = neighbours.chain(relays).filter_map(|contact| {
        let address = contact.addresses().first()?.clone();
        let id = contact.id();
        Some(Known { id, address })
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::link::session::Role;
    use crate::node::api::Output as NodeOutput;
    use crate::peer::parts::fixture::{Around, address_of, contact_of};

    const ME: u8 = 1;

    /// A peer that looks for a ring at these.
    fn finding(reach: Reach, around: &Around, given: &[u8]) -> Finding {
        let mut finding = Finding::new(reach);
        let plan = Plan::Join(given.iter().copied().map(address_of).collect());
        let own = finding.start(Instant::ZERO, around.node.contact(), plan, vec![]);
        assert_eq!(own.len(), usize::from(given.contains(&ME)), "one's own");
        finding
    }

    /// The wants of the first steps, of a peer with leases at these.
    fn steps(finding: &mut Finding, around: &mut Around, relays: &[u8]) -> Vec<Want> {
        let relays: Vec<Contact> = relays.iter().copied().map(contact_of).collect();
        let mut wants = Vec::new();
        for _ in 0..2 {
            let step = finding.step(around.context(Instant::ZERO), &relays);
            wants.extend(step.flatten());
        }
        wants
    }

    fn join(secret: u8) -> Want {
        Want::Node(ToNode::Join(contact_of(secret)))
    }

    fn dial(secret: u8) -> Want {
        Want::Dialing(dialing::Input::Dial(address_of(secret), Aim::Join))
    }

    #[test]
    fn a_peer_joins_by_a_link_and_a_tab_by_a_lease_or_else_they_dial() {
        for (reach, linked, leased, wanted) in [
            (Reach::Direct, false, false, dial(2)),
            (Reach::Direct, true, false, join(2)),
            (Reach::Relayed, true, false, dial(2)),
            (Reach::Relayed, true, true, join(2)),
        ] {
            let mut around = Around::new(ME);
            if linked {
                around.link(1, Role::Initiator, 2);
            }
            let relays: &[u8] = if leased { &[2] } else { &[] };
            let mut finding = finding(reach, &around, &[ME, 2]);
            let wants = steps(&mut finding, &mut around, relays);
            assert_eq!(wants, [wanted], "{reach:?}");
        }
    }

    #[test]
    fn those_that_are_linked_are_asked_by_who_can_be_dialed() {
        for (reach, asked) in [(Reach::Direct, 1), (Reach::Relayed, 0)] {
            let mut around = Around::new(ME);
            around.link(1, Role::Initiator, 3);
            around.link(2, Role::Responder, 3);
            let mut finding = finding(reach, &around, &[2]);
            steps(&mut finding, &mut around, &[]);
            let outputs = core::iter::from_fn(|| around.node.poll_output());
            let probes = outputs.filter(|output| matches!(output, NodeOutput::Send { .. }));
            assert_eq!(probes.count(), asked, "{reach:?}");
        }
    }

    #[test]
    fn an_address_that_leads_to_itself_is_told_where_it_is_listed() {
        let around = Around::new(ME);
        let mut finding = finding(Reach::Direct, &around, &[2]);
        let own = |secret| Event::OwnAddress(address_of(secret));
        let listed = finding.handle(Input::Itself(address_of(2)));
        assert_eq!(listed, Some(Want::Owner(Output::Event(own(2)))));
        assert_eq!(finding.handle(Input::Itself(address_of(3))), None);
    }

    #[test]
    fn neighbours_and_relays_are_told_when_they_change() {
        let mut around = Around::new(ME);
        let mut finding = finding(Reach::Direct, &around, &[2]);
        around
            .node
            .settle(Instant::ZERO, None, &[contact_of(3)], &[]);
        let event = NodeEvent::Successors(vec![]);
        let relays = [contact_of(4)];
        let known = finding.on_node_event(around.context(Instant::ZERO), &relays, &event);
        let expected = [3, 4].map(|secret| Known {
            id: contact_of(secret).id(),
            address: address_of(secret),
        });
        assert_eq!(known, Some(Event::Known(expected.to_vec())));
        let again = finding.on_node_event(around.context(Instant::ZERO), &relays, &event);
        assert_eq!(again, None);
    }

    #[test]
    fn a_search_that_is_over_takes_no_steps() {
        let mut around = Around::new(ME);
        let mut finding = finding(Reach::Direct, &around, &[2]);
        assert!(!finding.is_off() && finding.poll_timeout().is_some());
        let looked_for = |finding: &Finding, around: &Around| {
            let looked_for = finding.looked_for(&around.node, &around.links);
            looked_for.into_iter().map(|(_, at)| at).collect::<Vec<_>>()
        };
        assert_eq!(looked_for(&finding, &around), [address_of(2)]);
        around.link(1, Role::Initiator, 2);
        assert_eq!(looked_for(&finding, &around), [], "it is there");
        finding.end();
        assert!(finding.is_off() && finding.poll_timeout().is_none());
        assert_eq!(steps(&mut finding, &mut around, &[]), []);
    }
}
