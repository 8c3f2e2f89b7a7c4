//! The slider of time with its map: tall ticks are hops of lookups, short ones other events, red ones violations.

use web_sys::{HtmlInputElement, InputEvent, PointerEvent};
use yew::{Callback, Html, TargetCast, component, html, use_node_ref, use_state_eq};

use crate::page;
use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::{About, MarkView, Snapshot};
use crate::ring::panels::transport::reached;
use crate::ring::panels::{Desk, time_text};
use crate::scene::hit::on_track;

/// Ticks closer than this share of the track are drawn once.
const FINEST: f64 = 1.0 / 300.0;
/// The slider "Time" and its map.
#[component]
pub fn Timeline(desk: &Desk) -> Html {
    let named = use_state_eq(|| None::<usize>);
    let map = use_node_ref();
    let shot = &desk.view;
    let end = shot.end.max(1);
    let send = desk.send.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        send.emit(Command::Seek(input.value_as_number().max(0.0) as u64));
    });
    let onpointermove = {
        let (view, named, map) = (desk.view.clone(), named.clone(), map.clone());
        Callback::from(move |event: PointerEvent| {
            let place = page::place(&event, &map);
            let tick = place.and_then(|place| {
                on_track(ticks_of(&view), place.point.x / place.width, place.width)
            });
            named.set(tick);
        })
    };
    let onpointerleave = {
        let named = named.clone();
        Callback::from(move |_: PointerEvent| named.set(None))
    };
    let label = named.and_then(|index| shot.marks.get(index));
    html! {
        <div class="track" {onpointermove} {onpointerleave}>
            <svg ref={map} aria-hidden="true">
                {ticks(shot, end)}
                if let Some(mark) = label {
                    {name_of(shot, mark, end)}
                }
            </svg>
            <input
                type="range" aria-label="Time" min="0" max={end.to_string()} step="any" value={shot.now.to_string()}
                aria-valuetext={[Some(time_text(shot.now)), reached(shot)].into_iter().flatten().collect::<Vec<_>>().join(", ")} {oninput}
            />
        </div>
    }
}

/// Every tick: its share of the track and its weight.
fn ticks_of(shot: &Snapshot) -> impl Iterator<Item = (f64, u8)> {
    let end = shot.end.max(1) as f64;
    let ticks = shot.marks.iter();
    ticks.map(move |mark| (mark.at as f64 / end, weight(mark)))
}

/// What is named first where ticks look like one.
fn weight(mark: &MarkView) -> u8 {
    match mark.about {
        About::Violation | About::Lost => 3,
        About::Lookup => 2,
        About::Action => 1,
        About::Upkeep | About::Other => 0,
    }
}

fn percent(at: u64, end: u64) -> String {
    let hundredths = 10_000 * at / end;
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

fn ticks(shot: &Snapshot, end: u64) -> Html {
    let current = |at: u64| {
        let lookup = shot.lookup.as_ref();
        lookup.is_some_and(|lookup| (lookup.started..=lookup.started + lookup.took).contains(&at))
    };
    let mut last = -1.0;
    shot.marks
        .iter()
        .filter_map(|mark| {
            let share = mark.at as f64 / end as f64;
            let (class, top, bottom) = match mark.about {
                About::Lookup if current(mark.at) => ("hop", "22%", "78%"),
                About::Violation | About::Lost => ("violation", "22%", "78%"),
                About::Action => ("action", "30%", "70%"),
                About::Lookup | About::Upkeep | About::Other => ("", "36%", "64%"),
            };
            if class.is_empty() && share - last < FINEST {
                return None;
            }
            last = share;
            let x = percent(mark.at, end);
            Some(html! { <line {class} x1={x.clone()} x2={x} y1={top} y2={bottom} /> })
        })
        .collect()
}

fn name_of(shot: &Snapshot, mark: &MarkView, end: u64) -> Html {
    let share = mark.at as f64 / end as f64;
    let anchor = if share < 0.3 {
        "start"
    } else if share > 0.7 {
        "end"
    } else {
        "middle"
    };
    let more = shot
        .marks
        .iter()
        .filter(|other| other.at == mark.at)
        .count()
        - 1;
    let more = match more {
        0 => String::new(),
        more => format!(" · and {more} more"),
    };
    html! {
        <text x={percent(mark.at, end)} y="-4" text-anchor={anchor}>{format!("{} · {}{more}", time_text(mark.at), mark.label)}</text>
    }
}
