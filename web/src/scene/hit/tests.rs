use super::*;

/// The lesson's nodes.
const NODES: [u8; 9] = [1, 4, 9, 11, 14, 18, 20, 21, 28];
/// A key on the band away from every node, and one beside a node.
const KEYS: [u8; 2] = [24, 10];
/// Stages as large as those of a desktop, a wide screen, a phone, and a phone enlarged twice.
const STAGES: [(f64, f64); 4] = [
    (848.0, 470.0),
    (1100.0, 750.0),
    (364.0, 364.0),
    (170.0, 170.0),
];

fn turn(position: u8) -> f64 {
    f64::from(position) / 32.0
}

fn lesson() -> Targets {
    let nodes: Vec<f64> = NODES.map(turn).to_vec();
    let before = nodes.iter().cycle().skip(nodes.len() - 1);
    let arcs = before.zip(&nodes).map(|(after, upto)| (*after, *upto));
    Targets {
        arcs: arcs.collect(),
        keys: KEYS.map(turn).to_vec(),
        nodes,
    }
}

fn layout((width, height): (f64, f64), targets: &Targets) -> Layout {
    Layout::new(width, height, &targets.nodes, true)
}

/// The node responsible for a turn of the lesson's ring.
fn owner(at: f64) -> usize {
    NODES.iter().position(|node| turn(*node) >= at).unwrap_or(0)
}

#[test]
fn each_node_and_each_key_is_found_where_it_is_drawn() {
    let targets = lesson();
    for stage in STAGES {
        let layout = layout(stage, &targets);
        for tip in [Tip::Fine, Tip::Blunt] {
            for (index, at) in targets.nodes.iter().enumerate() {
                let mut point = layout.node_at(*at);
                point.x += layout.node * 0.6;
                let found = on_ring(&layout, &targets, point, tip);
                assert_eq!(found, Some(Under::Node(index)), "{stage:?}");
            }
            let found = on_ring(&layout, &targets, layout.node_at(targets.keys[0]), tip);
            assert_eq!(found, Some(Under::Key(0)), "{stage:?}");
        }
    }
}

#[test]
fn every_point_of_the_band_leads_to_the_node_responsible_or_to_what_is_drawn_there() {
    let targets = lesson();
    for stage in STAGES {
        let layout = layout(stage, &targets);
        for step in 0..64_u8 {
            let at = f64::from(step) / 64.0;
            let point = layout.node_at(at);
            let found = on_ring(&layout, &targets, point, Tip::Fine);
            let is_right = match found {
                Some(Under::Arc(index)) => index == owner(at),
                Some(Under::Node(index)) => {
                    let away = layout.node_at(targets.nodes[index]).distance(point);
                    away <= layout.node.max(SMALLEST)
                }
                Some(Under::Key(index)) => {
                    layout.node_at(targets.keys[index]).distance(point) <= KEY
                }
                None => false,
            };
            assert!(is_right, "{stage:?}, {step} of 64: {found:?}");
        }
    }
}

#[test]
fn the_empty_stage_is_nothing() {
    let targets = lesson();
    for stage in STAGES {
        let layout = layout(stage, &targets);
        for tip in [Tip::Fine, Tip::Blunt] {
            assert_eq!(on_ring(&layout, &targets, layout.centre, tip), None);
            let corner = Point { x: 1.0, y: 1.0 };
            assert_eq!(on_ring(&layout, &targets, corner, tip), None, "{stage:?}");
        }
        let nothing = Targets::default();
        assert_eq!(
            on_ring(&layout, &nothing, layout.node_at(0.3), Tip::Fine),
            None
        );
    }
}

#[test]
fn a_finger_beside_a_node_means_the_node_and_a_mouse_means_the_band() {
    let targets = lesson();
    let layout = layout(STAGES[0], &targets);
    // Just behind node 14: node 18 is responsible there.
    let beside = turn(14) + (layout.node + 4.0) / (layout.radius * TAU);
    let point = layout.node_at(beside);
    assert_eq!(
        on_ring(&layout, &targets, point, Tip::Blunt),
        Some(Under::Node(4))
    );
    assert_eq!(
        on_ring(&layout, &targets, point, Tip::Fine),
        Some(Under::Arc(5))
    );
}

#[test]
fn a_pointer_left_of_the_top_finds_the_node_right_of_it() {
    let targets = Targets {
        nodes: vec![0.004, 0.5],
        ..Targets::default()
    };
    let layout = Layout::new(600.0, 600.0, &targets.nodes, true);
    let found = on_ring(&layout, &targets, layout.node_at(0.999), Tip::Fine);
    assert_eq!(found, Some(Under::Node(0)));
}

#[test]
fn a_node_alone_is_responsible_for_the_whole_band() {
    let targets = Targets {
        nodes: vec![0.25],
        arcs: vec![(0.25, 0.25)],
        ..Targets::default()
    };
    let layout = Layout::new(600.0, 600.0, &targets.nodes, true);
    for at in [0.1, 0.6, 0.9] {
        let found = on_ring(&layout, &targets, layout.node_at(at), Tip::Fine);
        assert_eq!(found, Some(Under::Arc(0)));
    }
}

#[test]
fn where_parts_of_the_band_overlap_the_shorter_one_is_meant() {
    let targets = Targets {
        arcs: vec![(0.1, 0.9), (0.4, 0.6)],
        ..Targets::default()
    };
    let layout = Layout::new(600.0, 600.0, &[], true);
    let at = |turn| on_ring(&layout, &targets, layout.node_at(turn), Tip::Fine);
    assert_eq!(
        (at(0.5), at(0.7)),
        (Some(Under::Arc(1)), Some(Under::Arc(0)))
    );
}

#[test]
fn each_tick_of_a_timeline_is_named_when_the_pointer_is_on_it() {
    let ticks = [(0.0, 0), (0.5, 0), (0.52, 1), (1.0, 0)];
    for (index, (share, _)) in ticks.iter().enumerate() {
        assert_eq!(on_track(ticks.into_iter(), *share, 400.0), Some(index));
    }
    assert_eq!(on_track(ticks.into_iter(), 0.25, 400.0), None);
    assert_eq!(on_track([].into_iter(), 0.25, 400.0), None);
}

#[test]
fn of_ticks_that_look_like_one_the_weightiest_is_named() {
    let ticks = [(0.500, 0), (0.501, 2), (0.5015, 1)];
    assert_eq!(on_track(ticks.into_iter(), 0.5, 400.0), Some(1));
}
