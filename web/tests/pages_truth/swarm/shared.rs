//! Runs that leave the page and come back, goals, and the three ways: held against runs of the simulator by themselves.

use std::time::Duration;

use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::swarm::scenario::Scenario;
use chordscope_sim::worlds::swarm::setup::{SEGMENT, Setup, Way};
use chordscope_sim::worlds::swarm::view::{Moment, Presence};
use chordscope_sim::worlds::swarm::{Conduct, Part, Rates, SwarmWorld};
use chordscope_web::player::programme::RunCommand;
use chordscope_web::player::{Beside, Control, Driven, Pictured, Shareable};
use chordscope_web::swarm::engine::Engine;
use chordscope_web::swarm::engine::command::Command;
use chordscope_web::swarm::engine::levers::{Arrival, Dial, Picker};
use chordscope_web::swarm::engine::snapshot::Snapshot;

fn frame(engine: &mut Engine) -> Snapshot {
    engine.advance(16.0, 7.0, || 0.0);
    engine.snapshot()
}

/// A run with a deed, at a moment, with a client selected.
fn run(name: &'static str) -> Engine {
    let mut engine = Engine::open("", true);
    engine.apply(RunCommand::Load(name));
    engine.apply(Command::Select(2));
    engine.apply(Control::Seek(2_345_678));
    engine.apply(Command::Remove(1));
    engine.apply(Control::Seek(3_456_789));
    engine
}

#[test]
fn a_link_brings_back_run_time_and_selection() {
    for name in ["eight-clients", "liar", "flash-crowd"] {
        let mut engine = run(name);
        for own in [false, true] {
            if own {
                let levers = engine.snapshot().levers;
                engine.apply(Command::Begin(levers.with(Dial::SeedUp, 300_000)));
                engine.apply(Control::Seek(1_111_111));
            }
            let (link, was) = (engine.link().unwrap(), engine.snapshot());
            assert_eq!(link.contains(&format!("s={name}")), !own, "{link}");
            let other = Engine::open(&link, false);
            let is = other.snapshot();
            assert_eq!(is.refused, None, "{link}");
            assert_eq!((&is.digest, &is.moment), (&was.digest, &was.moment));
            assert_eq!(is.selected, was.selected);
            assert_eq!((is.levers, is.scenario), (was.levers, was.scenario));
            assert!(!is.time.playing);
            assert_eq!(other.link().unwrap().split('&').next_back(), Some("sel=2"));
        }
    }
}

#[test]
fn what_is_begun_is_in_the_address_at_once_and_begins_there_again() {
    let mut engine = Engine::open("", true);
    assert_eq!(engine.snapshot().address, None);
    engine.apply(RunCommand::Load("liar"));
    let address = engine.snapshot().address.unwrap().query;
    assert!(
        address.contains("s=liar") && !address.contains("t="),
        "{address}"
    );
    let levers = engine.snapshot().levers;
    engine.apply(Command::Begin(levers.with(Dial::Clients, 5)));
    let address = engine.snapshot().address.unwrap().query;
    let begun = Engine::open(&address, false).snapshot();
    assert_eq!(begun.levers, engine.snapshot().levers);
    assert!(begun.time.playing && begun.time.now == 0);
}

#[test]
fn an_exported_run_comes_back_with_its_branches() {
    let engine = run("seed-leaves");
    let mut other = Engine::open("", false);
    let file = Json::read(engine.export().as_bytes()).unwrap();
    other.apply(RunCommand::Import(file));
    let (is, was) = (other.snapshot(), engine.snapshot());
    assert_eq!((is.digest, is.moment), (was.digest, was.moment));
    assert_eq!(is.time.branches, was.time.branches);
    assert_eq!(is.scenario, was.scenario);
    assert!(is.time.can_undo && !is.time.playing);
}

#[test]
fn a_broken_link_or_file_says_why_in_one_sentence_and_changes_nothing() {
    let long = format!("len={}&clients=2x262144,-", 200 * SEGMENT);
    for (link, part) in [
        ("s=nothing", "there is no such scenario"),
        ("s=liar&t=x", "t"),
        ("clients=9", "a link has an uplink and a downlink"),
        (
            "len=131072&way=server&clients=2x262144,-",
            "fetch from servers",
        ),
        (&long, "200 segments"),
    ] {
        let mut engine = run("eight-clients");
        let before = engine.snapshot();
        engine.apply(RunCommand::Open(link.to_owned()));
        let shot = engine.snapshot();
        let said = shot.refused_beside(Beside::Question).unwrap();
        assert!(
            said.starts_with("This link cannot be read (") && said.contains(part),
            "{said}"
        );
        assert!(
            said.ends_with("here is “One seed, eight clients” instead."),
            "{said}"
        );
        assert_eq!((shot.digest, shot.moment), (before.digest, before.moment));
    }
    let mut engine = run("eight-clients");
    engine.apply(RunCommand::Import(Json::read(b"{}").unwrap()));
    let shot = engine.snapshot();
    let said = shot.refused_beside(Beside::Run).unwrap();
    assert!(said.starts_with("This file cannot be opened: "), "{said}");
}

#[test]
fn another_picker_leaves_arrivals_links_and_conduct_as_they_are() {
    let mut engine = Engine::open("", true);
    engine.apply(RunCommand::Load("flash-crowd"));
    let levers = engine.snapshot().levers;
    assert_eq!(
        (levers.arrival, levers.dial(Dial::SeedUp)),
        (Arrival::Own, 256 << 10)
    );
    assert_eq!(Dial::SeedUp.show(levers.dial(Dial::SeedUp)), "2.1");
    let before = engine.history().setup().clone();
    engine.apply(Command::Begin(
        chordscope_web::swarm::engine::levers::Levers {
            picker: Picker::InOrder,
            ..levers
        },
    ));
    assert_eq!(engine.history().setup().clients, before.clients);
    assert_eq!(engine.snapshot().scenario, None);
    engine.apply(Command::Begin(levers));
    assert_eq!(*engine.history().setup(), before);
    assert!(engine.snapshot().scenario.is_some());
}

/// Whether all that want the file have it.
fn all_served(moment: &Moment) -> bool {
    let clients = moment
        .members
        .iter()
        .filter(|member| member.part == Part::Client);
    let mut wanting =
        clients.filter(|client| matches!(client.conduct, Conduct::Honest | Conduct::FreeRides));
    wanting.all(|client| client.finished.is_some())
}

/// Runs a world, a step at a time, until all are served.
fn serve_all(world: &mut SwarmWorld, step: Duration) {
    let mut to = world.moment().now;
    while !all_served(&world.moment()) {
        to += step;
        assert!(to.as_micros() < 600_000_000, "not all are ever served");
        world.run_until(to);
    }
}

#[test]
fn goals_are_met_when_a_run_by_itself_comes_to_them() {
    for (name, place) in [("eight-clients", 0), ("seed-leaves", 0), ("in-order", 0)] {
        let mut engine = Engine::open("", true);
        engine.apply(RunCommand::Load(name));
        engine.apply(Control::Play(true));
        assert!(
            engine
                .snapshot()
                .goals
                .iter()
                .all(|goal| goal.met.is_none())
        );
        let mut frames = 0;
        while engine.player().is_playing() {
            engine.advance(16.0, 7.0, || 0.0);
            frames += 1;
            assert!(frames < 60_000, "{name} never ends");
        }
        let shot = frame(&mut engine);
        assert!(
            shot.goals.iter().all(|goal| goal.met.is_some()),
            "{name}: {:?}",
            shot.goals
        );
        // The first goal of these is that all are served: not before the last one was.
        let met = shot.goals[place].met.unwrap();
        let scenario = Scenario::named(name).unwrap();
        let mut world = SwarmWorld::new(scenario.setup).unwrap();
        serve_all(&mut world, Duration::from_millis(5));
        let done = world.moment().now.as_micros();
        assert!(
            met + 5_000 >= done && met < done + 500_000,
            "{name}: {met}, {done}"
        );
        // Before that moment it was not.
        engine.apply(Control::Seek(met - 100_000));
        assert_eq!(engine.snapshot().goals[place].met, None);
    }
}

/// The time at which a way has served everyone, in microseconds.
fn served(setup: &Setup, way: Way) -> u64 {
    let mut world = SwarmWorld::new(Setup {
        way,
        ..setup.clone()
    })
    .unwrap();
    serve_all(&mut world, Duration::from_secs(1));
    let moment = world.moment();
    let clients = moment
        .members
        .iter()
        .filter(|member| member.part == Part::Client);
    let last = clients.filter_map(|client| client.finished).max();
    last.unwrap().as_micros()
}

#[test]
fn the_three_ways_go_in_lockstep_and_take_as_long_as_by_themselves() {
    let mut engine = Engine::open("", true);
    engine.apply(Control::Seek(3_000_000));
    let shot = frame(&mut engine);
    let ways = shot.ways.clone().unwrap();
    assert_eq!(ways.at, 3_000_000);
    let swarm = &ways.ways[2];
    let shown: Vec<u64> = shot.moment.members[1..]
        .iter()
        .map(|client| u64::from(client.has) * 1_000 / client.cells.len() as u64)
        .collect();
    assert_eq!(swarm.clients, shown, "the swarm is the run that is shown");
    assert_eq!(swarm.hundredths, u64::from(shot.moment.seed_copies) / 10);
    assert!(ways.ways[0].served < ways.ways[1].served);
    let counts: Vec<u64> = ways.rows.iter().map(|row| row.clients).collect();
    assert_eq!(counts, [1, 2, 4, 8, 16, 32, 64]);
    let setup = engine.history().setup().clone();
    for row in &ways.rows {
        assert!(row.is_over && row.is_this == (row.clients == 8));
        let file = u128::from(setup.length);
        let (seed, clients) = (u128::from(setup.seed_rates.up), u128::from(row.clients));
        let bound =
            (file * 1_000_000 / seed).max(clients * file * 1_000_000 / (seed + clients * seed));
        let rounds = u128::from(setup.segments()) + u128::from(row.clients.ilog2());
        let whole = rounds * u128::from(SEGMENT) * 1_000_000 / seed;
        assert_eq!(
            row.server.map(u128::from),
            Some(clients * file * 1_000_000 / seed)
        );
        assert_eq!(row.swarm.map(u128::from), Some(bound.max(whole)));
        let took = row.took.map(Option::unwrap);
        assert!(took[0] >= row.server.unwrap() && took[2] >= row.swarm.unwrap());
        if row.clients > 8 {
            continue;
        }
        let mut alone = setup.clone();
        alone.clients.truncate(row.clients as usize);
        let cdn = Way::Cdn {
            proxies: 3,
            rates: Rates::up(setup.seed_rates.up),
        };
        let is = [Way::Server, cdn, Way::Swarm].map(|way| served(&alone, way));
        assert_eq!(took, is, "{} clients", row.clients);
    }
    assert!(matches!(shot.moment.members[0].presence, Presence::Here(_)));
    // Back in time they go back, too.
    engine.apply(Control::Seek(1_000_000));
    let back = frame(&mut engine).ways.unwrap();
    assert_eq!(back.at, 1_000_000);
    assert!(back.ways[2].served < ways.ways[2].served);
}
