//! The engine as the page drives it: commands in, snapshots out, no browser.

use std::rc::Rc;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::invariant::Property;
use chordscope_web::player::{Control, Driven, SPEEDS, Shareable};
use chordscope_web::ring::engine::Engine;
use chordscope_web::ring::engine::command::{Command, Way};
use chordscope_web::ring::engine::compose::compose;
use chordscope_web::ring::engine::snapshot::{Beside, Gone, Snapshot, Standing, Tone};
use chordscope_web::ring::engine::statement::Statement;
use chordscope_web::ring::intent::{self, Intent};
use chordscope_web::ring::state::{Action, Field, UiState};
use chordscope_web::scene::{Carries, Look};
use yew::Reducible;

fn id(value: u64) -> Id {
    Id::from_u64(value)
}

/// Lets frames pass, and goes on at each step, until something holds.
fn until(engine: &mut Engine, holds: impl Fn(&Snapshot) -> bool) -> Snapshot {
    for _ in 0..20_000 {
        engine.advance(16.0, 7.0, || 0.0);
        let shot = engine.snapshot();
        if !shot.time.playing && !holds(&shot) {
            engine.apply(Control::Continue);
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
    assert!(!shot.time.playing);
    assert_eq!(shot.caption.tone, Tone::Done);
    let said = said(&shot);
    assert!(said.contains("(21, 28]"), "{said}");
}

#[test]
fn with_less_motion_nothing_moves_by_itself() {
    let mut engine = Engine::open("", true);
    engine.advance(1_000.0, 7.0, || 0.0);
    assert_eq!(engine.snapshot().time.now, 0);
}

#[test]
fn stabilization_updates_exactly_the_fingers_that_an_insertion_affects() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Insert(id(7)));
    let shot = engine.snapshot();
    let joining = shot.nodes.iter().find(|node| node.id == id(7));
    assert_eq!(joining.map(|node| node.standing), Some(Standing::Joining));
    let shot = until(&mut engine, |shot| {
        shot.change.as_ref().is_some_and(|change| change.right == 4)
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
fn where_no_node_is_a_member_nothing_is_violated() {
    let mut engine = Engine::open("", true);
    let nodes = engine.snapshot().nodes;
    let (first, others) = nodes.split_first().unwrap();
    for node in others {
        engine.apply(Command::Crash(node.id));
    }
    let shot = engine.snapshot();
    let ring = shot.health[0].text(shot.space);
    assert!(ring.ends_with(": none among 1 node"), "{ring}");
    engine.apply(Command::Insert(id(7)));
    engine.apply(Command::Crash(first.id));
    let shot = engine.snapshot();
    assert_eq!(shot.violations, Statement::NoMember);
    assert_eq!(shot.health, []);
    // Neither does the log tell that an invariant holds, nor the timeline.
    let lines = shot.events.iter().map(|event| event.text.as_str());
    let ticks = shot.time.ticks.iter().map(|tick| tick.label.as_str());
    for told in [lines.collect::<Vec<_>>(), ticks.collect()] {
        let begin = |words| told.iter().filter(move |line| line.starts_with(words));
        assert_eq!(begin("holds again").count(), 0, "{told:?}");
        assert!(begin("no longer violated: ").count() > 0, "{told:?}");
    }
}

#[test]
fn a_row_that_names_another_node_than_the_lookup_took_is_said_to_have_changed_since() {
    let mut engine = Engine::open("", false);
    until(&mut engine, answered);
    let card = |engine: &mut Engine, node: u64| {
        engine.apply(Command::Move(id(node)));
        let shot = engine.snapshot();
        let seen = shot.inspected.unwrap();
        let used = seen.fingers.into_iter().find(|row| row.used);
        let used = used.map(|row| (row.row, row.node.and_then(Id::to_u64)));
        (used, seen.since.map(|since| since.text(shot.space)))
    };
    assert_eq!(card(&mut engine, 1), (Some((5, Some(18))), None));
    assert_eq!(card(&mut engine, 21), (Some((1, Some(28))), None));
    engine.apply(Command::Crash(id(18)));
    engine.apply(Command::Crash(id(28)));
    until(&mut engine, |shot| {
        let updated = shot
            .change
            .as_ref()
            .map(|change| change.right == change.rows.len());
        updated == Some(true) && shot.time.now > 5_000_000
    });
    let since = |text: &str| Some(text.to_owned());
    let row = since("Row 5 named 18 when node 1 decided; it has changed since.");
    assert_eq!(card(&mut engine, 1), (Some((5, Some(20))), row));
    let list = "The successor list of node 21 had 28 when it decided; it has changed since.";
    assert_eq!(card(&mut engine, 21), (None, since(list)));
}

/// Carries out what a key means.
fn press(engine: &mut Engine, key: &str) -> Option<Snapshot> {
    let intent = intent::of_key(key, false)?;
    let command = intent::command(intent, &UiState::default(), &engine.snapshot());
    engine.apply(command.ok()??);
    Some(engine.snapshot())
}

#[test]
fn the_keys_of_speed_step_from_the_present_one_also_where_it_is_automatic() {
    let speed = |engine: &mut Engine, keys: &[&str]| {
        engine.apply(Control::Speed(0));
        for key in keys {
            press(engine, key).unwrap();
        }
        SPEEDS[engine.snapshot().time.speed].0
    };
    let mut engine = Engine::open("", true);
    // While a lookup travels, a second is a twelfth of one.
    engine.apply(Command::Look {
        from: id(1),
        key: id(26),
        way: Way::default(),
    });
    assert_eq!(speed(&mut engine, &["+"]), "1/8 ×");
    assert_eq!(speed(&mut engine, &["-"]), "1/16 ×");
    assert_eq!(speed(&mut engine, &["+", "+", "-", "-", "-"]), "1/32 ×");
    assert_eq!(speed(&mut engine, &["+"; 20]), "16 ×");
    assert_eq!(speed(&mut engine, &["-"; 4]), "Auto");
}

#[test]
fn the_key_end_goes_to_the_furthest_moment_reached() {
    let mut engine = Engine::open("", true);
    let shot = press(&mut engine, "End").unwrap();
    assert_eq!((shot.time.now, shot.time.reached), (0, 0));
    engine.apply(Control::Seek(20_000));
    assert_eq!(press(&mut engine, "Home").unwrap().time.now, 0);
    assert_eq!(press(&mut engine, "End").unwrap().time.now, 20_000);
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
    until(&mut engine, |shot| shot.time.now > 100_000);
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
fn going_back_shows_the_past_and_acting_there_begins_another_future() {
    let mut engine = Engine::open("", false);
    let end = until(&mut engine, answered).time.now;
    engine.apply(Control::Seek(250_000));
    let past = engine.snapshot();
    assert!(path(&past).len() < 5 && past.time.end >= end);
    let ahead = past
        .time
        .ticks
        .iter()
        .filter(|mark| mark.at > 250_000)
        .count();
    assert!(ahead > 0, "the map keeps what lies ahead");
    engine.apply(Command::Look {
        from: id(28),
        key: id(12),
        way: Way::default(),
    });
    assert!(
        engine
            .snapshot()
            .time
            .ticks
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
        let shot = until(&mut engine, |shot| !shot.time.playing);
        assert!(said(&shot).contains("Who is next?"), "{}", said(&shot));
        assert!(
            engine
                .motion()
                .dots
                .iter()
                .all(|dot| dot.carries != Carries::Lookup)
        );
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
            !shot.time.ticks.iter().any(|mark| tells(&mark.label)),
            "{:?}",
            shot.time.ticks
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
    let asked = until(&mut engine, |shot| !shot.time.playing);
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
    until(&mut engine, |shot| !shot.time.playing);
    engine.apply(Command::Choose(id(18)));
    engine.apply(Command::Choose(id(4)));
    let shot = until(&mut engine, |shot| !shot.time.playing);
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
    // In a ring that is stable each key has one owner, and its successor list keeps replicas.
    for key in shot.keys.iter() {
        assert_eq!(key.owners.len(), 1, "{key:?}");
        assert!(!key.replicas.is_empty(), "{key:?}");
        let owner = shot.node(key.owners[0]).unwrap();
        assert!(key.id.is_within(owner.predecessor.unwrap(), owner.id));
    }
}

#[test]
fn who_plays_on_during_a_prediction_is_not_asked_any_more() {
    let mut engine = predicting();
    until(&mut engine, |shot| !shot.time.playing);
    engine.apply(Control::Play(true));
    let shot = until(&mut engine, answered);
    assert_eq!(path(&shot), [1, 18, 20, 21, 28]);
    assert!(!shot.predicting);
}

#[test]
fn a_link_opens_the_same_moment() {
    let mut engine = Engine::open("", false);
    engine.apply(Command::Insert(id(7)));
    until(&mut engine, |shot| shot.time.now > 900_000);
    engine.apply(Command::Choose(id(7)));
    let shot = engine.snapshot();
    let link = engine.link().unwrap();
    let opened = Engine::open(&link, false).snapshot();
    assert_eq!(opened.nodes, shot.nodes);
    assert_eq!(opened.inspected, shot.inspected);
    assert_eq!(opened.time.now / 1_000, shot.time.now / 1_000);
    assert!(!opened.time.playing);
}

#[test]
fn a_broken_link_says_so_and_shows_the_lesson() {
    for link in ["s=nowhere", "%ff", "lesson-26", "embed&%ff"] {
        let shot = Engine::open(link, false).snapshot();
        let refused = shot.refused.unwrap();
        assert_eq!(refused.beside, Beside::Question);
        let why = refused.text;
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
    let why = shot.refused.unwrap().text;
    assert!(why.ends_with("here is “Node 7 joins” instead."), "{why}");
}

#[test]
fn a_broken_link_leaves_the_run_paused_or_playing_as_it_was() {
    for plays in [false, true] {
        let mut engine = Engine::open("s=insert-7", false);
        engine.apply(Control::Play(plays));
        let before = engine.snapshot();
        engine.apply(Command::Open("%ff".to_owned()));
        let shot = engine.snapshot();
        assert!(shot.refused.is_some());
        assert_eq!(shot.time.playing, plays);
        let unchanged = Snapshot {
            refused: None,
            ..shot
        };
        assert_eq!(unchanged, before);
        // One that can be read plays whatever was before.
        engine.apply(Command::Open("s=crash-18".to_owned()));
        assert!(engine.snapshot().time.playing);
    }
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
    let odd = shot
        .time
        .ticks
        .iter()
        .find(|mark| mark.label.contains(signs));
    assert_eq!(odd, None);
    assert!(
        shot.time
            .ticks
            .iter()
            .any(|mark| mark.label.ends_with(" arrives"))
    );
}

#[test]
fn what_cannot_be_done_is_said_beside_the_control_that_asked_for_it() {
    let refused = |engine: &Engine| engine.snapshot().refused.map(|refused| refused.beside);
    for deed in [Command::Remove(id(1)), Command::Crash(id(1))] {
        let mut engine = Engine::open("bits=5&nodes=1", true);
        engine.apply(deed);
        let shot = engine.snapshot();
        assert!(shot.refused_beside(Beside::Ring).is_some(), "{shot:?}");
        assert_eq!(shot.refused_beside(Beside::Question), None);
    }
    let mut engine = Engine::open("bits=5&nodes=1,9", true);
    engine.apply(Command::Look {
        from: id(4),
        key: id(9),
        way: Way::default(),
    });
    assert_eq!(refused(&engine), Some(Beside::Question));
    engine.apply(Control::Seek(60_000_000));
    engine.apply(Control::StepForward);
    assert_eq!(refused(&engine), Some(Beside::Time));
}

#[test]
fn a_node_that_leaves_is_marked_until_it_has_left() {
    let mut engine = Engine::open("", true);
    let keeps = engine.snapshot().keys[0].owners[0];
    engine.apply(Command::Remove(keeps));
    let shot = engine.snapshot();
    let node = shot.node(keeps).unwrap();
    assert_eq!(node.standing, Standing::Leaving);
    assert!(node.is_member() && node.is_up(), "it still answers");
    let scene = compose(&shot);
    let drawn: Vec<f64> = scene
        .nodes
        .iter()
        .filter(|node| node.leaving && !node.joining)
        .map(|node| node.turn)
        .collect();
    assert_eq!(drawn, [shot.space.turn(keeps)]);
    let shot = until(&mut engine, |shot| shot.node(keeps).is_none());
    assert!(!compose(&shot).nodes.iter().any(|node| node.leaving));
}

#[test]
fn a_pointer_to_a_node_that_has_left_is_stale_and_leads_to_the_place_that_its_id_names() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Remove(id(18)));
    let gone = |shot: &Snapshot| shot.node(id(18)).is_none();
    let shot = until(&mut engine, gone);
    let names_it = |shot: &Snapshot| {
        let seen = shot.inspected.as_ref().unwrap();
        seen.fingers.iter().any(|row| row.node == Some(id(18)))
    };
    let holders = [1, 4, 9, 11, 14].into_iter().filter(|node| {
        engine.apply(Command::Choose(id(*node)));
        let shot = engine.snapshot();
        let holds = names_it(&shot);
        let scene = compose(&shot);
        let ends = scene.fingers.iter().filter(|finger| finger.nobody);
        let ends: Vec<_> = ends.map(|finger| (finger.to, finger.stale)).collect();
        assert_eq!(
            ends,
            if holds {
                vec![(18.0 / 32.0, true)]
            } else {
                vec![]
            }
        );
        let told = scene.words.iter().any(|word| word.text == "18 is gone");
        let named = scene.pointers.iter().any(|one| one.to == 18.0 / 32.0);
        assert_eq!(told, holds || named, "node {node}");
        // One that is there is drawn to, stale or not.
        let others = scene.fingers.iter().filter(|finger| !finger.nobody);
        assert!(
            others
                .into_iter()
                .all(|finger| shot.nodes.iter().any(|node| node.turn == finger.to))
        );
        holds
    });
    assert!(holders.count() > 0, "{:?}", shot.caption);
    let all = compose(&shot).pointers;
    let members = shot.nodes.iter().filter(|node| node.is_member());
    assert_eq!(all.len(), members.count(), "every member has a successor");
    assert!(
        all.iter()
            .all(|one| one.look == Look::Broken || one.to != 18.0 / 32.0)
    );
}

#[test]
fn a_finger_that_names_another_node_than_it_should_is_drawn_as_stale() {
    let mut engine = Engine::open("s=insert-7&t=1000000", true);
    // Node 21 names 9 in one row alone, which is to be 7; node 1 names it in another row too, rightly.
    for (node, stale) in [(21, true), (1, false)] {
        engine.apply(Command::Choose(id(node)));
        let shot = engine.snapshot();
        let rows = &shot.inspected.as_ref().unwrap().fingers;
        assert!(rows.iter().any(|row| row.stale && row.node == Some(id(9))));
        let drawn = compose(&shot).fingers;
        let to_9: Vec<_> = drawn.iter().filter(|one| one.to == 9.0 / 32.0).collect();
        assert_eq!(to_9.len(), 1);
        assert_eq!(
            (to_9[0].stale, to_9[0].nobody),
            (stale, false),
            "node {node}"
        );
    }
}

#[test]
fn several_nodes_that_come_while_the_ring_is_repaired_are_one_change_with_the_fingers_of_all() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Insert(id(7)));
    until(&mut engine, |shot| shot.time.now > 100_000);
    engine.apply(Command::Insert(id(26)));
    let shot = engine.snapshot();
    let change = shot.change.clone().unwrap();
    assert_eq!(change.titles.len(), 2);
    assert_eq!(change.rules.len(), 2);
    let news: Vec<u64> = change
        .rows
        .iter()
        .filter_map(|row| row.new.to_u64())
        .collect();
    assert_eq!(news.iter().filter(|new| **new == 7).count(), 4);
    assert!(news.contains(&26), "{news:?}");
    let shot = until(&mut engine, |shot| {
        shot.change
            .as_ref()
            .is_some_and(|change| change.right == change.rows.len())
    });
    let told = said(&shot);
    let all = format!("Updated all {} affected fingers.", news.len());
    assert!(told.contains(&all), "{told}");
    // Once all is repaired, a new change begins.
    engine.apply(Command::Crash(id(26)));
    let change = engine.snapshot().change.unwrap();
    assert_eq!(change.titles.len(), 1);
    assert!(change.rows.iter().all(|row| row.old == id(26)));
}

#[test]
fn the_nodes_of_a_scenario_that_come_and_go_together_have_their_fingers_in_one_table() {
    let mut engine = Engine::open("s=classic-come-and-go&t=20000000", true);
    let shot = engine.snapshot();
    let change = shot.change.unwrap();
    let olds: std::collections::BTreeSet<u64> = change
        .rows
        .iter()
        .filter_map(|row| row.old.to_u64())
        .collect();
    assert_eq!(olds.into_iter().collect::<Vec<_>>(), [5, 21, 49]);
    assert_eq!(
        change
            .titles
            .iter()
            .map(|one| one.text(shot.space))
            .collect::<Vec<_>>(),
        ["Nodes 5, 21 and 49 have crashed."]
    );
    engine.apply(Control::Seek(100_000));
    let change = engine.snapshot().change.unwrap();
    assert_eq!(change.rules.len(), 3);
}

#[test]
fn the_messages_of_an_earlier_lookup_are_not_drawn_as_those_of_records() {
    let mut engine = Engine::open("bits=5&nodes=1,4,9,11,14,18,20,21,28", true);
    let look = |from, key| Command::Look {
        from: id(from),
        key: id(key),
        way: Way::default(),
    };
    engine.apply(look(1, 26));
    engine.apply(look(28, 12));
    let mut dots = engine.motion().dots;
    assert!(dots.iter().all(|dot| dot.carries != Carries::Records));
    dots.retain(|dot| dot.from == 1.0 / 32.0 && dot.carries == Carries::OtherLookup);
    assert_eq!(dots.len(), 1, "the lookup from node 1 is on its way");
}
