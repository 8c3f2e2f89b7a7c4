//! Leases of a peer that cannot be dialed: it is reached by two others, and looks for another one when it loses one.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::identity::Signer;
use crate::base::time::Instant;
use crate::link::reason::CloseReason;
use crate::link::relay_message::RelayMessage;
use crate::node::api::Event as NodeEvent;
use crate::peer::api::{Event, Output, RelayView};
use crate::peer::config::Reach;
use crate::peer::dialing::Aim;
use crate::peer::links::{Channel, Links};
use crate::peer::parts::{Context, ToNode, Want};
use crate::peer::{dialing, links};

/// The number of peers at which a tab leases an address.
const WANTED: usize = 2;
/// The pause between looks whether it has as many as it wants, and whether they are still there.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The longest silence of a relay before it is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(5);
/// The longest time for its answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The time for which a peer that could not be used as relay is left alone.
const SHUN: Duration = Duration::from_secs(20);
/// The most peers that are remembered for having been relays.
const MAX_KNOWN: usize = 16;

/// A want of another part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Use an open connection: for a lease, or to join the ring of the node at its other end.
    Use {
        channel: Channel,
        contact: Contact,
        to_join: bool,
    },
    /// Take note that a node has granted a lease.
    Leased(Id),
    /// Take note that one has refused it.
    Refused(Id, CloseReason),
    /// Take note that one that was to be a relay cannot be dialed.
    NoRelay(Id),
    /// Take note that the socket to one is gone, which may have been a relay.
    RelayGone(Id),
}

/// The relays of a peer that cannot be dialed.
#[derive(Clone, Debug)]
pub(super) struct Leasing {
    reach: Reach,
    /// The version of the contact signed last.
    version: u64,
    relays: Relays,
}

#[derive(Clone, Debug, Default)]
struct Relays {
    held: Vec<Contact>,
    /// Asked for a lease, or dialed for one; until when.
    asked: BTreeMap<Id, Instant>,
    /// The relays that are not to be tried again, each until this time.
    shunned: BTreeMap<Id, Instant>,
    /// Former relays, latest first.
    known: Vec<Contact>,
    /// Join its ring, once it has granted a lease.
    joining: Option<Contact>,
    next_look: Option<Instant>,
}

impl Leasing {
    pub(super) fn new(reach: Reach, version: u64) -> Self {
        Self {
            reach,
            version,
            relays: Relays::default(),
        }
    }

    /// The relays that have granted a lease.
    pub(super) fn held(&self) -> &[Contact] {
        &self.relays.held
    }

    /// The peers that pass on what is sent to this one, and those that were asked to.
    pub(super) fn views(&self, links: &Links) -> Vec<RelayView> {
        let held = self.relays.held.iter().map(|contact| (contact, true));
        let is_asked = |contact: &&Contact| self.relays.asked.contains_key(&contact.id());
        let asked = links.contacts().filter(is_asked);
        held.chain(asked.map(|contact| (contact, false)))
            .map(|(contact, leased)| RelayView {
                contact: contact.clone(),
                leased,
            })
            .collect()
    }

    /// The time at which [`Leasing::overdue`] and [`Leasing::look`] have something to do.
    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.relays.next_look
    }

    /// Handles an input from another part.
    pub(super) fn handle(
        &mut self,
        context: Context<'_>,
        signer: &Signer,
        input: Input,
    ) -> Vec<Want> {
        let want = match input {
            Input::Use {
                channel,
                contact,
                to_join,
            } => self.on_up(&context, channel, contact, to_join),
            Input::Leased(from) => return self.on_leased(context, signer, from),
            Input::Refused(from, reason) => self.on_refused(&context, from, reason),
            Input::NoRelay(id) => {
                self.on_unreachable(context.now, id);
                None
            }
            Input::RelayGone(id) => return self.on_socket_lost(context, signer, id),
        };
        want.into_iter().collect()
    }

    /// Handles a connection that is open, maybe to join the ring at its other end. A peer that cannot be dialed asks for a lease
    /// first of all.
    fn on_up(
        &mut self,
        context: &Context<'_>,
        channel: Channel,
        contact: Contact,
        to_join: bool,
    ) -> Option<Want> {
        match channel {
            Channel::Socket(link)
                if self.reach == Reach::Relayed && context.links.is_opener(channel) =>
            {
                let relays = &mut self.relays;
                if to_join {
                    relays.joining = Some(contact.clone());
                }
                let until = context.now + ANSWER_TIMEOUT;
                relays.asked.insert(contact.id(), until);
                relays.next_look.get_or_insert(context.now + LOOK_EVERY);
                Some(Want::Links(links::Input::Say(link, RelayMessage::Lease)))
            }
            _ => to_join.then_some(Want::Node(ToNode::Join(contact))),
        }
    }

    /// Takes a lease that a node has granted.
    fn on_leased(&mut self, context: Context<'_>, signer: &Signer, from: Id) -> Vec<Want> {
        let mut wants = Vec::new();
        let relays = &mut self.relays;
        if relays.asked.remove(&from).is_none() || self.reach == Reach::Direct {
            return wants;
        }
        let mut linked = context.links.contacts();
        let Some(contact) = linked.find(|contact| contact.id() == from) else {
            return wants;
        };
        let joins = relays.joining.take_if(|via| via.id() == from);
        if !relays.held.iter().any(|held| held.id() == from) {
            relays.known.retain(|known| known.id() != from);
            relays.known.insert(0, contact.clone());
            relays.known.truncate(MAX_KNOWN);
            relays.held.push(contact.clone());
            wants.extend(self.publish(context, signer));
        }
        wants.extend(joins.map(|via| Want::Node(ToNode::Join(via))));
        wants
    }

    /// Handles a node's refusal of a lease.
    fn on_refused(&mut self, context: &Context<'_>, from: Id, reason: CloseReason) -> Option<Want> {
        self.relays.asked.remove(&from)?;
        self.relays.shunned.insert(from, context.now + SHUN);
        let link = context.links.socket_to(from)?;
        Some(Want::Links(links::Input::Close(
            Channel::Socket(link),
            reason,
        )))
    }

    /// Handles the end of a socket to a node; it may have been a relay.
    fn on_socket_lost(&mut self, context: Context<'_>, signer: &Signer, id: Id) -> Vec<Want> {
        let mut wants = Vec::new();
        let relays = &mut self.relays;
        relays.asked.remove(&id);
        if relays.joining.take_if(|via| via.id() == id).is_some() {
            wants.push(Want::News(NodeEvent::JoinFailed));
        }
        let before = relays.held.len();
        relays.held.retain(|held| held.id() != id);
        if relays.held.len() < before {
            // One that ends each link at once is not dialed without end.
            relays.shunned.insert(id, context.now + LOOK_EVERY);
            relays.next_look = Some(context.now);
            wants.extend(self.publish(context, signer));
        }
        wants
    }

    /// Handles a node that was to be a relay and cannot be dialed.
    fn on_unreachable(&mut self, now: Instant, id: Id) {
        if self.relays.asked.remove(&id).is_some() {
            self.relays.shunned.insert(id, now + SHUN);
        }
    }

    /// Releases the leases: the peer has left its ring, and need not be found any more.
    #[must_use]
    pub(super) fn release(&mut self, links: &Links) -> Vec<Want> {
        let held = core::mem::take(&mut self.relays).held;
        let linked = held.iter().filter_map(|relay| links.socket_to(relay.id()));
        linked
            .map(|link| Want::Links(links::Input::Say(link, RelayMessage::Release)))
            .collect()
    }

    /// Signs a contact with the relays there are now, and has it told to every linked node.
    fn publish(&mut self, context: Context<'_>, signer: &Signer) -> [Want; 2] {
        self.version += 1;
        let Context { now, node, .. } = context;
        let contact = Contact::sign_relayed(
            node.space(),
            signer,
            node.contact().card().index,
            self.version,
            node.contact().addresses().to_vec(),
            &self.relays.held,
        );
        // Two relays are within the limits.
        if let Ok(contact) = contact {
            node.set_contact(now, contact);
        }
        [
            Want::Links(links::Input::Introduce),
            Want::Owner(Output::Event(Event::Relays)),
        ]
    }

    /// Gives the links to relays that have not answered, to close; `None` when it is not time to look. Then [`Leasing::look`] comes.
    pub(super) fn overdue(&mut self, now: Instant, links: &Links) -> Option<Vec<Want>> {
        let relays = &mut self.relays;
        relays.next_look.filter(|due| *due <= now)?;
        relays.next_look = Some(now + LOOK_EVERY);
        relays.shunned.retain(|_, until| *until > now);
        let overdue = relays.asked.iter().filter(|(_, until)| **until <= now);
        let overdue: Vec<Id> = overdue.map(|(id, _)| *id).collect();
        for id in &overdue {
            relays.asked.remove(id);
            relays.shunned.insert(*id, now + SHUN);
        }
        let linked = overdue.into_iter().filter_map(|id| links.socket_to(id));
        let close = |link| {
            Want::Links(links::Input::Close(
                Channel::Socket(link),
                CloseReason::Idle,
            ))
        };
        Some(linked.map(close).collect())
    }

    /// Asks relays that say nothing, and one more peer where there are too few: a machine that vanished closes no connection.
    #[must_use]
    pub(super) fn look(&mut self, context: &Context<'_>) -> Vec<Want> {
        let Context { now, links, .. } = *context;
        let mut wants = Vec::new();
        let relays = &mut self.relays;
        for id in relays.held.iter().map(Contact::id) {
            let Some(link) = links.socket_to(id) else {
                continue;
            };
            let heard = links.heard(link);
            let is_silent = heard.is_some_and(|heard| now >= heard + SILENCE);
            if is_silent && !relays.asked.contains_key(&id) {
                relays.asked.insert(id, now + ANSWER_TIMEOUT);
                wants.push(Want::Links(links::Input::Say(link, RelayMessage::Lease)));
            }
        }
        let is_member = context.node.membership().is_member();
        if relays.held.len() + relays.asked.len() < WANTED && is_member {
            wants.extend(self.ask_another(context));
        }
        wants
    }

    /// Asks one more peer for a lease: a neighbour if possible, or one that was a relay before.
    fn ask_another(&mut self, context: &Context<'_>) -> Option<Want> {
        let relays = &self.relays;
        let usable = |contact: &&Contact| {
            let id = contact.id();
            !contact.addresses().is_empty()
                && !relays.held.iter().any(|held| held.is_same_peer(contact))
                && !relays.asked.contains_key(&id)
                && !relays.shunned.contains_key(&id)
        };
        let candidates = context.node.contacts().chain(&relays.known);
        let candidate = candidates.into_iter().find(usable)?;
        let (id, address) = (candidate.id(), candidate.addresses().first().cloned());
        let until = context.now + ANSWER_TIMEOUT;
        self.relays.asked.insert(id, until);
        match context.links.socket_to(id) {
            Some(link) => Some(Want::Links(links::Input::Say(link, RelayMessage::Lease))),
            None => {
                address.map(|address| Want::Dialing(dialing::Input::Dial(address, Aim::Relay(id))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::link::LinkId;
    use crate::link::session::Role;
    use crate::peer::parts::fixture::{Around, contact_of};

    #[test]
    fn the_page_says_how_a_tab_watches_its_relays() {
        assert_eq!(WANTED, 2);
        crate::page::must_say("asks nodes that it has dialed for a *lease*; it wants two");
        crate::page::must_say(&alloc::format!(
            "asks after {} seconds of silence, and closes the link as *idle* after {} more",
            SILENCE.as_secs(),
            ANSWER_TIMEOUT.as_secs()
        ));
    }

    const ME: u8 = 1;
    const RELAY: u8 = 2;
    const SOCKET: Channel = Channel::Socket(LinkId(1));

    fn handle(leasing: &mut Leasing, around: &mut Around, at: Instant, input: Input) -> Vec<Want> {
        let signer = around.signer.clone();
        leasing.handle(around.context(at), &signer, input)
    }

    /// The wants after a new link to the relay, dialed to join its ring.
    fn dialed(leasing: &mut Leasing, around: &mut Around) -> Vec<Want> {
        around.link(1, Role::Initiator, RELAY);
        let linked = Input::Use {
            channel: SOCKET,
            contact: contact_of(RELAY),
            to_join: true,
        };
        handle(leasing, around, Instant::ZERO, linked)
    }

    fn say(said: RelayMessage) -> Want {
        Want::Links(links::Input::Say(LinkId(1), said))
    }

    /// A tab with a lease.
    fn leased() -> (Leasing, Around) {
        let (mut leasing, mut around) = (Leasing::new(Reach::Relayed, 1), Around::new(ME));
        let wants = dialed(&mut leasing, &mut around);
        assert_eq!(wants, [say(RelayMessage::Lease)]);
        let relay = contact_of(RELAY);
        let granted = Input::Leased(relay.id());
        let wants = handle(&mut leasing, &mut around, Instant::ZERO, granted);
        let told = Want::Owner(Output::Event(Event::Relays));
        let join = Want::Node(ToNode::Join(relay.clone()));
        assert_eq!(wants, [Want::Links(links::Input::Introduce), told, join]);
        assert_eq!(around.node.contact().relays(), [relay]);
        (leasing, around)
    }

    #[test]
    fn a_tab_joins_once_it_has_a_lease_and_any_other_peer_at_once() {
        let (leasing, around) = leased();
        assert_eq!(leasing.held().len(), 1);
        assert!(leasing.views(&around.links).iter().all(|view| view.leased));
        let (mut direct, mut around) = (Leasing::new(Reach::Direct, 1), Around::new(ME));
        let wants = dialed(&mut direct, &mut around);
        assert_eq!(wants, [Want::Node(ToNode::Join(contact_of(RELAY)))]);
    }

    #[test]
    fn a_silent_relay_is_asked_and_then_given_up() {
        let (mut leasing, mut around) = leased();
        let silent = Instant::ZERO + SILENCE;
        assert_eq!(leasing.overdue(Instant::ZERO, &around.links), None);
        assert_eq!(leasing.overdue(silent, &around.links), Some(vec![]));
        let wants = leasing.look(&around.context(silent));
        assert_eq!(wants, [say(RelayMessage::Lease)]);
        let overdue = leasing.overdue(silent + ANSWER_TIMEOUT, &around.links);
        let close = links::Input::Close(SOCKET, CloseReason::Idle);
        assert_eq!(overdue, Some(vec![Want::Links(close)]));
        let gone = Input::RelayGone(contact_of(RELAY).id());
        let wants = handle(&mut leasing, &mut around, silent, gone);
        let introduce = Want::Links(links::Input::Introduce);
        assert_eq!(wants.first(), Some(&introduce), "without the relay");
        assert!(leasing.held().is_empty());
        assert!(around.node.contact().relays().is_empty());
    }

    #[test]
    fn who_refuses_a_lease_is_left_alone_for_a_while() {
        let (mut leasing, mut around) = (Leasing::new(Reach::Relayed, 1), Around::new(ME));
        dialed(&mut leasing, &mut around);
        around.node.create(Instant::ZERO);
        let (id, reason) = (contact_of(RELAY).id(), CloseReason::TooManyLeases);
        let refused = Input::Refused(id, reason);
        let wants = handle(&mut leasing, &mut around, Instant::ZERO, refused);
        let close = links::Input::Close(SOCKET, reason);
        assert_eq!(wants, [Want::Links(close)]);
        leasing.relays.known.push(contact_of(RELAY));
        let again = Instant::ZERO + SHUN;
        assert_eq!(leasing.look(&around.context(again)), []);
        assert_eq!(leasing.overdue(again, &around.links), Some(vec![]));
        let wants = leasing.look(&around.context(again));
        assert_eq!(wants, [say(RelayMessage::Lease)]);
    }

    #[test]
    fn a_join_fails_whose_relay_is_gone_before_it_grants_a_lease() {
        let (mut leasing, mut around) = (Leasing::new(Reach::Relayed, 1), Around::new(ME));
        dialed(&mut leasing, &mut around);
        let gone = Input::RelayGone(contact_of(RELAY).id());
        let wants = handle(&mut leasing, &mut around, Instant::ZERO, gone);
        assert_eq!(wants, [Want::News(NodeEvent::JoinFailed)]);
    }

    #[test]
    fn who_leaves_its_ring_gives_its_leases_back() {
        let (mut leasing, around) = leased();
        let wants = leasing.release(&around.links);
        assert_eq!(wants, [say(RelayMessage::Release)]);
        assert_eq!(leasing.release(&around.links), []);
        assert_eq!(leasing.poll_timeout(), None);
    }
}
