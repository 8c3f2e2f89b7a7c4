//! An experiment's figures as a drawing: ours as lines, the paper's as circles.

use std::path::Path;

use chordscope_sim::experiment::table::{Column, Row};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use crate::failure::Failure;
use crate::output;
use crate::regular_file;
use crate::sim::experiment::Answer;

const SIZE: (u32, u32) = (900, 560);

/// One column over the first one.
struct Series {
    name: &'static str,
    ours: Vec<(f64, f64)>,
    paper: Vec<(f64, f64)>,
}

/// Checks that a drawing can be written there.
pub(super) fn check(path: &Path, json: bool) -> Result<(), Failure> {
    if regular_file::is_standard_output(path) {
        let reason =
            "- is standard output, where --json prints: give a file, ./- for one of this name";
        return match json {
            true => Err(Failure::usage("--plot", reason)),
            false => Ok(()),
        };
    }
    regular_file::check_output(path).map_err(|error| wrong(path, &error))
}

/// Writes an SVG file, or the same to standard output.
pub(super) fn draw(answer: &Answer, path: &Path) -> Result<(), Failure> {
    let fail = |error: String| Failure::failed(format!("{}: {error}", path.display()));
    let mut svg = String::new();
    paint(answer, &mut svg).map_err(fail)?;
    if regular_file::is_standard_output(path) {
        return output::line(&svg);
    }
    regular_file::replace(path, svg.as_bytes()).map_err(|error| wrong(path, &error))
}

fn wrong(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage("--plot", format!("{}: {error}", path.display()))
}

fn paint(answer: &Answer, svg: &mut String) -> Result<(), String> {
    let (axis, series) = series(answer).ok_or("nothing was measured")?;
    let points = series
        .iter()
        .flat_map(|one| one.ours.iter().chain(&one.paper));
    let start = (f64::MAX, f64::MIN, 0.0);
    let (low, high, top) = points.fold(start, |(low, high, top): (f64, f64, f64), (x, y)| {
        (low.min(*x), high.max(*x), top.max(*y))
    });
    let picture = Picture {
        title: answer.experiment.name(),
        axis: axis.name().replace('_', " "),
        top: top.max(1.0) * 1.05,
        series,
    };
    // Where sizes double from row to row, each doubling gets the same room.
    match low > 0.0 && high >= 50.0 * low {
        true => picture.draw(svg, (low..high).log_scale()),
        false => picture.draw(svg, low..high.max(low + 1e-9)),
    }
}

struct Picture {
    title: &'static str,
    axis: String,
    top: f64,
    series: Vec<Series>,
}

impl Picture {
    fn draw<X>(self, svg: &mut String, across: X) -> Result<(), String>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
    {
        let say = |error: &dyn std::fmt::Display| error.to_string();
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(|error| say(&error))?;
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, ("sans-serif", 22))
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(across, 0.0..self.top)
            .map_err(|error| say(&error))?;
        chart
            .configure_mesh()
            .x_desc(self.axis)
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(|error| say(&error))?;
        for (index, one) in self.series.into_iter().enumerate() {
            let colour = Palette99::pick(index).to_rgba();
            let line = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(one.ours, line))
                .map_err(|error| say(&error))?
                .label(one.name.replace('_', " "))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], line));
            let circles = one.paper.into_iter().map(|at| Circle::new(at, 4, colour));
            chart.draw_series(circles).map_err(|error| say(&error))?;
        }
        chart
            .configure_series_labels()
            .border_style(BLACK.mix(0.2))
            .background_style(WHITE.mix(0.8))
            .position(SeriesLabelPosition::UpperLeft)
            .draw()
            .map_err(|error| say(&error))?;
        root.present().map_err(|error| say(&error))
    }
}

fn series(answer: &Answer) -> Option<(Column, Vec<Series>)> {
    let first = answer.rows.first()?;
    let (axis, _) = *first.cells().first()?;
    let points = |rows: &[Row], column: Column| -> Vec<(f64, f64)> {
        let point = |row: &Row| Some((row.get(axis)?, row.get(column)?));
        rows.iter().filter_map(point).collect()
    };
    // The numbers of lookups and of segments are no results.
    let is_result = |column: &Column| match axis {
        // The measures of fallacies have no unit in common.
        Column::Fallacy => *column == Column::WrongBy,
        _ => ![axis, Column::Lookups, Column::Segments].contains(column),
    };
    let columns = first.cells().iter().map(|(column, _)| *column);
    let series = columns.filter(is_result).map(|column| Series {
        name: column.name(),
        ours: points(&answer.rows, column),
        paper: points(&answer.paper, column),
    });
    Some((axis, series.collect()))
}
