//! Cards, and how they are forged.

use chordscope_core::base::contact::{Address, Card, Contact, ContactError, RelayCard};
use chordscope_core::base::id::Space;
use chordscope_core::base::identity::{PublicKey, Purpose, Scheme, Signature, Signer};
use chordscope_core::wire::codec::{Cards, DecodeError, decode_contact, encode_contact};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use crate::describe;
use crate::file::{fault, hex, pin};

/// The order of the group that ed25519 signs in, least significant byte first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(crate) fn cards() -> Cards {
    Cards::new(Space::FULL, Scheme::ED25519)
}

pub(crate) fn contact(secret: u8) -> Contact {
    let address = Address::parse_url("ws://127.0.0.1:7340").unwrap();
    let signer = Signer::ed25519([secret; 32]);
    Contact::sign(Space::FULL, &signer, 0, 3, vec![address]).unwrap()
}

/// The bytes of a card, whether it is right or not.
pub(crate) fn card_bytes(card: &Card) -> Vec<u8> {
    let mut bytes = plain_bytes(card);
    bytes.push(u8::try_from(card.relays.len()).unwrap());
    for relay in &card.relays {
        bytes.extend(plain_bytes(&relay.clone().into()));
        bytes.extend(relay.signature.to_bytes());
    }
    bytes.extend(card.signature.to_bytes());
    bytes
}

/// The bytes up to the relays.
fn plain_bytes(card: &Card) -> Vec<u8> {
    let mut bytes = [&card.key.0[..], &[card.index]].concat();
    // Numbers below 128 are varints of one byte.
    bytes.push(u8::try_from(card.version).unwrap());
    bytes.push(u8::try_from(card.addresses.len()).unwrap());
    for address in &card.addresses {
        let url = address.url();
        bytes.push(0);
        let [low, high] = u16::try_from(url.len()).unwrap().to_le_bytes();
        match url.len() {
            0..128 => bytes.push(low),
            _ => bytes.extend([low | 0x80, high << 1 | low >> 7]),
        }
        bytes.extend(url.bytes());
    }
    bytes
}

/// A card that says anything, rightly signed.
pub(crate) fn signed(index: u8, urls: &[&str]) -> Card {
    signed_with(1, index, urls, Vec::new())
}

/// The same, with relays.
pub(crate) fn signed_with(secret: u8, index: u8, urls: &[&str], relays: Vec<RelayCard>) -> Card {
    let signer = Signer::ed25519([secret; 32]);
    let addresses = urls.iter().map(|url| Address::Socket((*url).into()));
    let mut card = Card {
        key: signer.public_key(),
        index,
        version: 3,
        addresses: addresses.collect(),
        relays,
        signature: Signature::from_bytes([0; 64]),
    };
    card.signature = signer.sign(Purpose::Contact, &signed_bytes(&card));
    card
}

/// Returns the signed bytes of a card.
fn signed_bytes(card: &Card) -> Vec<u8> {
    let count = |count: usize| (count as u64).to_le_bytes();
    let version = card.version.to_le_bytes();
    let mut message = [&card.key.0[..], &[card.index], &version].concat();
    message.extend(count(card.addresses.len()));
    for address in &card.addresses {
        message.extend(count(address.url().len()));
        message.extend(address.url().bytes());
    }
    message.extend(count(card.relays.len()));
    for relay in &card.relays {
        let inner = signed_bytes(&relay.clone().into());
        message.extend(count(inner.len()));
        message.extend(inner);
        message.extend(relay.signature.to_bytes());
    }
    message
}

/// A card as it stands in another's relays, whatever relays it has itself.
fn as_relay(card: Card) -> RelayCard {
    RelayCard {
        key: card.key,
        index: card.index,
        version: card.version,
        addresses: card.addresses,
        signature: card.signature,
    }
}

fn good(name: &str, index: u8, version: u64, urls: &[&str]) -> Value {
    relayed(name, index, version, urls, &[])
}

fn relayed(name: &str, index: u8, version: u64, urls: &[&str], relays: &[Contact]) -> Value {
    let secret = [7; 32];
    let signer = Signer::ed25519(secret);
    let urls_owned = urls.iter().map(|url| Address::Socket((*url).into()));
    let addresses = urls_owned.collect();
    let contact =
        Contact::sign_relayed(Space::FULL, &signer, index, version, addresses, relays).unwrap();
    let bytes = encode_contact(&contact).unwrap();
    let decoded = decode_contact(&bytes, &mut cards()).unwrap();
    assert_eq!(decoded.card(), contact.card(), "{name}");
    json!({
        "name": name,
        "secret": hex(&secret),
        "index": index,
        "version": version,
        "addresses": urls,
        "relays": describe::relays(contact.card()),
        "id": hex(&contact.id().to_bytes()),
        "hex": hex(&bytes),
    })
}

fn bad(name: &str, bytes: &[u8], why: DecodeError) -> Value {
    let refused = decode_contact(bytes, &mut cards()).map(|_| ());
    assert_eq!(refused, Err(why), "{name}");
    json!({ "name": name, "hex": hex(bytes), "refused": fault(why) })
}

fn forged() -> Vec<Value> {
    let right = signed(0, &["ws://127.0.0.1:7340/ws"]);
    let changed = |change: &dyn Fn(&mut Card)| {
        let mut card = right.clone();
        change(&mut card);
        card_bytes(&card)
    };
    let why = DecodeError::Contact(ContactError::Signature);
    // The signature's second half, plus the group's order: the equation still holds.
    let mut again = right.signature.to_bytes();
    let mut carry = 0;
    for (byte, order) in again[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    // A neutral key and first half: the equation holds for any message.
    let mut neutral = [0; 64];
    neutral[0] = 1;
    let anyone = |card: &mut Card| {
        card.key = PublicKey(neutral[..32].try_into().unwrap());
        card.signature = Signature::from_bytes(neutral);
    };
    // A neutral key under a first half whose secret is known: the same.
    let known = SigningKey::from_bytes(&[3; 32]);
    let half = [
        known.verifying_key().to_bytes(),
        known.to_scalar().to_bytes(),
    ]
    .concat();
    let nobody = |card: &mut Card| {
        anyone(card);
        card.signature = Signature::from_bytes(half.clone().try_into().unwrap());
    };
    let moved = |card: &mut Card| card.addresses = signed(0, &["ws://127.0.0.1:7341/ws"]).addresses;
    let other = Signer::ed25519([2; 32]).public_key();
    let malleable = Signature::from_bytes(again);
    vec![
        bad("another version", &changed(&|card| card.version = 4), why),
        bad("another index", &changed(&|card| card.index = 1), why),
        bad("another address", &changed(&moved), why),
        bad("another key", &changed(&|card| card.key = other), why),
        bad(
            "another form of the signature",
            &changed(&|card| card.signature = malleable),
            why,
        ),
        bad(
            "a key and a first half of small order",
            &changed(&anyone),
            why,
        ),
        bad("a key of small order", &changed(&nobody), why),
    ]
}

fn right_relays() -> [Value; 3] {
    let [one, two] = [1, 2].map(contact);
    let both = [two.clone(), one.clone()];
    let four = [&one, &two, &one, &one].map(Contact::clone);
    let one = [one];
    let addresses = ["ws://a/ws", "ws://b/ws"];
    [
        relayed("one relay, no address", 0, 5, &[], &one),
        relayed("two addresses and two relays", 2, 200, &addresses, &both),
        relayed("four relays", 15, u64::MAX, &[], &four),
    ]
}

/// Returns cards with malformed relays, each with its fault.
fn wrong_relays() -> Vec<Value> {
    let contact = |error| DecodeError::Contact(error);
    let plain = |urls: &[&str]| as_relay(signed_with(1, 0, urls, Vec::new()));
    let right = plain(&["ws://r/ws"]);
    let high = as_relay(signed_with(1, 16, &[], Vec::new()));
    let elsewhere = plain(&["http://r/"]);
    let crowded = plain(&["ws://r/ws"; 5]);
    let bad = |name: &str, urls: &[&str], relays, why| {
        bad(
            name,
            &card_bytes(&signed_with(9, 0, urls, relays)),
            contact(why),
        )
    };
    let many = ContactError::TooManyAddresses;
    let three = ["ws://a/ws"; 3];
    let mut all = vec![
        bad("a relay of index 16", &[], vec![high], ContactError::Index),
        bad(
            "a relay at no peer's address",
            &[],
            vec![elsewhere],
            ContactError::Address,
        ),
        bad("a relay of five addresses", &[], vec![crowded], many),
        bad("five relays", &[], vec![right.clone(); 5], many),
        bad(
            "three addresses and two relays",
            &three,
            vec![right; 2],
            many,
        ),
    ];
    all.extend(forged_relays());
    all
}

fn forged_relays() -> Vec<Value> {
    let relay = |secret| as_relay(signed_with(secret, 0, &["ws://r/ws"], Vec::new()));
    let with = |relays| card_bytes(&signed_with(9, 0, &[], relays));
    let why = DecodeError::Contact(ContactError::Signature);
    let mut borrowed = relay(1);
    borrowed.signature = relay(2).signature;
    let mut moved = relay(1);
    moved.addresses = vec![Address::Socket("ws://s/ws".into())];
    let behind = as_relay(signed_with(1, 0, &["ws://r/ws"], vec![relay(2)]));
    let two = signed_with(9, 0, &[], vec![relay(1), relay(2)]);
    let changed = |change: &dyn Fn(&mut Card)| {
        let mut card = two.clone();
        change(&mut card);
        card_bytes(&card)
    };
    let fewer = changed(&|card| drop(card.relays.pop()));
    let about = changed(&|card| card.relays.reverse());
    let cases = [
        ("a relay with another's signature", with(vec![borrowed])),
        ("a relay with another address", with(vec![moved])),
        (
            "a forged relay behind a right one",
            with(vec![relay(2), behind.clone()]),
        ),
        (
            "a relay whose signature is of a card with relays",
            with(vec![behind]),
        ),
        ("a relay less than signed", fewer),
        ("two relays, changed about", about),
    ];
    let mut all: Vec<Value> = cases.map(|(name, bytes)| bad(name, &bytes, why)).into();
    let cut = &with(vec![relay(1)])[..60];
    all.push(bad("a relay cut short", cut, DecodeError::Malformed));
    all
}

#[test]
fn cards_are_these_bytes() {
    let longest = format!("ws://{}/ws", "h".repeat(247));
    let longer = format!("ws://{}/ws", "h".repeat(248));
    let four = [
        "wss://ring.example/ws",
        "ws://[::1]:7340/ws",
        "ws://a_b-c:1/ws",
        &longest,
    ];
    let positions = ["ws://ring.example/ws/1", "wss://ring.example/ws/15"];
    let right = signed(0, &["ws://127.0.0.1:7340/ws"]);
    let bytes = card_bytes(&right);
    let contact = |error| DecodeError::Contact(error);
    let mut vectors = vec![
        good("no address", 0, 0, &[]),
        good("one address", 0, 1, &["ws://127.0.0.1:7340/ws"]),
        good("the last index, the last version", 15, u64::MAX, &[]),
        good("positions of a peer", 15, 1, &positions),
        good("four addresses, one as long as may be", 1, 300, &four),
        bad("nothing", &[], DecodeError::Malformed),
        bad(
            "a byte too few",
            &bytes[..bytes.len() - 1],
            DecodeError::Malformed,
        ),
        bad(
            "a byte too many",
            &[&bytes[..], &[0]].concat(),
            DecodeError::Trailing,
        ),
        bad(
            "index 16",
            &card_bytes(&signed(16, &[])),
            contact(ContactError::Index),
        ),
    ];
    let five = card_bytes(&signed(0, &["ws://a/ws"; 5]));
    vectors.push(bad(
        "five addresses",
        &five,
        contact(ContactError::TooManyAddresses),
    ));
    for url in [
        "",
        "http://a/ws",
        "ws://a",
        "ws://a/ws/",
        "ws://a/ws/0",
        "ws://a/ws/01",
        "ws://a/ws/16",
        "ws://a/ws/1/1",
        "ws:///ws",
        "ws://a b/ws",
        "ws://u@a/ws",
        &longer,
    ] {
        let name = format!("the address {:?}", &url[..url.len().min(12)]);
        let bytes = card_bytes(&signed(0, &[url]));
        vectors.push(bad(&name, &bytes, contact(ContactError::Address)));
    }
    vectors.extend(right_relays());
    vectors.extend(forged());
    vectors.extend(wrong_relays());
    pin(
        "cards.json",
        "Cards: from the secret key, and refused.",
        vectors,
    );
}
