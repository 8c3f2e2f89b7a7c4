//! Keeps the canvas of the grid up to date: it is painted again only when what it shows, its size or its colours have changed.

use web_sys::{HtmlCanvasElement as Canvas, Window};

use crate::scene::grid::Grid;
use crate::scene::grid::layout::GridLayout;
use crate::scene::grid::paint::Brush;
use crate::scene::painter::cleared;
use crate::scene::palette::{Palette, Probe};

/// The colours of the grid.
#[derive(Clone, Debug)]
pub(super) struct Colours {
    /// Those of every stage.
    pub(super) base: Palette,
    /// The ink on an accent, or on a segment's colour.
    pub(super) on: String,
    /// One for each segment, from the beginning of the file to its end.
    pub(super) ramp: Vec<String>,
}

/// Paints the grid.
#[derive(Debug, Default)]
pub struct GridPainter {
    grid: Grid,
    size: (f64, f64, f64),
    colours: Option<Colours>,
    stale: bool,
}

impl GridPainter {
    /// Colours may have changed: read them again at the next frame.
    pub fn forget_colours(&mut self) {
        self.colours = None;
    }

    /// From the next frame on, this is the picture.
    pub fn show(&mut self, grid: Grid) {
        self.stale |= grid != self.grid;
        self.grid = grid;
    }

    /// Paints one frame, if it differs from the last one. `calm` keeps each tile in the middle of its arc.
    pub fn paint(&mut self, window: &Window, canvas: &Canvas, calm: bool) -> Option<()> {
        let size = (
            f64::from(canvas.client_width()),
            f64::from(canvas.client_height()),
            window.device_pixel_ratio(),
        );
        if size.0 < 1.0 || size.1 < 1.0 {
            return None;
        }
        let rows = self.grid.rows.len();
        let known = self
            .colours
            .as_ref()
            .filter(|known| known.ramp.len() == rows);
        if known.is_none() {
            self.colours = Colours::read(window, rows);
            self.stale = true;
        }
        if !self.stale && size == self.size {
            return Some(());
        }
        self.size = size;
        self.stale = false;
        let pen = cleared(canvas, size)?;
        let brush = Brush {
            pen: &pen,
            colours: self.colours.as_ref()?,
            layout: &GridLayout::new(size.0, size.1, self.grid.columns.len(), rows),
            calm,
        };
        brush.grid(&self.grid);
        Some(())
    }
}

impl Colours {
    fn read(window: &Window, rows: usize) -> Option<Self> {
        let document = window.document()?;
        let probe = Probe::new(window, &document)?;
        let ramp = (0..rows).map(|row| probe.colour(&segment_colour(row, rows)));
        Some(Self {
            on: probe.colour("var(--on-segment)")?,
            ramp: ramp.collect::<Option<_>>()?,
            base: Palette::read(window, &document)?,
        })
    }
}

/// The colour of a segment, in the language of style sheets: its place in the file on a ramp.
pub fn segment_colour(row: usize, rows: usize) -> String {
    let percent = 100 * row / rows.saturating_sub(1).max(1);
    format!("color-mix(in oklch, var(--segment-last) {percent}%, var(--segment-first))")
}
