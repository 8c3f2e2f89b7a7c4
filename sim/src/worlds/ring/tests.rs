//! Whole rings, seen from outside.

use alloc::vec;

use super::*;
use crate::engine::network::Latency;
use crate::worlds::ring::action::{Action, ActionError};
use crate::worlds::ring::builtin::named;
use crate::worlds::ring::kind::Kind;
use chordscope_core::chord::invariant::Property;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::store::record::Name;

/// The scenario's ring after so many milliseconds.
fn after(name: &str, millis: u64) -> RingWorld {
    let mut run = Run::begin(&Arc::new(named(name).unwrap()), 1).unwrap();
    run.run_until(Instant::from_millis(millis));
    run.into_world()
}

/// The scenario's ring without its story.
fn quiet(name: &str) -> RingWorld {
    let mut scenario = named(name).unwrap();
    scenario.actions.clear();
    RingWorld::new(Arc::new(scenario), 1).unwrap()
}

fn lookup(from: u64, key: u64, routing: Routing, mode: Mode) -> Action {
    Action::Lookup {
        from: Id::from_u64(from),
        key: Id::from_u64(key),
        routing,
        mode,
    }
}

fn numbers(ids: &[Id]) -> Vec<u64> {
    ids.iter().map(|id| id.to_u64().unwrap()).collect()
}

/// Lets a lookup run to its end and gives its path.
fn path(world: &mut RingWorld, action: Action) -> Vec<u64> {
    world.act(action).unwrap();
    while world.lookups().last().unwrap().finished.is_none() {
        assert!(world.step(), "the lookup never ends");
    }
    let lookup = world.lookups().last().unwrap();
    assert!(!lookup.failed, "{lookup:?}");
    numbers(&lookup.path)
}

fn assert_ideal(world: &RingWorld) {
    let ring = world.ideal().unwrap();
    for node in world.nodes() {
        let id = node.id();
        let known: Vec<Id> = node
            .membership()
            .successors()
            .entries()
            .iter()
            .map(Contact::id)
            .collect();
        let length = usize::from(world.scenario().successors);
        assert_eq!(known, ring.successors(id, length), "successors of {id:?}");
        let before = node.membership().predecessor().map(Contact::id);
        assert_eq!(before, Some(ring.predecessor(id)), "predecessor of {id:?}");
        for (row, _, finger) in node.fingers().rows() {
            let finger = finger.map(Contact::id);
            assert_eq!(
                finger,
                Some(ring.finger(id, row).1),
                "finger {row} of {id:?}"
            );
        }
    }
}

#[test]
fn real_nodes_take_the_paths_of_the_lesson_in_every_mode() {
    for mode in [Mode::Recursive, Mode::Iterative] {
        let mut world = quiet("lesson-26");
        world.run_until(Instant::from_millis(100));
        let finger = lookup(1, 26, Routing::Finger, mode);
        assert_eq!(path(&mut world, finger), [1, 18, 20, 21, 28]);
        let finger = lookup(28, 12, Routing::Finger, mode);
        assert_eq!(path(&mut world, finger), [28, 4, 9, 11, 14]);
        let linear = lookup(1, 26, Routing::Linear, mode);
        assert_eq!(path(&mut world, linear), [1, 4, 9, 11, 14, 18, 20, 21, 28]);
        let own = lookup(14, 13, Routing::Finger, mode);
        assert_eq!(path(&mut world, own), [14]);
    }
}

#[test]
fn every_lookup_of_a_stable_ring_takes_the_oracles_path() {
    for name in ["lesson-26", "sixteen"] {
        let mut world = quiet(name);
        let ring = world.ideal().unwrap();
        let mut rng = Rng::from_seed(3, 0);
        for _ in 0..60 {
            let nodes = ring.ids();
            let from = nodes[usize::try_from(rng.below(nodes.len() as u64)).unwrap()];
            let key = Id::from_u64(rng.below(1 << ring.space().bits()));
            let expected = numbers(&ring.path(from, key, Routing::Finger));
            let action = Action::Lookup {
                from,
                key,
                routing: Routing::Finger,
                mode: Mode::Recursive,
            };
            assert_eq!(
                path(&mut world, action),
                expected,
                "{from:?} looks up {key:?}"
            );
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_digest_and_another_seed_another() {
    let digest = |seed| {
        let scenario = Arc::new(named("crash-18").unwrap());
        let mut run = Run::begin(&scenario, seed).unwrap();
        run.run_until(Instant::from_millis(10_000));
        run.world().digest()
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

#[test]
fn delaying_one_message_changes_what_one_sees() {
    let run = |delayed: bool| {
        let mut world = after("lesson-26", 210);
        let first = world
            .in_flight()
            .find(|parcel| parcel.kind == Kind::Forward);
        let message = first.unwrap().number;
        if delayed {
            let millis = 120;
            world.act(Action::Delay { message, millis }).unwrap();
        }
        world.run_until(Instant::from_millis(2_000));
        (world.lookups()[0].finished.unwrap(), world.digest())
    };
    let (prompt, late) = (run(false), run(true));
    assert!(late.0 > prompt.0);
    assert_ne!(late.1, prompt.1);
}

#[test]
fn a_newcomer_finds_its_place_and_upkeep_mends_the_fingers() {
    let world = after("insert-7", 30_000);
    assert_ideal(&world);
    assert_eq!(world.violations(), 0);
}

#[test]
fn a_leaver_and_a_crash_are_repaired() {
    for action in [
        Action::Remove(Id::from_u64(18)),
        Action::Crash(Id::from_u64(18)),
    ] {
        let mut world = after("lesson-12", 1_000);
        world.act(action.clone()).unwrap();
        world.run_until(Instant::from_millis(90_000));
        assert_eq!(world.nodes().count(), 8, "{action:?}");
        assert_ideal(&world);
        assert!(world.health().holds(Property::OneOwnerPerKey));
    }
}

#[test]
fn a_lookup_goes_round_a_node_that_crashed() {
    let world = after("crash-18", 12_000);
    let lookup = &world.lookups()[0];
    assert_eq!(lookup.owner, Some(Id::from_u64(28)));
    assert!(!lookup.path.contains(&Id::from_u64(18)));
}

#[test]
fn the_answer_to_a_lookup_belongs_to_it_also_where_a_timeout_has_caused_it() {
    let id = Id::from_u64;
    let mut world = quiet("lesson-26");
    world.run_until(Instant::from_millis(20_000));
    world.act(Action::Crash(id(18))).unwrap();
    world
        .act(lookup(1, 17, Routing::Finger, Mode::Recursive))
        .unwrap();
    world.take_trace();
    world.run_until(Instant::from_millis(30_000));
    let asked = world.lookups()[0].id;
    let found = world.take_trace().into_iter().filter(|entry| {
        let is_answer = |parcel: &Parcel| parcel.kind == Kind::Found && parcel.to == id(1);
        matches!(&entry.what, What::Sent(parcel) if is_answer(parcel) && entry.cause.is_none())
    });
    let mut belongs = found.filter_map(|entry| match entry.what {
        What::Sent(parcel) => Some((parcel.traffic, parcel.lookup)),
        _ => None,
    });
    assert!(belongs.any(|tag| tag == (Traffic::Lookup, Some(asked))));
}

#[test]
fn records_survive_the_crash_of_any_one_holder() {
    let mut world = quiet("sixteen");
    let name = Name::new("a new name").unwrap();
    let put = Action::Put {
        from: Id::from_u64(1_873),
        name: name.as_str().into(),
        value: "value".into(),
    };
    world.act(put).unwrap();
    world.run_until(Instant::from_millis(2_000));
    let key = name.key(world.space());
    let holders = |world: &RingWorld| {
        let holding = world
            .nodes()
            .filter(|node| node.records().get(key).is_some());
        holding.map(Node::id).collect::<Vec<_>>()
    };
    let before = holders(&world);
    let ring = world.ideal().unwrap();
    let owner = ring.successor(key);
    let mut expected = vec![owner];
    expected.extend(ring.successors(owner, 2));
    expected.sort_unstable();
    assert_eq!(before, expected);
    for dead in before {
        let mut world = world.clone();
        world.act(Action::Crash(dead)).unwrap();
        world.run_until(Instant::from_millis(120_000));
        assert_eq!(holders(&world).len(), 3, "after {dead:?} crashed");
    }
}

#[test]
fn a_newcomer_takes_over_its_keys_and_the_last_holder_lets_go() {
    let mut world = after("lesson-26", 500);
    world.act(Action::Insert(Id::from_u64(7))).unwrap();
    world.run_until(Instant::from_millis(240_000));
    let ring = world.ideal().unwrap();
    for name in &world.scenario().records {
        let key = name.key(world.space());
        let owner = ring.successor(key);
        let mut expected = vec![owner];
        expected.extend(ring.successors(owner, 1));
        expected.sort_unstable();
        let holding = world
            .nodes()
            .filter(|node| node.records().get(key).is_some());
        let holders: Vec<Id> = holding.map(Node::id).collect();
        assert_eq!(holders, expected, "key {key:?}");
    }
}

#[test]
fn lost_messages_are_sent_again_until_the_lookup_succeeds() {
    let mut scenario = named("sixteen").unwrap();
    scenario.loss_per_mille = 100;
    scenario.actions.clear();
    scenario.latency = Latency::Fixed(30);
    for seed in 0..10 {
        let mut world = RingWorld::new(Arc::new(scenario.clone()), seed).unwrap();
        world.run_until(Instant::from_millis(100));
        let key = Id::from_u64(58_000);
        world
            .act(lookup(1_873, 58_000, Routing::Finger, Mode::Recursive))
            .unwrap();
        world.run_until(Instant::from_millis(11_000));
        let lookup = &world.lookups()[0];
        assert!(lookup.finished.is_some(), "seed {seed}");
        let owner = world.ideal().unwrap().successor(key);
        assert_eq!(lookup.owner, Some(owner), "seed {seed}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let mut world = quiet("lesson-26");
    let digest = world.digest();
    let id = Id::from_u64;
    for (action, error) in [
        (Action::Insert(id(9)), ActionError::Duplicate(id(9))),
        (Action::Insert(id(32)), ActionError::OutOfRange(id(32))),
        (Action::Crash(id(2)), ActionError::UnknownNode(id(2))),
        (
            lookup(2, 26, Routing::Finger, Mode::Recursive),
            ActionError::UnknownNode(id(2)),
        ),
        (Action::Lose(99), ActionError::UnknownMessage),
    ] {
        assert_eq!(world.act(action), Err(error));
    }
    assert_eq!(world.digest(), digest);
}

#[test]
fn rings_grow_from_one_node_and_shrink_back() {
    let space = Space::new(8).unwrap();
    let scenario = Scenario::plain(space, vec![Id::from_u64(3)]).unwrap();
    let mut world = RingWorld::new(Arc::new(scenario), 5).unwrap();
    let ids = [200, 90, 91, 17, 250, 4, 130];
    for id in ids {
        let at = Instant::from_millis(world.now().as_millis() + 15_000);
        world.act(Action::Insert(Id::from_u64(id))).unwrap();
        world.run_until(at);
    }
    world.run_until(Instant::from_millis(200_000));
    assert_ideal(&world);
    for id in &ids[..6] {
        let at = Instant::from_millis(world.now().as_millis() + 20_000);
        world.act(Action::Crash(Id::from_u64(*id))).unwrap();
        world.run_until(at);
    }
    world.run_until(Instant::from_millis(600_000));
    assert_ideal(&world);
}
