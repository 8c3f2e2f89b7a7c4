//! The histories: each call a bar from its beginning to its return, below them the replicas over time, and over both the order or the contradiction
//! that the judge has found. Where there is room time runs to the right, on a phone down.

use web_sys::{MouseEvent, PointerEvent};
use yew::{Callback, Html, html};

use chordscope_sim::checks::judge;

use crate::cap::engine::command::{Command, Over, Thing};
use crate::cap::engine::describe::{precedences, reads};
use crate::cap::engine::snapshot::{Kept, OperationView, Order, SideShot, Snapshot};
use crate::cap::engine::statement::system_name;
use crate::cap::panels::picture::{bar_class, guilt, look, px, short_words, version_class};
use crate::cap::panels::{Desk, under};

/// The width of a picture whose time runs to the right, and of one whose time runs down.
const WIDE: f64 = 820.0;
const NARROW: f64 = 356.0;
/// The room before the beginning of time.
const GUTTER: f64 = 70.0;
const TOP: f64 = 34.0;
/// The length of a second where time runs down.
const SECOND: f64 = 36.0;
/// The height of a client's row, and of a replica's lane.
const ROW: f64 = 22.0;
const LANE: f64 = 11.0;
/// The thickness of a bar.
const BAR: f64 = 9.0;
/// The width of a letter.
const LETTER: f64 = 5.9;

/// A plane of time and what lies beside it.
#[derive(Clone, Copy, Debug)]
struct Plane {
    is_tall: bool,
    from: u64,
    to: u64,
    /// The place of the beginning of time, and the length of all.
    start: f64,
    length: f64,
}

impl Plane {
    /// The place of a moment.
    fn along(&self, at: u64) -> f64 {
        let at = at.clamp(self.from, self.to) - self.from;
        self.start + self.length * at as f64 / (self.to - self.from).max(1) as f64
    }

    /// The place of a moment and a place beside time, as x and y.
    fn point(&self, along: f64, across: f64) -> (f64, f64) {
        match self.is_tall {
            true => (across, along),
            false => (along, across),
        }
    }

    /// Whether some of a stretch of time is shown.
    const fn shows(&self, from: u64, to: u64) -> bool {
        to >= self.from && from <= self.to
    }

    /// The corner, width and height of a stretch of time.
    fn area(&self, (from, to): (f64, f64), (near, far): (f64, f64)) -> [String; 4] {
        let (x, y) = self.point(from, near);
        let (width, height) = self.point(to - from, far - near);
        [px(x), px(y), px(width), px(height)]
    }

    fn line(&self, class: &'static str, one: (f64, f64), other: (f64, f64)) -> Html {
        let ((x1, y1), (x2, y2)) = (self.point(one.0, one.1), self.point(other.0, other.1));
        html! { <line {class} x1={px(x1)} y1={px(y1)} x2={px(x2)} y2={px(y2)} /> }
    }

    fn ticks(&self, size: (f64, f64)) -> Html {
        let seconds = self.from.div_ceil(1_000_000)..=self.to / 1_000_000;
        let step = if self.to - self.from > 8_000_000 {
            2
        } else {
            1
        };
        let tick = |second: u64| {
            let along = self.along(second * 1_000_000);
            let (x, y) = if self.is_tall {
                (2.0, along + 4.0)
            } else {
                (along, 10.0)
            };
            let anchor = if self.is_tall { "start" } else { "middle" };
            html! {
                <>
                    {self.line("cap-grid", (along, size.0), (along, size.1))}
                    <text class="cap-axis" x={px(x)} y={px(y)} text-anchor={anchor}>{format!("{second} s")}</text>
                </>
            }
        };
        seconds
            .filter(|second| second % step == 0)
            .map(tick)
            .collect()
    }
}

/// The pictures: one for a wide stage, and one a system for a narrow one. Style shows one of the two.
pub fn histories(desk: &Desk) -> Html {
    let view = &desk.view;
    if view.sides.iter().all(|side| side.operations.is_empty()) {
        return html! {
            <p class="cap-empty">{"No call yet. Put something under the name, then cut the ring between two nodes."}</p>
        };
    }
    html! {
        <div class="cap-histories">
            {wide(desk)}
            <div class="cap-tall">{for view.sides.iter().map(|side| tall(desk, side))}</div>
        </div>
    }
}

fn svg(desk: &Desk, class: &'static str, size: (f64, f64), label: String, content: Html) -> Html {
    let send = desk.send.clone();
    let onpointermove = Callback::from(move |event: PointerEvent| {
        if event.pointer_type() != "touch" {
            send.emit(Command::Hover(under(&event)));
        }
    });
    let onpointerleave = desk.send.reform(|_: PointerEvent| Command::Hover(None));
    let send = desk.send.clone();
    let onclick = Callback::from(move |event: MouseEvent| {
        let over = under(&event);
        // A finger does not hover: what it touches says what it is.
        send.emit(Command::Hover(over));
        match over.map(|over| over.thing) {
            Some(Thing::Bar(number)) => send.emit(Command::Select(number)),
            Some(_) => {}
            None => send.emit(Command::Leave),
        }
    });
    html! {
        <svg {class} viewBox={format!("0 0 {} {}", px(size.0), px(size.1))} role="img" aria-label={label} {onpointermove} {onpointerleave} {onclick}>{content}</svg>
    }
}

/// A picture in words.
fn words(side: &SideShot) -> String {
    let tally = side.view.tally;
    format!(
        "{}: {} calls, {} fresh, {} stale, {} conflicting, {} refused, {} in flight. The table History has them.",
        system_name(side.view.system),
        tally.called,
        tally.fresh,
        tally.stale,
        tally.conflicting,
        tally.refused,
        tally.in_flight
    )
}

fn wide(desk: &Desk) -> Html {
    let view = &desk.view;
    let plane = Plane {
        is_tall: false,
        from: view.window.0,
        to: view.window.1,
        start: GUTTER,
        length: WIDE - GUTTER - 8.0,
    };
    let block = |side: &SideShot| {
        16.0 + ROW * view.clients.len() as f64 + LANE * side.lanes.len() as f64 + 7.0
    };
    let height = 14.0 + view.sides.iter().map(block).sum::<f64>();
    let mut top = 14.0;
    let mut blocks = Vec::new();
    for side in &view.sides {
        let across = Across {
            clients: (top + 16.0, ROW, view.clients.len()),
            lanes: (top + 16.0 + ROW * view.clients.len() as f64 + 2.0, LANE),
            end: top + block(side) - 6.0,
        };
        let (no, said) = verdict(side);
        blocks.push(html! {
            <>
                <text class="cap-run" x="2" y={px(top + 12.0)}>{system_name(side.view.system)}</text>
                <text class={no} x={px(WIDE - 8.0)} y={px(top + 12.0)} text-anchor="end">{said}</text>
                {marks(view, side, plane, &across)}
            </>
        });
        top += block(side);
    }
    let label = view.sides.iter().map(words).collect::<Vec<_>>().join(" ");
    let content = html! {
        <>
            {plane.ticks((14.0, height))}
            {cuts(view, plane, (14.0, height))}
            {for blocks}
            {now(view, plane, (14.0, height))}
        </>
    };
    svg(desk, "cap-history", (WIDE, height), label, content)
}

fn tall(desk: &Desk, side: &SideShot) -> Html {
    let view = &desk.view;
    let seconds = (view.window.1 - view.window.0) as f64 / 1e6;
    let plane = Plane {
        is_tall: true,
        from: view.window.0,
        to: view.window.1,
        start: TOP,
        length: seconds * SECOND,
    };
    let lanes = side.lanes.len() as f64 * LANE;
    let row = (NARROW - 34.0 - lanes - 6.0) / view.clients.len().max(1) as f64;
    let across = Across {
        clients: (34.0, row, view.clients.len()),
        lanes: (NARROW - lanes - 2.0, LANE),
        end: NARROW,
    };
    let height = TOP + plane.length + 6.0;
    let (no, said) = verdict(side);
    let content = html! {
        <>
            {plane.ticks((30.0, NARROW))}
            {cuts(view, plane, (30.0, NARROW))}
            {marks(view, side, plane, &across)}
            {now(view, plane, (30.0, NARROW))}
        </>
    };
    html! {
        <figure class="cap-phone">
            <figcaption><b>{system_name(side.view.system)}</b>{" "}<span class={no}>{said}</span></figcaption>
            {svg(desk, "cap-history", (NARROW, height), words(side), content)}
        </figure>
    }
}

/// The judgement in short: its class, and its words.
fn verdict(side: &SideShot) -> (&'static str, String) {
    match side.order() {
        Order::NoCall | Order::NoAnswer => ("cap-says", "no answer yet".to_owned()),
        Order::Found => ("cap-says cap-says--yes", "linearizable".to_owned()),
        Order::NotKnown => ("cap-says", "too many orders to judge".to_owned()),
        Order::Missing => (
            "cap-says cap-says--no",
            format!(
                "not linearizable: {} calls contradict",
                side.view.contradiction().len()
            ),
        ),
    }
}

/// The places beside time: the first client's, the distance of two and their number; the same of lanes; the end.
#[derive(Clone, Copy, Debug)]
struct Across {
    clients: (f64, f64, usize),
    lanes: (f64, f64),
    end: f64,
}

impl Across {
    /// The near edge of a client's bars.
    fn bar(&self, client: u8, is_tall: bool) -> f64 {
        let (first, row, _) = self.clients;
        let below = if is_tall { 2.0 } else { row - BAR - 2.0 };
        first + row * f64::from(client) + below
    }
}

fn cuts(view: &Snapshot, plane: Plane, size: (f64, f64)) -> Html {
    let cut = |(from, to): &(u64, Option<u64>)| {
        let end = to.unwrap_or(view.time.now.max(*from));
        if !plane.shows(*from, end) {
            return Html::default();
        }
        let [x, y, width, height] = plane.area((plane.along(*from), plane.along(end)), size);
        html! {
            <>
                <rect class="cap-shade" {x} {y} {width} {height} />
                {plane.line("cap-edge", (plane.along(*from), size.0), (plane.along(*from), size.1))}
                if to.is_some() {
                    {plane.line("cap-edge", (plane.along(end), size.0), (plane.along(end), size.1))}
                }
            </>
        }
    };
    view.cuts.iter().map(cut).collect()
}

fn now(view: &Snapshot, plane: Plane, size: (f64, f64)) -> Html {
    let along = plane.along(view.time.now);
    plane.line("cap-now", (along, size.0), (along, size.1))
}

/// All marks of a system.
fn marks(view: &Snapshot, side: &SideShot, plane: Plane, across: &Across) -> Html {
    let middle = |one: &OperationView| across.bar(one.client, plane.is_tall) + BAR / 2.0;
    html! {
        <>
            {for view.clients.iter().enumerate().map(|(place, (name, node))| client(plane, across, place, name, node))}
            {for side.lanes.iter().enumerate().map(|(place, _)| lane(view, side, plane, across, place))}
            {for side.operations.iter().map(|one| bar(view, side, plane, across, one))}
            {order(side, plane, middle)}
            {proof(side, plane, middle)}
            {clashes(side, plane, across)}
        </>
    }
}

fn client(plane: Plane, across: &Across, place: usize, name: &str, node: &str) -> Html {
    let (first, row, _) = across.clients;
    let near = first + row * place as f64;
    let client = u8::try_from(place).unwrap_or(u8::MAX);
    let middle = across.bar(client, plane.is_tall) + BAR / 2.0;
    let name: String = name.chars().take(9).collect();
    html! {
        <>
            {plane.line("cap-row-line", (plane.start, middle), (plane.start + plane.length, middle))}
            if plane.is_tall {
                <text class="cap-client" x={px(near)} y="12">{name}</text>
                <text class="cap-axis" x={px(near)} y="26">{format!("at {node}")}</text>
            } else {
                <text class="cap-client" x="2" y={px(middle + 4.0)}>{name}</text>
                <text class="cap-axis" x={px(GUTTER - 6.0)} y={px(middle + 4.0)} text-anchor="end">{node.to_owned()}</text>
            }
        </>
    }
}

fn bar(
    view: &Snapshot,
    side: &SideShot,
    plane: Plane,
    across: &Across,
    one: &OperationView,
) -> Html {
    let end = one.returned.unwrap_or(view.time.now);
    if !plane.shows(one.called, end) {
        return Html::default();
    }
    let (from, to) = (
        plane.along(one.called),
        plane.along(end).max(plane.along(one.called) + 5.0),
    );
    let (level, levels) = level(side, one);
    let thick = BAR / levels;
    let near = across.bar(one.client, plane.is_tall) + thick * level;
    let far = near + thick;
    let class = bar_class(one.verdict.as_ref()).0;
    let over = Over {
        system: side.view.system,
        thing: Thing::Bar(one.number),
    };
    let shape = shape(plane, one, (from, to), (near, far));
    let is_refused = class == "cap-bar cap-bar--refused";
    let middle = f64::midpoint(near, far);
    let selected = view.selected == Some(one.number);
    let guilt = guilt(side, one.number);
    let (room_from, room_to) = (from - 3.0, to.max(from + 14.0) + 3.0);
    let hit = plane.area(
        (room_from, room_to),
        match plane.is_tall {
            true => (near - 4.0, near + across.clients.1 - 8.0),
            false => (near - 12.0, far + 2.0),
        },
    );
    let around = plane.area((from - 2.5, to + 2.5), (near - 2.5, far + 2.5));
    html! {
        <g key={one.number}>
            {shape}
            if is_refused {
                {plane.line("cap-strike", (from, middle), (to, middle))}
            }
            if selected {
                <rect class="cap-selected" x={around[0].clone()} y={around[1].clone()} width={around[2].clone()} height={around[3].clone()} rx="4" />
            }
            {said(view, side, plane, one, (from, near, far))}
            if let Some(number) = guilt {
                <rect class="cap-guilt" x={around[0].clone()} y={around[1].clone()} width={around[2].clone()} height={around[3].clone()} rx="4" />
                {badge(plane, number, (from - 3.0, near - 1.0))}
            }
            <rect class="cap-hit" data-over={over.mark()} x={hit[0].clone()} y={hit[1].clone()} width={hit[2].clone()} height={hit[3].clone()} />
        </g>
    }
}

/// The shape of a bar, by its verdict.
fn shape(
    plane: Plane,
    one: &OperationView,
    (from, to): (f64, f64),
    (near, far): (f64, f64),
) -> Html {
    let thick = far - near;
    let (class, fill, _) = bar_class(one.verdict.as_ref());
    match class {
        "cap-bar cap-bar--conflicting" => {
            let tip = ((to - from) / 3.0).min(5.0);
            let middle = f64::midpoint(near, far);
            let corners = [
                (from, middle),
                (from + tip, near),
                (to - tip, near),
                (to, middle),
                (to - tip, far),
                (from + tip, far),
            ];
            let corners = corners.map(|(along, across)| {
                let (x, y) = plane.point(along, across);
                format!("{x:.1} {y:.1}")
            });
            html! { <path {class} d={format!("M{}z", corners.join("L"))} /> }
        }
        "cap-bar cap-bar--flight" => {
            let corners = [(to, near), (from, near), (from, far), (to, far)];
            let corners = corners.map(|(along, across)| {
                let (x, y) = plane.point(along, across);
                format!("{x:.1} {y:.1}")
            });
            html! { <path {class} d={format!("M{}", corners.join("L"))} /> }
        }
        _ => {
            let round = if class == "cap-bar cap-bar--fresh" {
                px(thick / 2.0)
            } else {
                "0".to_owned()
            };
            let [x, y, width, height] = plane.area((from, to), (near, far));
            html! { <rect {class} {fill} {x} {y} {width} {height} rx={round} /> }
        }
    }
}

fn badge(plane: Plane, number: u32, place: (f64, f64)) -> Html {
    let (x, y) = plane.point(place.0, place.1);
    html! {
        <>
            <circle class="cap-badge" cx={px(x)} cy={px(y)} r="5.5" />
            <text class="cap-badge-number" x={px(x)} y={px(y + 3.2)} text-anchor="middle">{number}</text>
        </>
    }
}

/// The words of a bar: as many as there is room for until the next bar of its client.
fn said(
    view: &Snapshot,
    side: &SideShot,
    plane: Plane,
    one: &OperationView,
    (from, near, far): (f64, f64, f64),
) -> Html {
    let words = short_words(one);
    let wide = |text: &String| text.chars().count() as f64 * LETTER;
    let (text, x, y) = if plane.is_tall {
        let room = (NARROW - 34.0 - side.lanes.len() as f64 * LANE)
            / view.clients.len().max(1) as f64
            - BAR
            - 8.0;
        let text = words.into_iter().find(|text| wide(text) <= room);
        (text, far + 4.0, from + 9.0)
    } else {
        let later = side.operations.iter().filter(|other| {
            other.client == one.client && (other.called, other.number) > (one.called, one.number)
        });
        let next = later
            .map(|other| plane.along(other.called))
            .fold(f64::MAX, f64::min);
        let room = next.min(plane.start + plane.length + 8.0) - from - 4.0;
        let text = words.into_iter().find(|text| wide(text) <= room);
        (
            text,
            from + if guilt(side, one.number).is_some() {
                5.0
            } else {
                0.0
            },
            near - 3.0,
        )
    };
    let class = match bar_class(one.verdict.as_ref()).0 {
        "cap-bar cap-bar--stale" => "cap-what cap-what--stale",
        "cap-bar cap-bar--conflicting" => "cap-what cap-what--conflicting",
        "cap-bar cap-bar--refused" => "cap-what cap-what--refused",
        _ => "cap-what",
    };
    match text {
        Some(text) => html! { <text {class} x={px(x)} y={px(y)}>{text}</text> },
        None => Html::default(),
    }
}

/// The level of a bar among those of its client that are under way at one time, and the number of levels.
fn level(side: &SideShot, one: &OperationView) -> (f64, f64) {
    let meets = |other: &&OperationView| {
        other.client == one.client
            && other.returned.is_none_or(|at| at > one.called)
            && one.returned.is_none_or(|at| at > other.called)
    };
    let together: Vec<_> = side.operations.iter().filter(meets).collect();
    let level = together
        .iter()
        .filter(|other| other.number < one.number)
        .count();
    (level as f64, together.len().max(1) as f64)
}

/// The replica of a node over time.
fn lane(view: &Snapshot, side: &SideShot, plane: Plane, across: &Across, place: usize) -> Html {
    let Some(lane) = side.lanes.get(place) else {
        return Html::default();
    };
    let near = across.lanes.0 + across.lanes.1 * place as f64;
    let (near, far) = (near + 1.0, near + across.lanes.1 - 1.5);
    let name = view.nodes.get(lane.node).map(|node| node.id.clone());
    let (name_x, name_y, anchor) = match plane.is_tall {
        true => (f64::midpoint(near, far), 26.0, "middle"),
        false => (GUTTER - 6.0, far - 0.5, "end"),
    };
    let ends = lane.steps.iter().skip(1).map(|(at, _)| *at);
    let ends = ends.chain([view.time.now]);
    let piece = |((from, version), to): (&Kept, u64)| {
        let (version, value) = version.as_ref()?;
        if !plane.shows(*from, to) {
            return None;
        }
        let over = Over {
            system: side.view.system,
            thing: Thing::Lane(lane.node, *from),
        };
        let look = look(side, *version);
        let (class, fill) = version_class(look);
        let (begins, ends) = (plane.along(*from), plane.along(to));
        let [x, y, width, height] = plane.area((begins, ends), (near, far));
        let text = format!("{} {value}", version.sequence);
        let has_room = !plane.is_tall && text.chars().count() as f64 * LETTER < ends - begins - 6.0;
        Some(html! {
            <>
                <rect {class} {fill} data-over={over.mark()} {x} {y} {width} {height} />
                if has_room {
                    <text class={if look == 1 { "cap-in cap-in--full" } else { "cap-in" }} x={px(begins + 4.0)} y={px(far - 1.2)}>{text}</text>
                }
            </>
        })
    };
    html! {
        <>
            <text class="cap-lane-name" x={px(name_x)} y={px(name_y)} text-anchor={anchor}>{name}</text>
            {for lane.steps.iter().zip(ends).filter_map(piece)}
        </>
    }
}

/// The order in which calls take effect, as the judge has found it.
fn order(side: &SideShot, plane: Plane, middle: impl Fn(&OperationView) -> f64) -> Html {
    let points = match &side.view.judgement {
        judge::Verdict::Linearizable(points) => points.as_slice(),
        judge::Verdict::Contradiction { longest, .. } => longest,
        judge::Verdict::GaveUp => &[],
    };
    let places: Vec<(f64, f64)> = points
        .iter()
        .filter_map(|point| {
            let one = side.operations.get(point.operation as usize)?;
            let at = point.at.as_micros();
            plane
                .shows(at, at)
                .then(|| plane.point(plane.along(at), middle(one)))
        })
        .collect();
    let line: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    html! {
        <g class="cap-points">
            <polyline class="cap-order" points={line.join(" ")} />
            {for places.iter().map(|(x, y)| html! { <circle class="cap-point" cx={px(*x)} cy={px(*y)} r="2.4" /> })}
        </g>
    }
}

/// The contradiction: who had returned before whom, and who read what whom wrote.
fn proof(side: &SideShot, plane: Plane, middle: impl Fn(&OperationView) -> f64) -> Html {
    let set = side.view.contradiction();
    let member = |place: u32| {
        let number = set.get(place as usize - 1)?;
        side.operations.get(*number as usize)
    };
    let arrow = |class: &'static str, from: (u64, f64), to: (u64, f64)| {
        if !plane.shows(from.0, to.0) {
            return Html::default();
        }
        let ((x1, y1), (x2, y2)) = (
            plane.point(plane.along(from.0), from.1),
            plane.point(plane.along(to.0), to.1),
        );
        html! { <line {class} marker-end="url(#cap-arrow)" x1={px(x1)} y1={px(y1)} x2={px(x2)} y2={px(y2)} /> }
    };
    let before = precedences(&side.view, &side.operations).filter_map(|(first, second)| {
        let (first, second) = (member(first)?, member(second)?);
        Some(arrow(
            "cap-proof",
            (first.returned?, middle(first)),
            (second.called, middle(second)),
        ))
    });
    let read = reads(&side.view).filter_map(|(reader, writer)| {
        let (reader, writer) = (member(reader)?, member(writer)?);
        Some(arrow(
            "cap-proof cap-proof--read",
            (writer.called, middle(writer) - BAR / 2.0),
            (reader.returned?, middle(reader) - BAR / 2.0),
        ))
    });
    html! { <g class="cap-points">{for before}{for read}</g> }
}

/// The moments at which two versions met, and at which an order was refunded: from the replicas to the client that pays.
fn clashes(side: &SideShot, plane: Plane, across: &Across) -> Html {
    let lanes = across.lanes.0;
    let far = lanes + across.lanes.1 * side.lanes.len() as f64;
    let clash = |(at, _): &(
        chordscope_core::base::time::Instant,
        chordscope_sim::checks::history::Version,
    )| {
        let at = at.as_micros();
        if !plane.shows(at, at) {
            return Html::default();
        }
        let along = plane.along(at);
        let (x, y) = match plane.is_tall {
            true => (lanes - 3.0, along - 3.0),
            false => (along - 4.0, across.end),
        };
        html! {
            <>
                {plane.line("cap-clash", (along, lanes - 1.0), (along, far))}
                <text class="cap-clash-name" x={px(x)} y={px(y)} text-anchor="end">{"conflict"}</text>
            </>
        }
    };
    let refund = |refund: &chordscope_sim::worlds::consistency::shop::Refund| {
        let at = refund.at.as_micros();
        let order = side.operations.get(refund.order as usize)?;
        if !plane.shows(at, at) {
            return None;
        }
        let along = plane.along(at);
        let near = across.bar(order.client, plane.is_tall);
        let (x, y) = match plane.is_tall {
            true => (near + BAR + 4.0, along + 10.0),
            false => (along + 3.0, near + BAR - 1.0),
        };
        Some(html! {
            <>
                {plane.line("cap-clash", (along, near), (along, far))}
                <text class="cap-clash-name" x={px(x)} y={px(y)}>{"refund"}</text>
            </>
        })
    };
    html! {
        <g class="cap-points">
            {for side.view.decisions.iter().map(clash)}
            {for side.view.refunds.iter().filter_map(refund)}
        </g>
    }
}
