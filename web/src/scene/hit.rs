//! Hit testing: the target under a pointer, on stages and timelines. Pure numbers.

use std::f64::consts::{FRAC_PI_2, TAU};

use crate::scene::curve::Point;
use crate::scene::layout::Layout;

/// A target under a pointer on a ring: by index, or by whatever names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under<T = usize> {
    /// A node.
    Node(T),
    /// A key.
    Key(T),
    /// A part of the band for which a node is responsible.
    Arc(T),
}

/// The kind of a pointer's tip: the exactness with which it points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tip {
    /// A mouse or a pen: what is drawn under it counts.
    #[default]
    Fine,
    /// A finger: what is near it counts.
    Blunt,
}

/// The targets on a ring, as turns of the circle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// Where nodes are.
    pub nodes: Vec<f64>,
    /// Where keys are.
    pub keys: Vec<f64>,
    /// Parts of the band: after this turn, up to that one. The two are the same where a part is the whole band.
    pub arcs: Vec<(f64, f64)>,
}

/// The distance from the middle of a node or key at which a pointer still hits it, where nothing else is, in pixels.
const REACH: f64 = 22.0;
/// Nodes drawn smaller than this are as large as this to a pointer.
const SMALLEST: f64 = 6.0;
/// Half of a key's diamond.
const KEY: f64 = 7.0;
/// The distance from the band at which a mouse still hits it, in pixels.
const BESIDE: f64 = 3.0;
/// The distance from a tick of a timeline at which a pointer names it, in pixels.
const NEAR_TICK: f64 = 8.0;
/// Ticks nearer to one another than this look like one.
const ONE_TICK: f64 = 0.75;

/// The target under a point of a stage.
pub fn on_ring(layout: &Layout, targets: &Targets, point: Point, tip: Tip) -> Option<Under> {
    let node = nearest(layout, &targets.nodes, point);
    let key = nearest(layout, &targets.keys, point);
    // Nodes are painted above keys.
    if let Some((index, _)) = node.filter(|(_, away)| *away <= layout.node.max(SMALLEST)) {
        return Some(Under::Node(index));
    }
    if let Some((index, _)) = key.filter(|(_, away)| *away <= KEY) {
        return Some(Under::Key(index));
    }
    let near = || match (node, key) {
        (Some((_, node)), Some((index, key))) if key < node && key <= REACH => {
            Some(Under::Key(index))
        }
        (Some((index, away)), _) if away <= REACH => Some(Under::Node(index)),
        (None, Some((index, away))) if away <= REACH => Some(Under::Key(index)),
        _ => None,
    };
    match tip {
        Tip::Fine => arc(layout, targets, point, BESIDE).or_else(near),
        Tip::Blunt => near().or_else(|| arc(layout, targets, point, REACH)),
    }
}

/// The tick of a timeline under a pointer, by its index: the nearest, and of those that look like one the weightiest.
/// `ticks` are shares of the track with their weights; the pointer is at `share` of a track this many pixels wide.
pub fn on_track(ticks: impl Iterator<Item = (f64, u8)>, share: f64, width: f64) -> Option<usize> {
    let away = ticks.map(|(at, weight)| ((at - share).abs() * width, weight));
    let mut best: Option<(usize, f64, u8)> = None;
    for (index, (away, weight)) in away.enumerate() {
        let is_better = best.is_none_or(|(_, least, heaviest)| {
            if (away - least).abs() < ONE_TICK {
                weight > heaviest
            } else {
                away < least
            }
        });
        if away <= NEAR_TICK && is_better {
            best = Some((index, away, weight));
        }
    }
    best.map(|(index, ..)| index)
}

/// The nearest of these, and how far from it the point is.
fn nearest(layout: &Layout, turns: &[f64], point: Point) -> Option<(usize, f64)> {
    turns
        .iter()
        .map(|turn| layout.node_at(*turn).distance(point))
        .enumerate()
        .min_by(|one, other| one.1.total_cmp(&other.1))
}

/// The shortest part of the band under the point: where nodes disagree, parts overlap.
fn arc(layout: &Layout, targets: &Targets, point: Point, beside: f64) -> Option<Under> {
    let off = (point.distance(layout.centre) - layout.radius).abs();
    if off > layout.band() / 2.0 + beside {
        return None;
    }
    let turn = turn_of(layout, point);
    let length = |after: f64, upto: f64| match (upto - after).rem_euclid(1.0) {
        0.0 => 1.0,
        length => length,
    };
    let arcs = targets.arcs.iter().enumerate();
    let under = arcs.filter_map(|(index, (after, upto))| {
        let length = length(*after, *upto);
        ((turn - after).rem_euclid(1.0) <= length).then_some((index, length))
    });
    let shortest = under.min_by(|one, other| one.1.total_cmp(&other.1));
    shortest.map(|(index, _)| Under::Arc(index))
}

/// The turn of the circle that a point lies at.
fn turn_of(layout: &Layout, point: Point) -> f64 {
    let (dx, dy) = (point.x - layout.centre.x, point.y - layout.centre.y);
    ((dy.atan2(dx) + FRAC_PI_2) / TAU).rem_euclid(1.0)
}

impl<T> Under<T> {
    /// The same, named in another way; none where there is no such name.
    pub fn named<U>(
        self,
        node: impl FnOnce(T) -> Option<U>,
        key: impl FnOnce(T) -> Option<U>,
        arc: impl FnOnce(T) -> Option<U>,
    ) -> Option<Under<U>> {
        match self {
            Self::Node(name) => node(name).map(Under::Node),
            Self::Key(name) => key(name).map(Under::Key),
            Self::Arc(name) => arc(name).map(Under::Arc),
        }
    }
}

impl Tip {
    /// The tip of a pointer, by its type in the browser's words.
    pub fn of(pointer: &str) -> Self {
        match pointer {
            "touch" => Self::Blunt,
            _ => Self::Fine,
        }
    }
}

#[cfg(test)]
mod tests;
