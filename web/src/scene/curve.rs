//! Points and curves of the stage.

/// A point of the stage, in CSS pixels from its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

impl Point {
    /// The point this far on the way to another.
    pub fn towards(self, other: Self, share: f64) -> Self {
        Self {
            x: self.x + (other.x - self.x) * share,
            y: self.y + (other.y - self.y) * share,
        }
    }

    /// The distance to another point.
    pub fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point so many pixels on the way to another.
    pub(super) fn stepped(self, other: Self, pixels: f64) -> Self {
        let far = self.distance(other);
        if far < 1e-9 {
            return self;
        }
        self.towards(other, pixels / far)
    }
}

/// A quadratic curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// Where it starts.
    pub start: Point,
    /// The control point of the bend.
    pub bend: Point,
    /// Where it ends.
    pub end: Point,
}

impl Curve {
    /// The point this far along, 0 to 1.
    pub fn at(&self, share: f64) -> Point {
        let first = self.start.towards(self.bend, share);
        first.towards(self.bend.towards(self.end, share), share)
    }
}
