//! An experiment's figures as a drawing: ours as lines, the paper's as circles.

use std::path::Path;

use plotters::prelude::*;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::sim::experiment::Answer;

const SIZE: (u32, u32) = (900, 560);

/// One column over the first one.
struct Series {
    name: String,
    ours: Vec<(f64, f64)>,
    paper: Vec<(f64, f64)>,
}

/// Writes an SVG file.
pub(super) fn draw(answer: &Answer, path: &Path) -> Result<(), Failure> {
    let fail = |error: String| Failure::failed(format!("{}: {error}", path.display()));
    let mut svg = String::new();
    paint(answer, &mut svg).map_err(fail)?;
    std::fs::write(path, svg).map_err(|error| fail(error.to_string()))
}

fn paint(answer: &Answer, svg: &mut String) -> Result<(), String> {
    let (axis, series) = series(answer).ok_or("nothing was measured")?;
    let points = || {
        series
            .iter()
            .flat_map(|one| one.ours.iter().chain(&one.paper))
    };
    let bounds = points().fold(
        (f64::MAX, 1.0, 0.0),
        |(low, high, top): (f64, f64, f64), (x, y)| (low.min(*x), high.max(*x), top.max(*y)),
    );
    let (low, high, top) = bounds;
    let say = |error: &dyn std::fmt::Display| error.to_string();
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(|error| say(&error))?;
    let mut chart = ChartBuilder::on(&root)
        .caption(answer.experiment, ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d((low..high).log_scale(), 0.0..top * 1.05)
        .map_err(|error| say(&error))?;
    chart
        .configure_mesh()
        .x_desc(axis.replace('_', " "))
        .light_line_style(TRANSPARENT)
        .draw()
        .map_err(|error| say(&error))?;
    for (index, one) in series.into_iter().enumerate() {
        let colour = Palette99::pick(index).to_rgba();
        chart
            .draw_series(LineSeries::new(one.ours, colour.stroke_width(2)))
            .map_err(|error| say(&error))?
            .label(one.name.replace('_', " "))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
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
    root.present().map_err(|error| say(&error))?;
    Ok(())
}

fn series(answer: &Answer) -> Option<(String, Vec<Series>)> {
    let first = answer.rows.first()?;
    let (axis, _) = first.iter().next()?;
    let column = |rows: &[Map<String, Value>], name: &str| -> Vec<(f64, f64)> {
        let point =
            |row: &Map<String, Value>| Some((row.get(axis)?.as_f64()?, row.get(name)?.as_f64()?));
        rows.iter().filter_map(point).collect()
    };
    let names = first.keys().filter(|name| *name != axis);
    let series = names.map(|name| Series {
        name: name.clone(),
        ours: column(&answer.rows, name),
        paper: column(&answer.paper, name),
    });
    Some((axis.clone(), series.collect()))
}
