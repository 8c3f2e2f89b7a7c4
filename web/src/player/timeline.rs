//! The slider of time with its map: tall ticks are the hops that are followed, short ones other events, red ones faults.

use chordscope_sim::engine::time_text::time_text;
use web_sys::{HtmlInputElement, InputEvent, PointerEvent};
use yew::{Callback, Html, Properties, TargetCast, component, html, use_node_ref, use_state_eq};

use crate::page;
use crate::player::transport::reached;
use crate::player::{Control, Tick, TickKind, TimeView, View};
use crate::scene::hit::on_track;

/// Ticks closer than this share of the track are drawn once.
const FINEST: f64 = 1.0 / 300.0;

/// Time, and where to go in it.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct TimelineProps {
    /// Time as it is.
    pub time: View<TimeView>,
    /// Takes where to go.
    pub control: Callback<Control>,
}

/// The slider "Time" and its map.
#[component]
pub fn Timeline(props: &TimelineProps) -> Html {
    let named = use_state_eq(|| None::<usize>);
    let map = use_node_ref();
    let time = &props.time;
    let end = time.end.max(1);
    let oninput = props.control.reform(|event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        Control::Seek(input.value_as_number().max(0.0) as u64)
    });
    let onpointermove = {
        let (view, named, map) = (time.clone(), named.clone(), map.clone());
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
    let label = named.and_then(|index| time.ticks.get(index));
    html! {
        <div class="track" {onpointermove} {onpointerleave}>
            <svg ref={map} aria-hidden="true">
                {ticks(time, end)}
                if let Some(tick) = label {
                    {name_of(time, tick, end)}
                }
            </svg>
            <input
                type="range" aria-label="Time" min="0" max={end.to_string()} step="any" value={time.now.to_string()}
                aria-valuetext={[Some(time_text(time.now)), reached(time)].into_iter().flatten().collect::<Vec<_>>().join(", ")} {oninput}
            />
        </div>
    }
}

/// Every tick: its share of the track, and how much it matters.
fn ticks_of(time: &TimeView) -> impl Iterator<Item = (f64, u8)> {
    let end = time.end.max(1) as f64;
    let ticks = time.ticks.iter();
    ticks.map(move |tick| (tick.at as f64 / end, tick.kind as u8))
}

fn percent(at: u64, end: u64) -> String {
    let hundredths = 10_000 * at / end;
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

fn ticks(time: &TimeView, end: u64) -> Html {
    let is_followed = |at: u64| {
        let followed = time.followed;
        followed.is_some_and(|(from, to)| (from..=to).contains(&at))
    };
    let mut last = -1.0;
    time.ticks
        .iter()
        .filter_map(|tick| {
            let share = tick.at as f64 / end as f64;
            let (class, top, bottom) = match tick.kind {
                TickKind::Hop if is_followed(tick.at) => ("hop", "22%", "78%"),
                TickKind::Fault => ("violation", "22%", "78%"),
                TickKind::Deed => ("action", "30%", "70%"),
                TickKind::Hop | TickKind::Other => ("", "36%", "64%"),
            };
            if class.is_empty() && share - last < FINEST {
                return None;
            }
            last = share;
            let x = percent(tick.at, end);
            Some(html! { <line {class} x1={x.clone()} x2={x} y1={top} y2={bottom} /> })
        })
        .collect()
}

fn name_of(time: &TimeView, tick: &Tick, end: u64) -> Html {
    let share = tick.at as f64 / end as f64;
    let anchor = if share < 0.3 {
        "start"
    } else if share > 0.7 {
        "end"
    } else {
        "middle"
    };
    let alike = time.ticks.iter().filter(|other| other.at == tick.at);
    let more = match alike.count() - 1 {
        0 => String::new(),
        more => format!(" · and {more} more"),
    };
    html! {
        <text x={percent(tick.at, end)} y="-4" text-anchor={anchor}>{format!("{} · {}{more}", time_text(tick.at), tick.label)}</text>
    }
}
