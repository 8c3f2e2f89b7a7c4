//! Tests of a whole node, and of its orders to its owner's disk.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Space;
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::message::{Message, Request, Response};
use crate::node::Node;
use crate::node::api::{Event, Level, Output, StorageEvent, StoreError};
use crate::node::config::Config;
use crate::store::group::Save;
use crate::store::message::{Request as Ask, Response as Answer, StoredRecord};
use crate::store::record::{Name, Record, RecordError};

fn contact(secret: u8) -> (Signer, Contact) {
    let signer = Signer::ed25519([secret; 32]);
    let contact = Contact::sign(Space::FULL, &signer, 0, 1, Vec::new()).unwrap();
    (signer, contact)
}

fn node() -> Node {
    let (signer, contact) = contact(1);
    let mut node = Node::new(Config::default(), signer, contact, Rng::from_seed(1, 0));
    node.create(Instant::ZERO);
    node
}

/// Writes the same record once more; gives what the disk is asked and what the writer is answered.
fn write(node: &mut Node, number: u64) -> (Vec<u64>, Vec<Answer>) {
    let (signer, writer) = contact(2);
    let name = Name::new("name").unwrap();
    let life = Duration::from_secs(60);
    let record = Record::sign(&signer, name, Some(vec![1]), 1, life).unwrap();
    let copy = Box::new(StoredRecord {
        record,
        remaining: 60,
    });
    let request = Request::Store(Ask::Write(copy));
    node.handle_message(Instant::ZERO, writer, Message::Request(number, request));
    drain(node)
}

fn drain(node: &mut Node) -> (Vec<u64>, Vec<Answer>) {
    let (mut tokens, mut answers) = (Vec::new(), Vec::new());
    while let Some(output) = node.poll_output() {
        match output {
            Output::StoreRecord { token, .. } => tokens.push(token),
            Output::Send { message, .. } => match message {
                Message::Response(_, Response::Store(answer)) => answers.push(answer),
                other => panic!("{other:?}"),
            },
            Output::DropRecord(_) | Output::Event(_) => {}
            Output::StoreGroups { .. } | Output::DropEntries(_) | Output::SetAside(_) => {}
        }
    }
    (tokens, answers)
}

#[test]
fn a_record_that_the_disk_still_writes_is_not_written() {
    let mut node = node();
    let (tokens, answers) = write(&mut node, 1);
    assert_eq!((tokens.len(), answers.len()), (1, 0));
    let again = write(&mut node, 2);
    assert_eq!((again.0.len(), again.1.len()), (0, 0), "it waits, too");
    node.handle_storage(Instant::ZERO, StorageEvent::Stored(tokens[0]));
    assert_eq!(drain(&mut node).1, [Answer::Written, Answer::Written]);
    assert_eq!(write(&mut node, 3), (vec![], vec![Answer::Written]));
}

#[test]
fn a_record_that_the_disk_refused_is_not_written_either() {
    let mut node = node();
    let (tokens, _) = write(&mut node, 1);
    node.handle_storage(Instant::ZERO, StorageEvent::Failed(tokens[0]));
    let refused = Answer::Refused(RecordError::Storage);
    assert_eq!(drain(&mut node).1, [refused]);
    let (tokens, answers) = write(&mut node, 2);
    assert_eq!(
        (tokens.len(), answers.len()),
        (1, 0),
        "the disk is asked again"
    );
    node.handle_storage(Instant::ZERO, StorageEvent::Stored(tokens[0]));
    assert_eq!(drain(&mut node).1, [Answer::Written]);
}

/// Lets the disk answer until nothing more happens: entries of level quorum so. Gives the events.
fn save_groups(node: &mut Node, takes_entries: bool) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(output) = node.poll_output() {
        match output {
            Output::StoreGroups { token, save } => {
                let stored = takes_entries || matches!(save, Save::Control(_));
                let saved = match stored {
                    true => StorageEvent::Stored(token),
                    false => StorageEvent::Failed(token),
                };
                node.handle_storage(Instant::ZERO, saved);
            }
            Output::Event(event) => events.push(*event),
            _ => {}
        }
    }
    events
}

#[test]
fn a_put_at_level_quorum_that_no_disk_takes_but_the_own_refuses_ends_at_once() {
    let mut node = node();
    save_groups(&mut node, true);
    let name = || Name::new("name").unwrap();
    let full = StoreError::Unstored {
        refused: vec![(node.contact().clone(), RecordError::Storage)],
        awaited: Vec::new(),
    };
    for _ in 0..2 {
        let value = b"value".to_vec();
        let put = node.put(Instant::ZERO, name(), value, Level::Quorum);
        let ended = Event::PutEnded(put.unwrap(), Err(full.clone()));
        assert!(save_groups(&mut node, false).contains(&ended));
    }
    let get = node.get(Instant::ZERO, name(), Level::Quorum).unwrap();
    let ended = Event::GetEnded(get, Err(full));
    assert!(save_groups(&mut node, false).contains(&ended));
    // There is room again, and what was ordered first comes first.
    let get = node.get(Instant::ZERO, name(), Level::Quorum).unwrap();
    let events = save_groups(&mut node, true);
    let got = events.iter().find_map(|event| match event {
        Event::GetEnded(number, Ok(Some(record))) if *number == get => record.value(),
        _ => None,
    });
    assert_eq!(got, Some(&b"value"[..]), "{events:?}");
}
