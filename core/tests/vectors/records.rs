//! Records on their way.

use std::time::Duration;

use chordscope_core::base::id::Space;
use chordscope_core::base::identity::{Scheme, Signer};
use chordscope_core::store::message::Copy;
use chordscope_core::store::record::{MAX_NAME, MAX_VALUE, Name, Record, RecordError};
use chordscope_core::wire::codec::{DecodeError, decode_copy, encode_copy};
use serde_json::{Value, json};

use crate::file::{fault, hex, pin};

const SECRET: [u8; 32] = [5; 32];
const DAY: u64 = 24 * 60 * 60;

type Change = fn(&mut Record);

pub(crate) fn copy(name: &str, value: Option<&[u8]>, sequence: u64, lifetime: u64) -> Copy {
    let signer = Signer::ed25519(SECRET);
    let name = Name::new(name).unwrap();
    let lifetime = Duration::from_secs(lifetime);
    let record = Record::sign(&signer, name, value.map(<[u8]>::to_vec), sequence, lifetime);
    let record = record.unwrap();
    let remaining = record.lifetime / 2;
    Copy { record, remaining }
}

fn good(name: &str, copy: &Copy) -> Value {
    let bytes = encode_copy(copy).unwrap();
    let decoded = decode_copy(&bytes).unwrap();
    assert_eq!(&decoded, copy, "{name}");
    let record = decoded.record;
    assert_eq!(record.verify(Scheme::Ed25519), Ok(()), "{name}");
    let version = record.version();
    json!({
        "name": name,
        "secret": hex(&SECRET),
        "text": record.name.as_str(),
        "value": record.value.as_deref().map(hex),
        "sequence": record.sequence,
        "lifetime": record.lifetime,
        "remaining": copy.remaining,
        "key": hex(&record.name.key(Space::FULL).to_bytes()),
        "version": [version.sequence, hex(&version.author.0), hex(&version.digest)],
        "hex": hex(&bytes),
    })
}

/// No record at all.
fn unreadable(name: &str, bytes: &[u8], why: DecodeError) -> Value {
    assert_eq!(decode_copy(bytes), Err(why), "{name}");
    json!({ "name": name, "hex": hex(bytes), "refused": fault(why) })
}

/// A record that is read and then refused.
fn bad(name: &str, copy: &Copy, why: RecordError) -> Value {
    let bytes = encode_copy(copy).unwrap();
    let decoded = decode_copy(&bytes).unwrap();
    assert_eq!(decoded.record.verify(Scheme::Ed25519), Err(why), "{name}");
    json!({ "name": name, "hex": hex(&bytes), "refused": format!("{why:?}") })
}

fn changed(change: Change) -> Copy {
    let mut copy = copy("n", Some(b"value"), 1, 60);
    change(&mut copy.record);
    copy
}

fn unreadable_ones() -> Vec<Value> {
    let bytes = encode_copy(&copy("n", Some(b"value"), 1, 60)).unwrap();
    let renamed = |name: &[u8]| [name, &bytes[2..]].concat();
    let too_long = [&[0x80, 0x02][..], &[b'n'; MAX_NAME + 1]].concat();
    let malformed = DecodeError::Malformed;
    let longer = [&bytes[..], &[0]].concat();
    vec![
        unreadable("nothing", &[], malformed),
        unreadable("an empty name", &renamed(&[0]), malformed),
        unreadable("a name of 256 bytes", &renamed(&too_long), malformed),
        unreadable("a name that is no text", &renamed(&[1, 0xff]), malformed),
        unreadable("a byte too few", &bytes[..bytes.len() - 1], malformed),
        unreadable("a byte too many", &longer, DecodeError::Trailing),
    ]
}

fn refused_ones() -> Vec<Value> {
    let changes: [(&str, Change); 6] = [
        ("another value", |record| record.value = Some(vec![])),
        ("no value instead", |record| record.value = None),
        ("another sequence", |record| record.sequence = 2),
        ("another lifetime", |record| record.lifetime = 61),
        ("another name", |record| {
            record.name = Name::new("m").unwrap();
        }),
        ("another author", |record| {
            record.author = Signer::ed25519([6; 32]).public_key();
        }),
    ];
    let forged = |(name, change)| bad(name, &changed(change), RecordError::Signature);
    let mut all: Vec<Value> = changes.map(forged).into();
    let large = changed(|record| record.value = Some(vec![7; MAX_VALUE + 1]));
    all.push(bad("a value of 65,537 bytes", &large, RecordError::Value));
    let old = copy("n", None, 1, DAY + 1);
    all.push(bad("a second more than a day", &old, RecordError::Lifetime));
    all
}

#[test]
fn records_are_these_bytes() {
    let long_name = "\u{e4}".repeat(MAX_NAME / 2) + "n";
    let long_value = vec![7; MAX_VALUE];
    let mut vectors = vec![
        good("a value", &copy("greeting", Some(b"hello"), 1, DAY)),
        good("an empty value", &copy("greeting", Some(b""), 2, DAY)),
        good("a deleted name", &copy("greeting", None, 3, 0)),
        good(
            "a long name and the last sequence",
            &copy(&long_name, Some(b"v"), u64::MAX, 1),
        ),
        good(
            "the largest value",
            &copy("large", Some(&long_value), 300, DAY),
        ),
    ];
    vectors.extend(unreadable_ones());
    vectors.extend(refused_ones());
    pin(
        "records.json",
        "Copies of records: from the author's secret key, and refused.",
        vectors,
    );
}
