//! Whom the peer knows, and how well.

use chordscope_core::base::contact::Contact;
use chordscope_core::peer::Peer;

use super::{fingers, reached_at};
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
    let (mut linked, mut sent, mut received) = (false, 0, 0);
    for link in peer
        .links()
        .filter(|link| link.contact.as_ref().is_some_and(is_its))
    {
        linked = true;
        sent += link.sent;
        received += link.received;
    }
    PeerRow {
        id,
        roles: Vec::new(),
        address: reached_at(contact),
        linked,
        rtt: peer.node().rtt(id).smoothed().map(micros),
        sent: sent as f64,
        received: received as f64,
    }
}
