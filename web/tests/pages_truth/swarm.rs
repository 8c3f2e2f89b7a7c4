//! Nothing on the swarm page says what is not so: every statement at many moments of many swarms, held against the machines' own state, the
//! trace and the clock; and of each kind a falsehood that was planted is found.

#![allow(
    clippy::too_many_lines,
    reason = "one arm a kind of statement, and they are many"
)]

mod judge;
mod shared;

use chordscope_core::base::rng::Rng;
use chordscope_web::player::programme::RunCommand;
use chordscope_web::player::{Beside, Control, Driven, Pictured};
use chordscope_web::swarm::engine::Engine;
use chordscope_web::swarm::engine::command::{Command, Over};
use chordscope_web::swarm::engine::levers::{Arrival, Last, Levers, Picker, Uplinks};
use chordscope_web::swarm::engine::snapshot::Snapshot;
use chordscope_web::swarm::engine::statement::Statement;

use crate::swarm::judge::{Facts, carries, judge, kind, lies};
use crate::walk::{Seen, into_it, place, seeds, wander};

/// The number of random swarms, unless `SEEDS=a..b` names others.
const RUNS: u64 = 14;
/// The moments of each that are looked at.
const MOMENTS: u64 = 16;
/// How many true statements of a kind falsehoods are made of.
const PLANTED: u64 = 60;

/// Random settings, small enough to be quick.
fn levers(rng: &mut Rng) -> Levers {
    Levers {
        clients: 1 + rng.below(10) as u32,
        segments: 1 + rng.below(24) as u32,
        picker: [Picker::Rarest, Picker::Random, Picker::InOrder][rng.below(3) as usize],
        seed_up: 125_000 * (1 + rng.below(4)),
        client_up: 125_000 * (1 + rng.below(4)),
        uplinks: [Uplinks::Equal, Uplinks::Unequal][rng.below(2) as usize],
        arrival: [Arrival::AtOnce, Arrival::Trickle][rng.below(2) as usize],
        last: [Last::Honest, Last::Honest, Last::FreeRides, Last::Lies][rng.below(4) as usize],
        seed: rng.below(1_000) as u32,
    }
}

/// All that a snapshot says.
fn statements(shot: &Snapshot) -> Vec<Statement> {
    let caption = shot.caption.statements().cloned();
    let selected = shot
        .selected
        .iter()
        .flat_map(|seen| [Some(seen.has.clone()), seen.limit.clone()]);
    let rest = shot.hint.iter().chain(&shot.picture).cloned();
    caption.chain(selected.flatten()).chain(rest).collect()
}

/// Holds all that is said against the facts.
fn look(engine: &Engine, place: &str, seen: &mut Seen) {
    let shot = engine.snapshot();
    let facts = Facts::of(engine.history());
    for statement in statements(&shot) {
        let (text, kind) = (statement.text(), kind(&statement));
        seen.hold((place, kind, PLANTED), (&statement, &text), lies, |one| {
            judge(one, &facts)
        });
        if !carries(&statement, &text) {
            seen.wrong(kind, format!("{place}: “{text}” is not {statement:?}"));
        }
    }
    if let Err(why) = judge::tables(&shot, &facts) {
        seen.wrong("a table", format!("{place}: {why}"));
    }
    for row in &shot.events {
        if let Err(why) = judge::event(row, &facts) {
            seen.wrong("a line of the log", format!("{place}: {row:?}: {why}"));
        }
    }
}

/// Everything that can be pointed at, a few at a time.
fn point(engine: &mut Engine, rng: &mut Rng) {
    let moment = engine.moment();
    let member = rng.below(moment.members.len() as u64);
    let segment = rng.below(moment.copies.len() as u64) as u32;
    let flow = moment
        .flows
        .first()
        .map(|flow| Over::Flow(flow.from, flow.to, flow.segment));
    let over = match rng.below(5) {
        0 => Over::Member(member),
        1 => Over::Segment(segment),
        2 => flow.unwrap_or(Over::Cell(member, segment)),
        _ => Over::Cell(member, segment),
    };
    engine.apply(Command::Hover(Some(over)));
    match rng.below(4) {
        0 => engine.apply(Command::Select(member)),
        1 => engine.apply(Command::Move(rng.below(2) == 0)),
        _ => {}
    }
}

#[test]
fn every_statement_is_so_at_every_moment_of_random_swarms_and_its_opposite_is_found() {
    let mut seen = Seen::default();
    for seed in seeds(RUNS) {
        let mut rng = Rng::from_seed(seed, 7);
        let mut engine = Engine::open("", true);
        let levers = levers(&mut rng);
        let known = engine.snapshot().scenarios;
        match rng.below(3) {
            0 => engine.apply(RunCommand::Load(
                known[rng.below(known.len() as u64) as usize].name,
            )),
            _ => engine.apply(Command::Begin(levers)),
        }
        let run = format!("{levers:?}");
        look(&engine, &place(&engine, seed, &run), &mut seen);
        let mut farthest = 0;
        for _ in 0..MOMENTS {
            wander(&mut engine, &mut rng, &mut farthest, 1_200_000);
            point(&mut engine, &mut rng);
            if rng.below(16) == 0 {
                let member = rng.below(engine.moment().members.len() as u64);
                engine.apply(Command::Remove(member));
                look(&engine, &place(&engine, seed, &run), &mut seen);
                into_it(&mut engine, &mut rng, 200_000);
            }
            look(&engine, &place(&engine, seed, &run), &mut seen);
        }
        // Scenarios of many clients take long to their end.
        if engine.snapshot().scenario.is_none() {
            engine.apply(Control::Seek(40_000_000));
        }
        look(&engine, &place(&engine, seed, &run), &mut seen);
    }
    seen.conclude(14);
}

#[test]
fn played_to_its_end_a_swarm_says_so_and_stops_there() {
    let mut engine = Engine::open("", false);
    let mut frames = 0;
    while engine.snapshot().time.playing {
        engine.advance(16.0, 7.0, || 0.0);
        frames += 1;
        assert!(frames < 40_000, "it never stops");
    }
    let shot = engine.snapshot();
    assert!(
        matches!(shot.caption.lead, Statement::Served { clients: 8, .. }),
        "{:?}",
        shot.caption
    );
    assert!(
        shot.caption
            .rest
            .iter()
            .any(|one| matches!(one, Statement::Bound { .. }))
    );
    assert!(shot.moment.is_complete && !shot.time.can_continue);
    println!(
        "{} frames, {:?}",
        frames,
        shot.caption
            .statements()
            .map(Statement::text)
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_step_forward_where_nothing_comes_leads_nowhere_and_says_so() {
    let mut engine = Engine::open("", true);
    // Nobody ever gets anything.
    engine.apply(Command::Remove(0));
    for _ in 0..40 {
        engine.apply(Control::StepForward);
    }
    let shot = engine.snapshot();
    assert!(!shot.moment.is_complete && shot.time.now <= 40 * 60_000_000);
    assert_eq!(
        shot.refused_beside(Beside::Time),
        Some("Nothing worth a stop happens within a minute.")
    );
}

#[test]
fn the_requests_of_the_selected_client_are_steps() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Select(5));
    let mut asked = Vec::new();
    for _ in 0..12 {
        engine.apply(Control::Continue);
        let mut frames = 0;
        while engine.snapshot().time.playing {
            engine.advance(16.0, 7.0, || 0.0);
            frames += 1;
            assert!(frames < 40_000, "it never stops");
        }
        asked.push(engine.snapshot().caption.lead);
    }
    let of_it = asked
        .iter()
        .filter(|one| matches!(one, Statement::Asks { client: 5, .. }));
    assert!(of_it.count() >= 6, "{asked:?}");
    let others = asked
        .iter()
        .filter(|one| matches!(one, Statement::Asks { client, .. } if *client != 5));
    assert_eq!(others.count(), 0, "{asked:?}");
}
