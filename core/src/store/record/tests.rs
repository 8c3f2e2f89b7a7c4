//! Tests of the kinds of records: their proofs, merges and limits.

use alloc::vec;

use super::*;
use crate::base::contact::Contact;
use crate::base::content::ContentId;

const CONTENT: ContentId = ContentId([7; 32]);

fn signer(secret: u8) -> Signer {
    Signer::ed25519([secret; 32])
}

fn sign(label: impl Into<Label>, value: Option<Vec<u8>>, sequence: u64) -> Item {
    let life = Duration::from_secs(60);
    Item::sign(&signer(1), label.into(), value, sequence, life).unwrap()
}

fn named(value: Option<Vec<u8>>, sequence: u64) -> Record {
    Record::Item(sign(Name::new("greeting").unwrap(), value, sequence))
}

fn check(record: &Record) -> Result<(), RecordError> {
    record.verify(Space::FULL, Scheme::ED25519, None)
}

/// An entry of the provider with this secret, in the version of its card and the sequence number.
fn provider(secret: u8, version: u64, sequence: u64, withdrawn: bool) -> Provider {
    let contact = Contact::sign(Space::FULL, &signer(secret), 0, version, vec![]).unwrap();
    let life = PROVIDER_LIFETIME;
    Provider::sign(
        &signer(secret),
        &contact,
        CONTENT,
        sequence,
        withdrawn,
        life,
    )
}

fn providers(entries: impl IntoIterator<Item = Provider>) -> Record {
    let mut set = Providers::new(CONTENT);
    for entry in entries {
        let one = Providers {
            content: CONTENT,
            entries: vec![entry],
        };
        set.merge(PROVIDER_LIFETIME, &one, PROVIDER_LIFETIME);
    }
    Record::Providers(set)
}

#[test]
fn an_item_that_was_changed_is_refused() {
    let changes: [fn(&mut Item); 6] = [
        |item| item.value = Some(b"hullo".to_vec()),
        |item| item.value = None,
        |item| item.sequence += 1,
        |item| item.lifetime += 1,
        |item| item.label = Name::new("greetings").unwrap().into(),
        |item| item.label = Salt::new(b"greetings").unwrap().into(),
    ];
    let labels = [
        Label::Name(Name::new("greeting").unwrap()),
        Label::Salt(Salt::new(b"greeting").unwrap()),
    ];
    for label in labels {
        let good = sign(label, Some(b"hello".to_vec()), 1);
        assert_eq!(check(&Record::Item(good.clone())), Ok(()));
        for change in changes {
            let mut bad = good.clone();
            change(&mut bad);
            assert_eq!(check(&Record::Item(bad)), Err(RecordError::Signature));
        }
    }
}

#[test]
fn a_signature_of_one_kind_is_none_of_another() {
    let mut item = sign(Name::new("same").unwrap(), Some(vec![1]), 1);
    item.label = Salt::new(b"same").unwrap().into();
    assert_eq!(check(&Record::Item(item)), Err(RecordError::Signature));
}

#[test]
fn names_salts_and_values_have_limits() {
    assert_eq!(Name::new(""), Err(RecordError::Name));
    assert!(Name::new("n".repeat(MAX_NAME)).is_ok());
    assert_eq!(Name::new("n".repeat(MAX_NAME + 1)), Err(RecordError::Name));
    assert!(Salt::new([]).is_ok() && Salt::new([0; MAX_SALT]).is_ok());
    assert_eq!(Salt::new([0; MAX_SALT + 1]), Err(RecordError::Salt));
    let write = |length| {
        let name = Name::new("n").unwrap();
        let value = Some(vec![0; length]);
        Record::sign(&signer(1), name, value, 1, Duration::from_secs(1)).map(|_| ())
    };
    assert_eq!(write(MAX_VALUE), Ok(()));
    assert_eq!(write(MAX_VALUE + 1), Err(RecordError::Value));
    let immutable = |length| Record::immutable(vec![0; length]).map(|_| ());
    assert_eq!(immutable(MAX_VALUE), Ok(()));
    assert_eq!(immutable(MAX_VALUE + 1), Err(RecordError::Value));
}

#[test]
fn the_later_write_is_the_newer_version() {
    let (first, second) = (named(Some(vec![1]), 1), named(None, 2));
    assert!(second.version() > first.version());
    assert!(first.join(60, &second, 60).is_some() && second.join(60, &first, 60).is_none());
    assert_ne!(
        named(Some(vec![1]), 1).version(),
        named(Some(vec![2]), 1).version()
    );
    assert_ne!(
        named(Some(Vec::new()), 1).version(),
        named(None, 1).version(),
        "nothing is not the empty value"
    );
}

#[test]
fn no_two_kinds_want_the_same_key() {
    // The same bytes as a name, a value, a salt and a content.
    let text = "the same";
    let author = signer(1).public_key();
    let keys = [
        Name::new(text).unwrap().key(Space::FULL),
        Record::immutable(text.into()).unwrap().key(Space::FULL),
        Label::Salt(Salt::new(text).unwrap()).key(Space::FULL, author),
        Record::Providers(Providers::new(ContentId::of(text.as_bytes()))).key(Space::FULL),
    ];
    for (at, key) in keys.iter().enumerate() {
        assert!(!keys[..at].contains(key), "{keys:?}");
    }
}

#[test]
fn a_get_takes_only_what_it_asked_for() {
    let salt = || Salt::new("greeting").unwrap();
    let name = || Name::new("greeting").unwrap();
    let signed = Record::Item(sign(salt(), Some(vec![1]), 1));
    let value = Record::immutable(vec![1]).unwrap();
    let all = [
        named(Some(vec![1]), 1),
        signed.clone(),
        value.clone(),
        providers([]),
    ];
    let met = |subject: Subject| all.each_ref().map(|it| subject.is_met_by(it, Space::FULL));
    let author = signer(1).public_key();
    assert_eq!(met(Subject::Name(name())), [true, false, false, false]);
    assert_eq!(
        met(Subject::Signed(author, salt())),
        [false, true, false, false]
    );
    let other = signer(2).public_key();
    assert_eq!(met(Subject::Signed(other, salt())), [false; 4]);
    assert_eq!(
        met(Subject::Key(signed.key(Space::FULL))),
        [false, true, false, false]
    );
    assert_eq!(
        met(Subject::Key(value.key(Space::FULL))),
        [false, false, true, false]
    );
    assert_eq!(
        met(Subject::Key(providers([]).key(Space::FULL))),
        [false; 4]
    );
}

#[test]
fn whoever_puts_a_value_again_lets_it_live_longer() {
    let value = Record::immutable(vec![1]).unwrap();
    assert_eq!(value.join(20, &value, 60), Some((value.clone(), 60)));
    assert_eq!(value.join(60, &value, 20), None);
    let ever = value.join(20, &value, i32::MAX);
    assert_eq!(
        ever.map(|(_, life)| life),
        Some(DEFAULT_LIFETIME.cast_signed()),
        "a day at most"
    );
}

#[test]
fn providers_merge_whatever_the_order() {
    let entries = [
        provider(1, 1, 1, false),
        provider(1, 1, 2, true),
        provider(2, 1, 9, false),
        // After a restart it counts anew, under a newer card.
        provider(2, 2, 1, false),
        provider(3, 1, 1, false),
    ];
    let all = providers(entries.clone());
    assert_eq!(check(&all), Ok(()));
    let mut backwards = entries;
    backwards.reverse();
    assert_eq!(providers(backwards.clone()).version(), all.version());
    assert_eq!(all.join(60, &providers(backwards), 60), None);
    let Record::Providers(set) = &all else {
        unreachable!()
    };
    assert_eq!(set.entries.len(), 3);
    let contacts = set.contacts(Space::FULL, Scheme::ED25519);
    let versions = |secret: u8| {
        let key = signer(secret).public_key();
        let mut cards = contacts.iter().map(Contact::card);
        cards.find(|card| card.key == key).map(|card| card.version)
    };
    assert_eq!([1, 2, 3].map(versions), [None, Some(2), Some(1)]);
}

#[test]
fn of_more_than_64_providers_the_freshest_stay() {
    let mut set = Providers::new(CONTENT);
    let mut life = 0;
    for secret in 0..=64 {
        let one = Providers {
            content: CONTENT,
            entries: vec![provider(secret, 1, 1, false)],
        };
        // The one with secret 30 has least left.
        let left = if secret == 30 { 500 } else { 1_000 };
        life = set.merge(life, &one, left);
    }
    assert_eq!((set.entries.len(), life), (MAX_PROVIDERS, 1_000));
    let oldest = signer(30).public_key();
    assert!(set.entries.iter().all(|entry| entry.card.key != oldest));
    assert_eq!(check(&Record::Providers(set)), Ok(()));
}

#[test]
fn each_provider_keeps_its_own_remaining_life() {
    let one = |secret| {
        let entry = provider(secret, 1, 1, false);
        Providers {
            content: CONTENT,
            entries: vec![entry],
        }
    };
    let mut set = one(1);
    // The first has 100 s left when one with 400 s comes, and then one with 50 s.
    assert_eq!(set.merge(100, &one(2), 400), 400);
    assert_eq!(set.merge(400, &one(3), 50), 400);
    let left = |set: &Providers, secret: u8| {
        let key = signer(secret).public_key();
        let mut entries = set.entries.iter();
        let entry = entries.find(|entry| entry.card.key == key);
        entry.map(|entry| 400 - entry.behind)
    };
    assert_eq!(
        [1, 2, 3].map(|secret| left(&set, secret)),
        [Some(100), Some(400), Some(50)]
    );
    // 60 seconds later.
    set.prune(340);
    assert_eq!(
        [1, 2, 3].map(|secret| left(&set, secret)),
        [Some(100), Some(400), None]
    );
    // Nobody's life is longer than its author said, whatever a holder tells.
    let mut liar = one(4);
    liar.entries[0].lifetime = 10;
    assert_eq!(Providers::new(CONTENT).merge(0, &liar, u32::MAX), 10);
}

#[test]
fn providers_that_are_forged_or_out_of_order_are_refused() {
    let good = providers([provider(1, 1, 1, false), provider(2, 1, 1, false)]);
    type Change = fn(&mut Providers);
    let changes: [(Change, RecordError); 8] = [
        (|set| set.entries.reverse(), RecordError::Providers),
        (|set| set.entries.clear(), RecordError::Providers),
        (
            |set| set.entries[1] = set.entries[0].clone(),
            RecordError::Providers,
        ),
        (|set| set.content.0[0] += 1, RecordError::Signature),
        (|set| set.entries[0].sequence += 1, RecordError::Signature),
        (
            |set| set.entries[0].withdrawn = true,
            RecordError::Signature,
        ),
        (
            |set| set.entries[0].card.version += 1,
            RecordError::Signature,
        ),
        (|set| set.entries[0].lifetime = 1_801, RecordError::Lifetime),
    ];
    for (change, why) in changes {
        let Record::Providers(mut set) = good.clone() else {
            unreachable!()
        };
        change(&mut set);
        let bad = Record::Providers(set);
        assert_eq!(check(&bad), Err(why));
        // What is known is the good one: it does not vouch for the other.
        let beside = bad.verify(Space::FULL, Scheme::ED25519, Some(&good));
        assert_eq!(beside, Err(why));
    }
}
