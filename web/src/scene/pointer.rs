//! The way of a successor pointer: from a node to its successor, inside the band and past whoever lies between. Pure numbers.

use std::f64::consts::TAU;

use crate::scene::curve::{Curve, Point};
use crate::scene::layout::Layout;

/// The distance of the first lane from the band, inwards, in pixels: it leads from each node to the next.
const BESIDE: f64 = 5.0;
/// The distance of the second one from the nodes, inwards: it passes whoever lies between.
const INSIDE: f64 = 6.0;
/// The distance of each further lane from the one before.
const LANE: f64 = 8.0;
/// The last part of a pointer, which gives its head a direction.
const LAST: f64 = 3.0;

/// The way of a pointer: off the node, along a lane, onto the other node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// From the node's edge to the lane.
    pub off: Curve,
    /// The part of the lane, as two turns; none between near nodes, where the two ends meet.
    pub along: Option<(f64, f64)>,
    /// The radius of the lane.
    pub radius: f64,
    /// From the lane to the other node's edge.
    pub onto: Curve,
}

/// The way clockwise from one turn to another; a whole round where they are the same.
pub fn way(layout: &Layout, from: f64, to: f64, lane: u8) -> Way {
    let gap = match (to - from).rem_euclid(1.0) {
        0.0 => 1.0,
        gap => gap,
    };
    match lane {
        0 => beside(layout, from, from + gap),
        lane => inside(layout, from, from + gap, lane),
    }
}

/// Along the band, from one node's edge to the other's.
fn beside(layout: &Layout, from: f64, upto: f64) -> Way {
    let depth = layout.band() / 2.0 + BESIDE;
    let radius = layout.radius - depth;
    // Where the lane leaves the node's circle.
    let out = layout.node + 1.5;
    let reach = (out * out - depth * depth).max(1.0).sqrt() / (TAU * radius);
    let middle = (from + upto) / 2.0;
    let (begin, end) = ((from + reach).min(middle), (upto - reach).max(middle));
    let last = (end - LAST / (TAU * radius)).max(begin);
    let at = |turn| layout.at(turn, radius);
    Way {
        off: Curve {
            start: at(begin),
            bend: at(begin),
            end: at(begin),
        },
        along: (last > begin).then_some((begin, last)),
        radius,
        onto: Curve {
            start: at(last),
            bend: at(last),
            end: at(end),
        },
    }
}

/// Off the node inwards, past whoever lies between, and out again onto the other node.
fn inside(layout: &Layout, from: f64, upto: f64, lane: u8) -> Way {
    let depth = layout.node + INSIDE + LANE * f64::from(lane - 1);
    let radius = (layout.radius - depth).max(layout.radius * 0.2);
    // An end reaches as far along the lane as the lane lies inside.
    let reach = (depth / (TAU * radius)).min((upto - from) / 2.0);
    let (leave, arrive) = (
        layout.at(from + reach * 0.4, radius),
        layout.at(upto - reach * 0.4, radius),
    );
    let edge = |turn: f64, towards: Point, beyond: f64| {
        layout.node_at(turn).stepped(towards, layout.node + beyond)
    };
    Way {
        off: Curve {
            start: edge(from, leave, 1.0),
            bend: leave,
            end: layout.at(from + reach, radius),
        },
        along: (upto - from > 2.0 * reach).then_some((from + reach, upto - reach)),
        radius,
        onto: Curve {
            start: layout.at(upto - reach, radius),
            bend: arrive,
            end: edge(upto, arrive, 2.0),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        Layout::new(600.0, 600.0, &[0.0, 0.1, 0.5], true)
    }

    #[test]
    fn a_pointer_leads_from_edge_to_edge_inside_the_band() {
        let layout = layout();
        for (from, to) in [(0.0, 0.1), (0.1, 0.5), (0.5, 0.0)] {
            for lane in 0..3 {
                let way = way(&layout, from, to, lane);
                let away = |point: Point, turn| point.distance(layout.node_at(turn)) - layout.node;
                assert!((0.5..3.0).contains(&away(way.off.start, from)), "{lane}");
                assert!((0.5..3.0).contains(&away(way.onto.end, to)), "{lane}");
                assert!(way.radius < layout.radius - layout.band() / 2.0);
                assert!(way.onto.end.distance(way.onto.bend) > 1.0, "no direction");
            }
        }
    }

    #[test]
    fn a_pointer_goes_clockwise_past_whoever_lies_between() {
        let layout = layout();
        let way = way(&layout, 0.9, 0.2, 1);
        let (from, upto) = way.along.unwrap();
        assert!(from > 0.9 && upto > 1.0 && upto < 1.2, "{from} {upto}");
        assert!(way.radius < layout.radius - layout.node);
    }

    #[test]
    fn a_pointer_to_oneself_goes_all_the_way_round() {
        let (from, upto) = way(&layout(), 0.3, 0.3, 0).along.unwrap();
        assert!(upto - from > 0.8);
    }

    #[test]
    fn between_near_nodes_the_ends_meet() {
        for lane in 0..2 {
            let way = way(&layout(), 0.50, 0.51, lane);
            assert_eq!(way.along, None);
            assert!(way.off.end.distance(way.onto.start) < 1e-6);
        }
    }

    #[test]
    fn each_lane_lies_inside_the_one_before() {
        let radius = |lane| way(&layout(), 0.1, 0.5, lane).radius;
        assert!(radius(0) > radius(1) && radius(1) > radius(2));
    }
}
