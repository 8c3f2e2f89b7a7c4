//! The still layer: band, successor pointers, fingers, keys and words, and the nodes between them.

use std::f64::consts::TAU;

use crate::scene::circle::angle;
use crate::scene::curve::Point;
use crate::scene::labels::{self, Anchor, Wanted};
use crate::scene::paint::Brush;
use crate::scene::{Finger, Key, Scene, Word, WordInk};

impl Brush<'_> {
    /// Paints the still layer.
    pub fn still(&self, scene: &Scene) {
        self.band(scene);
        self.ticks(scene.positions.unwrap_or_default());
        self.pointers(&scene.pointers);
        for finger in &scene.fingers {
            self.finger(finger);
        }
        for key in &scene.keys {
            self.diamond(key);
        }
        self.nodes(&scene.nodes);
        self.words(scene);
    }

    fn band(&self, scene: &Scene) {
        let Point { x, y } = self.layout.centre;
        self.pen.set_line_cap("butt");
        self.pen.set_line_width(self.layout.band());
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

    fn finger(&self, finger: &Finger) {
        let mut curve = self.layout.curve(finger.from, finger.to);
        if finger.nobody {
            let inside = self.layout.radius - self.layout.band() / 2.0;
            curve.end = self.layout.at(finger.to, inside);
        }
        if finger.stale {
            self.dash(&[6.0, 4.0]);
            self.stroke(&curve, &self.palette.bad, 1.6, 0.8);
            self.dash(&[]);
        } else {
            self.stroke(&curve, &self.palette.accent, 1.3, 0.45);
        }
    }

    fn ticks(&self, positions: u32) {
        let foot = self.layout.radius + self.layout.band() * 0.7;
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

    fn words(&self, scene: &Scene) {
        let turns: Vec<f64> = scene.nodes.iter().map(|node| node.turn).collect();
        // Nodes without room for their ids inside have them beside.
        let ids = scene.nodes.iter().filter(|node| self.is_bare(node));
        let ids = ids.map(|node| Word {
            turn: node.turn,
            text: node.label.clone(),
            ink: WordInk::Node,
        });
        let words: Vec<Word> = ids.chain(scene.words.iter().cloned()).collect();
        let wanted: Vec<Wanted> = words
            .iter()
            .map(|word| Wanted {
                turn: word.turn,
                gap: match word.ink {
                    WordInk::Key => 24.0,
                    WordInk::Hop | WordInk::Origin | WordInk::Node => self.layout.node + 10.0,
                },
                text: word.text.clone(),
                inside: true,
            })
            .collect();
        self.font(500, 12);
        for placed in labels::place(self.layout, self.size.0, self.size.1, &turns, &wanted) {
            let word = &words[placed.index];
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

    fn diamond(&self, key: &Key) {
        let at = self.layout.node_at(key.turn);
        let half = if key.sought || key.typed { 7.0 } else { 5.6 };
        let half = if key.hovered { half + 2.0 } else { half };
        self.pen.begin_path();
        self.pen.move_to(at.x, at.y - half);
        self.pen.line_to(at.x + half, at.y);
        self.pen.line_to(at.x, at.y + half);
        self.pen.line_to(at.x - half, at.y);
        self.pen.close_path();
        let inside = if key.sought {
            &self.palette.key
        } else {
            &self.palette.panel
        };
        self.pen.set_fill_style_str(inside);
        let line = if key.typed {
            &self.palette.accent
        } else {
            &self.palette.key
        };
        self.pen.set_stroke_style_str(line);
        self.pen.set_line_width(1.6);
        self.pen.fill();
        if key.typed {
            self.dash(&[3.0, 2.0]);
        }
        self.pen.stroke();
        self.dash(&[]);
    }
}
