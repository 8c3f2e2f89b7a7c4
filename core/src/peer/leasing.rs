//! How a peer that cannot be dialed is reached: it leases an address at two others, and looks for another one when it
//! loses one.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::reason::CloseReason;
use crate::link::relay_message::RelayMessage;
use crate::link::session::Role;
use crate::node::api::Event as NodeEvent;
use crate::peer::api::{Event, Output, RelayView};
use crate::peer::channel::Channel;
use crate::peer::dialing::Aim;
use crate::peer::{Peer, Reach};

/// At how many peers a tab leases an address.
const WANTED: usize = 2;
/// How often it looks whether it has as many as it wants, and whether they are still there.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a relay may be silent before it is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(5);
/// How long it may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a peer that could not be used as relay is left alone.
const SHUN: Duration = Duration::from_secs(20);
/// How many peers that have been relays, or could be, are remembered.
const MAX_KNOWN: usize = 16;

/// The relays of a peer that cannot be dialed.
#[derive(Clone, Debug, Default)]
pub(super) struct Leasing {
    held: Vec<Contact>,
    /// Asked for a lease, or dialed for one; until when.
    asked: BTreeMap<Id, Instant>,
    /// Not to be tried again before this time.
    shunned: BTreeMap<Id, Instant>,
    /// Have been relays, latest first.
    known: Vec<Contact>,
    /// Join its ring, once it has granted a lease.
    joining: Option<Contact>,
    next_look: Option<Instant>,
}

impl Leasing {
    pub(super) fn held(&self) -> &[Contact] {
        &self.held
    }

    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.next_look
    }
}

impl Peer {
    /// The peers that pass on what is sent to this one.
    pub fn relays(&self) -> Vec<RelayView> {
        let held = self.leasing.held.iter().cloned();
        let held = held.map(|contact| RelayView {
            contact,
            leased: true,
        });
        let asked = self.links.values().filter_map(|state| {
            let contact = state.contact()?;
            self.leasing
                .asked
                .contains_key(&contact.id())
                .then(|| RelayView {
                    contact: contact.clone(),
                    leased: false,
                })
        });
        held.chain(asked).collect()
    }

    /// A link is open. A peer that cannot be dialed asks for a lease first of all.
    pub(super) fn on_possible_relay(
        &mut self,
        now: Instant,
        channel: Channel,
        contact: &Contact,
        to_join: bool,
    ) {
        let role = self.links.get(&channel).map(|state| state.role);
        let usable = match channel {
            Channel::Socket(link) if role == Some(Role::Initiator) => Some(link),
            _ => None,
        };
        match usable.filter(|_| self.reach == Reach::Relayed) {
            Some(link) => {
                if to_join {
                    self.leasing.joining = Some(contact.clone());
                }
                let until = now + ANSWER_TIMEOUT;
                self.leasing.asked.insert(contact.id(), until);
                self.leasing.next_look.get_or_insert(now + LOOK_EVERY);
                self.send_relay_message(now, link, RelayMessage::Lease);
            }
            None if to_join => self.join_via(now, contact.clone()),
            None => {}
        }
    }

    pub(super) fn on_leased(&mut self, now: Instant, from: Id) {
        if self.leasing.asked.remove(&from).is_none() || self.reach == Reach::Direct {
            return;
        }
        let contact = self.links.values().find_map(|state| {
            let contact = state.contact()?;
            (contact.id() == from).then(|| contact.clone())
        });
        let Some(contact) = contact else {
            return;
        };
        if !self.leasing.held.iter().any(|held| held.id() == from) {
            let known = &mut self.leasing.known;
            known.retain(|known| known.id() != from);
            known.insert(0, contact.clone());
            known.truncate(MAX_KNOWN);
            self.leasing.held.push(contact);
            self.publish_relays(now);
        }
        if let Some(via) = self.leasing.joining.take_if(|via| via.id() == from) {
            self.join_via(now, via);
        }
    }

    pub(super) fn on_lease_refused(&mut self, now: Instant, from: Id, reason: CloseReason) {
        if self.leasing.asked.remove(&from).is_none() {
            return;
        }
        self.leasing.shunned.insert(from, now + SHUN);
        if let Some(link) = self.socket_to(from) {
            self.close(now, Channel::Socket(link), reason);
        }
    }

    /// The socket to a node is gone; it may have been a relay.
    pub(super) fn on_relay_lost(&mut self, now: Instant, id: Id) {
        self.leasing.asked.remove(&id);
        if self.leasing.joining.take_if(|via| via.id() == id).is_some() {
            self.on_node_event(now, NodeEvent::JoinFailed);
        }
        let before = self.leasing.held.len();
        self.leasing.held.retain(|held| held.id() != id);
        if self.leasing.held.len() < before {
            self.publish_relays(now);
            // One that ends each link at once is not dialed without end.
            self.leasing.shunned.insert(id, now + LOOK_EVERY);
            self.leasing.next_look = Some(now);
        }
    }

    /// A node that was to be a relay cannot be dialed.
    pub(super) fn on_relay_unreachable(&mut self, now: Instant, id: Id) {
        if self.leasing.asked.remove(&id).is_some() {
            self.leasing.shunned.insert(id, now + SHUN);
        }
    }

    /// The peer has left its ring: nobody need find it any more.
    pub(super) fn release_leases(&mut self, now: Instant) {
        for relay in core::mem::take(&mut self.leasing.held) {
            if let Some(link) = self.socket_to(relay.id()) {
                self.send_relay_message(now, link, RelayMessage::Release);
            }
        }
        self.leasing = Leasing::default();
    }

    /// Signs a contact with the relays there are now, and tells it everybody who is linked.
    fn publish_relays(&mut self, now: Instant) {
        self.version += 1;
        let contact = Contact::sign_relayed(
            self.node.space(),
            &self.signer,
            self.node.contact().card().index,
            self.version,
            self.node.contact().addresses().to_vec(),
            &self.leasing.held,
        );
        // Two relays are within the limits.
        if let Ok(contact) = contact {
            self.node.set_contact(now, contact);
        }
        let channels: Vec<Channel> = self.links.keys().copied().collect();
        for channel in channels {
            self.introduce(now, channel);
        }
        self.outputs.push_back(Output::Event(Event::Relays));
    }

    pub(super) fn on_lease_timeout(&mut self, now: Instant) {
        if self.leasing.next_look.is_none_or(|due| due > now) {
            return;
        }
        self.leasing.next_look = Some(now + LOOK_EVERY);
        self.leasing.shunned.retain(|_, until| *until > now);
        self.check_silence(now);
        let is_member = self.node.membership().is_member();
        if self.leasing.held.len() + self.leasing.asked.len() < WANTED && is_member {
            self.ask_another(now);
        }
    }

    /// A machine that vanished closes no connection: relays that say nothing are asked, and given up.
    fn check_silence(&mut self, now: Instant) {
        let overdue = self
            .leasing
            .asked
            .iter()
            .filter(|(_, until)| **until <= now);
        let overdue: Vec<Id> = overdue.map(|(id, _)| *id).collect();
        for id in overdue {
            self.leasing.asked.remove(&id);
            self.leasing.shunned.insert(id, now + SHUN);
            if let Some(link) = self.socket_to(id) {
                self.close(now, Channel::Socket(link), CloseReason::Idle);
            }
        }
        let held: Vec<Id> = self.leasing.held.iter().map(Contact::id).collect();
        for id in held {
            let Some(link) = self.socket_to(id) else {
                continue;
            };
            let heard = self.links.get(&Channel::Socket(link));
            let silent = heard.is_some_and(|state| now >= state.heard + SILENCE);
            if silent && !self.leasing.asked.contains_key(&id) {
                self.leasing.asked.insert(id, now + ANSWER_TIMEOUT);
                self.send_relay_message(now, link, RelayMessage::Lease);
            }
        }
    }

    /// Asks one more peer for a lease: a neighbour if possible, or one that was a relay before.
    fn ask_another(&mut self, now: Instant) {
        let leasing = &self.leasing;
        let usable = |contact: &&Contact| {
            let id = contact.id();
            !contact.addresses().is_empty()
                && !leasing.held.iter().any(|held| held.is_same_peer(contact))
                && !leasing.asked.contains_key(&id)
                && !leasing.shunned.contains_key(&id)
        };
        let candidates = self.node.contacts().chain(&leasing.known);
        let Some(candidate) = candidates.into_iter().find(usable).cloned() else {
            return;
        };
        let id = candidate.id();
        self.leasing.asked.insert(id, now + ANSWER_TIMEOUT);
        match self.socket_to(id) {
            Some(link) => self.send_relay_message(now, link, RelayMessage::Lease),
            None => {
                if let Some(address) = candidate.addresses().first().cloned() {
                    self.dial(address, Aim::Relay(id));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
