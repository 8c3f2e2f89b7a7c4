//! The slider of time with its map: tall ticks are hops of lookups, short ones other events, red ones violations.

use web_sys::{Element, HtmlInputElement, InputEvent, PointerEvent};
use yew::{Callback, Html, TargetCast, component, html, use_state_eq};

use crate::components::{Desk, millis};
use crate::engine::command::Command;
use crate::engine::snapshot::{About, MarkView, Snapshot};

/// Ticks closer than this share of the track are drawn once.
const FINEST: f64 = 1.0 / 300.0;
/// How near the pointer must come to a tick to name it, as a share of the track.
const NEAR: f64 = 0.015;

/// The slider "Time" and its map.
#[component]
pub fn Timeline(desk: &Desk) -> Html {
    let named = use_state_eq(|| None::<usize>);
    let shot = &desk.view;
    let end = shot.end.max(1);
    let send = desk.send.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        send.emit(Command::Seek(input.value_as_number().max(0.0) as u64));
    });
    let onpointermove = {
        let (view, named) = (desk.view.clone(), named.clone());
        Callback::from(move |event: PointerEvent| {
            let Some(area) = event
                .current_target()
                .and_then(|target| target_area(&target))
            else {
                return;
            };
            let share = (f64::from(event.client_x()) - area.0) / area.1;
            named.set(nearest(&view.marks, view.end.max(1), share));
        })
    };
    let onpointerleave = {
        let named = named.clone();
        Callback::from(move |_: PointerEvent| named.set(None))
    };
    let label = named.and_then(|index| shot.marks.get(index));
    html! {
        <div class="track" {onpointermove} {onpointerleave}>
            <svg aria-hidden="true">
                {ticks(shot, end)}
                if let Some(mark) = label {
                    {name_of(mark, end)}
                }
            </svg>
            <input
                type="range" aria-label="Time" min="0" max={end.to_string()} step="any" value={shot.now.to_string()}
                aria-valuetext={format!("{} of {}", millis(shot.now), millis(shot.end))} {oninput}
            />
        </div>
    }
}

fn target_area(target: &web_sys::EventTarget) -> Option<(f64, f64)> {
    use wasm_bindgen::JsCast;
    let area = target.dyn_ref::<Element>()?.get_bounding_client_rect();
    (area.width() > 1.0).then(|| (area.left(), area.width()))
}

fn percent(at: u64, end: u64) -> String {
    // The thumb's middle never reaches the track's ends: the ticks keep to the same part.
    let hundredths = 150 + 9_700 * at / end;
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

fn name_of(mark: &MarkView, end: u64) -> Html {
    let share = mark.at as f64 / end as f64;
    let anchor = if share < 0.3 {
        "start"
    } else if share > 0.7 {
        "end"
    } else {
        "middle"
    };
    html! {
        <text x={percent(mark.at, end)} y="-4" text-anchor={anchor}>{format!("{} · {}", millis(mark.at), mark.label)}</text>
    }
}

fn nearest(marks: &[MarkView], end: u64, share: f64) -> Option<usize> {
    let away = |mark: &MarkView| (0.015 + 0.97 * mark.at as f64 / end as f64 - share).abs();
    marks
        .iter()
        .enumerate()
        .map(|(index, mark)| (index, away(mark), mark.about == About::Lookup))
        .filter(|(_, away, _)| *away < NEAR)
        .min_by(|a, b| b.2.cmp(&a.2).then(a.1.total_cmp(&b.1)))
        .map(|(index, ..)| index)
}
