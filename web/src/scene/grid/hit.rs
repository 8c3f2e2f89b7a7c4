//! The thing under a pointer on the grid. Pure numbers.

use crate::scene::curve::Point;
use crate::scene::grid::Flow;
use crate::scene::grid::layout::GridLayout;
use crate::scene::hit::Tip;

/// The distance, in pixels, within which a mouse is on an arc, and within which a finger is.
const BESIDE: (f64, f64) = (6.0, 14.0);
/// The number of pieces of an arc of which the nearest counts.
const PIECES: u32 = 40;
/// The half of a tile.
const TILE: f64 = 11.0;

/// A thing on the grid, by its indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A peer: its node, or the lines below it.
    Column(usize),
    /// A segment at a peer.
    Cell(usize, usize),
    /// A segment: its number, or its copies.
    Row(usize),
    /// A segment on its way, by its index among the flows.
    Flow(usize),
}

/// The thing under a point.
pub fn on_grid(layout: &GridLayout, flows: &[Flow], point: Point, tip: Tip) -> Option<Spot> {
    let column = column_at(layout, point.x);
    if point.y >= layout.top && point.y < layout.bottom() {
        let row = ((point.y - layout.top) / layout.step) as usize;
        let row = row.min(layout.count.1.saturating_sub(1));
        return Some(column.map_or(Spot::Row(row), |column| Spot::Cell(column, row)));
    }
    if point.y >= layout.nodes - layout.radius - 2.0 {
        return column.map(Spot::Column);
    }
    let beside = if tip == Tip::Fine { BESIDE.0 } else { BESIDE.1 };
    let lanes = GridLayout::lanes(flows);
    let away = |(index, flow): (usize, &Flow)| {
        let lane = lanes.get(index).copied().unwrap_or_default();
        let arc = layout.arc(flow, lane);
        let tile = arc.at(flow.share).distance(point) - TILE;
        let pieces =
            (0..=PIECES).map(|piece| arc.at(f64::from(piece) / f64::from(PIECES)).distance(point));
        let near = pieces.fold(f64::INFINITY, f64::min);
        (index, near.min(tile))
    };
    let nearest = flows.iter().enumerate().map(away);
    let nearest = nearest.min_by(|one, other| one.1.total_cmp(&other.1));
    let flow = nearest.filter(|(_, away)| *away <= beside);
    flow.map(|(index, _)| Spot::Flow(index))
}

fn column_at(layout: &GridLayout, x: f64) -> Option<usize> {
    let place = (x - layout.left) / layout.pitch;
    (place >= 0.0 && place < layout.count.0 as f64).then_some(place as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_what_is_hit() {
        for (width, height) in [(860.0, 520.0), (360.0, 390.0), (700.0, 640.0)] {
            let layout = GridLayout::new(width, height, 9, 20);
            for column in 0..9 {
                let node = layout.node(column);
                assert_eq!(
                    on_grid(&layout, &[], node, Tip::Fine),
                    Some(Spot::Column(column))
                );
                for row in 0..20 {
                    let (x, y, wide, high) = layout.cell(column, row);
                    let middle = Point {
                        x: x + wide / 2.0,
                        y: y + high / 2.0,
                    };
                    assert_eq!(
                        on_grid(&layout, &[], middle, Tip::Fine),
                        Some(Spot::Cell(column, row))
                    );
                }
            }
            let beside = Point {
                x: layout.right() + 4.0,
                y: layout.row(3) + 2.0,
            };
            assert_eq!(on_grid(&layout, &[], beside, Tip::Fine), Some(Spot::Row(3)));
        }
    }

    #[test]
    fn an_arc_is_hit_along_its_way_and_missed_elsewhere() {
        let layout = GridLayout::new(860.0, 520.0, 9, 20);
        let flow = |from, to| Flow {
            from,
            to,
            row: 1,
            share: 0.4,
            strong: true,
            hovered: false,
        };
        let flows = [flow(0, 8), flow(3, 5)];
        let lanes = GridLayout::lanes(&flows);
        for (index, flow) in flows.iter().enumerate() {
            let arc = layout.arc(flow, lanes[index]);
            for share in [0.3, 0.5, 0.7] {
                let hit = on_grid(&layout, &flows, arc.at(share), Tip::Fine);
                assert_eq!(hit, Some(Spot::Flow(index)), "{share}");
            }
        }
        let corner = Point {
            x: layout.left,
            y: 2.0,
        };
        assert_eq!(on_grid(&layout, &flows, corner, Tip::Fine), None);
    }
}
