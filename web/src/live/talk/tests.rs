use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Space;
use serde::de::DeserializeOwned;
use serde_json::{from_str, to_string};

use super::*;

/// What the worker packs is what the page unpacks. (The browser's own format cannot be tested here.)
fn carried<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: T) {
    let text = to_string(&message).unwrap();
    assert_eq!(from_str::<T>(&text).unwrap(), message, "{text}");
}

/// A file of each stage.
fn files(id: Id) -> Vec<FileRow> {
    let transfer = Transfer {
        have: 1,
        segments: Some(2),
        down: 3,
        limit: "the network".to_owned(),
        map: vec![Cell::Here, Cell::Part, Cell::Missing],
        sources: vec![SourceRow {
            id,
            has: 2,
            down: 3,
        }],
    };
    let file = chordscope_core::swarm::collection::File {
        path: "a/b".to_owned(),
        content: ContentId::of(b"some"),
        length: 4,
    };
    let here = Here {
        link: "chordscope:…".to_owned(),
        saved: Some("blob:…".to_owned()),
        took: Some(7),
        sent: 5,
        up: 6,
        folder: Some((1, vec![file])),
    };
    let stages = [
        Stage::Reading { done: 4 },
        Stage::Fetching(Box::new(transfer)),
        Stage::Checking { done: 4 },
        Stage::Here(Box::new(here)),
        Stage::Failed("no".to_owned()),
    ];
    let row = |(number, stage)| FileRow {
        number,
        name: "a file".to_owned(),
        content: Some(ContentId::of(b"a file")),
        length: Some(9),
        stage,
    };
    (0..).zip(stages).map(row).collect()
}

#[test]
fn every_message_arrives_as_it_was_sent() {
    let id = Space::FULL.finger_start(Id::ZERO, 160);
    let commands = [
        Command::Start(vec![7; 32]),
        Command::Join("ws://127.0.0.1:7340/ws".to_owned()),
        Command::Leave,
        Command::Put("name".to_owned(), "value".to_owned()),
        Command::Get("name".to_owned()),
        Command::Delete("name".to_owned()),
        Command::LookUp(id),
        Command::Fetch(Wanted {
            content: ContentId::of(b"some"),
            name: "name".to_owned(),
            is_folder: false,
        }),
        Command::Drop(7),
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
        memory: 2 << 20,
        predecessor: None,
        successors: vec![id],
        fingers: Vec::new(),
        peers: Vec::new(),
        keys_owned: 1,
        keys_copied: 2,
        keys: Vec::new(),
        files: files(id),
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
