//! What the built-in scenarios say to watch for, sentence by sentence: a text that is changed here must be checked again.

use chordscope_core::base::time::Instant;
use chordscope_sim::worlds::ring::History;
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::ring::trace::What;

use crate::facts::{Ring, number};

/// A scenario at a time, in milliseconds; at its end without one.
fn at(name: &str, millis: Option<u64>) -> History {
    let scenario = builtin::named(name).unwrap();
    let until = millis.map_or(scenario.until, Instant::from_millis);
    let seed = scenario.seed;
    let mut history = History::new(scenario, seed).unwrap();
    history.advance_to(until);
    history
}

fn ring(name: &str, millis: Option<u64>) -> Ring {
    Ring::of(at(name, millis).world())
}

/// The path of the scenario's lookup.
fn path(name: &str) -> Vec<u64> {
    let history = at(name, None);
    let lookup = history.world().lookups().last().unwrap();
    assert!(lookup.owner.is_some());
    lookup.path.iter().copied().map(number).collect()
}

fn said(name: &str, watch: &str) {
    assert_eq!(builtin::named(name).unwrap().watch, watch);
}

#[test]
fn each_hop_but_the_last_at_least_halves_the_distance_to_the_node_before_the_key() {
    said(
        "lesson-26",
        "The distance to 21, the node before 26: 20 from node 1, then 3, 1 and 0. Each hop but the last at least halves it.",
    );
    let ring = ring("lesson-26", None);
    assert_eq!(ring.last_before(&ring.up(), 26), Some(21));
    let path = path("lesson-26");
    let ways: Vec<u64> = path[..4].iter().map(|node| ring.way(*node, 21)).collect();
    assert_eq!(ways, [20, 3, 1, 0]);
    // It holds of every lookup of this ring.
    for from in ring.up() {
        for key in 0..32 {
            let before = ring.last_before(&ring.up(), key).unwrap();
            let path = ring.path(from, key);
            let ways = path[..path.len() - 1]
                .iter()
                .map(|node| ring.way(*node, before));
            let ways: Vec<u64> = ways.collect();
            assert!(
                ways.windows(2).all(|pair| 2 * pair[1] <= pair[0]),
                "{path:?}: {ways:?}"
            );
        }
    }
}

#[test]
fn the_other_lookups_do_what_is_said_of_them() {
    said(
        "lesson-12",
        "Write the hops down first. This lookup wraps across the top of the circle.",
    );
    assert!(path("lesson-12").windows(2).any(|pair| pair[1] < pair[0]));
    said(
        "linear-26",
        "The lookup goes from successor to successor: eight hops where fingers need four.",
    );
    assert_eq!(path("linear-26"), [1, 4, 9, 11, 14, 18, 20, 21, 28]);
    assert_eq!(path("lesson-26").len(), 5);
    said(
        "sixteen",
        "Real rings are almost empty. The number of hops follows the nodes, not the positions.",
    );
    // 16 nodes: log2 is 4; of positions it would be 16.
    assert!(path("sixteen").len() <= 5);
}

#[test]
fn an_insertion_changes_four_fingers_of_three_other_nodes() {
    said(
        "insert-7",
        "Four fingers of three other nodes change from 9 to 7, each when stabilization comes to it. No other finger of theirs changes.",
    );
    let (before, after) = (ring("insert-7", Some(0)), ring("insert-7", None));
    let mut changed = Vec::new();
    for (id, node) in &before.nodes {
        for (row, old) in node.fingers.iter().enumerate() {
            let new = after.nodes[id].fingers[row];
            if *old != new {
                changed.push((*id, row + 1, *old, new));
            }
        }
    }
    let from_9_to_7 = |node, row| (node, row, Some(9), Some(7));
    assert_eq!(
        changed,
        [
            from_9_to_7(1, 3),
            from_9_to_7(4, 1),
            from_9_to_7(4, 2),
            from_9_to_7(21, 5)
        ]
    );
}

#[test]
fn a_crash_under_a_lookup_costs_a_wait_and_not_the_answer() {
    said(
        "crash-18",
        "Node 1 gets no answer from 18 and goes on by other fingers. It takes a while, and the key is found all the same.",
    );
    let history = at("crash-18", None);
    let lost = |what: &What| matches!(what, What::Lost(parcel) if (number(parcel.from), number(parcel.to)) == (1, 18));
    assert!(history.entries().iter().any(|entry| lost(&entry.what)));
    let path = path("crash-18");
    // Its fingers are 4, 9 and 18.
    assert_eq!((path[1], path.last()), (9, Some(&28)));
}

#[test]
fn a_partition_makes_two_rings_that_close_up_again() {
    said(
        "partition",
        "Half of the nodes are cut off: each half becomes a ring of its own. Healed, they ask after the nodes they lost, and close up to one ring.",
    );
    let halves: Vec<usize> = ring("partition", Some(29_999))
        .cycles()
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(halves, [4, 4]);
    assert_eq!(ring("partition", None).cycles().len(), 1);
}

/// After a crash a node adopts a dead one, because another still names it.
fn adopts(name: &str, crash: u64, node: u64, (teller, dead): (u64, u64)) {
    let mut history = at(name, Some(crash));
    let until = history.setup().until.as_millis();
    let mut still_named = false;
    let mut seen = Vec::new();
    for millis in crash..until {
        history.advance_to(Instant::from_millis(millis));
        let ring = Ring::of(history.world());
        let each = ring.nodes.iter();
        let now: Vec<_> = each
            .map(|(id, node)| (*id, node.predecessor, node.successors.clone()))
            .collect();
        if seen.last().map(|(_, last)| last) != Some(&now) {
            seen.push((millis, now));
        }
        let adopted = ring.nodes[&node].successors.first() == Some(&dead);
        still_named |= !adopted && ring.nodes[&teller].predecessor == Some(dead);
        if still_named && adopted {
            assert!(!ring.nodes.contains_key(&dead));
            return;
        }
    }
    panic!("{name}: {node} never adopts {dead}: {seen:?}");
}

#[test]
fn the_rules_of_2001_break_as_is_said() {
    said(
        "classic-crash",
        "By the rules of 2001. Node 18 crashes; 20 still names it, and 14 adopts the dead node without asking. The gap stays.",
    );
    adopts("classic-crash", 200, 14, (20, 18));
    let torn = ring("classic-crash", None);
    assert!(!torn.nodes.contains_key(&18) && torn.next(14).is_none());
    said(
        "classic-cut-off",
        "By the rules of 2001. Node 7 gets 9 for its successor and nothing else. 9 crashes before 7 knows more: 7 is cut off for ever.",
    );
    let mut history = at("classic-cut-off", Some(500));
    let knows_9_alone = (500..30_000).any(|millis| {
        history.advance_to(Instant::from_millis(millis));
        Ring::of(history.world()).nodes[&7].successors == [9]
    });
    assert!(knows_9_alone, "{:?}", Ring::of(history.world()).nodes[&7]);
    assert!(ring("classic-cut-off", None).next(7).is_none());
    said(
        "classic-come-and-go",
        "By the rules of 2001. 5, 21 and 49 join and crash together. 18 still names 5, and 0 adopts the dead node once more: the ring is torn.",
    );
    adopts("classic-come-and-go", 20_000, 0, (18, 5));
    let torn = ring("classic-come-and-go", None);
    assert_eq!(torn.cycles().len(), 0);
}
