//! Painting the grid on a canvas.

use std::f64::consts::TAU;

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::CanvasRenderingContext2d as Pen;

use crate::scene::curve::{Curve, Point};
use crate::scene::grid::layout::GridLayout;
use crate::scene::grid::painter::Colours;
use crate::scene::grid::{Brake, Cell, Column, Flow, Grid, Row, Shape};

/// Beyond this many flows arcs are hairlines, and only those of interest have tiles.
const CROWD: usize = 20;
/// The width and the height of a tile.
const TILE: (f64, f64) = (22.0, 16.0);
/// The width of a letter of the words below a node, on average.
const LETTER: f64 = 5.9;
/// The widest bar of copies, in pixels.
const BAR: f64 = 46.0;

/// A pen with the colours and the geometry of the grid.
pub(super) struct Brush<'a> {
    pub(super) pen: &'a Pen,
    pub(super) colours: &'a Colours,
    pub(super) layout: &'a GridLayout,
    pub(super) calm: bool,
}

impl Brush<'_> {
    /// The whole picture.
    pub(super) fn grid(&self, grid: &Grid) {
        self.bands(grid);
        self.margins(grid);
        for (index, column) in grid.columns.iter().enumerate() {
            self.cells(index, column);
            self.words(index, column, grid.selected == Some(index));
        }
        for (index, row) in grid.rows.iter().enumerate() {
            self.copies(index, row, grid.columns.len());
        }
        self.flows(&grid.flows);
        for (index, column) in grid.columns.iter().enumerate() {
            self.node(index, column, grid);
        }
        self.tiles(&grid.flows);
    }

    fn colour(&self, row: usize) -> &str {
        self.colours.ramp.get(row).map_or("", String::as_str)
    }

    /// The column that is selected or pointed at, and the row.
    fn bands(&self, grid: &Grid) {
        let layout = self.layout;
        let over = grid.hovered.filter(|over| grid.selected != Some(*over));
        for (column, alpha) in [(grid.selected, 0.11), (over, 0.06)] {
            let Some(column) = column else { continue };
            let x = layout.column(column) - layout.pitch / 2.0;
            let y = layout.nodes + layout.radius + 3.0;
            let height = layout.foot() + 9.0 - y;
            self.tinted(&self.colours.base.accent, alpha, |pen| {
                pen.fill_rect(x, y, layout.pitch, height);
            });
        }
        if let Some(row) = grid.row {
            let left = (layout.left - if layout.narrow { 24.0 } else { 40.0 }).max(0.0);
            let right =
                (layout.right() + if layout.narrow { 30.0 } else { 104.0 }).min(layout.size.0);
            self.tinted(&self.colours.base.hop, 0.14, |pen| {
                pen.fill_rect(left, layout.row(row), right - left, layout.step);
            });
        }
    }

    fn tinted(&self, colour: &str, alpha: f64, fill: impl Fn(&Pen)) {
        self.pen.set_global_alpha(alpha);
        self.pen.set_fill_style_str(colour);
        fill(self.pen);
        self.pen.set_global_alpha(1.0);
    }

    /// The names of lines and rows, at the left and at the right.
    fn margins(&self, grid: &Grid) {
        let layout = self.layout;
        self.font(400, 11.5);
        self.pen.set_fill_style_str(&self.colours.base.mute);
        self.pen.set_text_align("right");
        let every = layout.numbered();
        for row in (0..grid.rows.len()).step_by(every) {
            let rare = grid.rows.get(row).is_some_and(|row| row.rarest);
            self.ink_of(rare);
            self.text(
                &row.to_string(),
                layout.left - 6.0,
                layout.row(row) + layout.step / 2.0,
            );
        }
        self.ink_of(false);
        if !layout.narrow && layout.has_words() {
            self.text("has", layout.left - 6.0, layout.has());
            self.text("limited by", layout.left - 6.0, layout.limit());
            self.text("uplink", layout.left - 6.0, layout.foot());
        }
        self.pen.set_text_align("left");
        if layout.narrow {
            self.pen.set_text_align("right");
            self.text("copies", layout.size.0 - 1.0, layout.above(0));
        } else {
            self.text("copies among", layout.right() + 10.0, layout.above(1));
            self.text("the clients", layout.right() + 10.0, layout.above(0));
            if layout.has_words() {
                self.text("Mbit/s", layout.right() + 10.0, layout.foot());
            }
        }
    }

    fn ink_of(&self, rare: bool) {
        self.font(if rare { 650 } else { 400 }, 11.5);
        let base = &self.colours.base;
        self.pen
            .set_fill_style_str(if rare { &base.hop } else { &base.mute });
    }

    fn cells(&self, index: usize, column: &Column) {
        let gone = column.shape == Shape::Gone;
        for (row, cell) in column.cells.iter().enumerate() {
            let (x, y, wide, high) = self.layout.cell(index, row);
            let colour = self.colour(row);
            match *cell {
                Cell::Has if gone => self.frame(x, y, wide, high, &self.colours.base.mute),
                Cell::Has => {
                    self.pen.set_fill_style_str(colour);
                    self.pen.fill_rect(x, y, wide, high);
                }
                Cell::Arriving(share) if !gone => {
                    self.pen.set_fill_style_str(colour);
                    self.pen.fill_rect(x, y, wide * share.clamp(0.0, 1.0), high);
                    self.frame(x, y, wide, high, colour);
                }
                Cell::Lacks | Cell::Arriving(_) | Cell::Refused => {
                    self.tinted(&self.colours.base.band, 0.5, |pen| {
                        pen.fill_rect(x, y, wide, high);
                    });
                    if *cell == Cell::Refused {
                        self.cross(x + wide / 2.0, y + high / 2.0, wide.min(high) / 2.0 - 1.0);
                    }
                }
            }
        }
    }

    fn cross(&self, x: f64, y: f64, half: f64) {
        let half = half.clamp(1.0, 5.0);
        self.pen.set_line_width(2.0);
        self.pen.set_stroke_style_str(&self.colours.base.bad);
        self.pen.begin_path();
        self.pen.move_to(x - half, y - half);
        self.pen.line_to(x + half, y + half);
        self.pen.move_to(x - half, y + half);
        self.pen.line_to(x + half, y - half);
        self.pen.stroke();
    }

    fn frame(&self, x: f64, y: f64, wide: f64, high: f64, colour: &str) {
        self.pen.set_line_width(1.2);
        self.pen.set_stroke_style_str(colour);
        self.pen.stroke_rect(
            x + 0.6,
            y + 0.6,
            (wide - 1.2).max(0.5),
            (high - 1.2).max(0.5),
        );
    }

    fn words(&self, index: usize, column: &Column, selected: bool) {
        let layout = self.layout;
        if !layout.has_words() {
            return;
        }
        let (x, base) = (layout.column(index), &self.colours.base);
        self.pen.set_text_align("center");
        self.font(if selected { 650 } else { 400 }, 12.0);
        self.pen
            .set_fill_style_str(if selected { &base.accent } else { &base.mute });
        self.text(&column.has, x, layout.has());
        self.font(400, 11.5);
        self.pen.set_fill_style_str(&base.mute);
        self.text(&column.uplink, x, layout.foot());
        if column.brake == Brake::Blank {
            return;
        }
        if layout.has_limit_words() {
            let wide = column.word.chars().count() as f64 * LETTER;
            self.brake(column.brake, x - wide / 2.0 - 5.0, layout.limit());
            self.pen.set_text_align("center");
            self.font(400, 11.5);
            self.pen.set_fill_style_str(&base.mute);
            self.text(&column.word, x + 8.0, layout.limit());
        } else {
            self.brake(column.brake, x, layout.limit());
        }
    }

    /// The icon of a limit, around a point.
    fn brake(&self, brake: Brake, x: f64, y: f64) {
        let (pen, base) = (self.pen, &self.colours.base);
        pen.set_line_width(1.5);
        pen.set_stroke_style_str(&base.mute);
        pen.set_fill_style_str(&base.mute);
        pen.begin_path();
        match brake {
            Brake::Blank => {}
            Brake::Complete => {
                pen.set_stroke_style_str(&base.own);
                pen.move_to(x - 4.0, y);
                pen.line_to(x - 1.0, y + 3.5);
                pen.line_to(x + 4.5, y - 4.0);
            }
            Brake::Senders => {
                pen.move_to(x - 4.5, y + 4.5);
                pen.line_to(x + 4.5, y + 4.5);
                pen.move_to(x, y + 2.0);
                pen.line_to(x, y - 4.5);
                pen.move_to(x - 3.0, y - 1.5);
                pen.line_to(x, y - 4.5);
                pen.line_to(x + 3.0, y - 1.5);
            }
            Brake::Downlink => {
                pen.move_to(x - 4.5, y + 4.5);
                pen.line_to(x + 4.5, y + 4.5);
                pen.move_to(x, y - 4.5);
                pen.line_to(x, y + 2.0);
                pen.move_to(x - 3.0, y - 1.0);
                pen.line_to(x, y + 2.0);
                pen.line_to(x + 3.0, y - 1.0);
            }
            Brake::Choked => {
                pen.fill_rect(x - 4.5, y - 1.0, 9.0, 6.0);
                let _ = pen.arc(x, y - 1.5, 2.6, TAU / 2.0, TAU);
            }
            Brake::Rare => {
                self.dash(&[2.5, 2.0]);
                pen.rect(x - 5.0, y - 3.5, 10.0, 7.0);
            }
            Brake::NoSource => {
                self.font(650, 12.0);
                self.pen.set_text_align("center");
                self.text("?", x, y);
            }
        }
        pen.stroke();
        self.dash(&[]);
    }

    /// Copies among the clients: a bar, those that are arriving as an outline, and the number.
    fn copies(&self, index: usize, row: &Row, columns: usize) {
        let (layout, base) = (self.layout, &self.colours.base);
        let y = layout.row(index) + layout.step / 2.0;
        let numbered = index.is_multiple_of(layout.numbered());
        if layout.narrow {
            if numbered {
                self.ink_of(row.rarest);
                self.pen.set_text_align("right");
                self.text(&row.copies.to_string(), layout.size.0 - 4.0, y);
            }
            return;
        }
        let clients = columns.saturating_sub(1).max(1) as f64;
        let unit = BAR / clients;
        let (x, high) = (layout.right() + 10.0, (layout.step * 0.5).clamp(1.0, 7.0));
        let held = unit * f64::from(row.copies);
        let colour = if row.rarest { &base.hop } else { &base.mute };
        self.tinted(colour, if row.rarest { 1.0 } else { 0.75 }, |pen| {
            pen.fill_rect(x, y - high / 2.0, held, high);
        });
        if row.arriving > 0 && layout.step >= 6.0 {
            self.frame(
                x + held,
                y - high / 2.0,
                unit * f64::from(row.arriving),
                high,
                colour,
            );
        }
        if numbered {
            self.ink_of(row.rarest);
            self.pen.set_text_align("left");
            let copies = row.copies.to_string();
            let text = if row.rarest {
                format!("{copies}, rarest")
            } else {
                copies
            };
            let end = x + unit * f64::from(row.copies + row.arriving).max(1.0);
            self.text(&text, end + 5.0, y);
        }
    }

    fn flows(&self, flows: &[Flow]) {
        let crowd = flows.len() > CROWD;
        let lanes = GridLayout::lanes(flows);
        for (flow, lane) in flows.iter().zip(lanes) {
            let (arc, colour) = (self.layout.arc(flow, lane), self.colour(flow.row));
            let strong = flow.strong || flow.hovered;
            let width = match (crowd && !strong, flow.hovered) {
                (true, _) => 1.0,
                (_, true) => 4.0,
                _ => 2.5,
            };
            self.pen.set_global_alpha(if strong { 1.0 } else { 0.6 });
            self.pen.set_stroke_style_str(colour);
            self.pen.set_line_width(width);
            self.pen.set_line_cap("round");
            let (gone, left) = split(&arc, self.share(flow));
            self.curve(&gone);
            self.dash(if crowd && !strong {
                &[1.0, 3.0]
            } else {
                &[0.1, 6.0]
            });
            self.curve(&left);
            self.dash(&[]);
            self.pen.set_line_cap("butt");
            self.head(&arc, colour);
            self.pen.set_global_alpha(1.0);
        }
    }

    const fn share(&self, flow: &Flow) -> f64 {
        if self.calm { 0.5 } else { flow.share }
    }

    fn curve(&self, curve: &Curve) {
        self.pen.begin_path();
        self.pen.move_to(curve.start.x, curve.start.y);
        self.pen
            .quadratic_curve_to(curve.bend.x, curve.bend.y, curve.end.x, curve.end.y);
        self.pen.stroke();
    }

    fn head(&self, arc: &Curve, colour: &str) {
        let Point { x, y } = arc.end;
        let back = arc.bend;
        let far = arc.end.distance(back).max(1.0);
        let (dx, dy) = ((x - back.x) / far, (y - back.y) / far);
        let size = (self.layout.radius * 0.5).clamp(2.5, 6.0);
        self.pen.set_fill_style_str(colour);
        self.pen.begin_path();
        self.pen.move_to(x, y);
        self.pen.line_to(
            x - dx * size - dy * size * 0.55,
            y - dy * size + dx * size * 0.55,
        );
        self.pen.line_to(
            x - dx * size + dy * size * 0.55,
            y - dy * size - dx * size * 0.55,
        );
        self.pen.fill();
    }

    fn tiles(&self, flows: &[Flow]) {
        let crowd = flows.len() > CROWD;
        let lanes = GridLayout::lanes(flows);
        for (flow, lane) in flows.iter().zip(lanes) {
            let is_strong = flow.strong && self.layout.pitch >= 8.0;
            if crowd && !is_strong && !flow.hovered {
                continue;
            }
            let Point { x, y } = self.layout.arc(flow, lane).at(self.share(flow));
            let (pen, (wide, high)) = (self.pen, TILE);
            pen.begin_path();
            let _ = pen.round_rect_with_f64(x - wide / 2.0, y - high / 2.0, wide, high, 4.5);
            pen.set_fill_style_str(self.colour(flow.row));
            pen.fill();
            pen.set_line_width(2.0);
            pen.set_stroke_style_str(&self.colours.base.panel);
            pen.stroke();
            pen.set_fill_style_str(&self.colours.on);
            pen.set_text_align("center");
            self.font(650, 11.5);
            self.text(&flow.row.to_string(), x, y + 0.5);
        }
    }

    fn node(&self, index: usize, column: &Column, grid: &Grid) {
        let (layout, base) = (self.layout, &self.colours.base);
        let at = layout.node(index);
        // The seed's name is longer than a number.
        let is_wide = column.name.0.len() > 2 && layout.radius >= 14.0;
        let radius = layout.radius + if is_wide { 3.0 } else { 0.0 };
        let (fill, stroke, width): (_, _, f64) = match column.shape {
            Shape::Fetching => (&base.node, &base.ink, 1.6),
            Shape::Full => (&base.node, &base.own, 3.0),
            Shape::Idle => (&base.mute, &base.mute, 1.6),
            Shape::Awaited | Shape::Gone => (&base.panel, &base.mute, 1.4),
            Shape::Liar => (&base.panel, &base.bad, 2.0),
        };
        self.circle(at, radius);
        self.pen.set_fill_style_str(fill);
        self.pen.fill();
        self.pen.set_line_width(width.min(radius / 2.0));
        self.pen.set_stroke_style_str(stroke);
        self.dash(if column.shape == Shape::Awaited {
            &[2.0, 2.5]
        } else {
            &[]
        });
        self.pen.stroke();
        self.dash(&[]);
        if column.shape == Shape::Gone {
            self.pen.begin_path();
            self.pen.move_to(at.x - radius * 0.7, at.y + radius * 0.7);
            self.pen.line_to(at.x + radius * 0.7, at.y - radius * 0.7);
            self.pen.stroke();
        }
        let marked = [(grid.selected, 1.8), (grid.hovered, 1.2)];
        for (_, width) in marked.iter().filter(|(which, _)| *which == Some(index)) {
            self.circle(at, radius + 3.0);
            self.pen.set_line_width(*width);
            self.pen.set_stroke_style_str(&base.accent);
            self.pen.stroke();
        }
        if radius >= 7.0 {
            let ink = match column.shape {
                Shape::Idle => &base.panel,
                Shape::Awaited | Shape::Gone => &base.mute,
                Shape::Fetching | Shape::Full | Shape::Liar => &base.ink,
            };
            self.pen.set_fill_style_str(ink);
            self.pen.set_text_align("center");
            let short = radius < 14.0;
            let name = if short {
                &column.name.1
            } else {
                &column.name.0
            };
            self.font(
                650,
                if name.len() > 2 {
                    10.5
                } else {
                    (radius * 0.95).clamp(8.0, 13.0)
                },
            );
            self.text(name, at.x, at.y + 0.5);
        }
    }

    fn circle(&self, at: Point, radius: f64) {
        self.pen.begin_path();
        let _ = self.pen.arc(at.x, at.y, radius, 0.0, TAU);
    }

    fn text(&self, text: &str, x: f64, y: f64) {
        let _ = self.pen.fill_text(text, x, y);
    }

    fn dash(&self, lengths: &[f64]) {
        let list: Array = lengths.iter().copied().map(JsValue::from).collect();
        let _ = self.pen.set_line_dash(&list);
    }

    fn font(&self, weight: u16, size: f64) {
        let half = (size * 2.0).round() as u32;
        let size = format!("{}.{}", half / 2, 5 * (half % 2));
        self.pen
            .set_font(&format!("{weight} {size}px {}", self.colours.base.sans));
        self.pen.set_text_baseline("middle");
    }
}

/// The two parts of a curve before and after a share of it.
fn split(curve: &Curve, share: f64) -> (Curve, Curve) {
    let first = curve.start.towards(curve.bend, share);
    let second = curve.bend.towards(curve.end, share);
    let middle = first.towards(second, share);
    let before = Curve {
        start: curve.start,
        bend: first,
        end: middle,
    };
    let after = Curve {
        start: middle,
        bend: second,
        end: curve.end,
    };
    (before, after)
}
