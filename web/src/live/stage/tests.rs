use super::*;
use crate::components::legend::REAL;
use crate::live::replay;
use crate::live::talk::{Connection, FingerRow, Hop, PeerRow, Shelf};
use crate::scene::mark::Mark;

pub(super) fn id(value: u64) -> Id {
    Space::FULL.finger_start(Id::from_u64(value), 160)
}

pub(in crate::live) fn state() -> State {
    let peer = |value| PeerRow {
        id: id(value),
        roles: Vec::new(),
        address: None,
        linked: true,
        rtt: None,
        sent: 0,
        received: 0,
    };
    State {
        id: id(5),
        connection: Connection::Outside,
        shelf: Shelf::Memory,
        memory: 0,
        predecessor: Some(id(2)),
        successors: vec![id(9), id(2)],
        fingers: [(1, 4), (6, 7)]
            .map(|(first, last)| FingerRow {
                first,
                last,
                node: id(9),
            })
            .to_vec(),
        peers: vec![peer(9), peer(2)],
        keys_owned: 0,
        keys_copied: 0,
        keys: Vec::new(),
        files: Vec::new(),
    }
}

fn path() -> Path {
    let hop = |value| Hop {
        id: id(value),
        address: None,
        rtt: None,
    };
    Path {
        key: id(7),
        hops: vec![hop(5), hop(8), hop(9)],
        took: 0,
    }
}

#[test]
fn the_stage_shows_all_that_the_tab_knows_in_ring_order() {
    let path = path();
    let scene = scene(&state(), Some(Trail::of(&path, 3)), None);
    let marks: Vec<_> = scene
        .nodes
        .iter()
        .map(|node| (node.origin, node.visited, node.owner))
        .collect();
    let expected = [
        (false, false, false),
        (true, true, false),
        (false, true, false),
        (false, true, true),
    ];
    assert_eq!(marks, expected);
    assert_eq!(
        scene.fingers.len(),
        1,
        "a node is one finger, however many rows have it"
    );
    assert_eq!(scene.arcs.len(), 1);
    assert!(scene.keys.iter().any(|key| key.sought));
}

#[test]
fn every_node_of_a_small_ring_has_one_word() {
    let scene = scene(&state(), None, None);
    assert_eq!(scene.words.len(), 3);
    assert!(
        scene
            .words
            .iter()
            .any(|word| word.text.ends_with("· successor"))
    );
    let path = path();
    let trail = Trail::of(&path, 3);
    assert!(summary(&state(), Some(trail)).contains("2 other nodes"));
}

#[test]
fn while_a_lookup_is_replayed_the_stage_shows_no_hop_ahead_of_it() {
    let path = path();
    for reached in 1..=3 {
        let scene = scene(&state(), Some(Trail::of(&path, reached)), None);
        let visited = scene.nodes.iter().filter(|node| node.visited).count();
        assert_eq!(visited, reached);
        let owners = scene.nodes.iter().filter(|node| node.owner).count();
        assert_eq!(owners, usize::from(reached == 3));
    }
}

#[test]
fn what_is_pointed_at_is_named_with_what_it_is() {
    let (state, path) = (state(), path());
    let trail = Some(Trail::of(&path, 3));
    let targets = targets(&state, trail);
    for (index, id) in known(&state, trail).into_iter().enumerate() {
        assert_eq!(targets.nodes[index], Space::FULL.turn(id));
        assert_eq!(
            named(&state, trail, Under::Node(index)),
            Some(Under::Node(id))
        );
    }
    assert_eq!(named(&state, trail, Under::Node(9)), None);
}

#[test]
fn each_part_of_the_band_names_the_node_that_is_responsible_or_says_that_it_is_not_known() {
    let mut state = state();
    state.successors = vec![id(9)];
    let path = path();
    let of = |at, trail| {
        let over = named(&state, trail, Under::Arc(at));
        let lit = scene(&state, trail, over).nodes.into_iter();
        let lit: Vec<f64> = lit
            .filter(|node| node.hovered)
            .map(|node| node.turn)
            .collect();
        let (name, says) = hint(&state, trail, over);
        (format!("{name}{says}"), lit)
    };
    let [two, five, eight, nine] = [2, 5, 8, 9].map(|value| short(id(value)));
    let own = format!("This tab is responsible for ({two}, {five}]");
    assert_eq!(of(0, None), (own, vec![Space::FULL.turn(id(5))]));
    let listed = format!("Node {nine} is responsible for ({five}, {nine}], by the successor list");
    assert_eq!(of(1, None), (listed, vec![Space::FULL.turn(id(9))]));
    let unknown =
        |after: &str, upto: &str| format!("Not known: the nodes responsible for ({after}, {upto}]");
    assert_eq!(of(2, None), (unknown(&nine, &two), Vec::new()));
    // A lookup has come by a node that the list does not show.
    let trail = Some(Trail::of(&path, 3));
    assert_eq!(of(1, trail), (unknown(&five, &eight), Vec::new()));
    assert_eq!(targets(&state, trail).arcs.len(), 4);
}

#[test]
fn the_legend_explains_every_kind_of_thing_on_the_stage() {
    let path = path();
    let explained: Vec<Mark> = REAL.iter().copied().flatten().copied().collect();
    for reached in 0..=3 {
        let over = [None, Some(Under::Node(id(9))), Some(Under::Key(id(7)))];
        for hovered in over {
            let scene = scene(&state(), Some(Trail::of(&path, reached)), hovered);
            for mark in scene.marks() {
                assert!(explained.contains(&mark), "{mark:?}");
            }
        }
    }
    for step in 0..600 {
        let motion = replay::motion(&path, f64::from(step) * 10.0, false);
        for mark in motion.marks() {
            assert!(explained.contains(&mark), "{mark:?}");
        }
    }
}
