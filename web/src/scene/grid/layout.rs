//! The geometry of the grid, for a size, a number of peers and a number of segments.

use crate::scene::curve::{Curve, Point};
use crate::scene::grid::Flow;

/// A stage narrower than this has icons alone, and narrow margins.
const NARROW: f64 = 560.0;
/// The widest column.
const WIDEST: f64 = 72.0;
/// The highest row.
const HIGHEST: f64 = 20.0;
/// Columns narrower than this carry no words.
const WORDLESS: f64 = 21.0;
/// Columns at least this wide carry the limit as a word beside its icon.
const WORDED: f64 = 62.0;
/// The height of a line of words.
const LINE: f64 = 16.0;

/// Where everything is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridLayout {
    /// The size of the stage.
    pub size: (f64, f64),
    /// The number of columns and of rows.
    pub count: (usize, usize),
    /// The left edge of the first column.
    pub left: f64,
    /// The distance of two columns.
    pub pitch: f64,
    /// The height of the nodes' middles.
    pub nodes: f64,
    /// The radius of a client's node.
    pub radius: f64,
    /// The upper edge of the first row.
    pub top: f64,
    /// The distance of two rows.
    pub step: f64,
    /// Whether the stage is narrow.
    pub narrow: bool,
}

impl GridLayout {
    /// The geometry of a stage of this size.
    pub fn new(width: f64, height: f64, columns: usize, rows: usize) -> Self {
        let narrow = width < NARROW;
        let (left, right) = if narrow { (26.0, 42.0) } else { (84.0, 112.0) };
        let room = (width - left - right).max(1.0);
        let pitch = (room / columns.max(1) as f64).min(WIDEST);
        let spare = room - pitch * columns as f64;
        let radius = (pitch / 2.0 - 3.0).clamp(2.0, 14.0);
        let words = if pitch < WORDLESS { 4.0 } else { 2.0 * LINE };
        let foot = if pitch < WORDLESS { 4.0 } else { LINE + 4.0 };
        // Nodes, their words, and at least a pixel of each row have room before arcs have.
        let fixed = 2.0 * (radius + 4.0) + 6.0 + words + foot;
        let free = (height - fixed).max(40.0);
        let arcs = (free * 0.32).clamp(24.0, 150.0);
        let step = ((free - arcs) / rows.max(1) as f64).clamp(1.0, HIGHEST);
        let used = step * rows as f64;
        let nodes = (free - used).min(200.0) + radius + 4.0;
        Self {
            size: (width, height),
            count: (columns, rows),
            left: left + spare / 2.0,
            pitch,
            nodes,
            radius,
            top: nodes + radius + 10.0 + words,
            step,
            narrow,
        }
    }

    /// The middle of a column.
    pub fn column(&self, index: usize) -> f64 {
        self.left + self.pitch * (index as f64 + 0.5)
    }

    /// The upper edge of a row.
    pub fn row(&self, index: usize) -> f64 {
        self.top + self.step * index as f64
    }

    /// The lower edge of the last row.
    pub fn bottom(&self) -> f64 {
        self.row(self.count.1)
    }

    /// The right edge of the last column.
    pub fn right(&self) -> f64 {
        self.left + self.pitch * self.count.0 as f64
    }

    /// Left, top, width and height of a cell.
    pub fn cell(&self, column: usize, row: usize) -> (f64, f64, f64, f64) {
        let width = (self.pitch * 0.76).min(46.0).max(self.pitch - 9.0).max(1.0);
        let gap = (self.step * 0.22).clamp(0.0, 4.0);
        let x = self.column(column) - width / 2.0;
        (x, self.row(row) + gap / 2.0, width, self.step - gap)
    }

    /// The middle of a peer's node.
    pub fn node(&self, column: usize) -> Point {
        Point {
            x: self.column(column),
            y: self.nodes,
        }
    }

    /// The height of the line that says how many segments a peer has.
    pub fn has(&self) -> f64 {
        self.nodes + self.radius + 4.0 + 0.5 * LINE
    }

    /// The height of the line that says what limits it.
    pub fn limit(&self) -> f64 {
        self.has() + LINE
    }

    /// The height of a line of words above the first row; the lowest is line 0. Columns that carry words have them on these lines, too.
    pub fn above(&self, line: usize) -> f64 {
        self.top - 6.0 - LINE * (line as f64 + 0.5)
    }

    /// The height of the line below the grid.
    pub fn foot(&self) -> f64 {
        self.bottom() + 0.6 * LINE
    }

    /// Whether columns carry words at all.
    pub fn has_words(&self) -> bool {
        self.pitch >= WORDLESS
    }

    /// Whether the limit is a word beside its icon.
    pub fn has_limit_words(&self) -> bool {
        self.pitch >= WORDED
    }

    /// Every so many rows carry their number: all where there is room.
    pub fn numbered(&self) -> usize {
        let wanted = (11.0 / self.step).ceil().max(1.0) as usize;
        [1, 2, 5, 10, 20, 50]
            .into_iter()
            .find(|every| *every >= wanted)
            .unwrap_or(100)
    }

    /// The arc of a flow: from the top of one node to the top of the other; the farther they are apart, the higher. `lane` lifts it over
    /// arcs that would lie on it.
    pub fn arc(&self, flow: &Flow, lane: usize) -> Curve {
        let side = if flow.to > flow.from { 1.0 } else { -1.0 };
        let lean = (self.radius * 0.3).min(4.0) * side;
        let start = Point {
            x: self.column(flow.from) + lean,
            y: self.nodes - self.radius - 1.0,
        };
        let end = Point {
            x: self.column(flow.to) - lean,
            y: self.nodes - self.radius - 3.0,
        };
        let most = (start.y - 12.0).max(4.0);
        let span = (end.x - start.x).abs() / (self.pitch * self.count.0 as f64).max(1.0);
        let share = (0.22 + 0.78 * span.sqrt() + 0.13 * lane as f64).min(1.0);
        Curve {
            start,
            bend: Point {
                x: (start.x + end.x) / 2.0,
                y: start.y - 2.0 * most * share,
            },
            end,
        }
    }

    /// The lane of each flow: those of the same two columns, or of the same span with neighbouring ends, lie above one another.
    pub fn lanes(flows: &[Flow]) -> Vec<usize> {
        let ends = |flow: &Flow| (flow.from.min(flow.to), flow.from.max(flow.to));
        let lane = |index: usize, flow: &Flow| {
            let before = flows[..index].iter();
            before.filter(|other| ends(other) == ends(flow)).count()
        };
        let all = flows.iter().enumerate();
        all.map(|(index, flow)| lane(index, flow)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_fits_every_stage_from_a_phone_to_a_wall() {
        for (width, height) in [
            (300.0, 240.0),
            (390.0, 390.0),
            (768.0, 640.0),
            (860.0, 520.0),
            (1500.0, 1000.0),
        ] {
            for (columns, rows) in [(2, 1), (9, 20), (33, 64), (65, 128)] {
                let layout = GridLayout::new(width, height, columns, rows);
                assert!(layout.left >= 0.0 && layout.right() <= width, "{layout:?}");
                assert!(
                    layout.bottom() <= height + 0.5 || layout.step <= 1.0,
                    "{layout:?}"
                );
                assert!(layout.nodes > layout.radius, "{layout:?}");
                // Words beside the grid lie on no number of a row, and level with those of the columns.
                assert!(layout.above(1) > 6.0 && layout.above(0) + 6.0 <= layout.row(0));
                let level = [layout.limit(), layout.has()];
                assert!(!layout.has_words() || level == [layout.above(0), layout.above(1)]);
                let (x, y, wide, high) = layout.cell(columns - 1, rows - 1);
                assert!(wide > 0.0 && high > 0.0);
                assert!(x + wide <= layout.right() + 0.5 && y + high <= layout.bottom() + 0.5);
            }
        }
    }

    #[test]
    fn an_arc_stays_on_the_stage_and_two_between_the_same_peers_differ() {
        let layout = GridLayout::new(860.0, 520.0, 9, 20);
        let flow = |from, to| Flow {
            from,
            to,
            row: 0,
            share: 0.5,
            strong: true,
            hovered: false,
        };
        for (from, to) in [(0, 8), (8, 0), (3, 4), (0, 1)] {
            for lane in 0..3 {
                let top = layout.arc(&flow(from, to), lane).at(0.5).y;
                assert!(
                    (5.0..layout.nodes).contains(&top),
                    "{from} {to} {lane}: {top}"
                );
            }
        }
        assert_eq!(
            GridLayout::lanes(&[flow(1, 2), flow(2, 1), flow(1, 3)]),
            [0, 1, 0]
        );
    }
}
