//! Branches, undo and redo as the page drives them: commands in, snapshots out, no browser.

use chordscope_core::base::id::Id;
use chordscope_sim::engine::json::Json;
use chordscope_web::player::{Control, Driven, Shareable};
use chordscope_web::ring::engine::Engine;
use chordscope_web::ring::engine::command::{Command, Way};
use chordscope_web::ring::engine::snapshot::{Beside, Snapshot};

fn id(value: u64) -> Id {
    Id::from_u64(value)
}

/// The lesson, two seconds in, at rest.
fn lesson() -> Engine {
    let mut engine = Engine::open("", true);
    engine.apply(Control::Seek(2_000_000));
    engine
}

fn seek(engine: &mut Engine, micros: u64) -> Snapshot {
    engine.apply(Control::Seek(micros));
    engine.snapshot()
}

fn rows(shot: &Snapshot) -> Vec<(u32, Option<u32>, bool)> {
    let rows = shot.time.branches.iter();
    rows.map(|row| (row.number, row.parent, row.is_current))
        .collect()
}

fn labels(shot: &Snapshot) -> Vec<&str> {
    let rows = shot.time.branches.iter();
    rows.map(|row| row.label.as_str()).collect()
}

fn nodes(shot: &Snapshot) -> Vec<u64> {
    let ids = shot.nodes.iter().filter_map(|node| node.id.to_u64());
    ids.collect()
}

#[test]
fn a_deed_in_the_past_begins_a_branch_and_the_former_future_stays_reachable() {
    let mut engine = lesson();
    let former = engine.snapshot();
    assert_eq!(rows(&former), [(1, None, true)]);
    assert_eq!(former.time.notice, None);
    seek(&mut engine, 1_000_000);
    engine.apply(Command::Insert(id(7)));
    let shot = engine.snapshot();
    assert_eq!(rows(&shot), [(1, None, false), (2, Some(1), true)]);
    assert_eq!(labels(&shot), ["as it began", "node 7 joins"]);
    assert_eq!(shot.time.branches[1].from, 1_000_000);
    let told = shot.time.notice.as_ref().map(|notice| notice.text.as_str());
    assert!(told.is_some_and(|text| text.contains("stays on branch 1")));
    let later = seek(&mut engine, 2_000_000);
    assert_ne!(later.digest, former.digest);
    engine.apply(Control::Branch(1));
    let back = engine.snapshot();
    assert_eq!(
        (back.time.now, &back.digest),
        (former.time.now, &former.digest)
    );
    assert_eq!(back.time.ticks, former.time.ticks);
    assert!(!back.time.playing);
}

#[test]
fn a_deed_at_the_end_begins_no_branch() {
    let mut engine = lesson();
    engine.apply(Command::Insert(id(7)));
    let shot = engine.snapshot();
    assert_eq!(shot.time.branches.len(), 1);
    assert_eq!(shot.time.notice, None);
}

#[test]
fn undo_takes_a_deed_back_and_redo_does_it_again() {
    let mut engine = lesson();
    let before = engine.snapshot();
    assert!(!before.time.can_undo && !before.time.can_redo);
    // With nothing to take back nothing happens.
    engine.apply(Control::Undo);
    engine.apply(Control::Redo);
    assert_eq!(engine.snapshot(), before);
    engine.apply(Command::Crash(id(9)));
    let crashed = engine.snapshot();
    assert!(crashed.time.can_undo && !crashed.time.can_redo);
    engine.apply(Control::Undo);
    let undone = engine.snapshot();
    assert_eq!(undone.digest, before.digest);
    assert_eq!(nodes(&undone), nodes(&before));
    assert!(!undone.time.can_undo && undone.time.can_redo && !undone.time.playing);
    assert_eq!(labels(&undone), ["node 9 crashes", "one deed undone"]);
    engine.apply(Control::Redo);
    let redone = engine.snapshot();
    assert_eq!(redone.digest, crashed.digest);
    assert!(redone.time.can_undo && !redone.time.can_redo);
}

#[test]
fn a_lookup_that_is_undone_is_no_longer_told_of() {
    let mut engine = lesson();
    let before = engine.snapshot();
    engine.apply(Command::Look {
        from: id(28),
        key: id(12),
        way: Way::default(),
    });
    seek(&mut engine, 4_000_000);
    engine.apply(Control::Undo);
    let shot = engine.snapshot();
    assert_eq!(shot.lookup, before.lookup);
    assert_eq!(shot.caption, before.caption);
    let asked = |shot: &Snapshot| {
        shot.events
            .iter()
            .any(|event| event.text.contains("looks up 12"))
    };
    assert!(!asked(&shot));
    engine.apply(Control::Redo);
    assert!(asked(&engine.snapshot()));
}

#[test]
fn what_lies_ahead_on_a_branch_is_on_the_timeline_as_soon_as_it_is_entered() {
    let mut engine = lesson();
    engine.apply(Command::Insert(id(7)));
    let whole = seek(&mut engine, 9_000_000);
    seek(&mut engine, 1_000_000);
    engine.apply(Command::Crash(id(9)));
    engine.apply(Control::Branch(1));
    let shot = engine.snapshot();
    assert_eq!((shot.time.now, shot.time.reached), (1_000_000, 9_000_000));
    assert_eq!(shot.time.ticks, whole.time.ticks);
}

#[test]
fn many_branches_are_listed_each_after_the_one_it_left_and_the_oldest_go() {
    let mut engine = lesson();
    for turn in 0..70_u64 {
        seek(&mut engine, 1_000_000 + turn);
        engine.apply(Command::Look {
            from: id(1),
            key: id(turn % 32),
            way: Way::default(),
        });
        seek(&mut engine, 1_500_000);
    }
    let shot = engine.snapshot();
    assert_eq!(shot.time.branches.len(), 64);
    let told = shot.time.notice.as_ref().map(|notice| notice.text.as_str());
    assert!(told.is_some_and(|text| text.contains("64 are kept")));
    for (place, row) in shot.time.branches.iter().enumerate() {
        let before = &shot.time.branches[..place];
        let parent = before.iter().find(|other| Some(other.number) == row.parent);
        assert_eq!(parent.map_or(0, |parent| parent.depth + 1), row.depth);
    }
    let first = shot.time.branches.iter().find(|row| row.parent.is_none());
    assert_eq!(first.map(|row| row.number), Some(1));
}

#[test]
fn an_exported_run_opens_at_the_same_moment_with_its_branches_and_nothing_moves() {
    let mut engine = lesson();
    engine.apply(Command::Insert(id(7)));
    seek(&mut engine, 9_000_000);
    seek(&mut engine, 1_000_000);
    engine.apply(Command::Crash(id(9)));
    let whole = seek(&mut engine, 1_500_000);
    assert_eq!(
        engine.file_name("run"),
        "chordscope-run-lesson-26-1500-ms.json"
    );
    let run = engine.export();
    // As a file has it.
    let read = Json::read(run.as_bytes()).unwrap();
    let mut other = Engine::open("", false);
    other.apply(Command::Import(read));
    let shot = other.snapshot();
    assert_eq!(
        (shot.time.now, &shot.digest),
        (whole.time.now, &whole.digest)
    );
    assert_eq!(
        (&shot.time.branches, &shot.time.ticks),
        (&whole.time.branches, &whole.time.ticks)
    );
    assert_eq!((shot.time.can_undo, shot.time.playing), (true, false));
    assert_eq!(shot.refused, None);
    assert_eq!(other.export(), run);
    other.apply(Control::Branch(1));
    assert!(nodes(&other.snapshot()).contains(&9));
}

#[test]
fn a_file_that_cannot_be_opened_is_said_beside_the_buttons_and_changes_nothing() {
    let mut engine = lesson();
    let text = engine.export();
    let before = engine.snapshot();
    let crowd = |count: u32| {
        let nodes: Vec<String> = (0..count)
            .filter(|node| ![1, 4, 9, 11, 14, 18, 20, 21, 28].contains(node))
            .map(|node| node.to_string())
            .collect();
        text.replace("bits=5", "bits=20")
            .replace("nodes=", &format!("nodes={},", nodes.join(",")))
    };
    // A day of upkeep: who waits for that believes that the page hangs.
    let endless = text
        .replace("\"at_us\": 2000000", "\"at_us\": 86400000000")
        .replace("\"end_us\": 2000000", "\"end_us\": 86400000000");
    assert_ne!(endless, text);
    for (text, part) in [
        ("[]", "must be an object"),
        (&crowd(10_010), "nodes: at most 10,000"),
        (&crowd(2_600), "its ring has 2600 nodes"),
        (
            &text.replace(
                "\"seed\"",
                &format!("\"{}\": 1, \"seed\"", "x".repeat(1 << 20)),
            ),
            "unknown field `xxx",
        ),
        (&endless, "takes too long to replay"),
        (&text.replace("\"seed\": 1", "\"seed\": 1e99"), "seed: "),
    ] {
        engine.apply(Command::Import(Json::parse(text).unwrap()));
        let shot = engine.snapshot();
        let said = shot.refused_beside(Beside::Run).unwrap_or_default();
        assert!(said.contains(part), "{part}: {said}");
        assert!(said.lines().count() == 1 && said.len() < 300, "{part}");
        let unchanged = Snapshot {
            refused: None,
            ..shot
        };
        assert_eq!(unchanged, before);
    }
}
