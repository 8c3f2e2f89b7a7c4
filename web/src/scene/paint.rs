//! Painting on a canvas: the pen with its colours and geometry. `still` and `moving` paint a layer each.

mod moving;
mod nodes;
mod pointers;
mod still;

use std::f64::consts::TAU;

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::CanvasRenderingContext2d as Pen;

use crate::scene::curve::{Curve, Point};
use crate::scene::layout::Layout;
use crate::scene::palette::Palette;

/// A pen with the colours and the geometry of the stage.
#[derive(Debug)]
pub struct Brush<'a> {
    /// The canvas.
    pub pen: &'a Pen,
    /// The colours.
    pub palette: &'a Palette,
    /// The geometry.
    pub layout: &'a Layout,
    /// The size of the stage.
    pub size: (f64, f64),
}

impl Brush<'_> {
    pub(super) fn disc(&self, at: Point, radius: f64, colour: &str, hollow: bool) {
        self.circle(at, radius);
        if hollow {
            self.pen.set_fill_style_str(&self.palette.panel);
            self.pen.fill();
            self.pen.set_stroke_style_str(colour);
            self.pen
                .set_line_width(if radius > 4.0 { 2.0 } else { 1.2 });
            self.pen.stroke();
        } else {
            self.pen.set_fill_style_str(colour);
            self.pen.fill();
        }
    }

    pub(super) fn stroke(&self, curve: &Curve, colour: &str, width: f64, alpha: f64) {
        self.pen.begin_path();
        self.pen.move_to(curve.start.x, curve.start.y);
        self.pen
            .quadratic_curve_to(curve.bend.x, curve.bend.y, curve.end.x, curve.end.y);
        self.pen.set_line_cap("round");
        self.pen.set_line_width(width);
        self.pen.set_global_alpha(alpha);
        self.pen.set_stroke_style_str(colour);
        self.pen.stroke();
        self.pen.set_global_alpha(1.0);
    }

    pub(super) fn outline(&self, turn: f64, radius: f64) {
        let Point { x, y } = self.layout.node_at(turn);
        self.pen.move_to(x + radius, y);
        let _ = self.pen.arc(x, y, radius, 0.0, TAU);
    }

    pub(super) fn circle(&self, at: Point, radius: f64) {
        self.pen.begin_path();
        let _ = self.pen.arc(at.x, at.y, radius, 0.0, TAU);
    }

    pub(super) fn dash(&self, lengths: &[f64]) {
        let list: Array = lengths.iter().copied().map(JsValue::from).collect();
        let _ = self.pen.set_line_dash(&list);
    }

    pub(super) fn font(&self, weight: u16, size: u16) {
        self.pen
            .set_font(&format!("{weight} {size}px {}", self.palette.sans));
        self.pen.set_text_baseline("middle");
    }
}
