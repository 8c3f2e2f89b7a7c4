//! The still layer: band, fingers, keys, nodes and words.

use std::f64::consts::TAU;

use crate::scene::circle::angle;
use crate::scene::labels::{self, Anchor, Wanted};
use crate::scene::layout::Point;
use crate::scene::paint::Brush;
use crate::scene::{Node, Scene, WordInk};

/// How wide the band is.
const BAND: f64 = 14.0;
/// Nodes smaller than this have no room for a label.
const LABELLED: f64 = 10.0;

impl Brush<'_> {
    /// Paints the still layer.
    pub fn still(&self, scene: &Scene) {
        self.band(scene);
        self.ticks(scene.positions.unwrap_or_default());
        for (from, to) in &scene.fingers {
            self.stroke(
                &self.layout.curve(*from, *to),
                &self.palette.accent,
                1.3,
                0.45,
            );
        }
        for key in &scene.keys {
            self.diamond(self.layout.at(key.turn, self.layout.radius), key.sought);
        }
        self.nodes(&scene.nodes);
        self.words(scene);
    }

    fn band(&self, scene: &Scene) {
        let Point { x, y } = self.layout.centre;
        self.pen.set_line_cap("butt");
        self.pen.set_line_width(self.band_width());
        self.circle(Point { x, y }, self.layout.radius);
        self.pen.set_stroke_style_str(&self.palette.band);
        self.pen.stroke();
        for arc in &scene.arcs {
            let (from, mut to) = (angle(arc.after), angle(arc.upto));
            if to <= from {
                to += TAU;
            }
            let (colour, alpha) = if arc.sought {
                (&self.palette.own, 0.6)
            } else {
                (&self.palette.accent, 0.4)
            };
            self.pen.begin_path();
            let _ = self.pen.arc(x, y, self.layout.radius, from, to);
            self.pen.set_stroke_style_str(colour);
            self.pen.set_global_alpha(alpha);
            self.pen.stroke();
        }
        self.pen.set_global_alpha(1.0);
    }

    fn ticks(&self, positions: u32) {
        let foot = self.layout.radius + self.band_width() * 0.7;
        self.pen.set_global_alpha(0.4);
        self.pen.set_line_width(1.0);
        self.pen.set_stroke_style_str(&self.palette.mute);
        self.pen.begin_path();
        for position in 0..positions {
            let turn = f64::from(position) / f64::from(positions);
            let length = if position % 4 == 0 { 9.0 } else { 5.0 };
            let inner = self.layout.at(turn, foot);
            let outer = self.layout.at(turn, foot + length);
            self.pen.move_to(inner.x, inner.y);
            self.pen.line_to(outer.x, outer.y);
        }
        self.pen.stroke();
        self.pen.set_global_alpha(1.0);
    }

    fn band_width(&self) -> f64 {
        BAND.min(self.layout.radius * 0.08)
    }

    fn nodes(&self, nodes: &[Node]) {
        let plain = |node: &&Node| {
            !(node.origin || node.visited || node.owner || node.dead || node.joining)
        };
        self.pen.begin_path();
        for node in nodes.iter().filter(plain) {
            self.outline(node.turn, self.layout.node);
        }
        self.pen.set_fill_style_str(&self.palette.node);
        self.pen.set_stroke_style_str(&self.palette.ink);
        self.pen
            .set_line_width(if self.layout.node < 6.0 { 1.1 } else { 1.6 });
        self.pen.fill();
        self.pen.stroke();
        for node in nodes.iter().filter(|node| !plain(node)) {
            self.special(node);
        }
        for node in nodes.iter().filter(|node| node.inspected || node.hovered) {
            self.pen.begin_path();
            self.outline(node.turn, self.layout.node + 4.5);
            self.pen
                .set_line_width(if node.inspected { 2.0 } else { 1.2 });
            self.pen.set_stroke_style_str(&self.palette.accent);
            self.pen.stroke();
        }
        self.names(nodes);
    }

    fn names(&self, nodes: &[Node]) {
        if self.layout.node < LABELLED {
            return;
        }
        self.font(600, if self.layout.node > 13.0 { 13 } else { 11 });
        self.pen.set_text_align("center");
        for node in nodes {
            let Point { x, y } = self.layout.node_at(node.turn);
            let colour = if node.dead {
                &self.palette.bad
            } else {
                &self.palette.ink
            };
            self.pen.set_fill_style_str(colour);
            let _ = self.pen.fill_text(&node.label, x, y + 0.5);
        }
    }

    fn special(&self, node: &Node) {
        let palette = self.palette;
        let small = self.layout.node < 6.0;
        self.pen.begin_path();
        self.outline(node.turn, self.layout.node);
        self.pen.set_fill_style_str(&palette.node);
        self.pen.fill();
        let colour = match node {
            Node { dead: true, .. } => &palette.bad,
            Node { owner: true, .. } => &palette.own,
            Node { origin: true, .. } => &palette.accent,
            Node { visited: true, .. } => &palette.hop,
            _ => &palette.mute,
        };
        self.pen.set_stroke_style_str(colour);
        self.pen
            .set_line_width(if node.dead || small { 1.8 } else { 3.0 });
        if node.owner && !node.dead && !small {
            self.dash(&[4.0, 3.0]);
        } else if node.joining {
            self.dash(&[2.0, 3.0]);
        }
        self.pen.stroke();
        self.dash(&[]);
        if node.dead {
            let Point { x, y } = self.layout.node_at(node.turn);
            let reach = self.layout.node + 3.0;
            self.pen.begin_path();
            self.pen.move_to(x - reach, y + reach);
            self.pen.line_to(x + reach, y - reach);
            self.pen.stroke();
        }
    }

    fn words(&self, scene: &Scene) {
        let turns: Vec<f64> = scene.nodes.iter().map(|node| node.turn).collect();
        let wanted: Vec<Wanted> = scene
            .words
            .iter()
            .map(|word| Wanted {
                turn: word.turn,
                gap: match word.ink {
                    WordInk::Key => 24.0,
                    WordInk::Hop | WordInk::Origin | WordInk::Node => self.layout.node + 10.0,
                },
                text: word.text.clone(),
            })
            .collect();
        self.font(500, 12);
        for placed in labels::place(self.layout, self.size.0, self.size.1, &turns, &wanted) {
            let word = &scene.words[placed.index];
            self.pen.set_text_align(match placed.anchor {
                Anchor::Start => "left",
                Anchor::Middle => "center",
                Anchor::End => "right",
            });
            self.pen.set_fill_style_str(match word.ink {
                WordInk::Hop => &self.palette.hop,
                WordInk::Key => &self.palette.key,
                WordInk::Origin => &self.palette.accent,
                WordInk::Node => &self.palette.mute,
            });
            let _ = self
                .pen
                .fill_text(&word.text, placed.point.x, placed.point.y);
        }
    }

    fn diamond(&self, at: Point, sought: bool) {
        let half = if sought { 7.0 } else { 5.6 };
        self.pen.begin_path();
        self.pen.move_to(at.x, at.y - half);
        self.pen.line_to(at.x + half, at.y);
        self.pen.line_to(at.x, at.y + half);
        self.pen.line_to(at.x - half, at.y);
        self.pen.close_path();
        let inside = if sought {
            &self.palette.key
        } else {
            &self.palette.panel
        };
        self.pen.set_fill_style_str(inside);
        self.pen.set_stroke_style_str(&self.palette.key);
        self.pen.set_line_width(1.6);
        self.pen.fill();
        self.pen.stroke();
    }
}
