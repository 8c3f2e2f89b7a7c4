//! Nothing on the home page says what is not so: every statement at many moments of many visits, held against the nodes' own state, the trace
//! and runs of the same worlds; of each kind a falsehood that was planted is found. And what a visitor does reaches the goals.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]
#![allow(
    clippy::too_many_lines,
    reason = "one arm a kind of statement, and they are many"
)]

mod judge;

use std::collections::BTreeMap;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_sim::worlds::swarm::view::Cell;
use chordscope_web::home::engine::Engine;
use chordscope_web::home::engine::command::Command;
use chordscope_web::home::engine::doors::{Door, Drawn};
use chordscope_web::home::engine::goals::State;
use chordscope_web::home::engine::snapshot::Snapshot;
use chordscope_web::home::engine::statement::Statement;
use chordscope_web::player::Driven;

use crate::judge::{Doors, Past, judge, kind, lies};

/// The number of random visits.
const VISITS: u64 = 4;
/// The deeds of each.
const DEEDS: u64 = 16;
/// Frames of a visit are so long, in milliseconds.
const FRAME: f64 = 50.0;

fn no_clock() -> f64 {
    0.0
}

fn pass(engine: &mut Engine, frames: u32) {
    for _ in 0..frames {
        engine.advance(FRAME, 1_000.0, no_clock);
    }
}

/// Lets time pass until this is so.
fn pass_until(engine: &mut Engine, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    for _ in 0..4_000 {
        pass(engine, 1);
        let shot = engine.snapshot();
        if is_so(&shot) {
            return shot;
        }
    }
    panic!("it never is so: {:?}", engine.snapshot().caption);
}

fn states(shot: &Snapshot) -> Vec<State> {
    shot.goals.iter().map(|goal| goal.state).collect()
}

fn id(id: u64) -> Id {
    Id::from_u64(id)
}

#[test]
fn a_wrong_node_says_what_it_keeps_instead_and_the_right_one_ticks_the_first_goal() {
    let mut engine = Engine::open(false);
    pass(&mut engine, 4);
    assert_eq!(
        states(&engine.snapshot()),
        [State::Now, State::Open, State::Open]
    );
    engine.apply(Command::Choose(id(9)));
    let shot = engine.snapshot();
    assert_eq!(
        shot.caption.lead,
        Statement::Keeps {
            node: id(9),
            first: id(5),
            last: id(9)
        }
    );
    assert_eq!(shot.caption.rest, [Statement::NotAmong { key: id(26) }]);
    assert_eq!(states(&shot), [State::Now, State::Open, State::Open]);
    engine.apply(Command::Choose(id(28)));
    let shot = engine.snapshot();
    assert_eq!(
        shot.caption.lead,
        Statement::IsKeeper {
            node: id(28),
            key: id(26)
        }
    );
    assert_eq!(states(&shot), [State::Done, State::Now, State::Open]);
}

#[test]
fn a_lookup_takes_the_lessons_way_and_ticks_the_second_goal_once_it_is_answered() {
    let mut engine = Engine::open(false);
    engine.apply(Command::LookUp);
    let shot = engine.snapshot();
    assert_eq!(shot.asker, Some(id(1)));
    assert_ne!(shot.goals[1].state, State::Done);
    let shot = pass_until(&mut engine, |shot| shot.goals[1].state == State::Done);
    let way = Statement::Way {
        path: [1, 18, 20, 21, 28].map(id).to_vec(),
    };
    assert!(shot.caption.rest.contains(&way), "{:?}", shot.caption);
    assert!(
        shot.caption
            .rest
            .contains(&Statement::ByNeighbours { hops: 8 })
    );
    assert_eq!(states(&shot), [State::Now, State::Done, State::Open]);
}

#[test]
fn a_crash_and_a_newcomer_each_give_the_key_another_keeper_which_ticks_the_third_goal() {
    for (command, keeper) in [(Command::Crash, 1), (Command::Insert, 27)] {
        let mut engine = Engine::open(false);
        engine.apply(command);
        assert_ne!(engine.snapshot().goals[2].state, State::Done, "{command:?}");
        let shot = pass_until(&mut engine, |shot| shot.goals[2].state == State::Done);
        let moved = Statement::Moved {
            key: id(26),
            from: id(28),
            to: id(keeper),
        };
        assert_eq!(shot.goals[2].note, Some(moved));
        let mended = |shot: &Snapshot| shot.caption.rest.contains(&Statement::Fingers { wrong: 0 });
        let shot = pass_until(&mut engine, mended);
        assert_eq!(
            shot.caption.lead,
            Statement::KeepsNow {
                node: id(keeper),
                key: id(26)
            }
        );
        engine.apply(Command::LookUp);
        pass_until(&mut engine, |shot| shot.goals[1].state == State::Done);
    }
}

#[test]
fn a_visitor_who_wants_no_motion_finds_everything_at_rest() {
    let mut engine = Engine::open(true);
    for door in Door::ALL {
        engine.apply(Command::Wake(door, true));
    }
    pass(&mut engine, 8);
    let first = engine.snapshot();
    assert!(!first.playing && first.doors.iter().all(Option::is_some));
    pass(&mut engine, 100);
    assert_eq!(engine.history().now().as_micros(), 0);
    assert_eq!(engine.snapshot(), first);
    engine.apply(Command::Play(true));
    pass(&mut engine, 100);
    assert!(engine.history().now().as_micros() > 0);
    assert_ne!(engine.snapshot().doors, first.doors);
}

#[test]
fn a_figure_runs_while_it_is_seen_and_sleeps_otherwise() {
    let mut engine = Engine::open(false);
    pass(&mut engine, 8);
    for door in Door::ALL {
        let seen = |engine: &Engine| {
            let drawn = engine.snapshot().doors[door as usize].clone();
            (drawn, engine.doors().ring(door))
        };
        let asleep = seen(&engine);
        pass(&mut engine, 60);
        assert_eq!(seen(&engine), asleep, "{door:?} asleep");
        engine.apply(Command::Wake(door, true));
        pass(&mut engine, 60);
        assert_ne!(seen(&engine), asleep, "{door:?} awake");
        engine.apply(Command::Wake(door, false));
    }
}

#[test]
fn figures_go_on_from_their_end() {
    let mut engine = Engine::open(false);
    for door in Door::ALL {
        engine.apply(Command::Wake(door, true));
    }
    let full = |shot: &Snapshot| match &shot.doors[Door::Share as usize] {
        Some(view) => match &view.drawn {
            Drawn::Swarm(rows) => {
                let cells = rows.iter().flatten();
                cells.filter(|cell| **cell == Cell::Has).count()
            }
            _ => 0,
        },
        None => 0,
    };
    pass_until(&mut engine, |shot| full(shot) == 60);
    pass_until(&mut engine, |shot| full(shot) < 30);
    let cut = |shot: &Snapshot| match &shot.doors[Door::Agree as usize] {
        Some(view) => matches!(view.picture, Statement::Cut { cut: true, .. }),
        None => false,
    };
    pass_until(&mut engine, cut);
    pass_until(&mut engine, |shot| !cut(shot));
    pass_until(&mut engine, cut);
}

/// All that a snapshot says.
fn statements(shot: &Snapshot) -> Vec<Statement> {
    let caption = shot.caption.statements().cloned();
    let notes = shot.goals.iter().filter_map(|goal| goal.note.clone());
    let doors = shot.doors.iter().flatten();
    let doors = doors.flat_map(|view| [view.measured.clone(), view.picture.clone()]);
    let picture = shot.picture.iter().cloned();
    caption.chain(notes).chain(doors).chain(picture).collect()
}

#[test]
fn every_statement_of_random_visits_is_so_and_every_planted_falsehood_is_found() {
    let doors = Doors::measure();
    let mut kinds: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for visit in 0..VISITS {
        let mut rng = Rng::from_seed(visit, 7);
        let mut engine = Engine::open(false);
        for door in Door::ALL {
            engine.apply(Command::Wake(door, true));
        }
        let mut past = Past::default();
        for deed in 0..DEEDS {
            let nodes = engine.snapshot().nodes;
            let any = nodes[rng.below(nodes.len() as u64) as usize].id;
            engine.apply(match rng.below(8) {
                0 | 1 => Command::Choose(any),
                2..=4 => Command::LookUp,
                5 => Command::Insert,
                6 => Command::Crash,
                _ if rng.below(4) == 0 => Command::Again,
                _ => Command::Hover(Some(any)),
            });
            for _ in 0..1 + rng.below(12) {
                past.note(engine.history());
                let shot = engine.snapshot();
                for statement in statements(&shot) {
                    let told = judge(&statement, engine.history(), &past, &doors);
                    let text = statement.text(shot.space);
                    assert!(
                        told.is_ok(),
                        "visit {visit}, deed {deed}: “{text}” {statement:?}: {told:?}"
                    );
                    assert!(text.ends_with('.') || !text.contains("  "), "{text}");
                    let known = kinds.entry(kind(&statement)).or_default();
                    known.0 += 1;
                    for lie in lies(&statement) {
                        known.1 += u64::from(judge(&lie, engine.history(), &past, &doors).is_err());
                    }
                }
                pass(&mut engine, 1 + rng.below(30) as u32);
                // Before the next deed, which may begin with the ring again.
                past.note(engine.history());
            }
        }
    }
    for (kind, (seen, found)) in &kinds {
        assert!(*found > 0, "{kind}: no falsehood of {seen} was found");
    }
    for expected in [
        "Keeps", "NotAmong", "IsKeeper", "Forwards", "Rule", "Found", "KeepsNow", "Fingers",
        "Joined", "Crashed", "Nobody",
    ] {
        assert!(kinds.contains_key(expected), "{expected} was never said");
    }
}
