//! Bytes that are no message, and messages that are refused.

use chordscope_core::base::contact::{Card, ContactError};
use chordscope_core::chord::message::{
    MAX_AVOID, MAX_PATH, MAX_SUCCESSORS, Request as Ask, Response as Answer,
};
use chordscope_core::store::group::configuration::MAX_MEMBERS;
use chordscope_core::store::group::message::{MAX_PAGE, Response as Group};
use chordscope_core::store::message::MAX_OFFER;
use chordscope_core::wire::codec::{DecodeError, decode_message, encode_message};
use serde_json::{Value, json};

use crate::cards::{card_bytes, cards, signed};
use crate::file::{fault, hex};
use crate::groups;
use crate::messages::{KEY, answer, ask, forward, found, neighbours, offer, question, wanted};

pub(crate) fn all() -> Vec<Value> {
    let ping = encode_message(&ask(Ask::Ping)).unwrap();
    let longer = [&ping[..], &[0]].concat();
    let mut all = vec![bad("a byte too many", &longer, DecodeError::Trailing)];
    all.extend(malformed());
    all.extend(too_many());
    all.extend(forged());
    all
}

fn bad(name: &str, bytes: &[u8], why: DecodeError) -> Value {
    assert_eq!(decode_message(bytes, &mut cards()), Err(why), "{name}");
    json!({ "name": name, "hex": hex(bytes), "refused": fault(why) })
}

fn malformed() -> Vec<Value> {
    let step = encode_message(&question(0)).unwrap();
    // Number, variant and lookup take a byte each, the key 20, the routing one.
    let with = |at: usize, byte: u8| {
        let mut bytes = step.clone();
        bytes[at] = byte;
        bytes
    };
    let long_number = [&[0, 0xff][..], &[0xff; 9], &[1, 1]].concat();
    let wide_number = [&[0, 0xff][..], &[0xff; 8], &[2, 1]].concat();
    let cut = [&[0, 1, 3][..], &card_bytes(&signed(0, &[]))[..40]].concat();
    let about = [&[3][..], &[7; 32]].concat();
    let unsaid = [&about[..], &[9]].concat();
    let standing = [&about[..], &[0, 3]].concat();
    let cases: [(&str, &[u8]); 17] = [
        ("nothing", &[]),
        ("no such message", &[4, 1, 0]),
        ("nothing about a content", &about),
        ("nothing that is said about a content", &unsaid),
        ("no such standing", &standing),
        ("no number", &[0]),
        ("a request without its variant", &[0, 1]),
        ("no such response", &[1, 1, 11]),
        ("no such response about a group", &[1, 1, 9, 15]),
        ("no such notice", &[2, 3]),
        ("no such hop", &[1, 1, 2, 5]),
        ("no such refusal", &[1, 1, 7, 10]),
        ("no such routing", &with(24, 2)),
        ("neither true nor false", &with(25, 2)),
        ("neither some nor none", &[1, 1, 5, 2]),
        ("a number of eleven bytes", &long_number),
        ("a number of 65 bits", &wide_number),
    ];
    let mut all: Vec<Value> = cases
        .map(|(name, bytes)| bad(name, bytes, DecodeError::Malformed))
        .into();
    let unknown: [(&str, &[u8]); 2] = [
        ("no such request", &[0, 1, 9]),
        ("no such request about a group", &[0, 1, 8, 22]),
    ];
    all.extend(unknown.map(|(name, bytes)| bad(name, bytes, DecodeError::UnknownRequest(1))));
    let retired = DecodeError::RetiredRequest(1);
    all.push(bad(
        "a request about a group of release 0.1",
        &[0, 1, 7, 0],
        retired,
    ));
    all.push(bad("a card cut short", &cut, DecodeError::Malformed));
    all
}

fn too_many() -> Vec<Value> {
    let cases = [
        ("17 to avoid", question(MAX_AVOID + 1)),
        ("a path of 1,025", forward(MAX_PATH + 1)),
        ("a path of 1,026 at its end", found(MAX_PATH + 2)),
        ("an offer of 257", offer(MAX_OFFER + 1)),
        ("257 wanted", wanted(MAX_OFFER + 1, 0)),
        ("257 newer", wanted(0, MAX_OFFER + 1)),
        (
            "65 keys of a group",
            groups::answer(Group::Page(groups::page(MAX_PAGE + 1))),
        ),
        (
            "a group of nine",
            groups::answer(Group::Followed(Box::new(groups::next(MAX_MEMBERS + 1)))),
        ),
        (
            "33 successors",
            answer(Answer::Neighbours(neighbours(MAX_SUCCESSORS + 1))),
        ),
    ];
    let case = |(name, message)| {
        bad(
            name,
            &encode_message(&message).unwrap(),
            DecodeError::TooMany,
        )
    };
    cases.map(case).into()
}

/// Wrong cards, wherever a message has one.
fn forged() -> Vec<Value> {
    let mut card = signed(0, &[]);
    card.version += 1;
    let forged = card_bytes(&card);
    let right = card_bytes(&signed(0, &[]));
    let why = ContactError::Signature;
    let card_in = |name: &str, before: &[u8], card: &[u8], behind: &[u8], why| {
        let bytes = [before, card, behind].concat();
        bad(name, &bytes, DecodeError::Contact(why))
    };
    let origin = [&[0, 1, 3, 1][..], &forged, &KEY, &[0, 0, 0]].concat();
    let behind_right = [&[1, 1, 0, 1][..], &right, &[1]].concat();
    let wrong = |card: Card| card_bytes(&card);
    let five = ["ws://a/ws"; 5];
    vec![
        bad("a forged origin", &origin, DecodeError::Contact(why)),
        card_in("a forged predecessor", &[1, 1, 0, 1], &forged, &[0], why),
        card_in("a forged successor", &[1, 1, 0, 0, 1], &forged, &[], why),
        card_in(
            "a forged card behind a right one",
            &behind_right,
            &forged,
            &[],
            why,
        ),
        card_in("a forged owner", &[1, 1, 2, 1], &forged, &[0, 0], why),
        card_in("a forged finger", &[1, 1, 2, 2, 9], &forged, &[0, 0], why),
        card_in("a forged goodbye", &[2, 2, 1], &forged, &[0], why),
        card_in(
            "a card of index 16",
            &[2, 2, 1],
            &wrong(signed(16, &[])),
            &[0],
            ContactError::Index,
        ),
        card_in(
            "a card of five addresses",
            &[2, 2, 1],
            &wrong(signed(0, &five)),
            &[0],
            ContactError::TooManyAddresses,
        ),
        card_in(
            "a card of no peer's address",
            &[2, 2, 1],
            &wrong(signed(0, &["http://a/"])),
            &[0],
            ContactError::Address,
        ),
    ]
}
