//! Messages and contacts as bytes, and bytes that are none.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use core::time::Duration;

use super::*;
use crate::base::contact::{Address, ContactError};
use crate::base::id::{Id, Space};
use crate::base::identity::{Scheme, Signer};
use crate::base::rng::Rng;
use crate::chord::message::{
    Forward, Found, MAX_AVOID, Neighbours, NextHop, Notice, Question, Request as Ask,
    Response as Answer,
};
use crate::chord::route::{Routing, Step};
use crate::message::{Request, Response};
use crate::store::message::{self as store, StoredRecord};
use crate::store::record::{MAX_VALUE, Name, Record, RecordError};
use crate::wire::groups::WireGroupRequest;

fn contact(secret: u8) -> Contact {
    let address = Address::parse_url("ws://127.0.0.1:7340").unwrap();
    let signer = Signer::ed25519([secret; 32]);
    Contact::sign(Space::FULL, &signer, 0, 3, vec![address]).unwrap()
}

fn cards() -> Cards {
    Cards::new(Space::FULL, Scheme::ED25519)
}

fn largest_copy() -> Box<StoredRecord> {
    let name = Name::new("n".repeat(255)).unwrap();
    let value = Some(vec![7; MAX_VALUE]);
    let life = Duration::from_secs(60);
    let record = Record::sign(&Signer::ed25519([1; 32]), name, value, 9, life).unwrap();
    Box::new(StoredRecord {
        record,
        remaining: 60,
    })
}

fn neighbours() -> Neighbours {
    Neighbours {
        predecessor: Some(contact(1)),
        successors: [contact(2), contact(3)].into(),
    }
}

/// Returns one message of each kind.
fn messages() -> Vec<Message> {
    let requests = requests().into_iter();
    let requests = requests.map(|request| Message::Request(1, request));
    let responses = responses().into_iter();
    let responses = responses.map(|response| Message::Response(u64::MAX, response));
    let notices = notices().map(Message::Notice);
    requests.chain(responses).chain(notices).collect()
}

fn requests() -> Vec<Request> {
    let key = Id::from_bytes([9; 20]);
    let version = largest_copy().record.version();
    let question = Question {
        lookup: 5,
        key,
        routing: Routing::Linear,
        arrived: true,
        avoid: vec![key; MAX_AVOID],
    };
    let forward = Forward {
        lookup: 6,
        origin: contact(4),
        key,
        routing: Routing::Finger,
        arrived: false,
        path: vec![key, key],
    };
    vec![
        Request::Chord(Ask::Neighbours),
        Request::Chord(Ask::Ping),
        Request::Chord(Ask::Step(Box::new(question))),
        Request::Chord(Ask::Forward(Arc::new(forward))),
        Request::Store(store::Request::Read(key)),
        Request::Store(store::Request::Write(largest_copy())),
        Request::Store(store::Request::Offer(vec![(key, version)])),
    ]
}

fn responses() -> Vec<Response> {
    let finger = Step::Finger {
        row: 160,
        contact: contact(5),
    };
    let step = |step| {
        let neighbours = neighbours();
        Response::Chord(Answer::Step(Box::new(NextHop { step, neighbours })))
    };
    vec![
        Response::Chord(Answer::Neighbours(neighbours())),
        Response::Chord(Answer::Pong),
        step(Step::Here),
        step(Step::Owner(contact(5))),
        step(finger),
        step(Step::Along(contact(5))),
        step(Step::Back(contact(5))),
        Response::Chord(Answer::Forwarded),
        Response::Chord(Answer::NotMember),
        Response::Store(store::Response::Value(Some(largest_copy()))),
        Response::Store(store::Response::Value(None)),
        Response::Store(store::Response::Written),
        Response::Store(store::Response::Refused(RecordError::Full)),
        Response::Store(store::Response::Wanted {
            lacking: vec![Id::from_bytes([9; 20])],
            newer: vec![],
        }),
        Response::Unsupported,
    ]
}

fn notices() -> [Notice; 3] {
    let found = Found {
        lookup: 7,
        path: vec![Id::from_bytes([9; 20])],
        neighbours: neighbours(),
    };
    [
        Notice::Notify,
        Notice::Found(Box::new(found)),
        Notice::Leaving(neighbours()),
    ]
}

#[test]
fn every_message_goes_there_and_back() {
    for message in messages() {
        let bytes = encode_message(&message).unwrap();
        assert_eq!(decode_message(&bytes, &mut cards()), Ok(message));
    }
}

#[test]
fn a_message_with_a_byte_too_many_or_too_few_is_refused() {
    for message in messages() {
        let mut bytes = encode_message(&message).unwrap();
        bytes.push(0);
        let longer = decode_message(&bytes, &mut cards());
        assert!(matches!(
            longer,
            Err(DecodeError::Trailing | DecodeError::TooLong)
        ));
        bytes.truncate(bytes.len() - 2);
        assert!(decode_message(&bytes, &mut cards()).is_err());
    }
}

#[test]
fn an_unknown_request_is_told_from_garbage() {
    let decode = |bytes: &[u8]| decode_message(bytes, &mut cards());
    for number in [0, 127, 300, u64::MAX] {
        let unknown = Err(DecodeError::UnknownRequest(number));
        for request in [KNOWN_REQUESTS, 99, u32::MAX] {
            let bytes = postcard::to_allocvec(&(0_u32, number, request, [7_u8; 20])).unwrap();
            assert_eq!(decode(&bytes), unknown, "request {request}");
        }
        let group = KNOWN_REQUESTS - 1;
        for request in [WireGroupRequest::KNOWN, u32::MAX] {
            let bytes = postcard::to_allocvec(&(0_u32, number, group, request)).unwrap();
            assert_eq!(decode(&bytes), unknown, "group request {request}");
        }
    }
    // Neither a known request with nonsense in it nor anything else that is unknown.
    assert_eq!(decode(&[0, 1, 5, 9]), Err(DecodeError::Malformed));
    for kind in [1, 2, 3, 4] {
        assert_eq!(decode(&[kind, 99, 99, 99]), Err(DecodeError::Malformed));
    }
}

#[test]
fn features_stand_behind_the_card_and_more_may_follow() {
    let contact = contact(1);
    let features = Features::from_bits(1 << 40 | 3);
    let mut bytes = encode_introduction(&contact, Some(features)).unwrap();
    let expected = Ok((contact.clone(), features));
    assert_eq!(decode_introduction(&bytes, true, &mut cards()), expected);
    assert!(decode_introduction(&bytes, false, &mut cards()).is_err());
    bytes.extend([1, 2, 3]);
    assert_eq!(decode_introduction(&bytes, true, &mut cards()), expected);
    let bare = encode_introduction(&contact, None).unwrap();
    let none = Ok((contact, Features::NONE));
    assert_eq!(decode_introduction(&bare, false, &mut cards()), none);
    assert!(decode_introduction(&bare, true, &mut cards()).is_err());
}

#[test]
fn a_forged_contact_is_refused_even_beside_a_known_one() {
    let mut cards = cards();
    let good = contact(1);
    assert!(cards.check(good.card().clone()).is_ok());
    let mut forged = good.card().clone();
    forged.version += 1;
    assert_eq!(
        cards.check(forged),
        Err(DecodeError::Contact(ContactError::Signature))
    );
}

#[test]
fn random_and_mutated_bytes_never_panic() {
    let mut rng = Rng::from_seed(1, 0);
    let mut cards = cards();
    let samples: Vec<Vec<u8>> = messages()
        .iter()
        .map(|message| encode_message(message).unwrap())
        .filter(|bytes| bytes.len() < 4_096)
        .collect();
    for round in 0..3_000_usize {
        let mut bytes = samples[round % samples.len()].clone();
        for _ in 0..=rng.below(3) {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            bytes[at] = u8::try_from(rng.below(256)).unwrap();
        }
        let _ = decode_message(&bytes, &mut cards);
        let mut noise = vec![0; usize::try_from(rng.below(64)).unwrap()];
        rng.fill(&mut noise);
        let _ = decode_message(&noise, &mut cards);
        let _ = decode_copy(&noise);
        let _ = crate::wire::frame::Frame::decode(&noise);
    }
}
