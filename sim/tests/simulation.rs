//! Fixed seeds: everything random is drawn from the seed, faults first, then calm, and the ring must heal.
//!
//! `SEED=n cargo test -p chordscope-sim --all-features --test simulation` runs one seed.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::invariant::Property;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::node::api::{Event, StoreError};
use chordscope_core::store::record::Name;
use chordscope_sim::engine::network::Latency;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::scenario::{Scenario, Upkeep};
use chordscope_sim::worlds::ring::trace::What;

/// The duration of the faults, in virtual seconds.
const STORM_SECONDS: u64 = 90;
/// The time for the ring to heal, in virtual seconds.
const CALM_SECONDS: u64 = 240;

struct Run {
    seed: u64,
    rng: Rng,
    world: RingWorld,
    /// Names whose put was acknowledged, with how many copies.
    acknowledged: Vec<Name>,
}

fn scenario(rng: &mut Rng) -> Scenario {
    let space = Space::new(16).unwrap();
    let mut nodes: Vec<Id> = (0..8 + rng.below(10))
        .map(|_| Id::from_u64(rng.below(1 << 16)))
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    let mut scenario = Scenario::plain(space, nodes).unwrap();
    scenario.successors = 4;
    scenario.copies = 3;
    scenario.latency = Latency::Uniform(5, 20 + u32::try_from(rng.below(60)).unwrap());
    scenario.upkeep = Some(Upkeep {
        stabilize_ms: 500 + u32::try_from(rng.below(1_000)).unwrap(),
        fingers_ms: 500,
        repair_ms: 2_000,
    });
    scenario
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed, 0xfa17);
        let scenario = scenario(&mut rng);
        Self {
            seed,
            rng,
            world: RingWorld::new(Arc::new(scenario), seed).unwrap(),
            acknowledged: Vec::new(),
        }
    }

    fn pick(&mut self) -> Id {
        let members = self
            .world
            .nodes()
            .filter(|node| node.membership().is_member());
        let ids: Vec<Id> = members.map(|node| node.id()).collect();
        ids[usize::try_from(self.rng.below(ids.len() as u64)).unwrap()]
    }

    /// Plays one action every two to five seconds: the ring has time to notice each, but not to settle.
    fn storm(&mut self) {
        let end = Instant::from_millis(STORM_SECONDS * 1_000);
        let mut number = 0_u32;
        while self.world.now() < end {
            let who = self.pick();
            number += 1;
            let action = match self.rng.below(6) {
                0 => Action::Insert(Id::from_u64(self.rng.below(1 << 16))),
                1 if self.world.nodes().count() > 6 => Action::Crash(who),
                2 if self.world.nodes().count() > 6 => Action::Remove(who),
                3 => Action::Lookup {
                    from: who,
                    key: Id::from_u64(self.rng.below(1 << 16)),
                    routing: Routing::Finger,
                    mode: match self.rng.chance(1, 2) {
                        true => Mode::Recursive,
                        false => Mode::Iterative,
                    },
                },
                _ => Action::Put {
                    from: who,
                    name: format!("name {number}"),
                    value: format!("value {number}"),
                },
            };
            // A random id may be taken already: then nothing happens this time.
            let _ = self.world.act(action);
            let pause = self
                .rng
                .duration(Duration::from_secs(2), Duration::from_secs(5));
            self.run_for(pause);
        }
    }

    fn run_for(&mut self, duration: Duration) {
        let end = self.world.now() + duration;
        self.world.run_until(end);
        for entry in self.world.take_trace() {
            if let What::Acted(Action::Put { name, .. }) = &entry.what {
                self.acknowledged.retain(|known| known.as_str() != name);
            }
            if let What::Node(_, Event::PutEnded(_, Ok(written))) = entry.what
                && written.copies > 1
            {
                let space = self.world.space();
                let name = (0..200).map(|n| Name::new(format!("name {n}")).unwrap());
                let name = name.into_iter().find(|name| name.key(space) == written.key);
                self.acknowledged.extend(name);
            }
        }
    }

    fn assert_healed(&self) {
        let seed = self.seed;
        let ring = self.world.ideal().unwrap();
        for property in Property::ALL {
            assert!(
                self.world.health().holds(property),
                "seed {seed}: {property:?}"
            );
        }
        for node in self.world.nodes() {
            let id = node.id();
            let entries = node.membership().successors().entries().iter();
            let known: Vec<Id> = entries.map(Contact::id).collect();
            assert_eq!(
                known,
                ring.successors(id, 4),
                "seed {seed}: successors of {id:?}"
            );
            for (row, _, finger) in node.fingers().rows() {
                let right = Some(ring.finger(id, row).1);
                let finger = finger.map(Contact::id);
                assert_eq!(finger, right, "seed {seed}: finger {row} of {id:?}");
            }
        }
        for name in &self.acknowledged {
            let key = name.key(self.world.space());
            let owner = ring.successor(key);
            let held = self.world.node(owner).unwrap().records().get(key).is_some();
            assert!(
                held,
                "seed {seed}: “{}” is lost at {owner:?}",
                name.as_str()
            );
        }
        for lookup in self.world.lookups() {
            assert!(
                lookup.finished.is_some(),
                "seed {seed}: {lookup:?} never ended"
            );
        }
    }
}

#[test]
fn rings_heal_and_lose_nothing_acknowledged() {
    let seeds = match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..24).collect(),
    };
    let mut put = 0;
    for seed in seeds {
        let mut run = Run::new(seed);
        run.storm();
        run.run_for(Duration::from_secs(CALM_SECONDS));
        put += run.acknowledged.len();
        run.assert_healed();
    }
    assert!(put > 0, "no put was acknowledged: the test tests nothing");
}

#[test]
fn what_a_quorum_acknowledged_is_there_after_the_storm_or_unavailable() {
    let (mut there, mut unavailable) = (0, 0);
    for seed in 100..108 {
        let mut run = Run::new(seed);
        let mut scenario = run.world.scenario().clone();
        scenario.quorum = true;
        run.world = RingWorld::new(Arc::new(scenario), seed).unwrap();
        run.storm();
        run.run_for(Duration::from_secs(CALM_SECONDS));
        for name in run.acknowledged.clone() {
            let from = run.pick();
            let name = name.as_str().to_string();
            let get = Action::Get {
                from,
                name: name.clone(),
            };
            run.world.act(get).unwrap();
            let end = run.world.now() + Duration::from_secs(20);
            run.world.run_until(end);
            let mut trace = run.world.take_trace().into_iter();
            let ended = trace.find_map(|entry| match entry.what {
                What::Node(_, Event::GetEnded(_, outcome)) => Some(outcome),
                _ => None,
            });
            match ended.unwrap() {
                // Who crashes here never comes back: two of a group at once are its end, but nothing stale.
                Err(error) => {
                    let lost = matches!(error, StoreError::NoMajority(_) | StoreError::NoGroup);
                    assert!(lost, "seed {seed}: {name}: {error}");
                    unavailable += 1;
                }
                Ok(record) => {
                    let value = name.replace("name", "value").into_bytes();
                    let found = record.and_then(|record| record.into_value());
                    assert_eq!(found, Some(value), "seed {seed}: {name}");
                    there += 1;
                }
            }
        }
    }
    println!("{there} there, {unavailable} unavailable");
    assert!(
        there > 9 * unavailable,
        "{there} there, {unavailable} unavailable"
    );
}

#[test]
fn the_trace_does_not_depend_on_how_it_is_run() {
    let mut rng = Rng::from_seed(7, 7);
    let scenario = Arc::new(scenario(&mut rng));
    let mut in_one = RingWorld::new(Arc::clone(&scenario), 7).unwrap();
    in_one.run_until(Instant::from_millis(20_000));
    let mut in_steps = RingWorld::new(scenario, 7).unwrap();
    for tenth in 1..=200 {
        in_steps = in_steps.clone();
        in_steps.run_until(Instant::from_millis(tenth * 100));
    }
    assert_eq!(in_one.digest(), in_steps.digest());
}
