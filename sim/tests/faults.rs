//! Tests of faults of a node, its line and the network: each fault bites, and the ring is whole again when it is over.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::node::api::Event;
use chordscope_core::store::record::Name;
use chordscope_sim::engine::network::{Bandwidth, Latency, Reorder};
use chordscope_sim::worlds::ring::action::{Action, ActionError};
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::ring::trace::{Entry, LookupTrace, What};
use chordscope_sim::worlds::ring::{RingWorld, Watch};

const NODE: Id = Id::from_u64(90);

fn scenario() -> Scenario {
    let nodes = (1..=24).map(|at| Id::from_u64(at * 10)).collect();
    let mut scenario = Scenario::plain(Space::new(8).unwrap(), nodes).unwrap();
    scenario.successors = 3;
    scenario.latency = Latency::Fixed(20);
    scenario.records = ["ann", "ben", "cleo", "dan", "eve", "fay", "gus", "hal"]
        .map(|name| Name::new(name).unwrap())
        .into();
    scenario
}

fn world(scenario: Scenario) -> RingWorld {
    RingWorld::new(Arc::new(scenario), 1).unwrap()
}

fn run(world: &mut RingWorld, seconds: u64) -> Vec<Entry> {
    world.run_until(world.now() + Duration::from_secs(seconds));
    world.take_trace()
}

/// Looks a key up from node 10, and gives what became of it half a minute later.
fn look_up(world: &mut RingWorld, key: u64, mode: Mode) -> LookupTrace {
    let action = Action::Lookup {
        from: Id::from_u64(10),
        key: Id::from_u64(key),
        routing: Routing::Finger,
        mode,
    };
    world.act(action).unwrap();
    let _ = run(world, 30);
    world.lookups().last().unwrap().clone()
}

fn took(lookup: &LookupTrace) -> Duration {
    lookup.finished.unwrap().since(lookup.started)
}

/// Neighbours and fingers are what they ought to be.
fn is_whole(world: &RingWorld) -> bool {
    let ring = world.ideal().unwrap();
    world.nodes().all(|node| {
        let list = node.membership().successors().entries().iter();
        let list: Vec<Id> = list.map(Contact::id).collect();
        let mut rows = node.fingers().rows();
        list == ring.successors(node.id(), 3)
            && rows.all(|(row, _, known)| {
                known.map(Contact::id) == Some(ring.finger(node.id(), row).1)
            })
    })
}

fn heals(world: &mut RingWorld) {
    for _ in 0..40 {
        let _ = run(world, 5);
        if is_whole(world) {
            return;
        }
    }
    panic!("the ring is not whole at {:?}", world.now());
}

#[test]
fn a_node_that_pauses_is_passed_by_and_taken_in_again() {
    let mut world = world(scenario());
    world.act(Action::Pause(NODE)).unwrap();
    let _ = run(&mut world, 20);
    let before = world.node(Id::from_u64(80)).unwrap().membership();
    assert_eq!(before.successors().head().unwrap().id(), Id::from_u64(100));
    let lookup = Action::Lookup {
        from: NODE,
        key: NODE,
        routing: Routing::Finger,
        mode: Mode::Recursive,
    };
    assert_eq!(world.act(lookup), Err(ActionError::Paused(NODE)));
    world.act(Action::Resume(NODE)).unwrap();
    heals(&mut world);
}

#[test]
fn messages_of_a_slow_node_take_longer_until_it_is_mended() {
    let mut world = world(scenario());
    let usual = took(&look_up(&mut world, 85, Mode::Iterative));
    let slow = Action::Slow {
        node: NODE,
        millis: 40,
    };
    world.act(slow).unwrap();
    // A question to it, and its answer.
    let more = took(&look_up(&mut world, 85, Mode::Iterative)) - usual;
    assert!(more >= Duration::from_millis(80), "{more:?}");
    world.act(Action::Mend(NODE)).unwrap();
    assert_eq!(took(&look_up(&mut world, 85, Mode::Iterative)), usual);
    assert!(is_whole(&world));
}

#[test]
fn a_broken_frame_ends_its_link_and_both_ends_are_told() {
    let mut world = world(scenario());
    world.act(Action::Corrupt(NODE)).unwrap();
    let trace = run(&mut world, 10);
    let garbled = trace.iter().filter_map(|entry| match &entry.what {
        What::Garbled(parcel) => Some(parcel.from),
        _ => None,
    });
    assert_eq!(garbled.collect::<Vec<_>>(), [NODE]);
    let words = trace.iter().map(|entry| entry.describe(world.space()));
    assert!(
        words
            .clone()
            .any(|line| line.ends_with("arrives corrupted: the link is closed"))
    );
    assert!(
        words.clone().any(|line| line.contains("successors")),
        "somebody was told"
    );
    heals(&mut world);
}

#[test]
fn lookups_by_way_of_a_node_that_misroutes_go_astray_and_still_arrive() {
    let mut world = world(scenario());
    let usual = look_up(&mut world, 115, Mode::Iterative);
    let at = usual.path[1];
    world.act(Action::Misroute(at)).unwrap();
    let astray = look_up(&mut world, 115, Mode::Iterative);
    assert_ne!(astray.path, usual.path);
    assert_eq!(astray.owner, usual.owner);
    let astray = look_up(&mut world, 115, Mode::Recursive);
    assert_eq!(astray.owner, usual.owner);
    world.act(Action::Mend(at)).unwrap();
    heals(&mut world);
    assert_eq!(look_up(&mut world, 115, Mode::Iterative).path, usual.path);
}

#[test]
fn lookups_do_not_multiply_where_nodes_are_slow_and_misroute() {
    let upkeep = |faults: &[Action]| {
        let mut world = world(scenario());
        for fault in faults {
            world.act(fault.clone()).unwrap();
        }
        // Each lookup that a slow node holds up is handed to another one too, and both copies go on.
        for _ in 0..40 {
            let _ = run(&mut world, 1);
            assert!(world.in_flight().count() < 500, "at {:?}", world.now());
        }
        world.sent().upkeep
    };
    let misrouting = [3, 9, 15, 21].map(|at| Action::Misroute(Id::from_u64(at * 10)));
    let slow = [2, 6, 10, 14, 18, 22].map(|at| Action::Slow {
        node: Id::from_u64(at * 10),
        millis: 900,
    });
    let (usual, faulty) = (upkeep(&[]), upkeep(&[&misrouting[..], &slow].concat()));
    assert!(
        faulty < 10 * usual,
        "{faulty} messages, {usual} without faults"
    );
}

#[test]
fn lookups_do_not_multiply_in_a_bigger_ring_where_messages_are_lost_and_late_too() {
    // Spread over the circle: an odd factor takes no two to one place.
    let ids = (1..=120_u64).map(|at| Id::from_u64(at * 40_503 % 65_536));
    let mut scenario = Scenario::plain(Space::new(16).unwrap(), ids.clone().collect()).unwrap();
    scenario.successors = 4;
    scenario.loss_per_mille = 32;
    scenario.latency = Latency::Cube(90);
    scenario.reorder = Some(Reorder {
        per_mille: 100,
        extra_ms: 200,
    });
    let mut world = RingWorld::watched(Arc::new(scenario), 1, Watch::Nothing).unwrap();
    for (at, id) in ids.enumerate() {
        let fault = match at % 8 {
            0 => Action::Misroute(id),
            1 | 2 => Action::Slow {
                node: id,
                millis: 300,
            },
            3 => Action::Pause(id),
            _ => continue,
        };
        world.act(fault).unwrap();
    }
    for _ in 0..40 {
        world.run_until(world.now() + Duration::from_secs(1));
        assert!(world.in_flight().count() < 2_000, "at {:?}", world.now());
    }
}

#[test]
fn a_lookup_ends_with_the_node_that_asked() {
    for end in [Action::Restart, Action::Crash] {
        let mut world = world(scenario());
        let lookup = Action::Lookup {
            from: NODE,
            key: Id::from_u64(15),
            routing: Routing::Finger,
            mode: Mode::Iterative,
        };
        world.act(lookup).unwrap();
        world.act(end(NODE)).unwrap();
        let lookup = world.lookups().last().unwrap();
        assert!(lookup.failed && lookup.finished == Some(world.now()));
    }
}

#[test]
fn a_node_that_starts_again_has_its_records_and_finds_its_place() {
    let mut world = world(scenario());
    let held = |world: &RingWorld, id| world.node(id).map_or(0, |node| node.records().len());
    let node = world.nodes().map(|node| node.id());
    let node = node.max_by_key(|id| held(&world, *id)).unwrap();
    let before = held(&world, node);
    world.act(Action::Restart(node)).unwrap();
    assert!(!world.node(node).unwrap().membership().is_member());
    assert_eq!(held(&world, node), before);
    heals(&mut world);
    assert!(held(&world, node) >= before, "it owns what it owned");
}

#[test]
fn a_node_of_level_quorum_comes_back_with_the_groups_it_had_saved() {
    let mut scenario = scenario();
    scenario.quorum = true;
    let mut world = world(scenario);
    let groups = |world: &RingWorld| {
        let held = world.node(NODE).unwrap().groups().unwrap().held();
        held.map(|held| held.group.id()).collect::<Vec<_>>()
    };
    let before = groups(&world);
    assert!(!before.is_empty());
    world.act(Action::Restart(NODE)).unwrap();
    assert_eq!(groups(&world), before);
    world.act(Action::Crash(NODE)).unwrap();
    world.act(Action::Insert(NODE)).unwrap();
    assert_eq!(groups(&world), before);
    heals(&mut world);
}

/// Gets a name at node 10, and gives its value and sequence number.
fn value(world: &mut RingWorld, name: &str) -> Option<(Vec<u8>, u64)> {
    let from = Id::from_u64(10);
    let name = name.to_owned();
    world.act(Action::Get { from, name }).unwrap();
    let got = run(world, 30)
        .into_iter()
        .find_map(|entry| match entry.what {
            What::Node(_, Event::GetEnded(_, Ok(record))) => Some(record),
            _ => None,
        });
    let record = got.unwrap()?;
    Some((record.value().unwrap().to_vec(), record.sequence()))
}

/// The owner of a name and those behind it, as many as hold it.
fn holders(world: &RingWorld, name: &str) -> Vec<Id> {
    let space = world.space();
    let key = Name::new(name).unwrap().key(space);
    let mut nodes: Vec<Id> = world.nodes().map(|node| node.id()).collect();
    nodes.sort_by_key(|id| space.distance(key, *id));
    nodes.truncate(3);
    nodes
}

/// Puts a name again while its owner alone has it, and answers late; gives what is there half a minute later.
fn put_while_the_owner_is_late(name: &str, late: Duration) -> Option<(Vec<u8>, u64)> {
    let mut world = world(scenario());
    let put = |world: &mut RingWorld, value: &str| {
        let (from, name, value) = (Id::from_u64(10), name.to_owned(), value.to_owned());
        world.act(Action::Put { from, name, value }).unwrap();
    };
    put(&mut world, "before");
    let _ = run(&mut world, 5);
    let holders = holders(&world, name);
    for node in &holders[1..] {
        world.act(Action::Crash(*node)).unwrap();
    }
    world.act(Action::Pause(holders[0])).unwrap();
    put(&mut world, "after");
    world.run_until(world.now() + late);
    world.act(Action::Resume(holders[0])).unwrap();
    heals(&mut world);
    value(&mut world, name)
}

#[test]
fn what_is_put_while_the_owner_is_late_is_not_lost_to_what_the_owner_alone_has() {
    // Names that node 10 does not hold itself. Without an owner that stays away for much longer, a put goes on in the end.
    for name in ["ben", "cleo", "eve", "fay", "gus", "hal"] {
        for late in (1..=8).map(|halves| halves * 500) {
            let got = put_while_the_owner_is_late(name, Duration::from_millis(late));
            assert_eq!(got, Some((b"after".to_vec(), 3)), "{name}, {late} ms");
        }
    }
}

/// Returns the number of messages that overtook an earlier one between the same two nodes.
fn overtaken(scenario: Scenario) -> usize {
    let mut world = world(scenario);
    let mut latest = std::collections::BTreeMap::new();
    let trace = run(&mut world, 60);
    let delivered = trace.iter().filter_map(|entry| match &entry.what {
        What::Delivered(parcel) => Some(parcel),
        _ => None,
    });
    let overtaken = delivered.filter(|parcel| {
        let last = latest.entry((parcel.from, parcel.to)).or_insert(0);
        let late = parcel.number < *last;
        *last = parcel.number.max(*last);
        late
    });
    let count = overtaken.count();
    heals(&mut world);
    count
}

#[test]
fn messages_overtake_one_another_where_some_take_longer() {
    let mut scenario = scenario();
    assert_eq!(overtaken(scenario.clone()), 0);
    scenario.reorder = Some(Reorder {
        per_mille: 200,
        extra_ms: 100,
    });
    assert!(overtaken(scenario) > 0);
}

#[test]
fn messages_wait_for_lines_that_are_busy() {
    let usual = took(&look_up(&mut world(scenario()), 235, Mode::Iterative));
    let mut slow = scenario();
    slow.bandwidth = Some(Bandwidth {
        up: 8_000,
        down: 8_000,
    });
    let mut world = world(slow);
    let lookup = look_up(&mut world, 235, Mode::Iterative);
    // A question of 50 bytes at least and an answer of 100 come through two lines each, at every hop.
    let hops = u32::try_from(lookup.path.len() - 1).unwrap();
    let least = usual + hops * Duration::from_micros(2 * 150 * 1_000_000 / 8_000);
    assert!(took(&lookup) > least, "{:?}, {usual:?}", took(&lookup));
    heals(&mut world);
    assert_eq!(world.violations(), 0);
}

#[test]
fn nothing_is_slower_for_a_line_that_nobody_could_fill() {
    let arrivals = |bandwidth| {
        let mut scenario = scenario();
        scenario.bandwidth = bandwidth;
        let mut world = world(scenario);
        world.run_until(Instant::from_millis(10_000));
        world.events()
    };
    let wide = Bandwidth {
        up: u32::MAX,
        down: u32::MAX,
    };
    assert_eq!(arrivals(None), arrivals(Some(wide)));
}
