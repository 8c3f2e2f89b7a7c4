//! Successor pointers: thin arrows inside the band.

use crate::scene::circle::angle;
use crate::scene::curve::Curve;
use crate::scene::paint::Brush;
use crate::scene::pointer::{Way, way};
use crate::scene::{Look, Pointer};

/// Nodes smaller than this have pointers without heads.
const HEADED: f64 = 6.0;
/// The length of an arrow's head.
const HEAD: f64 = 6.0;

impl Brush<'_> {
    pub(super) fn pointers(&self, pointers: &[Pointer]) {
        for look in [Look::Right, Look::Behind, Look::Broken] {
            let (colour, width, alpha, dash): (_, _, _, &[f64]) = match look {
                Look::Right => (&self.palette.mute, 1.3, 0.75, &[]),
                Look::Behind => (&self.palette.ink, 1.5, 0.9, &[3.0, 4.0]),
                Look::Broken => (&self.palette.bad, 1.8, 0.9, &[7.0, 4.0]),
            };
            self.pen.set_line_cap("butt");
            self.pen.set_line_width(width);
            self.pen.set_global_alpha(alpha);
            self.pen.set_stroke_style_str(colour);
            self.pen.set_fill_style_str(colour);
            let ways = pointers.iter().filter(|pointer| pointer.look == look);
            let ways: Vec<Way> = ways
                .map(|pointer| way(self.layout, pointer.from, pointer.to, pointer.lane))
                .collect();
            self.dash(dash);
            self.pen.begin_path();
            for way in &ways {
                self.trace(way);
            }
            self.pen.stroke();
            self.dash(&[]);
            if self.layout.node >= HEADED {
                self.pen.begin_path();
                for way in &ways {
                    self.head(&way.onto);
                }
                self.pen.fill();
            }
        }
        self.pen.set_global_alpha(1.0);
    }

    fn trace(&self, way: &Way) {
        let Way { off, onto, .. } = way;
        self.pen.move_to(off.start.x, off.start.y);
        self.pen
            .quadratic_curve_to(off.bend.x, off.bend.y, off.end.x, off.end.y);
        if let Some((from, upto)) = way.along {
            let centre = self.layout.centre;
            let (from, upto) = (angle(from), angle(upto));
            let _ = self.pen.arc(centre.x, centre.y, way.radius, from, upto);
        }
        self.pen
            .quadratic_curve_to(onto.bend.x, onto.bend.y, onto.end.x, onto.end.y);
    }

    fn head(&self, onto: &Curve) {
        let tip = onto.end;
        let back = tip.stepped(onto.bend, HEAD);
        let (x, y) = ((back.x - tip.x) * 0.5, (back.y - tip.y) * 0.5);
        self.pen.move_to(tip.x, tip.y);
        self.pen.line_to(back.x - y, back.y + x);
        self.pen.line_to(back.x + y, back.y - x);
        self.pen.close_path();
    }
}
