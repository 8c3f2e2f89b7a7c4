//! Nothing on the directory page says what is not so: every statement at many moments of many runs, held against the trace and the nodes' own
//! records; and of each kind a falsehood that was planted is found.

#![allow(
    clippy::too_many_lines,
    reason = "one arm a kind of statement, and they are many"
)]

mod judge;

use chordscope_core::base::rng::Rng;
use chordscope_sim::engine::history::export::Portable;
use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::directory::DirectoryWorld;
use chordscope_sim::worlds::directory::action::Member;
use chordscope_sim::worlds::directory::setup::{Kind, Setup};
use chordscope_web::directory::engine::Engine;
use chordscope_web::directory::engine::command::{Command, Over};
use chordscope_web::directory::engine::snapshot::Snapshot;
use chordscope_web::directory::engine::statement::Statement;
use chordscope_web::player::programme::RunCommand;
use chordscope_web::player::{Beside, Control, Driven, Given, Pictured, Shareable};

use crate::directory::judge::{Facts, judge, kind, lies};
use crate::walk::{Seen, into_it, place, seeds, wander};

/// The number of runs, unless `SEEDS=a..b` names others.
const RUNS: u64 = 10;
/// The moments of each that are looked at.
const MOMENTS: u64 = 14;

/// All that a snapshot says.
fn statements(shot: &Snapshot) -> Vec<Statement> {
    let caption = shot.caption.statements().cloned();
    let asked = shot.asked.iter().flat_map(|asked| asked.said.clone());
    let rest = shot.hint.iter().chain(&shot.predicted).cloned();
    caption.chain(asked).chain(rest).collect()
}

/// Holds all that is said against the facts.
fn look(engine: &Engine, place: &str, seen: &mut Seen) {
    let shot = engine.snapshot();
    let facts = Facts::of(engine.history());
    for statement in statements(&shot) {
        let sort = (place, kind(&statement), u64::MAX);
        let text = statement.text();
        seen.hold(sort, (&statement, &text), lies, |one| {
            judge(one, &facts, &shot)
        });
    }
    if let Err(why) = judge::tables(&shot, &facts) {
        seen.wrong("a table", format!("{place}: {why}"));
    }
    for row in &shot.events {
        if let Err(why) = judge::event(row, &facts, &shot) {
            seen.wrong("a line of the log", format!("{place}: {row:?}: {why}"));
        }
        let sort = (place, kind(&row.what), u64::MAX);
        let text = row.what.text();
        seen.hold(sort, (&row.what, &text), lies, |one| {
            judge(one, &facts, &shot)
        });
    }
}

/// Everything that can be pointed at and done, a little at a time.
fn act(engine: &mut Engine, rng: &mut Rng) {
    let shot = engine.snapshot();
    let peer = 1 + rng.below(shot.peers.len() as u64) as u16;
    let member = match rng.below(4) {
        0 => Member::Directory,
        1 => Member::Tracker(rng.below(4) as u8),
        _ => Member::Peer(peer),
    };
    let title = rng.below(60) as u32;
    let over = match shot.titles > 0 && rng.below(2) == 0 {
        true => Over::Card(member, title),
        false => Over::Member(member),
    };
    engine.apply(Command::Hover(Some(over)));
    match rng.below(8) {
        5 if shot.titles > 0 => {
            let kind = Kind::ALL[rng.below(4) as usize];
            engine.apply(Command::Predict(kind, rng.below(60) as u32));
        }
        0 => engine.apply(Command::Select(peer)),
        1 => engine.apply(Command::Move(rng.below(2) == 0)),
        2 => engine.apply(Command::Ask),
        3 => engine.apply(Command::Title(title.min(shot.titles.saturating_sub(1)))),
        4 => {
            let part = shot.parts[rng.below(shot.parts.len() as u64) as usize];
            engine.apply(Command::Choose(part.part));
            engine.apply(match part.can_come {
                true => Command::PutBack,
                false => Command::TakeOut,
            });
        }
        _ => {}
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
        let mut farthest = 30_000_000;
        for _ in 0..MOMENTS {
            wander(&mut engine, &mut rng, &mut farthest, 9_000_000);
            act(&mut engine, &mut rng);
            look(&engine, &place(&engine, seed, name), &mut seen);
            // Into the lookups that a question has just begun.
            into_it(&mut engine, &mut rng, 300_000);
            look(&engine, &place(&engine, seed, name), &mut seen);
        }
    }
    seen.conclude(14);
}

#[test]
fn each_scenario_played_to_its_end_ticks_all_its_goals() {
    let known = Engine::open("", true).snapshot().scenarios;
    for scenario in known.iter() {
        let mut engine = Engine::open("", true);
        engine.apply(RunCommand::Load(scenario.name));
        let mut frames = 0;
        while engine.snapshot().time.playing {
            for _ in 0..20 {
                engine.advance(16.0, 7.0, || 0.0);
            }
            frames += 20;
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
        assert_eq!(shot.time.now, scenario.until.as_micros());
        println!("{}: {frames} frames", scenario.name);
    }
}

#[test]
fn the_directory_is_taken_out_and_put_back_and_the_table_says_so() {
    let mut engine = Engine::open("", true);
    engine.apply(Control::Seek(30_000_000));
    engine.apply(Command::TakeOut);
    engine.apply(Control::Seek(60_000_000));
    let shot = engine.snapshot();
    let [name, found, ..] = shot.figures[0].row();
    assert_eq!(
        (name.as_str(), found.as_str()),
        ("One directory", "0 of 100")
    );
    for others in &shot.figures[1..] {
        assert_eq!(others.row()[1], "100 of 100");
    }
    assert!(!shot.machines[0].is_up && shot.machines[0].cards.is_empty());
    assert!(
        shot.caption
            .lead
            .text()
            .starts_with("The central directory was taken out")
    );
    engine.apply(Command::PutBack);
    engine.apply(Control::Seek(140_000_000));
    assert_eq!(engine.snapshot().figures[0].row()[1], "100 of 100");
}

#[test]
fn a_link_and_a_file_lead_back_to_the_same_run_at_the_same_moment() {
    let mut engine = Engine::open("", true);
    engine.apply(RunCommand::Load("tracker-goes"));
    let address = engine.snapshot().address.expect("an address at once");
    assert_eq!(address.query.split('&').next_back(), Some("seed=714"));
    engine.apply(Control::Seek(5_000_000));
    engine.apply(Command::TakeOut);
    engine.apply(Control::Seek(3_000_000));
    engine.apply(Command::Select(5));
    engine.apply(Command::TakeOut);
    engine.apply(Control::Seek(6_500_000));
    let shot = engine.snapshot();
    assert_eq!(shot.time.branches.len(), 2);
    let name = |shot: &Snapshot| shot.scenario.map(|place| shot.scenarios[place].name);
    assert_eq!(name(&shot), Some("tracker-goes"));
    let link = engine.link().expect("a link");
    let opened = Engine::open(&link, false).snapshot();
    assert_eq!((&opened.digest, opened.time.now), (&shot.digest, 6_500_000));
    assert_eq!((opened.selected, opened.scenario), (Some(5), shot.scenario));
    assert!(!opened.time.playing && opened.refused.is_none());
    assert_eq!(
        name(&Engine::open("s=tracker-goes&do=4:out,directory&t=5", true).snapshot()),
        name(&shot)
    );
    // A run alone begins.
    let begun = Engine::open(&address.query, false).snapshot();
    assert!(begun.time.playing && begun.time.now == 0);

    let mut other = Engine::open("", true);
    let file = Json::read(engine.export().as_bytes()).unwrap();
    other.apply(Given::File(file));
    let imported = other.snapshot();
    assert_eq!(
        (&imported.digest, imported.time.now),
        (&shot.digest, 6_500_000)
    );
    assert_eq!(imported.time.branches.len(), 2);
    assert_eq!(imported.scenario, shot.scenario);
    assert!(!imported.time.playing && imported.refused.is_none());
}

#[test]
fn what_cannot_be_shown_is_refused_where_it_came_from_and_nothing_else_changes() {
    let mut engine = Engine::open("", true);
    engine.apply(Control::Seek(4_000_000));
    let before = engine.snapshot();
    let large = DirectoryWorld::write_setup(&Setup::plain(65, 1));
    let Json::Text(large) = large else {
        unreachable!("a set-up is a text")
    };
    let text = engine.export();
    let foreign = Json::read(text.replace("\"directory\"", "\"swarm\"").as_bytes()).unwrap();
    for (given, beside, said) in [
        (
            Given::Link("s=nothing".into()),
            Beside::Question,
            "there is no such scenario",
        ),
        (Given::Link("t=5".into()), Beside::Question, "peers"),
        (
            Given::Link(large),
            Beside::Question,
            "it has 65 peers and 60 titles",
        ),
        (
            Given::File(foreign),
            Beside::Run,
            "world: must be \"directory\"",
        ),
        (Given::Refused("No.".into()), Beside::Run, "No."),
    ] {
        engine.apply(given);
        let shot = engine.snapshot();
        let refused = shot.refused_beside(beside).unwrap_or_default().to_owned();
        assert!(refused.contains(said), "{refused}");
        assert_eq!(
            (shot.digest, shot.time),
            (before.digest.clone(), before.time.clone())
        );
    }
    // Refused again where it is done: nobody is there to be put back.
    engine.apply(Command::PutBack);
    assert!(engine.snapshot().refused_beside(Beside::Ring).is_some());
}
