//! The engine as the page drives it: commands in, snapshots out, no browser.

use std::rc::Rc;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::invariant::Property;
use chordscope_web::engine::Engine;
use chordscope_web::engine::command::{Command, Way};
use chordscope_web::engine::snapshot::{Gone, Snapshot, Standing, Tone};
use chordscope_web::engine::statement::Statement;
use chordscope_web::intent::{self, Intent};
use chordscope_web::state::{Action, Field, UiState};
use yew::Reducible;

fn id(value: u64) -> Id {
    Id::from_u64(value)
}

/// Lets frames pass, and goes on at each step, until something holds.
fn until(engine: &mut Engine, holds: impl Fn(&Snapshot) -> bool) -> Snapshot {
    for _ in 0..20_000 {
        engine.advance(16.0, 7.0, || 0.0);
        let shot = engine.snapshot();
        if !shot.playing && !holds(&shot) {
            engine.apply(Command::Continue);
        }
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

fn said(shot: &Snapshot) -> String {
    shot.caption.text(shot.space)
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
    let said = said(&shot);
    assert!(said.contains("(21, 28]"), "{said}");
}

#[test]
fn with_less_motion_nothing_moves_by_itself() {
    let mut engine = Engine::open("", true);
    engine.advance(1_000.0, 7.0, || 0.0);
    assert_eq!(engine.snapshot().now, 0);
}

#[test]
fn stabilization_updates_exactly_the_fingers_that_an_insertion_affects() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Insert(id(7)));
    let shot = engine.snapshot();
    let joining = shot.nodes.iter().find(|node| node.id == id(7));
    assert_eq!(joining.map(|node| node.standing), Some(Standing::Joining));
    let shot = until(&mut engine, |shot| {
        shot.change
            .as_ref()
            .is_some_and(|change| change.updated == 4)
    });
    assert_eq!(shot.change.map(|change| change.rows.len()), Some(4));
}

#[test]
fn a_ring_that_has_fallen_in_two_is_said_to_be_two_rings() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Load("partition".to_owned()));
    let fails = |shot: &Snapshot| shot.violations.text(shot.space);
    let shot = until(&mut engine, |shot| said(shot).contains("2 rings"));
    assert_eq!(shot.caption.tone, Tone::Failed);
    let text = said(&shot);
    assert!(text.contains("some nodes unreachable"), "{text}");
    let ring = shot.health[0].text(shot.space);
    assert!(ring.contains(": 2 rings, of "), "{ring}");
    let shot = until(&mut engine, |shot| {
        said(shot).contains("The ring is stable")
    });
    assert_eq!(fails(&shot), "all 4 hold");
}

#[test]
fn a_torn_ring_is_violated_when_all_affected_fingers_are_updated_too() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Load("classic-crash".to_owned()));
    let shot = until(&mut engine, |shot| said(shot).contains("Violated: no ring"));
    assert!(!said(&shot).contains("ork"), "{}", said(&shot));
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
fn the_node_that_is_chosen_is_the_one_to_crash_until_another_is_typed() {
    let mut engine = Engine::open("", true);
    assert_eq!(intent::chosen(&engine.snapshot()), None);
    engine.apply(Command::Choose(id(20)));
    let shot = engine.snapshot();
    let fill = Action::Typed(Field::Node, intent::chosen(&shot).unwrap());
    let filled = Rc::new(UiState::default()).reduce(fill);
    let crash = intent::command(Intent::Crash, &filled, &shot);
    assert_eq!(crash, Ok(Some(Command::Crash(id(20)))));
    let typed = filled.reduce(Action::Typed(Field::Node, "18".to_owned()));
    let crash = intent::command(Intent::Crash, &typed, &shot);
    assert_eq!(crash, Ok(Some(Command::Crash(id(18)))));
    engine.apply(Command::Predict {
        from: id(1),
        key: id(26),
        way: Way::default(),
    });
    engine.apply(Command::Move(id(28)));
    let shot = engine.snapshot();
    assert!(shot.predicting && shot.choice == Some(id(28)));
    assert_eq!(intent::chosen(&shot), None, "a prediction is no choice");
}

#[test]
fn a_node_that_left_is_not_told_of_as_one_that_crashed() {
    for (deed, fate) in [
        (Command::Remove(id(20)), Gone::Left),
        (Command::Crash(id(20)), Gone::Crashed),
    ] {
        let mut engine = Engine::open("", true);
        engine.apply(Command::Choose(id(20)));
        engine.apply(deed);
        let gone = |shot: &Snapshot| shot.inspected.as_ref().and_then(|seen| seen.gone);
        let shot = until(&mut engine, |shot| gone(shot).is_some());
        assert_eq!(gone(&shot), Some(fate));
        let says = format!("{} {}", fate.word(), fate.text());
        assert_eq!(
            says.contains("does not answer"),
            fate == Gone::Crashed,
            "{says}"
        );
    }
    let engine = Engine::open("s=insert-7&sel=7", true);
    let seen = engine.snapshot().inspected.unwrap();
    assert_eq!(seen.gone, Some(Gone::NotYet));
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
        assert!(said(&shot).contains("Who is next?"), "{}", said(&shot));
        assert!(engine.motion().dots.iter().all(|dot| !dot.lookup));
        let asked = shot.inspected.as_ref().unwrap();
        assert!(asked.fingers.iter().all(|row| !row.used), "{asked:?}");
        let tells = |text: &str| {
            let told = [
                format!("→ {right}"),
                format!("node {right}."),
                format!("so {right} is"),
            ];
            told.iter().any(|told| text.contains(told))
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
    assert!(said(&shot).contains("4 of 4 right"), "{}", said(&shot));
}

#[test]
fn moving_the_choice_answers_nothing_until_it_is_confirmed() {
    let mut engine = predicting();
    let asked = until(&mut engine, |shot| !shot.playing);
    for node in [4, 9, 18] {
        engine.apply(Command::Move(id(node)));
        let shot = engine.snapshot();
        assert_eq!(shot.choice, Some(id(node)));
        assert_eq!(
            (&shot.caption, &shot.inspected),
            (&asked.caption, &asked.inspected)
        );
    }
    engine.apply(Command::Choose(id(18)));
    assert_eq!(engine.snapshot().caption.tone, Tone::Right);
    assert_eq!(
        engine.snapshot().choice,
        None,
        "the next question begins anew"
    );
}

#[test]
fn a_click_between_two_questions_keeps_the_tables_of_who_is_asked() {
    let mut engine = predicting();
    until(&mut engine, |shot| !shot.playing);
    engine.apply(Command::Choose(id(18)));
    engine.apply(Command::Choose(id(4)));
    let shot = until(&mut engine, |shot| !shot.playing);
    assert_eq!(shot.inspected.map(|seen| seen.id), Some(id(18)));
}

#[test]
fn stored_keys_have_their_names_and_the_nodes_that_hold_them() {
    let shot = Engine::open("", true).snapshot();
    let names: Vec<&str> = shot
        .keys
        .iter()
        .flat_map(|key| &key.names)
        .map(String::as_str)
        .collect();
    for name in ["anna", "ben", "cleo", "dora", "emil", "fritz", "gita"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(shot.keys.iter().all(|key| !key.at.is_empty()));
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
    for link in ["s=nowhere", "%ff", "lesson-26", "embed&%ff"] {
        let shot = Engine::open(link, false).snapshot();
        let why = shot.refused.unwrap_or_default();
        assert!(
            why.starts_with("This link cannot be read ("),
            "{link}: {why}"
        );
        assert!(
            why.ends_with("here is “The lesson: lookup(26)” instead."),
            "{why}"
        );
        assert_eq!(shot.nodes.len(), 9);
    }
    for link in ["", "embed", "embed=1", "s=insert-7", "embed&s=insert-7"] {
        assert_eq!(Engine::open(link, false).snapshot().refused, None, "{link}");
    }
}

#[test]
fn a_broken_link_that_is_followed_later_names_what_is_still_shown() {
    let mut engine = Engine::open("s=insert-7", false);
    engine.apply(Command::Open("%ff".to_owned()));
    let shot = engine.snapshot();
    assert_eq!(shot.scenario.name, "insert-7");
    let why = shot.refused.unwrap_or_default();
    assert!(why.ends_with("here is “Node 7 joins” instead."), "{why}");
}

#[test]
fn the_keys_that_a_node_answers_for_are_told_from_its_replicas() {
    let mut engine = Engine::open("", true);
    let mut owners = std::collections::BTreeMap::new();
    for node in [1, 4, 9, 11, 14, 18, 20, 21, 28] {
        engine.apply(Command::Choose(id(node)));
        let seen = engine.snapshot().inspected.unwrap();
        let (own, replicas) = seen.split_keys();
        let mut all = [own.clone(), replicas.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, seen.keys);
        for key in own {
            assert_eq!(owners.insert(key, node), None);
        }
        engine.apply(Command::Choose(id(node)));
    }
    // Each stored key has one owner: the first node at or after it.
    let shot = engine.snapshot();
    let nodes: Vec<u64> = shot
        .nodes
        .iter()
        .filter_map(|node| node.id.to_u64())
        .collect();
    assert_eq!(owners.len(), shot.keys.len());
    for (key, owner) in owners {
        let key = key.to_u64().unwrap();
        let first = nodes.iter().find(|node| **node >= key).unwrap_or(&nodes[0]);
        assert_eq!(owner, *first, "{key}");
    }
}

#[test]
fn an_invariant_has_one_name_on_the_page_and_in_the_glossary() {
    let glossary = include_str!("../../docs/glossary.md");
    for property in Property::ALL {
        let name = property.title();
        assert!(glossary.contains(&format!("*{name}*")), "{name}");
        let fails = Statement::Fails {
            property,
            rings: vec![4, 5],
            nodes: 3,
            of: 9,
        };
        for statement in [Statement::Holds(property), fails] {
            let text = statement.text(Space::FULL);
            assert!(text.contains(name), "{text}");
        }
    }
}

#[test]
fn a_message_that_arrives_is_told_in_words() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::ShowUpkeep(true));
    let shot = until(&mut engine, answered);
    let signs = ['⇥', '⟶', '⇢'];
    let odd = shot.marks.iter().find(|mark| mark.label.contains(signs));
    assert_eq!(odd, None);
    assert!(
        shot.marks
            .iter()
            .any(|mark| mark.label.ends_with(" arrives"))
    );
}
