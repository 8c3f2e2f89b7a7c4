//! What each fuzz target does with its bytes. None may panic, whatever they are; what is taken in is written out and
//! taken in again as the same.

#![allow(dead_code, reason = "each program of the fuzzer uses one target")]

use std::collections::BTreeSet;
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::{Scheme, Signer};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::link::handshake::Handshake;
use chordscope_core::link::relay_message::RelayMessage;
use chordscope_core::link::session::Role;
use chordscope_core::message::Message;
use chordscope_core::node::Node;
use chordscope_core::node::api::{Output, StorageEvent};
use chordscope_core::node::config::Config;
use chordscope_core::sim::permalink::Permalink;
use chordscope_core::sim::scenario::Scenario;
use chordscope_core::store::replica::Replica;
use chordscope_core::wire::codec::{
    Cards, decode_contact, decode_control, decode_copy, decode_entry, decode_message,
    encode_contact, encode_control, encode_copy, encode_entry, encode_message,
};
use chordscope_core::wire::frame::Frame;

/// A target's name, and what it does.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All targets.
pub(crate) const ALL: [Target; 9] = [
    ("frame", frame),
    ("handshake", handshake),
    ("message", message),
    ("relay_message", relay_message),
    ("contact", contact),
    ("record", record),
    ("scenario", scenario),
    ("permalink", permalink),
    ("node", node),
];

/// Those that read text.
pub(crate) const TEXT: [&str; 2] = ["scenario", "permalink"];

fn cards() -> Cards {
    Cards::new(Space::FULL, Scheme::Ed25519)
}

pub(crate) fn frame(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(frame.encode(), bytes);
    }
    let _ = Frame::circuit_of(bytes);
}

/// The first byte tells the side, the rest comes in pieces as long as the byte before each says.
pub(crate) fn handshake(bytes: &[u8]) {
    let Some((side, mut rest)) = bytes.split_first() else {
        return;
    };
    let role = match side % 2 {
        0 => Role::Initiator,
        _ => Role::Responder,
    };
    let signer = Signer::ed25519([7; 32]);
    let mut rng = Rng::from_seed(1, 1);
    let (mut handshake, _) = Handshake::start(role, &signer, 0, "main", &mut rng);
    while let Some((length, after)) = rest.split_first() {
        let (piece, after) = after.split_at(after.len().min(2 * usize::from(*length)));
        if handshake.handle(&signer, piece).is_err() {
            return;
        }
        rest = after;
    }
}

pub(crate) fn message(bytes: &[u8]) {
    if let Ok(message) = decode_message(bytes, &mut cards()) {
        let again = encode_message(&message).map(|bytes| decode_message(&bytes, &mut cards()));
        assert_eq!(again, Ok(Ok(message)));
    }
}

pub(crate) fn relay_message(bytes: &[u8]) {
    if let Ok(message) = RelayMessage::decode(bytes) {
        assert_eq!(RelayMessage::decode(&message.encode()), Ok(message));
    }
}

pub(crate) fn contact(bytes: &[u8]) {
    if let Ok(contact) = decode_contact(bytes, &mut cards()) {
        let again = encode_contact(&contact).map(|bytes| decode_contact(&bytes, &mut cards()));
        assert_eq!(again, Ok(Ok(contact)));
    }
}

/// Records and what groups keep, as disks have them.
pub(crate) fn record(bytes: &[u8]) {
    if let Ok(copy) = decode_copy(bytes) {
        let again = encode_copy(&copy).map(|bytes| decode_copy(&bytes));
        assert_eq!(again, Ok(Ok(copy.clone())));
        let mut replica = Replica::new(Space::FULL, Scheme::Ed25519, 4, 1_000);
        let _ = replica.accept(Instant::ZERO, &copy);
        assert!(replica.len() <= 4);
        // Two copies, the one unchecked, the other as whatever is known of it.
        let _ = copy.record.join(7, &copy.record, copy.remaining);
        let known = Some(&copy.record);
        let _ = copy.record.verify(Space::FULL, Scheme::Ed25519, known);
    }
    if let Ok(entry) = decode_entry(bytes) {
        assert!(encode_entry(&entry).is_ok());
    }
    if let Ok(control) = decode_control(bytes, &mut cards()) {
        assert!(encode_control(&control).is_ok());
    }
}

pub(crate) fn scenario(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(scenario) = Scenario::from_json(&text) {
        assert_eq!(Scenario::from_json(&scenario.to_json()), Ok(scenario));
    }
}

pub(crate) fn permalink(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(link) = Permalink::parse(&text) {
        let nodes: BTreeSet<Id> = link.scenario.nodes.iter().copied().collect();
        assert_eq!(nodes.len(), link.scenario.nodes.len());
        assert!(nodes.iter().all(|id| link.scenario.space.contains(*id)));
    }
}

/// A settled node, and a script: time passes, messages come, disks fail. A piece begins with its length and its kind.
pub(crate) fn node(bytes: &[u8]) {
    let signer = |number: u8| Signer::ed25519([number; 32]);
    let card = |number| Contact::sign(Space::FULL, &signer(number), 0, 1, Vec::new()).ok();
    let (Some(me), Some(other), Some(third)) = (card(1), card(2), card(3)) else {
        return;
    };
    let mut node = Node::new(Config::default(), signer(1), me, Rng::from_seed(1, 1));
    let (mut now, mut cards) = (Instant::ZERO, cards());
    node.settle(
        now,
        Some(third.clone()),
        &[other.clone(), third.clone()],
        &[],
    );
    let mut rest = bytes;
    while let [length, kind, after @ ..] = rest {
        let (piece, after) = after.split_at(after.len().min(usize::from(*length)));
        let from = if kind & 1 == 0 { &other } else { &third };
        now += Duration::from_millis(u64::from(kind >> 4) * 100);
        match (kind >> 1) % 6 {
            0 => node.handle_timeout(now),
            1 => node.handle_unreachable(now, from.id()),
            2 => node.handle_storage(now, StorageEvent::Failed(u64::from(*length))),
            _ => {
                let message: Option<Message> = decode_message(piece, &mut cards).ok();
                if let Some(message) = message {
                    node.handle_message(now, from, message);
                }
            }
        }
        while let Some(output) = node.poll_output() {
            if let Output::StoreRecord { token, .. } | Output::StoreGroups { token, .. } = output {
                node.handle_storage(now, StorageEvent::Stored(token));
            }
        }
        rest = after;
    }
}
