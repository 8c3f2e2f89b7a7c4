//! A panel as SVG: real elements, so that colours follow the theme and each mark can be pointed at.

use yew::{Html, NodeRef, classes, html};

use crate::experiments::figure::{Dot, Kind, Panel, Placed, Series};

/// Half the size of a mark, in pixels.
const HALF: f64 = 4.5;
/// Half the size of the paper's marks: they are seen around ours.
const WIDER: f64 = 7.0;
/// Half the width of a span's end.
const CAP: f64 = 3.5;

/// The plots of an experiment, side by side where there is room. `frame` measures how much.
pub fn plots(panels: &[Panel], width: f64, frame: NodeRef) -> Html {
    let beside = panels.len() > 1 && width >= 640.0;
    let each = if beside { (width - 16.0) / 2.0 } else { width };
    let share = if beside { 0.74 } else { 0.56 };
    let height = (each * share).clamp(210.0, 380.0);
    html! {
        <div class="plots" ref={frame}>
            if width > 0.0 {
                {for panels.iter().map(|panel| figure(panel, each, height))}
            }
        </div>
    }
}

fn figure(panel: &Panel, width: f64, height: f64) -> Html {
    let told = panel
        .series
        .iter()
        .filter(|series| !series.marks.is_empty());
    let spans = panel.is_spans();
    html! {
        <figure class={classes!("plot", spans.then_some("plot--spans"))} key={panel.title}>
            <figcaption>{panel.title}</figcaption>
            <ul class="plot__legend">
                {for told.map(|series| html! { <li>{sample(series.kind, spans)}{series.name}</li> })}
            </ul>
            if panel.is_empty() {
                <p class="plot__empty">{"Nothing is measured yet. Press Run."}</p>
            } else {
                {drawing(panel, &panel.place(width, height))}
            }
        </figure>
    }
}

/// A mark of the legend.
fn sample(kind: Kind, spans: bool) -> Html {
    if spans {
        return html! {
            <svg class={kind.class()} viewBox="0 0 28 16" aria-hidden="true"><path class="span" d="M14 1V15" /></svg>
        };
    }
    let line = kind
        .is_line()
        .then(|| html! { <path class="line" d="M0 8H28" /> });
    html! {
        <svg class={kind.class()} viewBox="0 0 28 16" aria-hidden="true">{line.unwrap_or_default()}{shape(kind, 14.0, 8.0)}</svg>
    }
}

fn drawing(panel: &Panel, placed: &Placed) -> Html {
    let (width, height) = placed.size;
    let (left, _, right, bottom) = placed.plot;
    let series = panel.series.iter().zip(&placed.dots);
    html! {
        <svg
            role="img" aria-label={panel.sentence()} viewBox={format!("0 0 {width:.1} {height:.1}")}
            width={format!("{width:.1}")} height={format!("{height:.1}")}
        >
            {for placed.up.iter().map(|tick| html! {
                <>
                    <path class="grid" d={format!("M{left:.1} {:.1}H{right:.1}", tick.at)} />
                    <text class="up" x={format!("{:.1}", left - 8.0)} y={format!("{:.1}", tick.at + 4.0)}>{&tick.label}</text>
                </>
            })}
            {for placed.along.iter().map(|tick| html! {
                <>
                    <path class="tick" d={format!("M{:.1} {bottom:.1}v5", tick.at)} />
                    <text class="along" x={format!("{:.1}", tick.at)} y={format!("{:.1}", bottom + 19.0)}>{&tick.label}</text>
                </>
            })}
            <text class="along name" x={format!("{:.1}", f64::midpoint(left, right))} y={format!("{:.1}", bottom + 37.0)}>{panel.across}</text>
            {for series.map(|(series, dots)| drawn(series, dots))}
        </svg>
    }
}

fn drawn(series: &Series, dots: &[Dot]) -> Html {
    let kind = series.kind;
    html! {
        <g class={kind.class()}>
            if kind.is_line() {
                <path class="line" d={line(dots)} />
            }
            {for dots.iter().map(|dot| mark(kind, dot))}
        </g>
    }
}

fn line(dots: &[Dot]) -> String {
    let points = dots.iter().filter_map(|dot| Some((dot.x, dot.y?)));
    let points: Vec<(f64, f64)> = points.collect();
    if let [(x, y)] = points[..] {
        // One point is no line: it is drawn as wide as in the legend.
        return format!("M{:.1} {y:.1}h28", x - 14.0);
    }
    let mut path = String::new();
    for (index, (x, y)) in points.into_iter().enumerate() {
        let step = if index == 0 { 'M' } else { 'L' };
        path.push_str(&format!("{step}{x:.1} {y:.1}"));
    }
    path
}

fn mark(kind: Kind, dot: &Dot) -> Html {
    let x = dot.x;
    let span = dot.span.map(|(low, high)| {
        let (left, wide) = (x - CAP, 2.0 * CAP);
        let path = format!(
            "M{x:.1} {low:.1}V{high:.1}M{left:.1} {low:.1}h{wide:.1}M{left:.1} {high:.1}h{wide:.1}"
        );
        html! { <path class="span" d={path} /> }
    });
    html! {
        <g class="mark">
            <title>{&dot.title}</title>
            {span.unwrap_or_default()}
            {dot.y.map(|y| shape(kind, x, y)).unwrap_or_default()}
        </g>
    }
}

fn shape(kind: Kind, x: f64, y: f64) -> Html {
    let (left, top, right, bottom) = (x - HALF, y - HALF, x + HALF, y + HALF);
    let path = match kind {
        Kind::Ours => {
            format!("M{left:.1} {y:.1}a{HALF} {HALF} 0 1 0 9 0a{HALF} {HALF} 0 1 0 -9 0z")
        }
        Kind::Paper => format!(
            "M{:.1} {:.1}h{wide}v{wide}h-{wide}z",
            x - WIDER,
            y - WIDER,
            wide = 2.0 * WIDER
        ),
        Kind::Server => {
            format!("M{left:.1} {top:.1}H{right:.1}V{bottom:.1}H{left:.1}z")
        }
        Kind::Random => format!("M{x:.1} {top:.1}L{right:.1} {bottom:.1}H{left:.1}z"),
        Kind::InOrder => {
            format!("M{x:.1} {top:.1}L{right:.1} {y:.1}L{x:.1} {bottom:.1}L{left:.1} {y:.1}z")
        }
        Kind::Bound => return Html::default(),
    };
    html! { <path class="shape" d={path} /> }
}
