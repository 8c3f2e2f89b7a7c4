//! Anything may happen: a seed draws a ring, its network, its upkeep and a storm of deeds; then the faults stop, and the
//! ring must become what it ought to be. Every other seed has level `quorum`: what nodes were told of names must be
//! linearizable, and names are available again in the end.
//!
//! The tests run a few seeds. `cargo xtask soak --minutes 10` goes on with others; `SEED=n` runs one.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod histories;

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::invariant::Property;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::node::config::Config;
use chordscope_core::store::group::Rules;
use chordscope_core::store::group::part::Quorum;
use chordscope_sim::classic::Protocol;
use chordscope_sim::engine::network::{Bandwidth, Latency, Reorder};
use chordscope_sim::worlds::ring::action::{Action, Timed};
use chordscope_sim::worlds::ring::permalink::Permalink;
use chordscope_sim::worlds::ring::scenario::{Scenario, Upkeep};
use chordscope_sim::worlds::ring::{History, RingWorld, Run, Watch};

use crate::histories::{Histories, LISTEN, operations};

/// The duration of the faults, in virtual milliseconds.
const STORM: u64 = 120_000;
/// The time for the ring to become whole, in virtual milliseconds. Halves that were apart ask after one another at least as often as they
/// were apart for.
const CALM: u64 = 480_000;
/// The fewest nodes that stay: crashes must leave each list somebody.
const FEWEST: usize = 6;
/// Seeds of the tests.
const SEEDS: u64 = 12;
/// Seeds that failed once.
const KEPT: [u64; 7] = [72, 129, 215, 217, 239, 285, 1_112];

/// Returns the scenario of a seed. It is one like any other: links and files can carry it.
fn scenario(seed: u64) -> Scenario {
    let mut rng = Rng::from_seed(seed, 0x50a4);
    let mut between =
        |low: u32, high: u32| low + u32::try_from(rng.below(u64::from(high - low + 1))).unwrap();
    let bits = [8, 16, 16, 160][between(0, 3) as usize];
    let space = Space::new(bits).unwrap();
    let mut draw = |count| {
        let mut ids: Vec<Id> = (0..count)
            .map(|_| {
                space.truncate(core::array::from_fn(|_| {
                    u8::try_from(between(0, 255)).unwrap()
                }))
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let nodes = draw(FEWEST + 2 + usize::try_from(seed % 12).unwrap());
    let newcomers = draw(40);
    let mut scenario = Scenario::plain(space, nodes.clone()).unwrap();
    scenario.name = format!("soak-{seed}");
    scenario.seed = seed;
    scenario.successors = u8::try_from(between(3, 6)).unwrap();
    scenario.copies = u8::try_from(between(1, 3)).unwrap();
    scenario.latency = match between(0, 3) {
        0 => Latency::Fixed(between(1, 100)),
        1 => Latency::Uniform(between(1, 20), between(20, 150)),
        // Longer ones seem lost too often for a ring that is whole at one moment.
        2 => Latency::Exponential(between(1, 25)),
        _ => Latency::Cube(between(1, 100)),
    };
    scenario.loss_per_mille = [0, 0, 5, 20][between(0, 3) as usize];
    scenario.successors_per_finger = [1, 1, 2, 4][between(0, 3) as usize];
    scenario.reorder = (between(0, 2) == 0).then(|| Reorder {
        per_mille: u16::try_from(between(1, 100)).unwrap(),
        extra_ms: between(1, 150),
    });
    let slowest = [0, 0, 64_000, 256_000][between(0, 3) as usize];
    scenario.bandwidth = (slowest > 0).then(|| Bandwidth {
        up: slowest,
        down: between(1, 4) * slowest,
    });
    scenario.upkeep = Some(Upkeep {
        stabilize_ms: between(500, 2_000),
        fingers_ms: between(200, 1_000),
        repair_ms: between(1_000, 4_000),
    });
    scenario.until = Instant::from_millis(STORM + CALM);
    scenario.actions = storm(&mut between, nodes, newcomers);
    if seed % 2 == 1 {
        at_level_quorum(&mut scenario);
    }
    scenario
}

/// Adds operations at level `quorum`. Who is gone for good takes what it promised its groups with it, so that after the
/// storm everybody comes back with what they had saved.
fn at_level_quorum(scenario: &mut Scenario) {
    scenario.quorum = true;
    let mut everybody = scenario.nodes.clone();
    let newcomers = scenario
        .actions
        .iter()
        .filter_map(|timed| match timed.action {
            Action::Insert(id) => Some(id),
            _ => None,
        });
    everybody.extend(newcomers);
    let is_operation = |action: &Action| matches!(action, Action::Put { .. } | Action::Get { .. });
    scenario
        .actions
        .retain(|timed| !is_operation(&timed.action));
    let operations = operations(scenario.seed, &everybody, STORM);
    scenario.actions.extend(operations);
    let at = Instant::from_millis(STORM);
    let back = everybody.into_iter().map(Action::Insert);
    let back = back.map(|action| Timed { at, action });
    scenario.actions.extend(back);
    scenario.actions.sort_by_key(|timed| timed.at);
}

/// A deed every two to five seconds: the ring has time to notice each, but not to settle.
fn storm(
    between: &mut impl FnMut(u32, u32) -> u32,
    mut up: Vec<Id>,
    mut newcomers: Vec<Id>,
) -> Vec<Timed> {
    let (mut at, mut actions, mut split) = (1_000, Vec::new(), false);
    let (mut everybody, mut paused) = (up.clone(), None);
    while at < STORM - 5_000 {
        let who = between(0, u32::try_from(up.len()).unwrap() - 1) as usize;
        let name = format!("name-{}", between(0, 9));
        let action = match between(0, 14) {
            0 | 1 => match newcomers.pop().filter(|id| !up.contains(id)) {
                Some(id) => {
                    up.push(id);
                    everybody.push(id);
                    Action::Insert(id)
                }
                None => Action::Heal,
            },
            2 if up.len() > FEWEST => Action::Crash(up.swap_remove(who)),
            3 if up.len() > FEWEST => Action::Remove(up.swap_remove(who)),
            4 if split => {
                split = false;
                Action::Heal
            }
            4 => {
                split = true;
                Action::Split(up[..up.len() / 2].to_vec())
            }
            5 => Action::Put {
                from: up[who],
                name,
                value: format!("value {at}"),
            },
            6 => Action::Get {
                from: up[who],
                name,
            },
            mode @ (7 | 8) => Action::Lookup {
                from: up[who],
                key: up[usize::from(who == 0)],
                routing: Routing::Finger,
                mode: if mode == 7 {
                    Mode::Recursive
                } else {
                    Mode::Iterative
                },
            },
            // Who pauses is as good as crashed: one at a time, so that each list keeps somebody.
            9 | 10 => match paused.take() {
                Some(node) => Action::Resume(node),
                None => {
                    paused = Some(up[who]);
                    Action::Pause(up[who])
                }
            },
            fault => break_something(fault, up[who], between),
        };
        actions.push(Timed {
            at: Instant::from_millis(at),
            action,
        });
        at += u64::from(between(2_000, 5_000));
    }
    let mut mend = |action| {
        let at = Instant::from_millis(STORM);
        actions.push(Timed { at, action });
    };
    mend(Action::Heal);
    // Also those that ought to have left: a node that pauses cannot.
    for id in everybody {
        mend(Action::Resume(id));
        mend(Action::Mend(id));
    }
    actions
}

/// Something goes wrong with a node, or is over.
fn break_something(which: u32, node: Id, between: &mut impl FnMut(u32, u32) -> u32) -> Action {
    match which {
        11 => Action::Slow {
            node,
            millis: between(0, 300),
        },
        12 => Action::Corrupt(node),
        13 => Action::Misroute(node),
        _ => Action::Restart(node),
    }
}

/// Runs a scenario until, after the storm, the ring is as it ought to be; says what is not at the end. The scenario's
/// actions become what was done.
fn run(scenario: &mut Scenario, rules: Rules) -> Result<(), String> {
    let seed = scenario.seed;
    let config = Config {
        quorum: scenario.quorum.then_some(Quorum::under(rules)),
        ..scenario.config()
    };
    let watch = Watch::Everything;
    let mut world = RingWorld::of_nodes(Arc::new(scenario.clone()), config, seed, watch).unwrap();
    if !scenario.quorum {
        let mut run = Run::of(world, scenario.actions.clone());
        run.run_until(Instant::from_millis(STORM));
        return settle(&mut run.into_world(), |world| judge(world));
    }
    let mut histories = Histories::default();
    histories.follow(&mut world);
    // What cannot be explained now never will be.
    let settled = histories.explain().and_then(|()| {
        settle(&mut world, |world| {
            histories.hear(world);
            judge(world).and_then(|()| histories.judge(world))
        })
    });
    let explained = histories.explain();
    scenario.actions = histories.done;
    explained.and(settled)
}

/// Lets time pass until the world is as it ought to be, or the scenario ends.
fn settle(
    world: &mut RingWorld,
    mut judge: impl FnMut(&mut RingWorld) -> Result<(), String>,
) -> Result<(), String> {
    loop {
        let state = judge(world);
        if state.is_ok() || world.now() >= world.scenario().until {
            return state;
        }
        let next = world.now() + LISTEN;
        world.run_until(next);
    }
}

/// Checks that the ring is whole, and says what is not.
fn judge(world: &RingWorld) -> Result<(), String> {
    let ring = world.ideal().unwrap();
    let health = world.health();
    if let Some(broken) = Property::ALL
        .into_iter()
        .find(|property| !health.holds(*property))
    {
        return Err(format!("{broken:?} does not hold: {:?}", health.broken));
    }
    for node in world.nodes() {
        let id = node.id();
        let list = node.membership().successors();
        let known: Vec<Id> = list.entries().iter().map(Contact::id).collect();
        if known != ring.successors(id, usize::from(list.limit())) {
            return Err(format!("the successors of {id:?} are {known:?}"));
        }
        let wrong = node
            .fingers()
            .rows()
            .find(|(row, _, finger)| finger.map(Contact::id) != Some(ring.finger(id, *row).1));
        if let Some((row, ..)) = wrong {
            let finger = node.fingers().get(row);
            return Err(format!("row {row} of {id:?} is {finger:?}"));
        }
    }
    let mut lookups = world.lookups().iter();
    match lookups.find(|lookup| lookup.finished.is_none()) {
        Some(lookup) => Err(format!("{lookup:?} never ended")),
        None => Ok(()),
    }
}

/// Runs what a seed stands for; a failure says how to see it again.
fn soak(seed: u64) {
    let mut scenario = scenario(seed);
    let Err(fault) = run(&mut scenario, Rules::ALL) else {
        return;
    };
    let history = History::new(scenario, seed).unwrap();
    let link = match Permalink::of(&history, None) {
        Ok(link) => link,
        Err(error) => error.to_string(),
    };
    panic!(
        "seed {seed}: {fault}\nagain: SEED={seed} cargo test -p chordscope-sim --all-features --test soak\n\
         on the page, or with `chordscope sim run`: #/ring?{link}"
    );
}

#[test]
fn whatever_happened_the_ring_becomes_whole_again() {
    if let Ok(seed) = std::env::var("SEED") {
        let seed = seed.parse().unwrap();
        println!("{:?}", scenario(seed));
        return soak(seed);
    }
    (0..SEEDS).chain(KEPT).for_each(soak);
    let minutes: u64 = std::env::var("SOAK_MINUTES").map_or(0, |text| text.parse().unwrap());
    let start = Clock::now();
    let mut seed = SEEDS;
    while start.elapsed() < Duration::from_secs(60 * minutes) {
        soak(seed);
        seed += 1;
        if seed.is_multiple_of(100) {
            println!("{seed} seeds, {} s", start.elapsed().as_secs());
        }
    }
}

#[test]
fn the_protocol_as_first_published_does_not_pass() {
    let fails = |seed| {
        let mut scenario = scenario(seed);
        scenario.protocol = Protocol::Classic;
        run(&mut scenario, Rules::ALL).is_err()
    };
    assert!((0..SEEDS).any(fails));
}

/// A seed misses some rules and not others: rules that are seldom missed have stories of their own in `quorum/rules.rs`.
#[test]
fn level_quorum_without_hand_over_does_not_pass() {
    let rules = Rules {
        hand_over: false,
        ..Rules::ALL
    };
    let strange = |seed: u64| {
        let outcome = run(&mut scenario(seed), rules);
        outcome.is_err_and(|fault| fault.contains("is no register"))
    };
    assert!((1..SEEDS).step_by(2).any(strange));
}
