use chordscope_core::base::id::Space;
use serde::de::DeserializeOwned;

use super::*;

/// What the worker packs is what the page unpacks.
fn carried<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: T) {
    let bytes = postcard::to_allocvec(&message).unwrap();
    assert_eq!(postcard::from_bytes::<T>(&bytes).unwrap(), message);
}

#[test]
fn every_message_arrives_as_it_was_sent() {
    let id = Space::FULL.finger_start(Id::ZERO, 160);
    let commands = [
        Command::Start([7; 32]),
        Command::Join("ws://127.0.0.1:7340/ws".to_owned()),
        Command::Leave,
        Command::Put("name".to_owned(), "value".to_owned()),
        Command::Get("name".to_owned()),
        Command::Delete("name".to_owned()),
        Command::LookUp(id),
    ];
    for (number, command) in (0..).zip(commands) {
        carried(Asked { number, command });
    }
    let path = Path {
        key: id,
        hops: vec![Hop {
            id,
            address: None,
            rtt: Some(5),
        }],
        took: 9,
    };
    let refusal = Refusal {
        address: "ws://a/ws".to_owned(),
        cause: Cause::Closed(4_013, "no".to_owned()),
    };
    let state = State {
        id,
        connection: Connection::Refused(refusal),
        shelf: Shelf::Files,
        predecessor: None,
        successors: vec![id],
        fingers: Vec::new(),
        peers: Vec::new(),
        keys_owned: 1,
        keys_copied: 2,
        keys: Vec::new(),
    };
    carried(Report::Answer(3, Answer::Path(path)));
    carried(Report::State(Box::new(state)));
    carried(Report::Happened("something".to_owned()));
}

#[test]
fn a_very_long_time_fits() {
    let day = std::time::Duration::from_secs(24 * 3_600);
    assert_eq!(micros(day), 3_600_000_000);
}
