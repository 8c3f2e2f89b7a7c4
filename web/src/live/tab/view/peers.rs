//! Whom the peer knows, and how well.

use chordscope_core::base::contact::Contact;
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::LinkView;

use super::{fingers, reached_at, through};
use crate::live::talk::{FingerRow, PeerRow, micros};

/// Everybody that the peer has in its tables or a link with, in order of importance.
pub(super) fn peers(peer: &Peer) -> Vec<PeerRow> {
    let node = peer.node();
    let mut known: Vec<PeerRow> = Vec::new();
    let mut note = |contact: &Contact, role: Option<String>| {
        let at = known.iter().position(|row| row.id == contact.id());
        let at = at.unwrap_or_else(|| {
            known.push(row(peer, contact));
            known.len() - 1
        });
        known[at].roles.extend(role);
    };
    for relay in peer.relays().iter().filter(|relay| relay.leased) {
        note(&relay.contact, Some("relay".to_owned()));
    }
    if let Some(contact) = node.membership().predecessor() {
        note(contact, Some("predecessor".to_owned()));
    }
    for (index, contact) in (1_u8..).zip(node.membership().successors().entries()) {
        note(contact, Some(format!("successor {index}")));
    }
    for FingerRow {
        first,
        last,
        node: id,
    } in fingers(peer)
    {
        let role = match first == last {
            true => format!("finger {first}"),
            false => format!("fingers {first}–{last}"),
        };
        if let Some(contact) = node
            .fingers()
            .get(first)
            .filter(|contact| contact.id() == id)
        {
            note(contact, Some(role));
        }
    }
    for contact in peer.links().filter_map(|link| link.contact) {
        note(&contact, None);
    }
    known
}

fn row(peer: &Peer, contact: &Contact) -> PeerRow {
    let id = contact.id();
    let is_its = |other: &Contact| other.id() == id;
    let links = peer.links();
    let links: Vec<LinkView> = links
        .filter(|link| link.contact.as_ref().is_some_and(is_its))
        .collect();
    let direct = links.iter().any(|link| link.via.is_none());
    let relay = links.iter().find_map(|link| link.via);
    let address = match relay.filter(|_| !direct) {
        Some(relay) => Some(through(relay)),
        None => reached_at(contact),
    };
    let sum = |bytes: fn(&LinkView) -> u64| links.iter().map(bytes).sum::<u64>();
    PeerRow {
        id,
        roles: Vec::new(),
        address,
        linked: !links.is_empty(),
        rtt: peer.node().rtt(id).smoothed().map(micros),
        sent: sum(|link| link.sent),
        received: sum(|link| link.received),
    }
}
