//! The engine as the page drives it: commands in, snapshots out, no browser.

use chordscope_core::base::id::Id;
use chordscope_web::engine::Engine;
use chordscope_web::engine::command::{Command, Way};
use chordscope_web::engine::snapshot::{Snapshot, Standing, Tone};

fn id(value: u64) -> Id {
    Id::from_u64(value)
}

/// Lets frames pass until something holds.
fn until(engine: &mut Engine, holds: impl Fn(&Snapshot) -> bool) -> Snapshot {
    for _ in 0..20_000 {
        engine.advance(16.0, 7.0, || 0.0);
        let shot = engine.snapshot();
        if holds(&shot) {
            return shot;
        }
    }
    panic!("it never came: {:?}", engine.snapshot().caption);
}

fn path(shot: &Snapshot) -> Vec<u64> {
    let path = shot.lookup.as_ref().map(|lookup| lookup.path.clone());
    path.unwrap_or_default()
        .into_iter()
        .filter_map(Id::to_u64)
        .collect()
}

fn answered(shot: &Snapshot) -> bool {
    shot.lookup.as_ref().is_some_and(|lookup| lookup.finished)
}

#[test]
fn the_page_opens_on_the_lessons_lookup_and_pauses_at_its_end() {
    let mut engine = Engine::open("", false);
    let shot = until(&mut engine, answered);
    assert_eq!(path(&shot), [1, 18, 20, 21, 28]);
    assert!(!shot.playing);
    assert_eq!(shot.caption.tone, Tone::Done);
    assert!(
        shot.caption.rest.contains("(21, 28]"),
        "{}",
        shot.caption.rest
    );
}

#[test]
fn with_less_motion_nothing_moves_by_itself() {
    let mut engine = Engine::open("", true);
    engine.advance(1_000.0, 7.0, || 0.0);
    assert_eq!(engine.snapshot().now, 0);
}

#[test]
fn upkeep_repairs_exactly_the_fingers_that_an_insertion_changes() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Insert(id(7)));
    let shot = engine.snapshot();
    let joining = shot.nodes.iter().find(|node| node.id == id(7));
    assert_eq!(joining.map(|node| node.standing), Some(Standing::Joining));
    let shot = until(&mut engine, |shot| {
        shot.change
            .as_ref()
            .is_some_and(|change| change.repaired == 4)
    });
    assert_eq!(shot.change.map(|change| change.rows.len()), Some(4));
}

#[test]
fn a_ring_that_has_fallen_in_two_is_not_called_stable() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Load("partition".to_owned()));
    let broken = |shot: &Snapshot| shot.health.iter().any(|check| !check.holds);
    let stable = |shot: &Snapshot| shot.caption.lead.contains("stable");
    let shot = until(&mut engine, |shot| shot.caption.tone == Tone::Failed);
    assert!(broken(&shot), "{:?}", shot.health);
    assert!(
        shot.caption.rest.contains("every node reachable"),
        "{:?}",
        shot.caption
    );
    let shot = until(&mut engine, stable);
    assert!(!broken(&shot), "{:?}", shot.health);
}

#[test]
fn a_torn_ring_is_not_said_to_work() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Load("classic-crash".to_owned()));
    let torn = |shot: &Snapshot| {
        shot.caption
            .rest
            .contains("Does not hold: one ordered ring")
    };
    let shot = until(&mut engine, torn);
    assert!(!shot.caption.rest.contains("Lookups work"));
}

#[test]
fn a_crashed_node_stays_on_the_stage_and_comes_back_by_insertion() {
    let mut engine = Engine::open("", true);
    let standing = |engine: &Engine| {
        let shot = engine.snapshot();
        shot.position(id(18)).map(|at| shot.nodes[at].standing)
    };
    engine.apply(Command::Crash(id(18)));
    assert_eq!(standing(&engine), Some(Standing::Crashed));
    until(&mut engine, |shot| shot.now > 100_000);
    engine.apply(Command::Insert(id(18)));
    assert_eq!(standing(&engine), Some(Standing::Joining));
}

#[test]
fn going_back_shows_the_past_and_acting_there_drops_the_future() {
    let mut engine = Engine::open("", false);
    let end = until(&mut engine, answered).now;
    engine.apply(Command::Seek(250_000));
    let past = engine.snapshot();
    assert!(path(&past).len() < 5 && past.end >= end);
    let ahead = past.marks.iter().filter(|mark| mark.at > 250_000).count();
    assert!(ahead > 0, "the map keeps what lies ahead");
    engine.apply(Command::Look {
        from: id(28),
        key: id(12),
        way: Way::default(),
    });
    assert!(
        engine
            .snapshot()
            .marks
            .iter()
            .all(|mark| mark.at <= 250_000)
    );
    let shot = until(&mut engine, answered);
    assert_eq!(path(&shot), [28, 4, 9, 11, 14]);
}

/// The lesson's lookup, with a question before each hop.
fn predicting() -> Engine {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Predict {
        from: id(1),
        key: id(26),
        way: Way::default(),
    });
    engine
}

#[test]
fn a_prediction_stops_time_at_each_decision_and_hides_the_answer() {
    let mut engine = predicting();
    for (right, tone) in [
        (18, Tone::Right),
        (20, Tone::Right),
        (21, Tone::Right),
        (28, Tone::Right),
    ] {
        let shot = until(&mut engine, |shot| !shot.playing);
        assert!(shot.caption.rest.contains("Who is next?") || shot.caption.tone == Tone::Ask);
        assert!(engine.motion().dots.iter().all(|dot| !dot.lookup));
        let asked = shot.inspected.as_ref().unwrap();
        assert!(asked.fingers.iter().all(|row| !row.used), "{asked:?}");
        let tells = |text: &str| {
            text.contains(&format!("→ {right}")) || text.contains(&format!(": {right}."))
        };
        assert!(
            !shot.events.iter().any(|line| tells(&line.text)),
            "{:?}",
            shot.events
        );
        assert!(
            !shot.marks.iter().any(|mark| tells(&mark.label)),
            "{:?}",
            shot.marks
        );
        engine.apply(Command::Choose(id(right)));
        assert_eq!(engine.snapshot().caption.tone, tone);
    }
    let shot = until(&mut engine, answered);
    assert!(
        shot.caption.rest.contains("4 of 4 right"),
        "{}",
        shot.caption.rest
    );
}

#[test]
fn who_plays_on_during_a_prediction_is_not_asked_any_more() {
    let mut engine = predicting();
    until(&mut engine, |shot| !shot.playing);
    engine.apply(Command::Play(true));
    let shot = until(&mut engine, answered);
    assert_eq!(path(&shot), [1, 18, 20, 21, 28]);
    assert!(!shot.predicting);
}

#[test]
fn a_link_opens_the_same_moment() {
    let mut engine = Engine::open("", false);
    engine.apply(Command::Insert(id(7)));
    until(&mut engine, |shot| shot.now > 900_000);
    engine.apply(Command::Choose(id(7)));
    let shot = engine.snapshot();
    let link = engine.link().unwrap();
    let opened = Engine::open(&link, false).snapshot();
    assert_eq!(opened.nodes, shot.nodes);
    assert_eq!(opened.inspected, shot.inspected);
    assert_eq!(opened.now / 1_000, shot.now / 1_000);
    assert!(!opened.playing);
}

#[test]
fn a_broken_link_says_so_and_shows_the_lesson() {
    let shot = Engine::open("s=nowhere", false).snapshot();
    assert!(shot.refused.is_some());
    assert_eq!(shot.nodes.len(), 9);
}
