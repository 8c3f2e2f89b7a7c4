//! One server, a content delivery network and a swarm beside one another: their clients at this moment, and the time to serve everyone.

use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::swarm::comparison::Contender;
use yew::{Html, html};

use crate::swarm::engine::snapshot::{RunRow, WayView};
use crate::swarm::engine::statement::decimal;
use crate::swarm::panels::Desk;

/// The size of the picture of a way's clients, in its own units.
const COLUMNS: (u64, u64) = (100, 34);
/// The size of the chart, and its margins: left, right, top, bottom.
const CHART: (f64, f64) = (320.0, 170.0);
const MARGINS: [f64; 4] = [34.0, 8.0, 8.0, 24.0];

/// The card.
pub fn ways_card(desk: &Desk) -> Html {
    let Some(shown) = &desk.view.ways else {
        return Html::default();
    };
    html! {
        <section class="card" aria-labelledby="swarm-ways-title">
            <header><h2 id="swarm-ways-title">{"Three ways to serve everyone"}</h2><span>{format!("at {}", time_text(shown.at))}</span></header>
            <p class="visually-hidden" role="status" aria-label="Three ways" aria-live="off">{shown.statement().text()}</p>
            <div class="ways">
                {for shown.ways.iter().map(way)}
            </div>
            <p class="card__note">{"The same file, clients and links on one clock, without your deeds. A column is a client. The CDN has three more servers with the seed’s uplink, and each had a copy before the start."}</p>
            <h3 class="card__part" id="swarm-runs-title">{"Time to serve everyone"}</h3>
            {chart(&shown.rows)}
            <div class="table-scroll" tabindex="0">
                <table class="runs" aria-labelledby="swarm-runs-title">
                    <thead><tr>{for ["Clients", "One server", "CDN", "Swarm", "Bound"].map(|name| html! { <th scope="col">{name}</th> })}</tr></thead>
                    <tbody>
                        for row in shown.rows.iter() {
                            <tr key={row.clients} class={row.is_this.then_some("used")}>
                                <th scope="row">{row.clients}</th>
                                {for row.took.iter().map(|took| html! { <td>{time(*took, row.is_over)}</td> })}
                                <td>{bound(row)}</td>
                            </tr>
                        }
                    </tbody>
                </table>
            </div>
            <p class="card__note">{"Bound: the least time by theory, of one server, then of a swarm. No run is below it; “none” where clients come later, bring segments or may leave."}</p>
        </section>
    }
}

const fn name(way: Contender) -> &'static str {
    match way {
        Contender::Server => "One server",
        Contender::Cdn => "CDN",
        Contender::Swarm => "Swarm",
    }
}

fn way(way: &WayView) -> Html {
    let (wide, high) = COLUMNS;
    let count = way.clients.len().max(1) as u64;
    let bar = |(place, share): (u64, &u64)| {
        let (left, right) = (wide * place / count, wide * (place + 1) / count);
        let gap = if count <= 24 { 1 } else { 0 };
        let tall = high * share / 1_000;
        let width = right.saturating_sub(left + gap).max(1).to_string();
        html! {
            <>
                <rect class="rail" x={left.to_string()} y="0" width={width.clone()} height={high.to_string()} />
                <rect class="fill" x={left.to_string()} y={(high - tall).to_string()} {width} height={tall.to_string()} />
            </>
        }
    };
    let sent = match way.ahead {
        0 => decimal(way.hundredths),
        ahead => format!("{} + {ahead} ahead", decimal(way.hundredths)),
    };
    let state = match way.finished {
        Some(at) => format!("all at {}", time_text(at)),
        None => format!("{} %", way.served / 10),
    };
    html! {
        <div class="way">
            <b>{name(way.way)}</b>
            <svg viewBox={format!("0 0 {wide} {high}")} preserveAspectRatio="none" aria-hidden="true">
                {for (0..).zip(&way.clients).map(bar)}
            </svg>
            <span>{state}</span>
            <small>{format!("seed sent {sent}")}</small>
        </div>
    }
}

fn time(took: Option<u64>, is_over: bool) -> String {
    match took {
        Some(took) => time_text(took),
        None if is_over => "never".to_owned(),
        None => "…".to_owned(),
    }
}

fn bound(row: &RunRow) -> String {
    match (row.server, row.swarm) {
        (Some(server), Some(swarm)) => format!("{}, {}", time_text(server), time_text(swarm)),
        _ => "none".to_owned(),
    }
}

/// The times against the number of clients, both on a logarithmic scale.
fn chart(rows: &[RunRow]) -> Html {
    let all = rows.iter().flat_map(|row| {
        let took = row.took.iter().flatten().copied();
        took.chain(row.server).chain(row.swarm)
    });
    let (least, most) = all.fold((u64::MAX, 0), |(least, most), one| {
        (least.min(one), most.max(one))
    });
    if most == 0 {
        return html! { <p class="card__empty">{"No run has ended yet."}</p> };
    }
    let [left, right, top, bottom] = MARGINS;
    let (width, height) = CHART;
    // Decades around all of them.
    let (low, high) = (
        (least.max(1) as f64).log10().floor(),
        (most as f64).log10().ceil(),
    );
    let x = |clients: u64| left + (width - left - right) * (clients.max(1) as f64).log2() / 6.0;
    let y = |micros: u64| {
        let share = ((micros.max(1) as f64).log10() - low) / (high - low).max(1.0);
        height - bottom - (height - top - bottom) * share
    };
    let line = |class: &'static str, of: fn(&RunRow) -> Option<u64>| {
        let points = rows
            .iter()
            .filter_map(|row| Some((x(row.clients), y(of(row)?))));
        let points: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        html! { <polyline {class} points={points.join(" ")} /> }
    };
    let marks = rows.iter().flat_map(|row| {
        let took = row.took.iter().enumerate();
        took.filter_map(move |(way, took)| {
            Some(mark(way, row.is_this, (x(row.clients), y((*took)?))))
        })
    });
    let decades = (low as i32..=high as i32).map(|decade| {
        let at = 10_u64.pow(u32::try_from(decade).unwrap_or(0));
        let y = format!("{:.1}", y(at));
        let text = match at {
            1_000_000.. => format!("{} s", at / 1_000_000),
            _ => format!("{} ms", at / 1_000),
        };
        html! {
            <>
                <line class="grid" x1={left.to_string()} x2={(width - right).to_string()} y1={y.clone()} y2={y.clone()} />
                <text x={(left - 4.0).to_string()} {y} dy="4" text-anchor="end">{text}</text>
            </>
        }
    });
    let counts = rows.iter().filter(|row| row.clients.is_power_of_two());
    let counts = counts.map(|row| html! { <text x={format!("{:.1}", x(row.clients))} y={(height - 8.0).to_string()} text-anchor="middle">{row.clients}</text> });
    html! {
        <figure class="served">
            <svg viewBox={format!("0 0 {width} {height}")} role="img" aria-label="Time to serve everyone against the number of clients; the table below has the numbers">
                {for decades}
                {for counts}
                {line("bound server", |row| row.server)}
                {line("bound swarm", |row| row.swarm)}
                {for marks}
            </svg>
            {key_of_chart()}
        </figure>
    }
}

/// The mark of a run at a place: a square for one server, a triangle for the network, a circle for the swarm.
fn mark(way: usize, is_this: bool, (x, y): (f64, f64)) -> Html {
    let class = if is_this { "mark this" } else { "mark" };
    match way {
        0 => {
            html! { <rect {class} x={format!("{:.1}", x - 3.5)} y={format!("{:.1}", y - 3.5)} width="7" height="7" /> }
        }
        1 => html! { <path {class} d={format!("M{x:.1} {:.1}l4.5 8h-9z", y - 5.0)} /> },
        _ => html! { <circle {class} cx={format!("{x:.1}")} cy={format!("{y:.1}")} r="4" /> },
    }
}

/// The legend of the chart.
fn key_of_chart() -> Html {
    html! {
        <figcaption>
                <ul class="keyline" aria-label="Legend of the chart">
                    <li><svg viewBox="0 0 24 16" aria-hidden="true"><rect class="mark" x="8" y="4" width="7" height="7" /></svg>{"one server"}</li>
                    <li><svg viewBox="0 0 24 16" aria-hidden="true"><path class="mark" d="M12 3l4.500 8h-9z" /></svg>{"CDN"}</li>
                    <li><svg viewBox="0 0 24 16" aria-hidden="true"><circle class="mark" cx="12" cy="8" r="4" /></svg>{"swarm"}</li>
                    <li><svg viewBox="0 0 24 16" aria-hidden="true"><path class="bound server" d="M1 8h22" /></svg>{"server’s bound"}</li>
                    <li><svg viewBox="0 0 24 16" aria-hidden="true"><path class="bound swarm" d="M1 8h22" /></svg>{"swarm’s bound"}</li>
                    <li><svg viewBox="0 0 24 16" aria-hidden="true"><circle class="mark this" cx="12" cy="8" r="4" /></svg>{"as many as here"}</li>
                </ul>
            </figcaption>
    }
}
