//! Messages: one of each, and those that are none.

use std::sync::Arc;

use chordscope_core::base::id::Id;
use chordscope_core::chord::message::{
    Forward, Found, MAX_AVOID, MAX_PATH, MAX_SUCCESSORS, Neighbours, NextHop, Notice, Question,
    Request as Ask, Response as Answer,
};
use chordscope_core::chord::route::{Routing, Step};
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::store::message::{self as store, MAX_OFFER};
use chordscope_core::store::record::{RecordError, Version};
use chordscope_core::wire::codec::{decode_message, encode_message};
use serde_json::{Value, json};

use crate::cards::{cards, contact};
use crate::describe;
use crate::faults;
use crate::file::{hex, pin};
use crate::files;
use crate::groups;
use crate::records::{copy, immutable, providers, signed};

pub(crate) const KEY: [u8; 20] = *b"twenty bytes of key.";

pub(crate) fn question(avoid: usize) -> Message {
    ask(Ask::Step(Box::new(Question {
        lookup: 5,
        key: Id::from_bytes(KEY),
        routing: Routing::Linear,
        arrived: true,
        avoid: vec![Id::from_bytes([9; 20]); avoid],
    })))
}

pub(crate) fn forward(path: usize) -> Message {
    ask(Ask::Forward(Arc::new(Forward {
        lookup: 300,
        origin: contact(4),
        key: Id::from_bytes(KEY),
        routing: Routing::Finger,
        arrived: false,
        path: vec![Id::from_bytes([9; 20]); path],
    })))
}

pub(crate) fn found(path: usize) -> Message {
    Message::Notice(Notice::Found(Box::new(Found {
        lookup: 7,
        path: vec![Id::from_bytes([9; 20]); path],
        neighbours: neighbours(1),
    })))
}

pub(crate) fn offer(count: usize) -> Message {
    let version = Version {
        sequence: 9,
        author: copy("n", None, 1, 1).record.version().author,
        digest: [9; 8],
    };
    let entries = vec![(Id::from_bytes([9; 20]), version); count];
    Message::Request(8, Request::Store(store::Request::Offer(entries)))
}

pub(crate) fn wanted(lacking: usize, newer: usize) -> Message {
    hold(store::Response::Wanted {
        lacking: vec![Id::from_bytes([8; 20]); lacking],
        newer: vec![Id::from_bytes([9; 20]); newer],
    })
}

pub(crate) fn neighbours(successors: usize) -> Neighbours {
    let secrets = (2..).take(successors);
    Neighbours {
        predecessor: Some(contact(1)),
        successors: secrets.map(contact).collect(),
    }
}

pub(crate) const fn ask(request: Ask) -> Message {
    Message::Request(1, Request::Chord(request))
}

pub(crate) const fn answer(response: Answer) -> Message {
    Message::Response(u64::MAX, Response::Chord(response))
}

const fn hold(response: store::Response) -> Message {
    Message::Response(128, Response::Store(response))
}

fn next_hop(step: Step, neighbours: Neighbours) -> Message {
    answer(Answer::Step(Box::new(NextHop { step, neighbours })))
}

pub(crate) fn here() -> Message {
    next_hop(Step::Here, neighbours(2))
}

fn requests() -> Vec<(&'static str, Message)> {
    let store = |request| Message::Request(127, Request::Store(request));
    vec![
        ("who are your neighbours", ask(Ask::Neighbours)),
        ("are you there", ask(Ask::Ping)),
        ("a step that avoids nobody", question(0)),
        ("a step that avoids as many as may be", question(MAX_AVOID)),
        ("a lookup handed over", forward(2)),
        ("a lookup with the longest path", forward(MAX_PATH)),
        ("a read", store(store::Request::Read(Id::from_bytes(KEY)))),
        (
            "a write",
            store(store::Request::Write(Box::new(copy(
                "greeting",
                Some(b"hello"),
                1,
                60,
            )))),
        ),
        (
            "a write that deletes",
            store(store::Request::Write(Box::new(copy(
                "greeting", None, 2, 60,
            )))),
        ),
        (
            "a write of an immutable value",
            store(store::Request::Write(Box::new(immutable(b"hello")))),
        ),
        (
            "a write of a signed record",
            store(store::Request::Write(Box::new(signed(b"hello")))),
        ),
        (
            "an announcement",
            store(store::Request::Write(Box::new(providers(&[1])))),
        ),
        ("an offer of nothing", offer(0)),
        ("an offer of one", offer(1)),
        ("the longest offer", offer(MAX_OFFER)),
    ]
}

fn responses() -> Vec<(String, Message)> {
    let step = |step| next_hop(step, Neighbours::default());
    let finger = Step::Finger {
        row: 160,
        contact: contact(5),
    };
    let alone = Neighbours::default();
    let value = Some(Box::new(copy("greeting", Some(b"hello"), 1, 60)));
    let mut all = vec![
        ("neighbours", answer(Answer::Neighbours(neighbours(2)))),
        (
            "the neighbours of one who is alone",
            answer(Answer::Neighbours(alone)),
        ),
        (
            "the most neighbours",
            answer(Answer::Neighbours(neighbours(MAX_SUCCESSORS))),
        ),
        ("here I am", answer(Answer::Pong)),
        ("a step that ends here", here()),
        ("a step to the owner", step(Step::Owner(contact(5)))),
        ("a step to a finger", step(finger)),
        ("a step along", step(Step::Along(contact(5)))),
        ("a step back", step(Step::Back(contact(5)))),
        ("a lookup taken over", answer(Answer::Forwarded)),
        ("no member", answer(Answer::NotMember)),
        ("unsupported", Message::Response(5, Response::Unsupported)),
        ("a value", hold(store::Response::Value(value))),
        (
            "who has a content",
            hold(store::Response::Value(Some(Box::new(providers(&[1, 2]))))),
        ),
        ("no value", hold(store::Response::Value(None))),
        ("written", hold(store::Response::Written)),
        ("nothing wanted", wanted(0, 0)),
        ("one wanted, two newer", wanted(1, 2)),
        ("the most wanted", wanted(MAX_OFFER, MAX_OFFER)),
    ]
    .into_iter()
    .map(|(name, message)| (name.to_owned(), message))
    .collect::<Vec<_>>();
    for why in [
        RecordError::Name,
        RecordError::Value,
        RecordError::Lifetime,
        RecordError::Signature,
        RecordError::SequenceJump,
        RecordError::Full,
        RecordError::Storage,
        RecordError::Salt,
        RecordError::Providers,
        RecordError::Level,
    ] {
        all.push((
            format!("refused: {why:?}"),
            hold(store::Response::Refused(why)),
        ));
    }
    all
}

fn notices() -> Vec<(&'static str, Message)> {
    vec![
        (
            "I think that I am your predecessor",
            Message::Notice(Notice::Notify),
        ),
        ("a lookup's end", found(2)),
        ("a lookup's end after the longest path", found(MAX_PATH + 1)),
        ("goodbye", Message::Notice(Notice::Leaving(neighbours(2)))),
    ]
}

fn good(name: &str, message: &Message) -> Value {
    let bytes = encode_message(message).unwrap();
    let decoded = decode_message(&bytes, &mut cards()).unwrap();
    // Contacts are alike when their versions are; the bytes tell more.
    assert_eq!(&decoded, message, "{name}");
    assert_eq!(encode_message(&decoded).as_ref(), Ok(&bytes), "{name}");
    json!({ "name": name, "hex": hex(&bytes), "decoded": describe::message(&decoded) })
}

#[test]
fn messages_are_these_bytes() {
    let mut vectors = Vec::new();
    let group_requests = groups::requests();
    let requests = requests().into_iter().chain(notices());
    let groups = group_requests.into_iter().chain(groups::responses());
    for (name, message) in requests.chain(groups).chain(files::messages()) {
        vectors.push(good(name, &message));
    }
    for (name, message) in responses() {
        vectors.push(good(&name, &message));
    }
    let ping = encode_message(&ask(Ask::Ping)).unwrap();
    let roundabout = [0, 0x81, 0x80, 0, 1];
    let decoded = decode_message(&roundabout, &mut cards()).unwrap();
    assert_eq!(decoded, ask(Ask::Ping));
    vectors.push(json!({
        "name": "a number in more bytes than it needs",
        "hex": hex(&roundabout),
        "canonical": hex(&ping),
        "decoded": describe::message(&decoded),
    }));
    vectors.extend(faults::all());
    pin(
        "messages.json",
        "Bodies of message frames, and refused.",
        vectors,
    );
}
