//! Fuzz targets: functions that take any bytes in. What is read is written out and read again as the same. A target panics where that is
//! not so, as a fuzzer and `sim/tests/fuzz.rs` look for panics.

extern crate std;

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::OnceLock;

use crate::engine::history::export::{self, Imported};
use crate::engine::json::Json;
use crate::worlds::ring::RingWorld;
use crate::worlds::ring::permalink::Permalink;
use crate::worlds::ring::scenario::Scenario;

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
use chordscope_core::store::replica::Replica;
use chordscope_core::swarm::Swarm;
use chordscope_core::swarm::api::{Limits, Output as SwarmOutput};
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::collection::Collection;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::link::Link;
use chordscope_core::swarm::manifest::{Manifest, digest};
use chordscope_core::swarm::message::{
    Arrived, Block, Message as SwarmMessage, Place, Said, Standing,
};
use chordscope_core::swarm::picker::Order;
use chordscope_core::wire::block::{decode_block, encode_block};
use chordscope_core::wire::codec::{
    Cards, decode_contact, decode_control, decode_copy, decode_entry, decode_introduction,
    decode_message, encode_contact, encode_control, encode_copy, encode_entry, encode_introduction,
    encode_message,
};
use chordscope_core::wire::frame::Frame;

/// A target's name, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const ALL: [Target; 12] = [
    ("frame", frame),
    ("handshake", handshake),
    ("message", message),
    ("relay_message", relay_message),
    ("contact", contact),
    ("record", record),
    ("scenario", scenario),
    ("permalink", permalink),
    ("exported", exported),
    ("node", node),
    ("block", block),
    ("swarm", swarm),
];

/// The targets that read text.
pub const TEXT: [&str; 3] = ["scenario", "permalink", "exported"];

/// The most events that an exported run replays here.
const REPLAYED: usize = 2_000;

fn cards() -> Cards {
    Cards::new(Space::FULL, Scheme::ED25519)
}

/// Frames of a link.
pub fn frame(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(frame.encode(), bytes);
    }
    let _ = Frame::circuit_of(bytes);
}

/// The handshake of a link. The first byte tells the side, the rest comes in pieces as long as the byte before each says.
pub fn handshake(bytes: &[u8]) {
    let Some((side, mut rest)) = bytes.split_first() else {
        return;
    };
    let role = match side % 2 {
        0 => Role::Initiator,
        _ => Role::Responder,
    };
    let signer = Signer::ed25519([7; 32]);
    let mut rng = Rng::from_seed(1, 1);
    let (mut handshake, _) = Handshake::start(role, &signer, 0, "main", false, &mut rng);
    while let Some((length, after)) = rest.split_first() {
        let (piece, after) = after.split_at(after.len().min(2 * usize::from(*length)));
        if handshake.handle(&signer, piece).is_err() {
            return;
        }
        rest = after;
    }
}

/// Messages between nodes.
pub fn message(bytes: &[u8]) {
    if let Ok(message) = decode_message(bytes, &mut cards()) {
        let again = encode_message(&message).map(|bytes| decode_message(&bytes, &mut cards()));
        assert_eq!(again, Ok(Ok(message)));
    }
}

/// Messages between a peer and its relay.
pub fn relay_message(bytes: &[u8]) {
    if let Ok(message) = RelayMessage::decode(bytes) {
        assert_eq!(RelayMessage::decode(&message.encode()), Ok(message));
    }
}

/// Contacts, alone and as peers introduce themselves.
pub fn contact(bytes: &[u8]) {
    if let Ok((contact, features)) = decode_introduction(bytes, true, &mut cards()) {
        let again = encode_introduction(&contact, Some(features))
            .map(|bytes| decode_introduction(&bytes, true, &mut cards()));
        assert_eq!(again, Ok(Ok((contact, features))));
    }
    if let Ok(contact) = decode_contact(bytes, &mut cards()) {
        let again = encode_contact(&contact).map(|bytes| decode_contact(&bytes, &mut cards()));
        assert_eq!(again, Ok(Ok(contact)));
    }
}

/// Records and what groups keep, as disks have them.
pub fn record(bytes: &[u8]) {
    if let Ok(copy) = decode_copy(bytes) {
        let again = encode_copy(&copy).map(|bytes| decode_copy(&bytes));
        assert_eq!(again, Ok(Ok(copy.clone())));
        let mut replica = Replica::new(Space::FULL, Scheme::ED25519, 4, 1_000);
        let _ = replica.accept(Instant::ZERO, &copy);
        assert!(replica.len() <= 4);
        // Two copies, the one unchecked, the other as whatever is known of it.
        let _ = copy.record.join(7, &copy.record, copy.remaining);
        let known = Some(&copy.record);
        let _ = copy.record.verify(Space::FULL, Scheme::ED25519, known);
    }
    if let Ok(entry) = decode_entry(bytes) {
        assert!(encode_entry(&entry).is_ok());
    }
    if let Ok(control) = decode_control(bytes, &mut cards()) {
        assert!(encode_control(&control).is_ok());
    }
}

/// Scenarios as JSON.
pub fn scenario(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(scenario) = Scenario::from_json(&text) {
        assert_eq!(Scenario::from_json(&scenario.to_json()), Ok(scenario));
    }
}

/// Links to a moment of a run.
pub fn permalink(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(link) = Permalink::parse(&text) {
        let nodes: BTreeSet<Id> = link.scenario.nodes.iter().copied().collect();
        assert_eq!(nodes.len(), link.scenario.nodes.len());
        assert!(nodes.iter().all(|id| link.scenario.space.contains(*id)));
    }
}

/// Exported runs, with their branches.
pub fn exported(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(json) = Json::parse(&text) else {
        return;
    };
    let Ok(Imported { history, .. }) = export::from_json::<RingWorld>(json, REPLAYED) else {
        return;
    };
    let written = export::to_json(&history);
    let read = Json::parse(&written.lines());
    let again = read.and_then(|json| export::from_json::<RingWorld>(json, REPLAYED));
    let again = again.map(|again| again.history);
    assert_eq!(again.as_ref().map(export::to_json), Ok(written));
    let digest = again.map(|again| again.world().digest());
    assert_eq!(digest, Ok(history.world().digest()));
}

/// A settled node, and a script: time passes, messages come, disks fail. A piece begins with its length and its kind.
pub fn node(bytes: &[u8]) {
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
                    node.handle_message(now, from.clone(), message);
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

/// Blocks, lists of files and links.
pub fn block(bytes: &[u8]) {
    if let Some((content, place, piece)) = decode_block(bytes) {
        let block = Block {
            content,
            place,
            whole: Arc::new(piece.to_vec()),
            range: 0..piece.len(),
            value: None,
        };
        let frame = encode_block(&block);
        let body = Frame::decode(&frame).map(|frame| frame.body);
        assert_eq!(body, Ok(bytes));
    }
    if let Ok(list) = Collection::decode(bytes) {
        assert_eq!(Collection::decode(&list.encode()), Ok(list));
    }
    if let Ok(link) = Link::parse(&String::from_utf8_lossy(bytes)) {
        assert_eq!(Link::parse(&link.to_string()), Ok(link));
    }
}

/// Two files, and what they are made of.
fn files() -> &'static [(Vec<u8>, Manifest); 2] {
    static FILES: OnceLock<[(Vec<u8>, Manifest); 2]> = OnceLock::new();
    FILES.get_or_init(|| {
        [200_000_u64, 400_001].map(|length| {
            let mut file = vec![0; usize::try_from(length).unwrap_or_default()];
            Rng::from_seed(length, 0).fill(&mut file);
            let layout = Layout::of(length).unwrap_or_else(|| unreachable!("it is short"));
            let digests = (0..layout.count())
                .map(|index| digest(layout, index, part(&file, layout, index)))
                .collect();
            let manifest = Manifest::of(layout, digests);
            (file, manifest.unwrap_or_else(|| unreachable!("it fits")))
        })
    })
}

fn part(file: &[u8], layout: Layout, index: u32) -> &[u8] {
    let range = layout.range(index);
    let [from, to] = [range.start, range.end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
    file.get(from..to).unwrap_or_default()
}

/// The limits of a swarm under attack.
const FEW: Limits = Limits {
    transfers: 2,
    parts: 1,
    announced_parts: 1,
    sources: 3,
    buffered: 150_000,
    requests: 4,
    values: 3,
    banned: 2,
    slots: 5,
    up: None,
    down: None,
};

/// A swarm that shares one file and fetches another, and a script of what four others do. A piece begins with its length
/// and its kind.
pub fn swarm(bytes: &[u8]) {
    let [(_, shared), (_, wanted)] = files();
    let mut swarm = Swarm::new(FEW, Rng::from_seed(1, 1));
    let (mut now, mut cards) = (Instant::ZERO, cards());
    let all = Bitfield::all(shared.layout().count());
    let _ = swarm.share(now, shared.clone(), all);
    let _ = swarm.fetch(now, wanted.content(), Order::RarestFirst);
    carry_out(&mut swarm, now, true);
    let mut rest = bytes;
    while let [length, kind, after @ ..] = rest {
        let (piece, after) = after.split_at(after.len().min(usize::from(*length)));
        let from = Id::from_u64(u64::from(kind & 3));
        now += Duration::from_millis(u64::from(kind >> 5) * 300);
        match (kind >> 2) % 8 {
            0 => swarm.handle_timeout(now),
            1 if piece.len() > 9 => swarm.handle_gone(now, from),
            2 => {
                if let Some((_, place, piece)) = decode_block(piece) {
                    let arrived = Arrived::new(place, piece.to_vec());
                    swarm.handle_block(now, from, wanted.content(), arrived);
                }
            }
            3 | 4 => help(&mut swarm, now, from, piece),
            _ => {
                if let Ok(Message::Swarm(message)) = decode_message(piece, &mut cards) {
                    for manifest in [shared, wanted] {
                        let content = manifest.content();
                        let said = message.said.clone();
                        swarm.handle_message(now, from, SwarmMessage { content, said });
                        carry_out(&mut swarm, now, true);
                    }
                }
            }
        }
        carry_out(&mut swarm, now, kind % 16 != 15);
        rest = after;
    }
    for manifest in [shared, wanted] {
        swarm.stop(manifest.content());
    }
    assert_eq!(swarm.buffered(), 0, "nothing is left over");
}

/// Hands the swarm one valid message or block: a hello, an unchoke, the digests or a segment.
fn help(swarm: &mut Swarm, now: Instant, from: Id, piece: &[u8]) {
    let [_, (file, wanted)] = files();
    let (content, layout) = (wanted.content(), wanted.layout());
    let number = piece.first().copied().unwrap_or_default();
    let index = u32::from(number >> 2);
    let said = match number % 4 {
        0 => Said::Hello(Standing::Whole(layout.length())),
        1 => Said::Choked(false),
        2 => {
            let arrived = Arrived::new(Place::Digests(0), wanted.encode().to_vec());
            swarm.handle_block(now, from, content, arrived);
            return;
        }
        _ => {
            let bytes = part(file, layout, index % layout.count());
            let place = Place::Content(layout.range(index % layout.count()).start);
            swarm.handle_block(now, from, content, Arrived::new(place, bytes.to_vec()));
            return;
        }
    };
    swarm.handle_message(now, from, SwarmMessage { content, said });
}

/// Carries out the swarm's outputs and checks its limits: whatever is written must be right, whoever sent it.
fn carry_out(swarm: &mut Swarm, now: Instant, disk_works: bool) {
    let files = files();
    let of = |content| files.iter().find(|(_, one)| one.content() == content);
    let mut outputs = 0;
    while let Some(output) = swarm.poll_output() {
        outputs += 1;
        assert!(outputs < 1_000, "it talks without end");
        match output {
            SwarmOutput::Read(content, index) => {
                let bytes = of(content).map(|(file, one)| part(file, one.layout(), index).to_vec());
                swarm.handle_read(now, content, index, bytes.filter(|_| disk_works));
            }
            SwarmOutput::Write(content, index, pieces) => {
                let right = of(content).map(|(file, one)| part(file, one.layout(), index));
                let bytes = pieces.concat();
                assert_eq!(right, Some(&bytes[..]), "a wrong segment is written");
                swarm.handle_written(now, content, index, disk_works);
            }
            _ => {}
        }
    }
    let segment = 64 * 1024;
    assert!(swarm.buffered() <= FEW.buffered + segment, "buffered");
    for content in swarm.contents() {
        let view = swarm.view(now, content);
        assert!(view.is_some_and(|view| view.sources.len() <= FEW.sources));
    }
}
