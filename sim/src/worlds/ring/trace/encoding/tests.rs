//! Tests of what the digest of a trace covers, and what it leaves out.

use alloc::vec;

use super::*;

fn bytes(what: What) -> Vec<u8> {
    let entry = Entry {
        index: 3,
        at: Instant::from_millis(1),
        cause: Some(2),
        what,
    };
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    bytes
}

fn parcel() -> Parcel {
    Parcel {
        number: 7,
        from: Id::from_u64(1),
        to: Id::from_u64(2),
        sent: Instant::from_micros(3),
        arrives: Instant::from_micros(4),
        kind: Kind::Forward,
        traffic: Traffic::Lookup,
        lookup: Some((Id::from_u64(1), 5)),
    }
}

#[test]
fn an_entry_has_the_bytes_that_are_documented() {
    let mut expected = vec![0xe8, 3, 0, 0, 0, 0, 0, 0]; // a thousand microseconds
    expected.extend([1, 2, 0, 0, 0, 0, 0, 0, 0]); // caused by message 2
    let head = expected.len();
    let id = |low: u8| {
        let mut id = [0; 20];
        id[19] = low;
        id
    };
    let number = |number: u8| [number, 0, 0, 0, 0, 0, 0, 0];
    expected.push(1); // sent
    expected.extend(number(7));
    expected.extend(id(1));
    expected.extend(id(2));
    expected.extend(number(3));
    expected.extend(number(4));
    expected.extend([Kind::Forward.number(), 0, 1]); // a lookup's, namely
    expected.extend(id(1));
    expected.extend(number(5));
    assert_eq!(bytes(What::Sent(parcel())), expected);

    expected.truncate(head);
    expected.extend([0, 4]); // an action: put
    expected.extend(id(9));
    expected.extend([2, 0, 0, 0]);
    expected.extend(b"ab");
    expected.extend([1, 0, 0, 0]);
    expected.extend(b"c");
    let put = Action::Put {
        from: Id::from_u64(9),
        name: "ab".into(),
        value: "c".into(),
    };
    assert_eq!(bytes(What::Acted(put)), expected);
}

#[test]
fn each_field_of_a_message_is_covered() {
    let changes: [fn(&mut Parcel); 8] = [
        |parcel| parcel.number = 8,
        |parcel| parcel.from = Id::from_u64(3),
        |parcel| parcel.to = Id::from_u64(3),
        |parcel| parcel.sent = Instant::from_micros(2),
        |parcel| parcel.arrives = Instant::from_micros(5),
        |parcel| parcel.kind = Kind::Step,
        |parcel| parcel.traffic = Traffic::Upkeep,
        |parcel| parcel.lookup = None,
    ];
    for change in changes {
        let mut other = parcel();
        change(&mut other);
        assert_ne!(bytes(What::Sent(other)), bytes(What::Sent(parcel())));
    }
}

#[test]
fn what_is_different_has_different_bytes() {
    let id = Id::from_u64(1);
    let owner = |error| Event::LookupEnded(LookupId(1), Err(error));
    let mut all = vec![
        bytes(What::Sent(parcel())),
        bytes(What::Delivered(parcel())),
        bytes(What::Lost(parcel())),
        bytes(What::Garbled(parcel())),
        bytes(What::Mended(Property::ListsInOrder)),
    ];
    all.extend(Property::ALL.map(|property| bytes(What::Broken(property, id))));
    let events = [
        Event::Joined,
        Event::JoinFailed,
        Event::Left,
        Event::Alone,
        Event::Conflict(id),
        Event::RecordKept(id),
        Event::RecordDropped(id),
        Event::NoAnswer(id),
        Event::LimitReached(Limit::Lookups),
        Event::LimitReached(Limit::Path),
        Event::GetEnded(OperationId(1), Ok(None)),
        Event::GetEnded(OperationId(1), Ok(Some(Record::Immutable(vec![])))),
        Event::GetEnded(OperationId(1), Err(StoreError::Unavailable)),
        Event::GetEnded(OperationId(1), Err(StoreError::Mismatch(0))),
        owner(LookupError::Busy),
        owner(LookupError::Deadline),
    ];
    all.extend(events.map(|event| bytes(What::Node(id, event))));
    let actions = [
        Action::Insert(id),
        Action::Remove(id),
        Action::Crash(id),
        Action::Lose(1),
        Action::Split(vec![id]),
        Action::Split(vec![]),
        Action::Heal,
        Action::Pause(id),
        Action::Resume(id),
        Action::Corrupt(id),
        Action::Misroute(id),
        Action::Mend(id),
        Action::Restart(id),
    ];
    all.extend(actions.map(|action| bytes(What::Acted(action))));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

/// The encoding is typed: this file has no way to the words of a log, so that no rewording can change a digest.
#[test]
fn no_words_are_encoded() {
    let source = include_str!("../encoding.rs");
    for way in [
        "format!",
        "write!",
        "to_string",
        "Display",
        "Debug",
        "describe",
        "explain",
        "label()",
        "title",
        "String",
    ] {
        assert!(!source.contains(way), "{way}");
    }
    // Text comes in as data only: what a person named, and what was put there.
    let data: Vec<&str> = source
        .split(".data(")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(argument, _)| argument)
        .collect();
    assert_eq!(
        data,
        [
            "name",
            "value",
            "name",
            "name",
            "name",
            "value",
            "name.as_str("
        ]
    );
}
