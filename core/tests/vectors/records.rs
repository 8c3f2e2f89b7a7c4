//! Records on their way.

use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Space;
use chordscope_core::base::identity::{Scheme, Signer};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::record::{
    Item, Label, MAX_NAME, MAX_SALT, MAX_VALUE, Name, Provider, Providers, Record, RecordError,
    Salt,
};
use chordscope_core::wire::codec::{DecodeError, decode_copy, encode_copy};
use serde_json::{Value, json};

use crate::cards::contact;
use crate::describe;
use crate::file::{fault, hex, pin};

const SECRET: [u8; 32] = [5; 32];
const DAY: u64 = 24 * 60 * 60;

type Change = fn(&mut Item);
type SetChange = fn(&mut Providers);

pub(crate) fn copy(name: &str, value: Option<&[u8]>, sequence: u64, lifetime: u64) -> StoredRecord {
    written(Name::new(name).unwrap(), value, sequence, lifetime)
}

fn written(
    label: impl Into<Label>,
    value: Option<&[u8]>,
    sequence: u64,
    lifetime: u64,
) -> StoredRecord {
    let signer = Signer::ed25519(SECRET);
    let lifetime = Duration::from_secs(lifetime);
    let value = value.map(<[u8]>::to_vec);
    let record = Record::sign(&signer, label, value, sequence, lifetime).unwrap();
    let remaining = (record.lifetime() / 2).cast_signed();
    StoredRecord { record, remaining }
}

/// As it is passed on two minutes after its end.
fn over(copy: StoredRecord) -> StoredRecord {
    StoredRecord {
        remaining: -120,
        ..copy
    }
}

pub(crate) fn signed(value: &[u8]) -> StoredRecord {
    written(salt(b"profile"), Some(value), 1, DAY)
}

fn salt(bytes: &[u8]) -> Salt {
    Salt::new(bytes).unwrap()
}

pub(crate) fn immutable(value: &[u8]) -> StoredRecord {
    let record = Record::immutable(value.to_vec()).unwrap();
    let remaining = 3_600;
    StoredRecord { record, remaining }
}

/// Entries of the providers with these secrets, ordered by their keys; the first has withdrawn, and each ends a second before the
/// one before it.
pub(crate) fn providers(secrets: &[u8]) -> StoredRecord {
    let content = ContentId::of(b"content");
    let entries = (0..).zip(secrets).map(|(n, secret)| {
        let contact = contact(*secret);
        let signer = Signer::ed25519([*secret; 32]);
        let mut entry = Provider::sign(&signer, &contact, content, 7, n == 0, 1_800);
        entry.behind = n;
        entry
    });
    let mut entries: Vec<Provider> = entries.collect();
    entries.sort_by_key(|entry| entry.card.key);
    let record = Record::Providers(Providers { content, entries });
    let remaining = 1_000;
    StoredRecord { record, remaining }
}

fn check(record: &Record) -> Result<(), RecordError> {
    record.verify(Space::FULL, Scheme::ED25519, None)
}

fn good(name: &str, copy: &StoredRecord) -> Value {
    let bytes = encode_copy(copy).unwrap();
    let decoded = decode_copy(&bytes).unwrap();
    assert_eq!(&decoded, copy, "{name}");
    let record = decoded.record;
    assert_eq!(check(&record), Ok(()), "{name}");
    let version = record.version();
    let secrets: Vec<String> = match &record {
        Record::Immutable(_) => vec![],
        Record::Item(_) => vec![hex(&SECRET)],
        Record::Providers(set) => {
            let secret = |entry: &Provider| {
                let signs =
                    |secret: &u8| Signer::ed25519([*secret; 32]).public_key() == entry.card.key;
                hex(&[(0..=255).find(signs).unwrap(); 32])
            };
            set.entries.iter().map(secret).collect()
        }
    };
    json!({
        "name": name,
        "secrets": secrets,
        "record": describe::record(&record),
        "remaining": copy.remaining,
        "key": hex(&record.key(Space::FULL).to_bytes()),
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
fn bad(name: &str, copy: &StoredRecord, why: RecordError) -> Value {
    let bytes = encode_copy(copy).unwrap();
    let decoded = decode_copy(&bytes).unwrap();
    assert_eq!(check(&decoded.record), Err(why), "{name}");
    json!({ "name": name, "hex": hex(&bytes), "refused": format!("{why:?}") })
}

fn changed(change: Change) -> StoredRecord {
    let mut copy = copy("n", Some(b"value"), 1, 60);
    let Record::Item(item) = &mut copy.record else {
        unreachable!()
    };
    change(item);
    copy
}

fn changed_providers(change: SetChange) -> StoredRecord {
    let mut copy = providers(&[1, 2]);
    let Record::Providers(set) = &mut copy.record else {
        unreachable!()
    };
    change(set);
    copy
}

fn unreadable_ones() -> Vec<Value> {
    let bytes = encode_copy(&copy("n", Some(b"value"), 1, 60)).unwrap();
    // Behind the numbers of the kind and of the label.
    let renamed = |name: &[u8]| [&bytes[..2], name, &bytes[4..]].concat();
    let too_long = [&[0x80, 0x02][..], &[b'n'; MAX_NAME + 1]].concat();
    let malformed = DecodeError::Malformed;
    let longer = [&bytes[..], &[0]].concat();
    vec![
        unreadable("nothing", &[], malformed),
        unreadable("an empty name", &renamed(&[0]), malformed),
        unreadable("a name of 256 bytes", &renamed(&too_long), malformed),
        unreadable("a name that is no text", &renamed(&[1, 0xff]), malformed),
        unreadable("another kind", &[&[3], &bytes[1..]].concat(), malformed),
        unreadable("another label", &[&[1, 2], &bytes[2..]].concat(), malformed),
        unreadable(
            "a salt of 65 bytes",
            &[&[1, 1, 65][..], &[0; MAX_SALT + 1], &bytes[4..]].concat(),
            malformed,
        ),
        unreadable("a byte too few", &bytes[..bytes.len() - 1], malformed),
        unreadable("a byte too many", &longer, DecodeError::Trailing),
    ]
}

fn refused_ones() -> Vec<Value> {
    let changes: [(&str, Change); 7] = [
        ("another value", |item| item.value = Some(vec![])),
        ("no value instead", |item| item.value = None),
        ("another sequence", |item| item.sequence = 2),
        ("another lifetime", |item| item.lifetime = 61),
        ("another name", |item| {
            item.label = Name::new("m").unwrap().into();
        }),
        ("a salt in the name's place", |item| {
            item.label = salt(b"n").into();
        }),
        ("another author", |item| {
            item.author = Signer::ed25519([6; 32]).public_key();
        }),
    ];
    let forged = |(name, change)| bad(name, &changed(change), RecordError::Signature);
    let mut all: Vec<Value> = changes.map(forged).into();
    let large = changed(|item| item.value = Some(vec![7; MAX_VALUE + 1]));
    all.push(bad("a value of 65,537 bytes", &large, RecordError::Value));
    let old = copy("n", None, 1, DAY + 1);
    all.push(bad("a second more than a day", &old, RecordError::Lifetime));
    let large = StoredRecord {
        record: Record::Immutable(vec![7; MAX_VALUE + 1]),
        remaining: 1,
    };
    all.push(bad(
        "an immutable value of 65,537 bytes",
        &large,
        RecordError::Value,
    ));
    all.extend(refused_providers());
    all
}

fn refused_providers() -> Vec<Value> {
    let (order, forged) = (RecordError::Providers, RecordError::Signature);
    let changes: [(&str, SetChange, RecordError); 9] = [
        ("no providers", |set| set.entries.clear(), order),
        ("providers out of order", |set| set.entries.reverse(), order),
        (
            "a provider twice",
            |set| set.entries[0] = set.entries[1].clone(),
            order,
        ),
        (
            "65 providers",
            |set| set.entries = vec![set.entries[0].clone(); 65],
            order,
        ),
        (
            "providers of another content",
            |set| set.content.0[0] ^= 1,
            forged,
        ),
        (
            "a provider's other sequence",
            |set| set.entries[1].sequence += 1,
            forged,
        ),
        (
            "a provider's other withdrawal",
            |set| set.entries[1].withdrawn ^= true,
            forged,
        ),
        (
            "a provider's other card",
            |set| set.entries[1].card.signature = set.entries[0].card.signature,
            forged,
        ),
        (
            "a provider for more than half an hour",
            |set| set.entries[1].lifetime = 1_801,
            RecordError::Lifetime,
        ),
    ];
    let refused = |(name, change, why)| bad(name, &changed_providers(change), why);
    changes.map(refused).into()
}

#[test]
fn records_are_these_bytes() {
    let long_name = "\u{e4}".repeat(MAX_NAME / 2) + "n";
    let long_value = vec![7; MAX_VALUE];
    let mut vectors = vec![
        good("a value", &copy("greeting", Some(b"hello"), 1, DAY)),
        good("an empty value", &copy("greeting", Some(b""), 2, DAY)),
        good("a deleted name", &copy("greeting", None, 3, 0)),
        good("a tombstone", &over(copy("greeting", Some(b"hi"), 4, 60))),
        good(
            "a long name and the last sequence",
            &copy(&long_name, Some(b"v"), u64::MAX, 1),
        ),
        good(
            "the largest value",
            &copy("large", Some(&long_value), 300, DAY),
        ),
        good("an immutable value", &immutable(b"hello")),
        good("no byte, immutable", &immutable(b"")),
        good("a signed record", &signed(b"hello")),
        good(
            "one without salt",
            &written(salt(b""), Some(b"hello"), 2, DAY),
        ),
        good("one deleted", &written(salt(&[9; MAX_SALT]), None, 3, 60)),
        good("a provider that has withdrawn", &providers(&[1])),
        good("three providers", &providers(&[1, 2, 3])),
    ];
    vectors.extend(unreadable_ones());
    vectors.extend(refused_ones());
    pin(
        "records.json",
        "Copies of records: from the author's secret key, and refused.",
        vectors,
    );
}
