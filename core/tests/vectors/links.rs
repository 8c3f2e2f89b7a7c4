//! Links that a peer closes, and why: all frames but the last are right.

use chordscope_core::base::contact::Contact;
use chordscope_core::base::features::Features;
use chordscope_core::base::id::Space;
use chordscope_core::base::identity::Purpose;
use chordscope_core::chord::message::Request as Ask;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::link::session::{Role, TRAILER};
use chordscope_core::peer::MAX_DATA;
use chordscope_core::wire::codec::{encode_contact, encode_message};
use chordscope_core::wire::frame::{
    Frame, FrameType, HEADER, MAX_FRAME, MAX_HANDSHAKE_FRAME, SUB_PROTOCOL,
};
use serde_json::Value;

use crate::caller::{CALLER, Caller, PEER, RING, closed};
use crate::cards::{card_bytes, contact, signed};
use crate::file::pin;
use crate::handshakes::Side;
use crate::messages::ask;

fn changed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

fn with_byte(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0]].concat()
}

fn wrong_hellos(caller: &Caller) -> Vec<Value> {
    use CloseReason::{
        EarlyCircuit, Flag, FrameType, Hello, Itself, OutOfTurn, ShortFrame, TooLarge, WrongRing,
    };
    let hello = &caller.side.hello;
    let at = |at: usize, byte: u8| {
        let mut bytes = hello.clone();
        bytes[at] = byte;
        bytes
    };
    let other = |secret, index, ring| Side::new(Role::Initiator, secret, index, ring).hello;
    let short = |length| hello[..length].to_vec();
    let too_long = vec![1; MAX_HANDSHAKE_FRAME + 1];
    let index = HEADER + 96;
    let hellos = [
        ("nothing", vec![], ShortFrame),
        ("a short header", short(HEADER - 1), ShortFrame),
        ("an unknown type", at(0, 0x7f), FrameType),
        ("a hello with a flag", at(1, 1), Flag),
        ("a hello on a circuit", at(5, 1), EarlyCircuit),
        ("a proof before the hello", caller.proof.clone(), OutOfTurn),
        ("a hello cut short", short(hello.len() - 1), Hello),
        ("a hello with a byte too many", with_byte(hello), Hello),
        ("a hello of index 16", at(index, 16), Hello),
        ("a ring's name that is no text", at(index + 2, 0xff), Hello),
        ("513 bytes", too_long, TooLarge),
        ("another ring", other(CALLER, 0, "other"), WrongRing),
        (
            "a ring whose name goes on",
            other(CALLER, 0, "main2"),
            WrongRing,
        ),
        ("one's own key", other(PEER, 0, RING), Itself),
        ("one's own hello back", caller.heard[0].clone(), Itself),
    ];
    let closed = |(name, bytes, why): (_, Vec<u8>, _)| caller.closed(name, 0, &bytes, why);
    hellos.map(closed).into()
}

fn wrong_proofs(caller: &Caller) -> Vec<Value> {
    let proof = &caller.proof;
    let forged = CloseReason::ForgedIdentity;
    let recorded = Side::new(Role::Initiator, CALLER, 1, RING).proof(&caller.heard[0]);
    let mut all = vec![
        caller.closed(
            "a second hello",
            1,
            &caller.side.hello,
            CloseReason::OutOfTurn,
        ),
        caller.closed(
            "a proof of 63 bytes",
            1,
            &proof[..proof.len() - 1],
            CloseReason::Proof,
        ),
        caller.closed(
            "a proof of 65 bytes",
            1,
            &with_byte(proof),
            CloseReason::Proof,
        ),
        caller.closed(
            "a proof on a circuit",
            1,
            &changed(proof, 2),
            CloseReason::EarlyCircuit,
        ),
        caller.closed(
            "a proof in a frame of 513 bytes",
            1,
            &[&proof[..], &[0; 443]].concat(),
            CloseReason::TooLarge,
        ),
        caller.closed("a changed proof", 1, &changed(proof, HEADER), forged),
        caller.closed("a proof of another conversation", 1, &recorded, forged),
        caller.closed("one's own proof back", 1, &caller.heard[1], forged),
    ];
    for (name, first) in [("an all-zero share", 0), ("a share of small order", 1)] {
        let mut share = [0; 32];
        share[0] = first;
        all.push(closed(
            Role::Responder,
            Features::NONE,
            name,
            &without_secret(caller, share),
            forged,
        ));
    }
    all
}

/// A hello and a right proof of a side whose share lets anyone know the secret.
fn without_secret(caller: &Caller, share: [u8; 32]) -> Vec<Vec<u8>> {
    let theirs = &caller.heard[0][HEADER..];
    let signer = caller.side.signer();
    let key = signer.public_key().0;
    let nonce = [3; 32];
    let ring = [&[4][..], RING.as_bytes()].concat();
    let body = [&nonce[..], &share, &key, &[0], &ring].concat();
    // The role, then key, index, nonce and share of both.
    let mut transcript = [&[0][..], &key, &[0], &nonce, &share].concat();
    transcript.extend([&theirs[64..97], &theirs[..64]].concat());
    for text in [SUB_PROTOCOL, RING] {
        transcript.extend((text.len() as u64).to_le_bytes());
        transcript.extend(text.bytes());
    }
    let proof = signer.sign(Purpose::Handshake, &transcript).to_bytes();
    vec![
        Frame::on_link(FrameType::Hello, &body).encode(),
        Frame::on_link(FrameType::Proof, &proof).encode(),
    ]
}

fn wrong_introductions(caller: &mut Caller) -> Vec<Value> {
    use FrameType::Introduction;
    let [bad_tag, wrong_card] = [CloseReason::BadTag, CloseReason::WrongCard];
    let card = encode_contact(&caller.side.card(&[])).unwrap();
    let bare = Frame::on_link(Introduction, &card).encode();
    let tag = caller.introduction.len() - 1;
    let mut late = caller.fresh();
    late.seal(bare.clone());
    let late = late.seal(bare.clone());
    let other = encode_contact(&contact(1)).unwrap();
    let signer = caller.side.signer();
    let index = Contact::sign(Space::FULL, &signer, 1, 9, vec![]).unwrap();
    let index = encode_contact(&index).unwrap();
    let mut version = card.clone();
    version[33] += 1;
    let ping = encode_message(&ask(Ask::Ping)).unwrap();
    let cards = [
        ("a changed card", &version),
        ("somebody else's card", &other),
        ("the card of another virtual node", &index),
        ("a card with a byte too many", &with_byte(&card)),
        ("a card cut short", &card[..50].to_vec()),
        ("a wrongly shaped card", &card_bytes(&signed(16, &[]))),
    ];
    let cards = cards.map(|(name, body)| (name, caller.instead(Introduction, body), wrong_card));
    let others = [
        ("an introduction without a seal", bare, bad_tag),
        (
            "an introduction with a wrong tag",
            changed(&caller.introduction, tag),
            bad_tag,
        ),
        ("an introduction with the second counter", late, bad_tag),
        (
            "one's own introduction back",
            caller.heard[2].clone(),
            bad_tag,
        ),
        (
            "a relay message before the introduction",
            caller.instead(FrameType::Relay, &[0]),
            CloseReason::BeforeIntroduction,
        ),
        (
            "data before the introduction",
            caller.instead(FrameType::Data, b"data"),
            CloseReason::BeforeIntroduction,
        ),
        (
            "a message before the introduction",
            caller.instead(FrameType::Message, &ping),
            CloseReason::BeforeIntroduction,
        ),
    ];
    let all = cards.into_iter().chain(others);
    all.map(|(name, bytes, why)| caller.closed(name, 2, &bytes, why))
        .collect()
}

/// Introductions between two sides that read feature bits.
fn wrong_features() -> Vec<Value> {
    let mut caller = Caller::with_features(Role::Initiator, Features::UNSUPPORTED);
    let card = encode_contact(&caller.side.card(&[])).unwrap();
    let unfinished = [&card[..], &[0x80]].concat();
    let bodies = [
        ("an introduction without features", card),
        ("an introduction whose features are cut short", unfinished),
    ];
    bodies
        .map(|(name, body)| {
            let introduction = caller.instead(FrameType::Introduction, &body);
            caller.closed(name, 2, &introduction, CloseReason::WrongCard)
        })
        .into()
}

fn wrong_messages(caller: &Caller) -> Vec<Value> {
    let ping = encode_message(&ask(Ask::Ping)).unwrap();
    let right = Frame::on_link(FrameType::Message, &ping).encode();
    let sealed_ping = caller.then(right.clone());
    let second = caller.session_after(&right).seal(right.clone());
    let tag = sealed_ping.len() - 1;
    let too_long = vec![0; MAX_FRAME + TRAILER + 1];
    let tags = [
        ("the introduction a second time", &caller.introduction),
        ("a message without a seal", &right),
        ("a message with a wrong tag", &changed(&sealed_ping, tag)),
        ("the second message first", &second),
    ];
    let tags = tags.map(|(name, bytes)| caller.closed(name, 3, bytes, CloseReason::BadTag));
    let too_long = caller.closed(
        "a sealed frame that is too long",
        3,
        &too_long,
        CloseReason::TooLarge,
    );
    let mut all = wrong_frames(caller, &right, &ping);
    all.extend(tags);
    let data = Frame::on_link(FrameType::Data, &vec![0; MAX_DATA + 1]).encode();
    all.push(caller.closed(
        "data of 65,537 bytes",
        3,
        &caller.then(data),
        CloseReason::TooLarge,
    ));
    all.extend([too_long, replayed(caller, &sealed_ping)]);
    all
}

/// Returns frames that are sealed rightly and hold no message.
fn wrong_frames(caller: &Caller, right: &[u8], ping: &[u8]) -> Vec<Value> {
    let message = |body: &[u8]| Frame::on_link(FrameType::Message, body).encode();
    let mut card = signed(0, &[]);
    card.version += 1;
    let forged = [&[2, 2, 1][..], &card_bytes(&card), &[0]].concat();
    let again = encode_contact(&caller.side.card(&[])).unwrap();
    let again = Frame::on_link(FrameType::Introduction, &again).encode();
    let unknown = [&[0x7f], &right[1..]].concat();
    let relay = |body: &[u8]| Frame::on_link(FrameType::Relay, body).encode();
    let not_newer = encode_contact(&contact(1)).unwrap();
    let frames = [
        ("a second introduction", again, CloseReason::StaleCard),
        (
            "an introduction of somebody else",
            Frame::on_link(FrameType::Introduction, &not_newer).encode(),
            CloseReason::StaleCard,
        ),
        (
            "an empty relay message",
            relay(&[]),
            CloseReason::RelayMessage,
        ),
        (
            "a relay message with a byte too many",
            relay(&[0, 0]),
            CloseReason::RelayMessage,
        ),
        (
            "a sealed proof",
            caller.proof.clone(),
            CloseReason::OutOfTurn,
        ),
        (
            "a sealed hello",
            caller.side.hello.clone(),
            CloseReason::OutOfTurn,
        ),
        // The first byte of the counter is taken for the last one of the circuit.
        (
            "a sealed short header",
            right[..HEADER - 1].to_vec(),
            CloseReason::UnknownCircuit,
        ),
        ("a sealed unknown type", unknown, CloseReason::FrameType),
        ("a sealed flag", changed(right, 1), CloseReason::Flag),
        (
            "a message on a circuit",
            changed(right, 2),
            CloseReason::UnknownCircuit,
        ),
        ("an empty message", message(&[]), CloseReason::Message),
        (
            "a message with a byte too many",
            message(&with_byte(ping)),
            CloseReason::TrailingBytes,
        ),
        (
            "a message with a forged card",
            message(&forged),
            CloseReason::CardInMessage,
        ),
    ];
    let closed = |(name, frame, why)| caller.closed(name, 3, &caller.then(frame), why);
    frames.map(closed).into()
}

fn replayed(caller: &Caller, message: &[u8]) -> Value {
    let mut hears = caller.right(3);
    hears.extend([message.to_vec(), message.to_vec()]);
    closed(
        Role::Responder,
        Features::NONE,
        "a message a second time",
        &hears,
        CloseReason::BadTag,
    )
}

#[test]
fn what_does_not_keep_to_the_protocol_is_closed_for_these_reasons() {
    let mut caller = Caller::new(Role::Initiator);
    let mut vectors = wrong_hellos(&caller);
    vectors.extend(wrong_proofs(&caller));
    vectors.extend(wrong_introductions(&mut caller));
    vectors.extend(wrong_messages(&caller));
    vectors.extend(wrong_features());
    let answerer = Caller::new(Role::Responder);
    let forged = CloseReason::ForgedIdentity;
    vectors.extend([
        answerer.closed(
            "a responder that sends the hello back",
            0,
            &answerer.heard[0],
            CloseReason::Itself,
        ),
        answerer.closed(
            "a responder that sends the proof back",
            1,
            &answerer.heard[1],
            forged,
        ),
        answerer.closed(
            "a responder with an initiator's proof",
            1,
            &caller.proof,
            forged,
        ),
        answerer.closed(
            "a responder that sends the introduction back",
            2,
            &answerer.heard[2],
            CloseReason::BadTag,
        ),
    ]);
    pin(
        "links.json",
        "What one side hears; all but the last frame is right, and for the last it closes the link.",
        vectors,
    );
}
