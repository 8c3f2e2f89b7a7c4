//! Swarms, servers and content delivery networks beside their bounds: no run is faster, and textbook cases come close.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::picker::Order;
use chordscope_sim::worlds::swarm::bounds::Bounds;
use chordscope_sim::worlds::swarm::{Conduct, Rates, Setup, Stay, SwarmWorld, Way};

/// Microseconds in a second.
const SECOND: u64 = 1_000_000;

/// Runs a set-up until all are served; the time in microseconds.
fn time(setup: &Setup) -> u64 {
    let mut world = SwarmWorld::new(setup.clone()).unwrap();
    world.run_until(Instant::from_millis(3_600_000));
    let finished = world.finished();
    let finished = finished.unwrap_or_else(|| panic!("nobody is served in an hour: {setup:?}"));
    finished.as_micros()
}

/// The bound of a set-up's way.
fn bound(setup: &Setup) -> u64 {
    let bounds = Bounds::of(setup).unwrap();
    match setup.way {
        Way::Swarm => bounds.swarm_at_best(),
        Way::Server => bounds.server,
        Way::Cdn { .. } => Bounds::of_cdn(setup).unwrap(),
    }
}

/// A number of these, drawn.
fn draw<T: Copy>(from: &[T], rng: &mut Rng) -> T {
    from[usize::try_from(rng.below(from.len() as u64)).unwrap()]
}

/// Any set-up of which a bound holds.
fn random(seed: u64) -> Setup {
    let mut rng = Rng::from_seed(seed, 0xb0);
    let clients = 1 + rng.below(12) as usize;
    let segments = 1 + rng.below(24) as u32;
    let mut setup = Setup::new(clients, segments).unwrap();
    setup.seed = seed;
    setup.length -= draw(&[0, 0, 1, 40_000], &mut rng);
    setup.latency = Duration::from_millis(draw(&[0, 1, 20, 80], &mut rng));
    setup.order = draw(
        &[Order::RarestFirst, Order::Random, Order::From(0)],
        &mut rng,
    );
    setup.slots = draw(&[1, 2, 5], &mut rng);
    setup.way = draw(
        &[
            Way::Swarm,
            Way::Swarm,
            Way::Swarm,
            Way::Server,
            Way::Cdn {
                proxies: 2,
                rates: Rates::up(100_000),
            },
        ],
        &mut rng,
    );
    let rates = [128 << 10, 256 << 10, 256 << 10, 1 << 20];
    setup.seed_rates.up = draw(&rates, &mut rng);
    let (is_equal, is_narrow) = (rng.chance(1, 2), rng.chance(1, 3));
    for client in &mut setup.clients {
        client.rates.up = match is_equal {
            true => setup.seed_rates.up,
            false => draw(&rates, &mut rng),
        };
        if is_narrow {
            client.rates.down = draw(&[None, Some(100_000), Some(300_000)], &mut rng);
        }
        if rng.chance(1, 12) {
            client.conduct = draw(&[Conduct::FreeRides, Conduct::Corrupts], &mut rng);
        }
        if rng.chance(1, 6) {
            client.stay = Stay::UntilGave(draw(&[0, 1, 5], &mut rng));
        }
    }
    setup.clients[0].conduct = Conduct::Honest;
    setup.checked().unwrap()
}

#[test]
fn no_run_is_faster_than_its_bound() {
    for seed in 0..120 {
        let setup = random(seed);
        let (took, bound) = (time(&setup), bound(&setup));
        assert!(
            took >= bound,
            "seed {seed}: {took} µs is less than {bound} µs: {setup:?}"
        );
    }
}

/// One server is at its bound but for the latency, of its uplink and of the slowest downlink.
#[test]
fn one_server_takes_as_long_as_the_textbook_says() {
    for clients in [1, 8, 64] {
        let mut setup = Setup::new(clients, 20).unwrap();
        setup.way = Way::Server;
        let late = time(&setup) - bound(&setup);
        assert_eq!(late, 20_000, "{clients} clients");
    }
    let mut setup = Setup::new(4, 20).unwrap();
    setup.way = Way::Server;
    setup.clients[2].rates.down = Some(16 << 10);
    assert_eq!(bound(&setup), 80 * SECOND);
    let took = time(&setup);
    assert!(took <= 81 * SECOND, "{took}");
}

/// A network of servers of one uplink, over which the clients divide evenly, is at its bound, too.
#[test]
fn a_content_delivery_network_takes_as_long_as_one_server_of_all_its_uplinks() {
    let mut setup = Setup::new(12, 20).unwrap();
    setup.way = Way::Cdn {
        proxies: 3,
        rates: setup.seed_rates,
    };
    let late = time(&setup) - bound(&setup);
    assert_eq!(late, 20_000);
}

/// Returns how many hundredths of its bound a swarm takes.
fn ratio(setup: &Setup) -> u64 {
    let (took, bound) = (time(setup), bound(setup));
    println!(
        "{} clients: {took} µs, {} % of the bound",
        setup.clients.len(),
        took * 100 / bound
    );
    took * 100 / bound
}

#[test]
fn a_swarm_of_equal_uplinks_takes_at_most_a_third_longer_than_the_rounds_of_the_theorem() {
    for clients in [1, 2, 8, 16, 32] {
        let setup = Setup::new(clients, 128).unwrap();
        assert!(ratio(&setup) <= 133, "{clients} clients");
    }
}

#[test]
fn a_swarm_of_unequal_uplinks_takes_at_most_a_third_longer_than_as_a_fluid() {
    let setup = Setup::new(12, 128).unwrap();
    let setup = setup.with_uplinks(&[128 << 10, 256 << 10, 512 << 10]);
    assert!(ratio(&setup) <= 133);
}

/// Where a client's downlink is the limit, it is the limit in the simulation, too.
#[test]
fn a_swarm_waits_for_the_slowest_downlink() {
    let mut setup = Setup::new(6, 64).unwrap();
    setup.clients[3].rates.down = Some(64 << 10);
    assert_eq!(bound(&setup), 64 * SECOND);
    assert!(ratio(&setup) <= 120);
}
