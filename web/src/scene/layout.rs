//! Where the ring is on its stage: turns of the circle to points and curves. Pure numbers.

use std::f64::consts::TAU;

use crate::scene::circle::on_circle;
use crate::scene::curve::{Curve, Point};

/// The ring on a stage of a certain size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// The centre of the ring.
    pub centre: Point,
    /// The radius of the band.
    pub radius: f64,
    /// The radius of a node.
    pub node: f64,
}

/// The margin at the stage's edge that is kept free for labels, in pixels.
const MARGIN: f64 = 54.0;
/// The radius of a node where there is room.
const NODE: f64 = 15.0;
/// The same, if its label is outside.
const BARE: f64 = 9.0;
/// Nodes do not shrink below this only because two of them are close.
const DUST: f64 = 6.0;
/// The width of the band where there is room, in pixels.
const BAND: f64 = 14.0;

impl Layout {
    /// The ring on a stage this wide and high, with nodes at these turns (ascending). Nodes that carry their label
    /// inside are larger.
    pub fn new(width: f64, height: f64, turns: &[f64], labelled: bool) -> Self {
        let short = width.min(height);
        let margin = MARGIN.min(short * 0.13).max(20.0);
        let radius = (short / 2.0 - margin).max(40.0);
        Self {
            centre: Point {
                x: width / 2.0,
                y: height / 2.0,
            },
            radius,
            node: node_radius(radius, turns, if labelled { NODE } else { BARE }),
        }
    }

    /// The point at a turn (0 at the top, clockwise) and a distance from the centre.
    pub fn at(&self, turn: f64, radius: f64) -> Point {
        let (right, up) = on_circle(turn);
        Point {
            x: self.centre.x + radius * right,
            y: self.centre.y - radius * up,
        }
    }

    /// The centre of a node.
    pub fn node_at(&self, turn: f64) -> Point {
        self.at(turn, self.radius)
    }

    /// The width of the band, in pixels.
    pub fn band(&self) -> f64 {
        BAND.min(self.radius * 0.08)
    }

    /// The curve from one node's edge to another's, pulled towards the centre: far apart ones by half the way there,
    /// near ones only a little. Its two directions differ, so that an answer does not hide its question.
    pub fn curve(&self, from: f64, to: f64) -> Curve {
        let (start, end) = (self.node_at(from), self.node_at(to));
        let middle = start.towards(end, 0.5);
        let inward = middle.distance(self.centre) * 0.5;
        let mut bend = middle.stepped(self.centre, inward.min(start.distance(end) * 0.7));
        let (dx, dy) = (end.x - start.x, end.y - start.y);
        bend.x -= dy * 0.05;
        bend.y += dx * 0.05;
        Curve {
            start: start.stepped(bend, self.node + 1.0),
            bend,
            end: end.stepped(bend, self.node + 1.0),
        }
    }
}

/// Nodes shrink where they would cover one another, down to a dot that can still be seen.
fn node_radius(radius: f64, turns: &[f64], largest: f64) -> f64 {
    let count = turns.len();
    if count < 2 {
        return largest;
    }
    let gap = |index: usize| (turns[(index + 1) % count] - turns[index]).rem_euclid(1.0);
    let least = (0..count).map(gap).fold(1.0, f64::min) * TAU * radius;
    let mean = TAU * radius / count as f64;
    // A few that crowd together must not make dust of all.
    let least_seen = (mean * 0.2).min(DUST);
    (least * 0.46).max(least_seen).clamp(2.5, largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: [f64; 4] = [1.0 / 32.0, 9.0 / 32.0, 20.0 / 32.0, 21.0 / 32.0];

    #[test]
    fn position_zero_is_at_the_top_and_turns_go_clockwise() {
        let layout = Layout::new(600.0, 600.0, &LESSON, true);
        let top = layout.node_at(0.0);
        assert!((top.x - 300.0).abs() < 1e-9 && top.y < 60.0);
        assert!(layout.node_at(0.25).x > 500.0);
    }

    #[test]
    fn neighbouring_nodes_never_overlap_in_the_lesson() {
        for size in [300.0, 366.0, 600.0, 900.0] {
            let layout = Layout::new(size, size, &LESSON, true);
            let apart = layout
                .node_at(LESSON[2])
                .distance(layout.node_at(LESSON[3]));
            assert!(apart > 2.0 * layout.node * 0.99, "{size}: {apart}");
        }
    }

    #[test]
    fn a_curve_starts_and_ends_at_the_nodes_edges() {
        let layout = Layout::new(600.0, 600.0, &LESSON, true);
        let curve = layout.curve(LESSON[0], LESSON[2]);
        let gap = curve.at(0.0).distance(layout.node_at(LESSON[0]));
        assert!((gap - layout.node - 1.0).abs() < 1e-6);
        assert!(curve.at(1.0).distance(curve.end) < 1e-9);
    }
}
