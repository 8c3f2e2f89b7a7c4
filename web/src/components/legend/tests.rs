use std::collections::BTreeSet;

use super::*;
use crate::scene::{Arc, Dot, Finger, Key, Look, Motion, Node, Pointer, Scene};

/// A node of each kind.
fn nodes() -> Vec<Node> {
    let kinds: [fn(&mut Node); 9] = [
        |node| node.origin = true,
        |node| node.visited = true,
        |node| node.owner = true,
        |node| node.inspected = true,
        |node| node.chosen = true,
        |node| node.hovered = true,
        |node| node.dead = true,
        |node| node.joining = true,
        |node| node.leaving = true,
    ];
    let of_kind = |kind: fn(&mut Node)| {
        let mut node = Node::default();
        kind(&mut node);
        node
    };
    kinds.map(of_kind).to_vec()
}

/// A still layer with everything on it that there can be.
fn still() -> Scene {
    let key = |(sought, typed)| Key {
        turn: 0.0,
        sought,
        typed,
        hovered: false,
    };
    let arc = |sought| Arc {
        after: 0.0,
        upto: 0.5,
        sought,
    };
    let finger = |stale| Finger {
        from: 0.0,
        to: 0.5,
        stale,
        nobody: stale,
    };
    let pointer = |look| Pointer {
        from: 0.0,
        to: 0.5,
        lane: 0,
        look,
    };
    let keys = [(false, false), (true, false), (false, true)];
    let looks = [Look::Right, Look::Behind, Look::Broken];
    Scene {
        nodes: nodes(),
        keys: keys.map(key).to_vec(),
        arcs: [false, true].map(arc).to_vec(),
        fingers: [false, true].map(finger).to_vec(),
        pointers: looks.map(pointer).to_vec(),
        ..Scene::default()
    }
}

/// A moving layer with everything on it that there can be.
fn moving() -> Motion {
    let dot = |carries, answer| Dot {
        from: 0.0,
        to: 0.5,
        share: 0.5,
        carries,
        answer,
    };
    let both = |carries| [dot(carries, false), dot(carries, true)];
    Motion {
        hops: vec![(0.0, 0.5)],
        dots: Carries::ALL.into_iter().flat_map(both).collect(),
    }
}

#[test]
fn the_legend_explains_every_kind_of_thing_that_the_stage_draws_once_and_no_other() {
    let drawn: BTreeSet<Mark> = still()
        .marks()
        .into_iter()
        .chain(moving().marks())
        .collect();
    let lines: Vec<Mark> = SIMULATED.iter().copied().flatten().copied().collect();
    let explained: BTreeSet<Mark> = lines.iter().copied().collect();
    assert_eq!(drawn, explained);
    assert_eq!(lines.len(), explained.len(), "{lines:?}");
}

#[test]
fn no_two_shapes_of_the_legend_are_the_same_and_no_two_lines_have_one_name() {
    let shapes: Vec<Html> = SIMULATED
        .iter()
        .copied()
        .flatten()
        .map(|mark| shape(*mark))
        .collect();
    for (at, one) in shapes.iter().enumerate() {
        assert!(!shapes[..at].contains(one), "{one:?}");
    }
    let names: BTreeSet<&str> = SIMULATED.iter().map(|line| name(line[0], "asks")).collect();
    assert_eq!(names.len(), SIMULATED.len());
}
