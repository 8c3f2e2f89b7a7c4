//! File transfers over links: connects the swarm to the links, and to the ring for providers.

use alloc::collections::BTreeMap;

use crate::base::contact::Contact;
use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::api::OperationId;
use crate::peer::api::{Event, Output};
use crate::peer::links::{self, Links};
use crate::peer::parts::{Context, Want};
use crate::swarm::Swarm;
use crate::swarm::api::Output as SwarmOutput;
use crate::swarm::message::{Arrived, Block, Message};

/// The most nodes that are remembered as sources; those without a link go first.
const MAX_CONTACTS: usize = 4_096;

/// An order of the swarm that others carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Send a piece of a content, and say then how much waits.
    SendBlock(Id, Block),
    /// Any other want.
    Want(Want),
}

/// A want of another part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Take in what a node says.
    Message(Id, Message),
    /// Take in a piece of a content.
    Block(Id, ContentId, Arrived),
    /// Send on: only so many bytes wait for a node any more.
    Waits(Id, usize),
    /// Expect nothing more that was on its way from or to a node.
    Gone(Id),
}

/// Files that are shared and fetched.
#[derive(Clone, Debug)]
pub(super) struct Transfers {
    pub(super) swarm: Swarm,
    /// The nodes that may have something.
    contacts: BTreeMap<Id, Contact>,
    /// Contents whose providers the ring is asked for.
    finding: BTreeMap<OperationId, Wanted>,
}

/// A content that is wanted, and the content whose providers may have it.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    content: ContentId,
    at: ContentId,
}

impl Transfers {
    pub(super) const fn new(swarm: Swarm) -> Self {
        Self {
            swarm,
            contacts: BTreeMap::new(),
            finding: BTreeMap::new(),
        }
    }

    /// Handles an input from another part.
    pub(super) fn handle(&mut self, now: Instant, input: Input) -> Option<Want> {
        match input {
            Input::Message(from, message) => self.swarm.handle_message(now, from, message),
            Input::Block(from, content, arrived) => {
                self.swarm.handle_block(now, from, content, arrived);
            }
            Input::Waits(id, bytes) => {
                self.swarm.handle_waiting(now, id, bytes);
                return Some(Want::Drain);
            }
            Input::Gone(id) => self.swarm.handle_gone(now, id),
        }
        None
    }

    /// Adds a node that may have a content. `me` is this node.
    pub(super) fn add_source(
        &mut self,
        now: Instant,
        me: &Contact,
        links: &Links,
        content: ContentId,
        node: &Contact,
    ) {
        // Positions of one peer share what it shares.
        if node.is_same_peer(me) {
            return;
        }
        if self.contacts.len() >= MAX_CONTACTS {
            self.contacts.retain(|id, _| links.is_linked(*id));
        }
        self.contacts.insert(node.id(), node.clone());
        self.swarm.add_source(now, content, node.id());
    }

    /// Takes the providers of a content that the ring has found; `false` when no transfer had asked for them.
    pub(super) fn on_providers(
        &mut self,
        context: &Context<'_>,
        operation: OperationId,
        found: &[Contact],
    ) -> bool {
        let Some(wanted) = self.finding.remove(&operation) else {
            return false;
        };
        let Context { now, links, .. } = *context;
        let me = context.node.contact();
        for node in found {
            self.add_source(now, me, links, wanted.content, node);
            if wanted.at != wanted.content {
                // The next file of the folder is asked for there at once.
                self.add_source(now, me, links, wanted.at, node);
            }
        }
        true
    }

    /// Carries out what the swarm wants of the ring. Gives the next thing that it wants of others; `None` when it wants nothing more.
    pub(super) fn poll(&mut self, context: Context<'_>) -> Option<Order> {
        let Context { now, node, links } = context;
        while let Some(output) = self.swarm.poll_output() {
            match output {
                SwarmOutput::Send(to, message) => {
                    let linked = links.way_to(to).and_then(|way| links.contact(way));
                    match linked.or_else(|| self.contacts.get(&to)) {
                        Some(contact) => {
                            let message = crate::message::Message::Swarm(message);
                            let send = links::Input::Send(contact.clone(), message);
                            return Some(Order::Want(Want::Links(send)));
                        }
                        None => self.swarm.handle_gone(now, to),
                    }
                }
                SwarmOutput::SendBlock(to, block) => return Some(Order::SendBlock(to, block)),
                SwarmOutput::Read(content, index) => {
                    return Some(Order::Want(Want::Owner(Output::ReadSegment {
                        content,
                        index,
                    })));
                }
                SwarmOutput::Write(content, index, pieces) => {
                    let write = Output::WriteSegment {
                        content,
                        index,
                        pieces,
                    };
                    return Some(Order::Want(Want::Owner(write)));
                }
                SwarmOutput::Find { content, at } => {
                    // A peer in no ring finds no providers, and tries again.
                    if let Ok(operation) = node.providers(now, at) {
                        self.finding.insert(operation, Wanted { content, at });
                    }
                }
                SwarmOutput::Announce(content, true) => {
                    // At the limit the node says so by an event.
                    let _ = node.announce(now, content);
                }
                SwarmOutput::Announce(content, false) => node.withdraw(now, content),
                SwarmOutput::Event(event) => {
                    return Some(Order::Want(Want::Owner(Output::Event(Event::Swarm(event)))));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::base::rng::Rng;
    use crate::link::session::Role;
    use crate::peer::parts::fixture::{Around, contact_of};
    use crate::swarm::api::Limits;
    use crate::swarm::picker::Order as PickOrder;

    const ME: u8 = 1;
    const CONTENT: ContentId = ContentId([7; 32]);

    /// A member of a ring that fetches a content.
    fn fetching() -> (Transfers, Around) {
        let rng = Rng::from_entropy([0; 32]);
        let mut transfers = Transfers::new(Swarm::new(Limits::default(), rng));
        let mut around = Around::new(ME);
        around.node.create(Instant::ZERO);
        let fetched = transfers
            .swarm
            .fetch(Instant::ZERO, CONTENT, PickOrder::default());
        assert!(fetched.is_ok());
        (transfers, around)
    }

    /// Returns the nodes that the swarm wants to speak to.
    fn spoken_to(transfers: &mut Transfers, around: &mut Around) -> Vec<Id> {
        let mut to = Vec::new();
        while let Some(order) = transfers.poll(around.context(Instant::ZERO)) {
            if let Order::Want(Want::Links(links::Input::Send(contact, _))) = order {
                to.push(contact.id());
            }
        }
        to
    }

    #[test]
    fn whom_the_ring_names_is_a_source_but_for_this_peer() {
        let (mut transfers, mut around) = fetching();
        transfers.swarm.handle_timeout(Instant::ZERO);
        assert_eq!(spoken_to(&mut transfers, &mut around), []);
        let operation = *transfers.finding.keys().next().unwrap();
        let found = [contact_of(ME), contact_of(2)];
        let context = around.context(Instant::ZERO);
        assert!(transfers.on_providers(&context, operation, &found));
        assert!(!transfers.on_providers(&context, operation, &found), "once");
        let spoken = spoken_to(&mut transfers, &mut around);
        assert_eq!(spoken, [contact_of(2).id()]);
    }

    #[test]
    fn of_too_many_sources_those_without_a_link_are_forgotten() {
        let (mut transfers, mut around) = fetching();
        around.link(1, Role::Initiator, 2);
        let me = contact_of(ME);
        let linked = contact_of(2).id();
        for number in 0..MAX_CONTACTS as u64 - 1 {
            transfers
                .contacts
                .insert(Id::from_u64(number), contact_of(3));
        }
        for secret in [2, 4] {
            let links = &around.links;
            let source = contact_of(secret);
            transfers.add_source(Instant::ZERO, &me, links, CONTENT, &source);
        }
        let left: Vec<Id> = transfers.contacts.keys().copied().collect();
        assert_eq!(left.len(), 2);
        assert!(left.contains(&linked) && left.contains(&contact_of(4).id()));
    }
}
