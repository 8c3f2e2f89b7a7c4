//! Going back and forth.

use super::*;
use crate::worlds::ring::builtin::named;
use chordscope_core::chord::route::{Mode, Routing};

fn history(name: &str) -> History {
    History::new(named(name).unwrap(), 1).unwrap()
}

fn millis(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

#[test]
fn any_moment_can_be_made_again() {
    let mut history = history("insert-7");
    let mut digests = Vec::new();
    for at in (0..30).map(|second| millis(second * 997)) {
        history.seek(at);
        digests.push((at, history.world().digest(), history.entries().len()));
    }
    for (at, digest, entries) in digests.into_iter().rev() {
        history.seek(at);
        assert_eq!(history.world().digest(), digest, "at {at:?}");
        assert_eq!(history.entries().len(), entries);
    }
}

#[test]
fn a_deed_in_the_past_drops_what_came_after() {
    let mut history = history("lesson-26");
    history.advance_to(millis(3_000));
    history.act(Action::Insert(Id::from_u64(7))).unwrap();
    history.advance_to(millis(9_000));
    history.seek(millis(2_000));
    history.act(Action::Crash(Id::from_u64(9))).unwrap();
    let deeds: Vec<_> = history
        .actions()
        .iter()
        .map(|timed| &timed.action)
        .collect();
    assert_eq!(deeds.len(), 2, "{deeds:?}");
    assert_eq!(history.end(), millis(2_000));
    assert!(history.world().node(Id::from_u64(9)).is_none());
}

#[test]
fn having_acted_equals_having_planned() {
    let mut acted = history("lesson-26");
    acted.advance_to(millis(1_000));
    let deed = Action::Lookup {
        from: Id::from_u64(28),
        key: Id::from_u64(12),
        routing: Routing::Finger,
        mode: Mode::Iterative,
    };
    acted.act(deed).unwrap();
    acted.advance_to(millis(5_000));
    let mut scenario = acted.scenario().clone();
    scenario.actions = acted.actions().to_vec();
    let mut planned = History::new(scenario, 1).unwrap();
    planned.advance_to(millis(5_000));
    assert_eq!(acted.world().digest(), planned.world().digest());
}

#[test]
fn stepping_forward_and_back_comes_to_the_same_place() {
    let mut history = history("lesson-26");
    let mut places = Vec::new();
    for _ in 0..12 {
        history.step_forward();
        places.push(history.now());
    }
    assert!(
        places.windows(2).all(|pair| pair[0] < pair[1]),
        "{places:?}"
    );
    for place in places.iter().rev().skip(1) {
        history.step_back();
        assert_eq!(history.now(), *place);
    }
}

#[test]
fn the_lessons_four_fingers_change_and_no_other() {
    let mut history = history("insert-7");
    history.advance_to(millis(30_000));
    let changed: Vec<_> = history
        .changed_fingers()
        .iter()
        .map(|change| (change.node, change.row, change.old, change.new))
        .collect();
    let expected: Vec<_> = history
        .world()
        .affected()
        .iter()
        .map(|finger| (finger.node, finger.row, Some(finger.old), Some(finger.new)))
        .collect();
    assert_eq!(expected.len(), 4);
    assert_eq!(changed, expected);
}
