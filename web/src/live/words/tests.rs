use std::rc::Rc;

use super::*;
use crate::live::desk::Question;
use crate::live::talk::{Answer, FileRow, Here, Hop, Path, Stage};

fn asked(question: Question, answer: Answer) -> Desk {
    Desk {
        asked: Some((1, question)),
        answer: Some(Rc::new(answer)),
        ..Desk::default()
    }
}

fn said(question: Question, value: Answer) -> String {
    let spoken = answer(&asked(question, value)).unwrap();
    format!("{} {}", spoken.lead, spoken.rest)
}

#[test]
fn a_put_tells_replicas_and_version() {
    let written = Answer::Written {
        key: Id::ZERO,
        copies: 3,
        sequence: 7,
        held: Some(86_399),
    };
    let text = said(Question::Put("a".into()), written);
    let until = "held for 23 h 59 min, renewed while this tab is open";
    assert_eq!(text, format!("stored: 3 replicas, version 7 “a”, {until}"));
}

#[test]
fn what_is_deleted_does_not_read_as_if_it_were_kept() {
    let written = |copies| Answer::Written {
        key: Id::ZERO,
        copies,
        sequence: 8,
        held: Some(86_400),
    };
    let gone = "deleted at level one Version 8 of “a” says so at";
    let question = || Question::Delete("a".into());
    assert_eq!(said(question(), written(3)), format!("{gone} 3 nodes."));
    assert_eq!(said(question(), written(1)), format!("{gone} 1 node."));
    let none = said(question(), Answer::NoSuchName);
    let absent = "no such name Nothing is stored under “a” at level one.";
    assert_eq!(none, absent);
}

#[test]
fn a_get_tells_the_value_or_that_there_is_none() {
    let question = || Question::Get("a".into());
    let found = |value: &[u8]| Answer::Found {
        value: value.to_vec(),
        sequence: 1,
        held: None,
    };
    assert!(said(question(), found(b"hello")).starts_with("hello "));
    assert!(said(question(), found(&[0xff, 0xfe])).starts_with("2 B, not text"));
    assert!(said(question(), Answer::NoSuchName).starts_with("no such name"));
    let failed = Answer::Failed("the node is in no ring yet".into());
    assert_eq!(said(question(), failed), "The node is in no ring yet. ");
}

#[test]
fn an_immutable_value_has_no_version_and_its_key_is_no_name() {
    let key = "0123456789abcdef0123456789abcdef01234567";
    let question = || Question::Get(key.into());
    let found = Answer::Found {
        value: b"hello".to_vec(),
        sequence: 0,
        held: None,
    };
    assert_eq!(said(question(), found), format!("hello “{key}”"));
    let none = said(question(), Answer::NoSuchName);
    assert!(none.starts_with("no such key"), "{none}");
}

#[test]
fn a_lookup_tells_owner_and_hops() {
    let hop = |id| Hop {
        id: Id::from_u64(id),
        address: None,
        rtt: Some(400),
    };
    let path = Answer::Path(Path {
        key: Id::from_u64(9),
        hops: vec![hop(1), hop(5)],
        took: 1_234,
    });
    let text = said(Question::LookUp("a".into()), path);
    assert!(text.ends_with("1 hop, 1.2 ms"), "{text}");
}

#[test]
fn numbers_are_short() {
    assert_eq!(millis(0), "0.0 ms");
    assert_eq!(millis(9_990), "9.9 ms");
    assert_eq!(millis(45_678), "45 ms");
    assert_eq!(size(999), "999 B");
    assert_eq!(size(1_500), "1.5 kB");
    assert_eq!(size(45_000), "45 kB");
    assert_eq!(size(2_345_678), "2.3 MB");
    assert_eq!(size(45_000_000), "45 MB");
    assert_eq!(size(1_340_000_000), "1.3 GB");
    assert_eq!(size(45_000_000_000), "45 GB");
}

fn row(length: u64, here: Here) -> FileRow {
    FileRow {
        number: 1,
        name: "a".to_owned(),
        content: None,
        length: Some(length),
        stage: Stage::Here(Box::new(here)),
    }
}

#[test]
fn what_was_fetched_tells_how_fast_it_came() {
    let here = Here {
        saved: Some("blob:…".to_owned()),
        took: Some(12_345),
        ..Here::default()
    };
    let spoken = file(&row(1_234_500_000, here), true);
    assert_eq!(spoken.lead, "fetched, and every segment checked");
    let took = "It took 12 s, at 100 MB/s. ";
    let sent = "Nobody has fetched any of it from this tab since it was opened.";
    assert_eq!(spoken.rest, format!("{took}{sent}"));
}

#[test]
fn files_folders_and_what_is_under_way_are_counted_apart() {
    let here = |folder| {
        let here = Here {
            folder,
            ..Here::default()
        };
        row(1, here)
    };
    let staged = |stage| FileRow {
        stage,
        ..row(1, Here::default())
    };
    assert_eq!(count(&[]), "");
    let folder = here(Some((2, Vec::new())));
    assert_eq!(count(std::slice::from_ref(&folder)), "1 folder");
    let rows = [
        folder,
        here(None),
        here(None),
        staged(Stage::Reading { done: 0 }),
        staged(Stage::Failed("no".to_owned())),
    ];
    assert_eq!(count(&rows), "2 files, 1 folder, 1 under way, 1 failed");
}

#[test]
fn a_folder_that_is_shared_tells_how_many_files_it_has() {
    let said = |count| {
        let here = Here {
            folder: Some((count, Vec::new())),
            ..Here::default()
        };
        file(&row(6, here), true).lead
    };
    assert_eq!(said(1), "a folder of 1 file, shared while this tab is open");
    assert_eq!(
        said(2),
        "a folder of 2 files, shared while this tab is open"
    );
}
