//! Keeps the two canvases of the stage up to date, painting the still layer only when it changed.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d as Pen, HtmlCanvasElement as Canvas, Window};

use crate::scene::layout::Layout;
use crate::scene::paint::Brush;
use crate::scene::palette::Palette;
use crate::scene::{Motion, Scene};

/// Paints the stage.
#[derive(Debug, Default)]
pub struct Painter {
    scene: Scene,
    layout: Option<Layout>,
    size: (f64, f64, f64),
    palette: Option<Palette>,
    stale: bool,
    idle: bool,
}

impl Painter {
    /// Colours may have changed: read them again at the next frame.
    pub fn forget_colours(&mut self) {
        self.palette = None;
    }

    /// From the next frame on, this is the still layer.
    pub fn show(&mut self, scene: Scene) {
        self.stale |= scene != self.scene;
        self.scene = scene;
    }

    /// Paints one frame on the still and the moving canvas.
    pub fn paint(
        &mut self,
        window: &Window,
        still: &Canvas,
        moving: &Canvas,
        motion: &Motion,
        calm: bool,
    ) -> Option<()> {
        let size = (
            f64::from(still.client_width()),
            f64::from(still.client_height()),
            window.device_pixel_ratio(),
        );
        if size.0 < 1.0 || size.1 < 1.0 {
            return None;
        }
        self.refresh(window, size)?;
        let palette = self.palette.as_ref()?;
        let layout = self.layout.as_ref()?;
        if self.stale {
            self.stale = false;
            let pen = cleared(still, size)?;
            let brush = Brush {
                pen: &pen,
                palette,
                layout,
                size: (size.0, size.1),
            };
            brush.still(&self.scene);
        }
        let idle = motion.hops.is_empty() && motion.dots.is_empty();
        if !(idle && self.idle) {
            let pen = cleared(moving, size)?;
            let brush = Brush {
                pen: &pen,
                palette,
                layout,
                size: (size.0, size.1),
            };
            brush.moving(motion, calm);
        }
        self.idle = idle;
        Some(())
    }

    /// Brings geometry and colours up to date, and notes whether the still layer has to be painted again.
    fn refresh(&mut self, window: &Window, size: (f64, f64, f64)) -> Option<()> {
        if self.palette.is_none() {
            self.palette = Palette::read(window, &window.document()?);
            self.stale = true;
        }
        if self.stale || size != self.size || self.layout.is_none() {
            let turns: Vec<f64> = self.scene.nodes.iter().map(|node| node.turn).collect();
            self.layout = Some(Layout::new(size.0, size.1, &turns, self.scene.labelled));
            self.stale = true;
            self.idle = false;
            self.size = size;
        }
        Some(())
    }
}

/// The canvas's pen in CSS pixels, on a clean sheet of as many real pixels as the screen has.
pub(super) fn cleared(canvas: &Canvas, (width, height, ratio): (f64, f64, f64)) -> Option<Pen> {
    let real = (
        (width * ratio).round() as u32,
        (height * ratio).round() as u32,
    );
    if (canvas.width(), canvas.height()) != real {
        canvas.set_width(real.0);
        canvas.set_height(real.1);
    }
    let pen: Pen = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    pen.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
    pen.clear_rect(0.0, 0.0, width, height);
    let _ = pen.set_line_dash(&JsValue::from(js_sys::Array::new()));
    Some(pen)
}
