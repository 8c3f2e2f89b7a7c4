//! Files that go from one to many: everybody gets the right bytes, whoever cheats, leaves or stalls.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chordscope_core::base::time::Instant;
use chordscope_core::sim::swarm::{Conduct, Setup, SwarmWorld, member};
use chordscope_core::swarm::api::{Event, Fault};
use chordscope_core::swarm::picker::Order;

const KIB: u64 = 1024;
const SEGMENT: u64 = 64 * KIB;

fn setup(seed: u64, segments: u64, members: Vec<Conduct>) -> Setup {
    Setup {
        seed,
        length: segments * SEGMENT,
        up: 1024 * KIB,
        latency: Duration::from_millis(20),
        order: Order::RarestFirst,
        members,
        is_server: false,
    }
}

/// Runs a swarm to its end.
fn run(setup: Setup) -> SwarmWorld {
    let seed = setup.seed;
    let mut world = SwarmWorld::new(setup).unwrap();
    world.run_until(Instant::from_millis(600_000));
    for number in 0..=4 {
        if let Some(view) = world.view(member(number)).filter(|_| !world.is_complete()) {
            println!(
                "{number}: {} {:?} {:?}",
                view.have.len(),
                view.limit,
                view.sources
            );
        }
    }
    assert!(world.is_complete(), "seed {seed} at {:?}", world.now());
    world
}

fn copies(world: &SwarmWorld, length: u64) -> f64 {
    world.sent(member(0)) as f64 / length as f64
}

fn faults(world: &SwarmWorld) -> Vec<(u64, Fault)> {
    let faults = world
        .events()
        .iter()
        .filter_map(|(_, _, event)| match event {
            Event::Banned(id, _, fault) => Some((id.to_u64().unwrap() - 1, *fault)),
            _ => None,
        });
    faults.collect()
}

#[test]
fn one_gets_everything_whatever_the_length() {
    for length in [0, 1, 65_536, 65_537, 3_000_000] {
        let world = run(Setup {
            length,
            ..setup(length, 0, vec![Conduct::Honest])
        });
        let most = length + 32 * length.div_ceil(SEGMENT);
        assert!((length..=most).contains(&world.sent(member(0))), "{length}");
    }
}

#[test]
fn segments_of_many_blocks_arrive_whole() {
    let length = 130 * 1024 * KIB + 77;
    let setup = Setup {
        length,
        up: 100 << 20,
        ..setup(1, 0, vec![Conduct::Honest; 2])
    };
    let world = run(setup);
    assert!(copies(&world, length) < 1.2, "{}", copies(&world, length));
}

#[test]
fn the_first_seed_sends_little_more_than_one_copy() {
    for leechers in [8, 64] {
        let world = run(setup(1, 128, vec![Conduct::Honest; leechers]));
        let sent = copies(&world, 128 * SEGMENT);
        println!("{leechers} leechers: {sent:.2} copies, {:?}", world.now());
        assert!(sent <= 1.15, "{leechers} leechers: {sent}");
    }
}

#[test]
fn who_sends_wrong_bytes_is_banned_and_named() {
    let mut members = vec![Conduct::Honest; 8];
    members[2] = Conduct::Corrupts;
    let world = run(setup(1, 128, members));
    let faults = faults(&world);
    assert!(faults.iter().all(|(number, _)| *number == 3), "{faults:?}");
    assert!(
        faults
            .iter()
            .any(|(_, fault)| matches!(fault, Fault::Segment(_))),
        "{faults:?}"
    );
}

#[test]
fn who_takes_requests_and_sends_nothing_is_passed_by() {
    let mut members = vec![Conduct::Honest; 4];
    members.extend([Conduct::Stalls; 2]);
    let world = run(setup(1, 128, members));
    assert!(
        world.now() < Instant::from_millis(60_000),
        "{:?}",
        world.now()
    );
}

#[test]
fn who_boasts_costs_little() {
    let honest = run(setup(1, 128, vec![Conduct::Honest; 4])).now();
    let mut members = vec![Conduct::Honest; 4];
    members.extend([Conduct::Boasts; 3]);
    let world = run(setup(1, 128, members));
    assert!(
        world.now().as_millis() < honest.as_millis() * 3 / 2,
        "{:?}, {honest:?}",
        world.now()
    );
}

#[test]
fn a_wrong_length_is_found_out() {
    for seed in 0..8 {
        let members = vec![Conduct::Stretches, Conduct::Honest, Conduct::Honest];
        let world = run(setup(seed, 32, members));
        assert!(
            faults(&world).iter().all(|(number, _)| *number == 1),
            "seed {seed}"
        );
    }
}

#[test]
fn a_swarm_survives_the_first_seed_once_every_segment_is_out() {
    let mut members = vec![Conduct::Honest; 6];
    members.push(Conduct::Leaves(Instant::from_millis(3_000)));
    run(setup(2, 128, members));
}

#[test]
fn the_same_seed_gives_the_same_transfer() {
    let once = || {
        let world = run(setup(7, 64, vec![Conduct::Honest; 5]));
        (world.now(), world.sent(member(0)), world.events().len())
    };
    assert_eq!(once(), once());
}

#[test]
fn a_reader_gets_the_file_in_order() {
    let order = Order::From(0);
    let mut world = SwarmWorld::new(Setup {
        order,
        ..setup(1, 64, vec![Conduct::Honest])
    })
    .unwrap();
    world.run_until(Instant::from_millis(2_500));
    let have = world.view(member(1)).unwrap().have;
    let in_order = (0..64).take_while(|index| have.contains(*index)).count();
    assert!(
        have.len() > 10 && in_order + 2 >= have.len() as usize,
        "{in_order} of {}",
        have.len()
    );
}
