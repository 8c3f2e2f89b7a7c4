//! Nothing on the consistency page says what is not so: every statement at many moments of many runs, held against the trace and a search for
//! orders of its own; and of each kind a falsehood that was planted is found.

#![allow(
    clippy::too_many_lines,
    clippy::type_complexity,
    reason = "one arm a kind of statement, and they are many"
)]

mod judge;

use chordscope_core::base::rng::Rng;
use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::consistency::action::Deed;
use chordscope_sim::worlds::consistency::setup::System;
use chordscope_web::cap::engine::Engine;
use chordscope_web::cap::engine::command::{Command, Lever, Over, Thing};
use chordscope_web::cap::engine::snapshot::{Order, Snapshot};
use chordscope_web::cap::engine::statement::Statement;
use chordscope_web::player::programme::RunCommand;
use chordscope_web::player::{Beside, Control, Driven, Given, Pictured, Shareable};

use crate::cap::judge::{Facts, judge, judgement, kind, lies};
use crate::walk::{Seen, into_it, place, seeds, wander};

/// The number of runs, unless `SEEDS=a..b` names others. In the last one a delete meets a write of the same number, and stays.
const RUNS: u64 = 32;
/// The moments of each that are looked at.
const MOMENTS: u64 = 12;

/// All that a snapshot says.
fn statements(shot: &Snapshot) -> Vec<Statement> {
    let caption = shot.caption.statements().cloned();
    let words = shot
        .base
        .iter()
        .chain(&shot.acid)
        .map(|(_, said)| said.clone());
    let rest = [&shot.hint, &shot.said, &shot.repair, &shot.predicted];
    let log = shot.events.iter().map(|row| row.what.clone());
    caption
        .chain(words)
        .chain(rest.into_iter().flatten().cloned())
        .chain(log)
        .collect()
}

/// Holds all that is said against the facts.
fn look(engine: &Engine, place: &str, seen: &mut Seen) {
    let shot = engine.snapshot();
    let facts = Facts::of(engine.history());
    for statement in statements(&shot) {
        let sort = (place, kind(&statement), u64::MAX);
        let text = statement.text();
        assert!(!text.is_empty(), "{statement:?} has no words");
        seen.hold(sort, (&statement, &text), lies, |one| {
            judge(one, &facts, &shot)
        });
    }
    for side in &shot.sides {
        if let Err(why) = judgement(side, &facts, &shot) {
            seen.wrong(
                "a judgement",
                format!("{place}: {:?}: {why}", side.judgement),
            );
        }
        assert!(side.judgement.iter().all(|one| !one.text().is_empty()));
    }
}

/// Everything that can be pointed at and done, a little at a time.
fn act(engine: &mut Engine, rng: &mut Rng) {
    let shot = engine.snapshot();
    let side = &shot.sides[rng.below(shot.sides.len() as u64) as usize];
    let node = rng.below(shot.nodes.len() as u64) as usize;
    let bars = side.operations.len() as u64;
    let thing = match rng.below(3) {
        0 if bars > 0 => Thing::Bar(rng.below(bars) as u32),
        1 => {
            let pieces = side.lanes.iter().flat_map(|lane| {
                let steps = lane.steps.iter();
                steps.map(|(from, _)| Thing::Lane(lane.node, *from))
            });
            let pieces: Vec<Thing> = pieces.collect();
            let place = (node + bars as usize) % pieces.len().max(1);
            *pieces.get(place).unwrap_or(&Thing::Node(node))
        }
        _ => Thing::Node(node),
    };
    let system = side.view.system;
    engine.apply(Command::Hover(Some(Over { system, thing })));
    match rng.below(14) {
        0 if bars > 0 => engine.apply(Command::Select(rng.below(bars) as u32)),
        1 => engine.apply(Command::Move(rng.below(2) == 0)),
        2..5 if bars < 20 => {
            engine.apply(Command::Client(rng.below(shot.clients.len() as u64) as u8));
            let value = format!("value {}", rng.below(100));
            engine.apply(Command::Call(match rng.below(8) {
                0..3 => Deed::Get,
                3 | 4 => Deed::Put(value),
                6 | 7 => Deed::Delete,
                // Two that tell one another of what they write may both take a conditional one.
                _ if system == System::Messages => Deed::Get,
                _ => Deed::Swap(value),
            }));
        }
        5 => engine.apply(Command::Heal),
        6 => {
            let half = (0..shot.nodes.len()).filter(|_| rng.below(2) == 0);
            engine.apply(Command::CutOff(half.collect()));
        }
        7 => engine.apply(Command::Crash(node)),
        8 => engine.apply(Command::Lose),
        9 => engine.apply(Command::Show(Lever::ALL[rng.below(3) as usize].0)),
        10 if bars > 0 && bars < 20 => engine.apply(Command::Retry(rng.below(bars) as u32)),
        11 => engine.apply(Command::Predict),
        _ => {}
    }
    if let Some(question) = engine.snapshot().question {
        let guess = |system: &System| {
            let place = rng.below(question.choices.len() as u64) as usize;
            (*system, question.choices[place].clone())
        };
        let guesses = question.systems.iter().map(guess).collect();
        engine.apply(Command::Answer(guesses));
    }
}

#[test]
fn every_statement_is_so_at_every_moment_of_random_runs_and_its_opposite_is_found() {
    let mut seen = Seen::default();
    for seed in seeds(RUNS) {
        let mut rng = Rng::from_seed(seed, 9);
        let mut engine = Engine::open("", true);
        let known = engine.snapshot().scenarios;
        let name = known[seed as usize % known.len()].name;
        engine.apply(RunCommand::Load(name));
        look(&engine, &place(&engine, seed, name), &mut seen);
        let mut farthest = 300_000;
        for _ in 0..MOMENTS {
            wander(&mut engine, &mut rng, &mut farthest, 2_400_000);
            act(&mut engine, &mut rng);
            look(&engine, &place(&engine, seed, name), &mut seen);
            // Into what has just been called.
            into_it(&mut engine, &mut rng, 250_000);
            look(&engine, &place(&engine, seed, name), &mut seen);
        }
    }
    seen.conclude(20);
}

#[test]
fn each_scenario_played_to_its_end_ticks_all_its_goals() {
    let known = Engine::open("", true).snapshot().scenarios;
    for scenario in known.iter() {
        let mut engine = Engine::open("", true);
        engine.apply(RunCommand::Load(scenario.name));
        let mut frames = 0;
        while engine.snapshot().time.playing {
            for _ in 0..40 {
                engine.advance(16.0, 7.0, || 0.0);
            }
            frames += 40;
            assert!(frames < 60_000, "{} never stops", scenario.name);
        }
        let shot = engine.snapshot();
        let open: Vec<String> = shot
            .goals
            .iter()
            .filter(|(_, is_met)| !is_met)
            .map(|(goal, _)| goal.text())
            .collect();
        assert!(open.is_empty(), "{}: {open:?}", scenario.name);
        assert!(shot.time.now <= scenario.until.as_micros());
        println!("{}: {frames} frames", scenario.name);
    }
}

/// The text of the judgement of a system.
fn judged(shot: &Snapshot, system: System) -> String {
    let side = shot.sides.iter().find(|side| side.view.system == system);
    let said = side.unwrap().judgement.iter().map(Statement::text);
    said.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_last_copy_is_sold_twice_at_level_one_and_once_at_level_quorum() {
    let mut engine = Engine::open("s=last-copy", true);
    engine.apply(Control::Seek(15_000_000));
    let mut seen = Seen::default();
    look(&engine, "the last copy", &mut seen);
    assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
    let (said, found) = seen.kinds["Refund"];
    assert!(said > 0 && said == found);
    let shot = engine.snapshot();
    let one = judged(&shot, System::One);
    assert!(
        one.starts_with(
            "Level one is not linearizable: 3 operations contradict one another, and no fewer do."
        ),
        "{one}"
    );
    assert!(
        one.contains("1 had returned before 2 was called.") && one.contains("got what 1 wrote."),
        "{one}"
    );
    let quorum = judged(&shot, System::Quorum);
    assert_eq!(
        quorum,
        "Level quorum is linearizable: one register, used by one client at a time, explains all 9 answers."
    );
    let healing: Vec<String> = shot.repair.iter().map(Statement::text).collect();
    assert!(
        healing
            .iter()
            .any(|said| said.contains("two versions 2 met at node 4")),
        "{healing:?}"
    );
    assert!(
        healing
            .iter()
            .any(|said| said.contains("the shop refunded")),
        "{healing:?}"
    );
    // With one level shown, nothing is said of the other.
    engine.apply(Command::Show(Lever::Quorum));
    let shot = engine.snapshot();
    assert_eq!(shot.sides.len(), 1);
    assert!(
        statements(&shot)
            .iter()
            .all(|said| !said.text().contains("Level one: the shop")
                || shot.events.iter().any(|row| row.what == *said))
    );
}

/// The hint about a thing at level one.
fn hint(engine: &mut Engine, thing: Thing) -> String {
    let system = System::One;
    engine.apply(Command::Hover(Some(Over { system, thing })));
    let mut seen = Seen::default();
    look(engine, "a hint", &mut seen);
    assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
    let said = engine.snapshot().hint;
    said.iter()
        .map(Statement::text)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_bar_of_a_replica_says_what_it_kept_then_and_a_node_what_it_keeps_now() {
    let mut engine = Engine::open("s=last-copy", true);
    engine.apply(Control::Seek(15_000_000));
    let shot = engine.snapshot();
    let side = &shot.sides[0];
    let four = shot.nodes.iter().position(|node| node.id == "4").unwrap();
    let lane = side.lanes.iter().find(|lane| lane.node == four).unwrap();
    let steps: Vec<u64> = lane.steps.iter().map(|(from, _)| *from).collect();
    let first = hint(&mut engine, Thing::Lane(four, steps[0]));
    assert!(
        first.starts_with("Node 4 kept version 1, “1 left”, from "),
        "{first}"
    );
    let last = hint(&mut engine, Thing::Lane(four, *steps.last().unwrap()));
    assert!(
        last.starts_with("Node 4 keeps version 2, “Anna”, since "),
        "{last}"
    );
    let now = hint(&mut engine, Thing::Node(four));
    assert!(
        now.starts_with("Node 4 keeps version 2, “Anna”. It is one of the name’s replicas"),
        "{now}"
    );
    let nine = shot.nodes.iter().position(|node| node.id == "9").unwrap();
    assert_eq!(
        hint(&mut engine, Thing::Node(nine)),
        "Node 9 keeps nothing under the name. Ben is its client."
    );
    // Nothing changed then: there is no such bar.
    assert_eq!(hint(&mut engine, Thing::Lane(four, steps[0] + 1)), "");
}

#[test]
fn before_the_first_answer_nothing_is_judged() {
    let engine = Engine::open("s=last-copy", true);
    let shot = engine.snapshot();
    assert_eq!(
        judged(&shot, System::One),
        "Level one: no answer to judge yet."
    );
    for (link, order, word) in [
        ("s=last-copy", Order::NoCall, "no calls yet"),
        (
            "s=last-copy&do=100000:0,0,put,kept&t=100001",
            Order::NoAnswer,
            "no answer yet",
        ),
        ("s=last-copy&t=15000000", Order::Missing, "no"),
    ] {
        let shot = Engine::open(link, true).snapshot();
        let side = &shot.sides[0];
        assert_eq!((side.order(), side.order().word()), (order, word), "{link}");
        let isolated = shot.acid.iter().find(|(word, _)| *word == "Isolated");
        let said = isolated.unwrap().1.text();
        assert_eq!(said.ends_with("yet."), order != Order::Missing, "{said}");
    }
}

#[test]
fn one_cuts_calls_heals_and_retries() {
    let mut engine = Engine::open("s=minority&do=200000:0,0,put,kept", true);
    engine.apply(Control::Seek(1_000_000));
    engine.apply(Command::Cut);
    assert!(
        engine.snapshot().refused_beside(Beside::Ring).is_some(),
        "nothing is marked"
    );
    for place in [1, 2, 3, 4] {
        engine.apply(Command::Mark(place));
    }
    engine.apply(Command::Cut);
    assert!(engine.snapshot().nodes.iter().all(|node| !node.is_marked));
    engine.apply(Control::Seek(4_000_000));
    engine.apply(Command::Client(2));
    engine.apply(Command::Call(Deed::Get));
    engine.apply(Control::Seek(6_000_000));
    let caption = engine.snapshot().caption;
    let said: Vec<String> = caption.statements().map(Statement::text).collect();
    assert!(
        said[2].contains("Level quorum: Cleo was refused"),
        "{said:?}"
    );
    assert_eq!(
        said[3],
        "Of 3 replicas reach: Anna 2, Ben 1, Cleo 1; 2 are a majority."
    );
    engine.apply(Command::Heal);
    engine.apply(Control::Seek(9_000_000));
    engine.apply(Command::Select(1));
    assert!(engine.snapshot().can_retry);
    engine.apply(Command::Retry(1));
    engine.apply(Control::Seek(10_000_000));
    let shot = engine.snapshot();
    let fresh = |side: &chordscope_web::cap::engine::snapshot::SideShot| side.view.tally.fresh;
    assert!(
        shot.sides
            .iter()
            .all(|side| side.operations.len() == 3 && fresh(side) >= 2)
    );
}

#[test]
fn a_prediction_stops_the_run_and_stands_beside_what_came() {
    let mut engine = Engine::open("s=last-copy&t=4300000", true);
    engine.apply(Command::Predict);
    for _ in 0..4_000 {
        engine.advance(16.0, 7.0, || 0.0);
    }
    let shot = engine.snapshot();
    assert_eq!((shot.time.now, shot.time.playing), (4_900_000, false));
    let question = shot.question.expect("a question");
    let texts: Vec<String> = question.choices.iter().map(|one| one.text()).collect();
    assert_eq!(
        texts,
        ["“1 left”", "“Anna”", "nothing is there", "it is refused"]
    );
    let guess = |place: usize| question.choices[place].clone();
    engine.apply(Command::Answer(vec![
        (System::One, guess(0)),
        (System::Quorum, guess(1)),
    ]));
    engine.apply(Control::Seek(6_400_000));
    let said: Vec<String> = engine
        .snapshot()
        .predicted
        .iter()
        .map(Statement::text)
        .collect();
    assert_eq!(said[1], "Level one: “1 left”, as you said.");
    assert_eq!(said[2], "Level quorum: it is refused. You said: “Anna”.");
}

#[test]
fn a_link_and_a_file_lead_back_to_the_same_run_at_the_same_moment() {
    let mut engine = Engine::open("", true);
    engine.apply(RunCommand::Load("bank"));
    let address = engine.snapshot().address.expect("an address at once");
    assert!(address.query.contains("s=bank"), "{}", address.query);
    engine.apply(Control::Seek(5_000_000));
    engine.apply(Command::Heal);
    engine.apply(Control::Seek(3_000_000));
    engine.apply(Command::CutOff(vec![0, 1]));
    engine.apply(Control::Seek(6_500_000));
    engine.apply(Command::Select(3));
    let shot = engine.snapshot();
    assert_eq!(shot.time.branches.len(), 2);
    let name = |shot: &Snapshot| shot.scenario.map(|place| shot.scenarios[place].name);
    assert_eq!(name(&shot), Some("bank"));
    let link = engine.link().expect("a link");
    let opened = Engine::open(&link, false).snapshot();
    assert_eq!((&opened.digest, opened.time.now), (&shot.digest, 6_500_000));
    assert_eq!((opened.selected, name(&opened)), (Some(3), Some("bank")));
    assert!(!opened.time.playing && opened.refused.is_none());
    let mut other = Engine::open("", true);
    let file = Json::read(engine.export().as_bytes()).unwrap();
    other.apply(Given::File(file));
    let imported = other.snapshot();
    assert_eq!(
        (&imported.digest, imported.time.branches.len()),
        (&shot.digest, 2)
    );
    assert_eq!(name(&imported), Some("bank"));
    // What cannot be shown is refused where it came from, and nothing else changes.
    let text = engine.export().replace("\"consistency\"", "\"swarm\"");
    for (given, beside) in [
        (Given::Link("s=nothing".into()), Beside::Question),
        (Given::Link("s=bank&do=5:dance".into()), Beside::Question),
        (
            Given::File(Json::read(text.as_bytes()).unwrap()),
            Beside::Run,
        ),
    ] {
        other.apply(given);
        let after = other.snapshot();
        assert!(after.refused_beside(beside).is_some());
        assert_eq!(after.digest, shot.digest);
    }
}
