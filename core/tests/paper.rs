//! The published figures, one test each. The numbers of the lesson's ring come first.

#![allow(clippy::unwrap_used)]

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::ideal::{FingerChange, IdealRing};
use chordscope_core::chord::route::Routing;

/// The lesson's ring: 9 nodes on 32 positions.
fn lesson() -> IdealRing {
    let ids = [1, 4, 9, 11, 14, 18, 20, 21, 28].map(Id::from_u64).to_vec();
    IdealRing::new(Space::new(5).unwrap(), ids).unwrap()
}

fn numbers(ids: &[Id]) -> Vec<u64> {
    ids.iter().map(|id| id.to_u64().unwrap()).collect()
}

#[test]
fn finger_tables_of_the_lesson() {
    let tables = [
        (1, [4, 4, 9, 9, 18]),
        (4, [9, 9, 9, 14, 20]),
        (9, [11, 11, 14, 18, 28]),
        (11, [14, 14, 18, 20, 28]),
        (14, [18, 18, 18, 28, 1]),
        (18, [20, 20, 28, 28, 4]),
        (20, [21, 28, 28, 28, 4]),
        (21, [28, 28, 28, 1, 9]),
        (28, [1, 1, 1, 4, 14]),
    ];
    for (node, expected) in tables {
        let table: Vec<Id> = lesson()
            .fingers(Id::from_u64(node))
            .into_iter()
            .map(|(_, finger)| finger)
            .collect();
        assert_eq!(numbers(&table), expected, "node {node}");
    }
}

#[test]
fn lookups_of_the_lesson() {
    for (key, from, expected) in [
        (26, 1, vec![1, 18, 20, 21, 28]),
        (12, 28, vec![28, 4, 9, 11, 14]),
    ] {
        let path = lesson().path(Id::from_u64(from), Id::from_u64(key), Routing::Finger);
        assert_eq!(numbers(&path), expected);
    }
    let linear = lesson().path(Id::from_u64(1), Id::from_u64(26), Routing::Linear);
    assert_eq!(numbers(&linear), [1, 4, 9, 11, 14, 18, 20, 21, 28]);
}

#[test]
fn inserting_node_7_changes_four_fingers() {
    let mut ring = lesson();
    let changes = ring.insert(Id::from_u64(7)).unwrap();
    let change = |node, row, start| FingerChange {
        node: Id::from_u64(node),
        row,
        start: Id::from_u64(start),
        old: Id::from_u64(9),
        new: Id::from_u64(7),
    };
    assert_eq!(
        changes,
        [
            change(1, 3, 5),
            change(4, 1, 5),
            change(4, 2, 6),
            change(21, 5, 5)
        ]
    );
    let table: Vec<Id> = ring
        .fingers(Id::from_u64(7))
        .into_iter()
        .map(|(_, finger)| finger)
        .collect();
    assert_eq!(numbers(&table), [9, 9, 11, 18, 28]);
}
