//! Words around the ring: each goes where it covers neither a node nor another word, or is left out.

use crate::scene::curve::Point;
use crate::scene::layout::Layout;

/// Which end of a word its point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The word starts there.
    Start,
    /// The word is centred on it.
    Middle,
    /// The word ends there.
    End,
}

/// A word that wants a place beside the ring.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The turn it belongs to.
    pub turn: f64,
    /// The distance from the band at which it starts, outwards, in pixels.
    pub gap: f64,
    /// The word.
    pub text: String,
    /// Whether it may go inside the ring where the stage ends before the word does.
    pub inside: bool,
}

/// A word with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Its index among the wanted ones.
    pub index: usize,
    /// Where its anchor is; vertically its middle.
    pub point: Point,
    /// Which end the anchor is.
    pub anchor: Anchor,
}

#[derive(Clone, Copy)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    const fn covers(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// The height of a line of labels.
const LINE: f64 = 14.0;
/// A generous width of one character; an ellipsis is as wide as two.
const CHARACTER: f64 = 7.0;
/// The margin at the stage's edge that stays free, in pixels.
const EDGE: f64 = 2.0;
/// The reach of things on the band, from its middle, in pixels.
const BAND: f64 = 12.0;
/// Where else a word may go when its first place is taken: farther out, and up or down.
const RETRIES: [(f64, f64); 6] = [
    (0.0, 0.0),
    (0.0, -LINE),
    (0.0, LINE),
    (13.0, 0.0),
    (26.0, 0.0),
    (6.0, -2.0 * LINE),
];

/// The number of these that are no farther out.
const NEAR: usize = 3;

/// The same inside the ring: farther in, and up or down.
const INNER: [(f64, f64); 6] = [
    (0.0, 0.0),
    (0.0, -LINE),
    (0.0, LINE),
    (13.0, 0.0),
    (13.0, -2.0 * LINE),
    (13.0, 2.0 * LINE),
];

/// Places words in the order given: the first matter most. `turns` are the nodes, which words do not cover.
pub fn place(
    layout: &Layout,
    width: f64,
    height: f64,
    turns: &[f64],
    wanted: &[Wanted],
) -> Vec<Placed> {
    let is_on_stage = |area: &Area| {
        area.left >= EDGE
            && area.right <= width - EDGE
            && area.top >= EDGE
            && area.bottom <= height - EDGE
    };
    let mut taken: Vec<Area> = turns.iter().map(|turn| node_area(layout, *turn)).collect();
    let mut placed = Vec::new();
    for (index, word) in wanted.iter().enumerate() {
        let area = |(point, anchor): &(Point, Anchor)| word_area(*point, *anchor, &word.text);
        let mut places = RETRIES.map(|by| outside(layout, width, word, by)).to_vec();
        // Where the stage ends before the word's own place does, or the ones above and below.
        let mut near = places.iter().take(NEAR);
        let is_cut = near.any(|place| !is_on_stage(&area(place)));
        if word.inside && is_cut {
            places.extend(INNER.map(|by| inside(layout, word, by)));
        }
        let free = places.into_iter().find(|place| {
            let area = area(place);
            is_on_stage(&area) && !taken.iter().any(|other| other.covers(&area))
        });
        if let Some((point, anchor)) = free {
            taken.push(area(&(point, anchor)));
            placed.push(Placed {
                index,
                point,
                anchor,
            });
        }
    }
    placed
}

/// A place outside the ring, this much farther out and down.
fn outside(layout: &Layout, width: f64, word: &Wanted, (out, down): (f64, f64)) -> (Point, Anchor) {
    let mut point = layout.at(word.turn, layout.radius + word.gap + out);
    point.y += down;
    let anchor = anchor_at(layout, point);
    let slack = (word.gap - BAND).max(0.0);
    point.x += inwards(&word_area(point, anchor, &word.text), width, slack);
    (point, anchor)
}

/// A place inside the ring, this much farther in and down.
fn inside(layout: &Layout, word: &Wanted, (inward, down): (f64, f64)) -> (Point, Anchor) {
    let mut point = layout.at(word.turn, layout.radius - word.gap - inward);
    point.y += down;
    let anchor = match anchor_at(layout, point) {
        Anchor::Start => Anchor::End,
        Anchor::Middle => Anchor::Middle,
        Anchor::End => Anchor::Start,
    };
    (point, anchor)
}

/// The sideways shift that brings a word onto the stage, in pixels, if at most `slack` does.
fn inwards(area: &Area, width: f64, slack: f64) -> f64 {
    let left = (EDGE - area.left).max(0.0);
    let right = (area.right - (width - EDGE)).max(0.0);
    let shift = left - right;
    if shift.abs() <= slack { shift } else { 0.0 }
}

fn anchor_at(layout: &Layout, point: Point) -> Anchor {
    let side = (point.x - layout.centre.x) / layout.radius;
    if side > 0.35 {
        Anchor::Start
    } else if side < -0.35 {
        Anchor::End
    } else {
        Anchor::Middle
    }
}

fn node_area(layout: &Layout, turn: f64) -> Area {
    let Point { x, y } = layout.node_at(turn);
    let half = layout.node + 1.0;
    Area {
        left: x - half,
        right: x + half,
        top: y - half,
        bottom: y + half,
    }
}

fn word_area(point: Point, anchor: Anchor, text: &str) -> Area {
    let characters = text.chars().count() + text.matches('…').count();
    let width = characters as f64 * CHARACTER;
    let left = match anchor {
        Anchor::Start => point.x,
        Anchor::Middle => point.x - width / 2.0,
        Anchor::End => point.x - width,
    };
    Area {
        left,
        right: left + width,
        top: point.y - LINE / 2.0,
        bottom: point.y + LINE / 2.0,
    }
}

#[cfg(test)]
mod tests;
