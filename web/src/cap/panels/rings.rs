//! The systems side by side: the nodes of each on the circle, with the version that each replica keeps; a line that is drawn through one cuts it.

use web_sys::{Element, MouseEvent, PointerEvent};
use yew::{
    Callback, Html, Properties, classes, component, html, use_mut_ref, use_node_ref, use_state_eq,
};

use crate::cap::engine::command::{Command, Over, Thing};
use crate::cap::engine::snapshot::{SideShot, Snapshot};
use crate::cap::engine::statement::system_name;
use crate::cap::panels::picture::{look, px, version_class};
use crate::cap::panels::{Desk, say, under};
use crate::page;
use crate::player::View;
use crate::scene::circle::on_circle;

/// The width and height of a picture, and its middle.
const SIZE: (f64, f64) = (210.0, 164.0);
const MIDDLE: (f64, f64) = (105.0, 79.0);
/// The radius of the circle of nodes.
const RADIUS: f64 = 56.0;
/// The radius at which the replicas lie.
const INSIDE: f64 = 40.0;
/// The radius at which nodes and their clients are named.
const OUTSIDE: f64 = 70.0;
/// A pointer that has moved so far, in the picture's own units, draws a line.
const DRAG: f64 = 8.0;

/// The place of a turn at a distance from the middle.
fn at(turn: f64, radius: f64) -> (f64, f64) {
    let (right, up) = on_circle(turn);
    (MIDDLE.0 + radius * right, MIDDLE.1 - radius * up)
}

/// The side of a text on which a turn of the circle is.
fn anchor(turn: f64) -> &'static str {
    match on_circle(turn).0 {
        right if right > 0.25 => "start",
        right if right < -0.25 => "end",
        _ => "middle",
    }
}

/// The pictures in a row.
pub fn rings(desk: &Desk) -> Html {
    let count = desk.view.sides.len();
    let class = if count > 1 {
        "cap-pair"
    } else {
        "cap-pair cap-pair--one"
    };
    html! {
        <div {class}>
            for place in 0..count {
                <RingView key={place} view={desk.view.clone()} send={desk.send.clone()} {place} />
            }
        </div>
    }
}

/// A picture of a system.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct RingProps {
    /// The last snapshot.
    pub view: View<Snapshot>,
    /// Takes commands.
    pub send: Callback<Command>,
    /// The system, by its place among those that are shown.
    pub place: usize,
}

/// A line that is being drawn.
type Drawn = Option<((f64, f64), (f64, f64))>;

/// The picture, and a table of the replicas beside it.
#[component]
pub fn RingView(props: &RingProps) -> Html {
    let svg = use_node_ref();
    let from = use_mut_ref(|| None::<(f64, f64)>);
    let line = use_state_eq(|| Drawn::None);
    let was_drawn = use_mut_ref(|| false);
    let Some(shot) = props.view.sides.get(props.place) else {
        return Html::default();
    };
    let place = {
        let svg = svg.clone();
        move |event: &PointerEvent| {
            let place = page::place(event, &svg)?;
            let scale = (SIZE.0 / place.width).max(SIZE.1 / place.height);
            let (left, top) = (
                (place.width - SIZE.0 / scale) / 2.0,
                (place.height - SIZE.1 / scale) / 2.0,
            );
            Some((
                (place.point.x - left) * scale,
                (place.point.y - top) * scale,
            ))
        }
    };
    let onpointerdown = {
        let (from, place, was_drawn) = (from.clone(), place.clone(), was_drawn.clone());
        Callback::from(move |event: PointerEvent| {
            *was_drawn.borrow_mut() = false;
            if event.button() == 0 {
                *from.borrow_mut() = place(&event);
            }
        })
    };
    let onpointermove = {
        let (from, line, svg, was_drawn) =
            (from.clone(), line.clone(), svg.clone(), was_drawn.clone());
        let (place, send) = (place, props.send.clone());
        Callback::from(move |event: PointerEvent| {
            let begun = *from.borrow();
            let Some((begun, now)) = begun.zip(place(&event)) else {
                if event.pointer_type() != "touch" {
                    send.emit(Command::Hover(under(&event)));
                }
                return;
            };
            let far = (now.0 - begun.0).abs() + (now.1 - begun.1).abs();
            if far > DRAG && !*was_drawn.borrow() {
                *was_drawn.borrow_mut() = true;
                if let Some(svg) = svg.cast::<Element>() {
                    // The line goes on where the pointer leaves the picture.
                    let _ = svg.set_pointer_capture(event.pointer_id());
                }
            }
            if *was_drawn.borrow() {
                line.set(Some((begun, now)));
            }
        })
    };
    let end = {
        let (from, line) = (from.clone(), line.clone());
        move || {
            *from.borrow_mut() = None;
            line.set(None);
        }
    };
    let onpointerup = {
        let (end, line) = (end.clone(), line.clone());
        let (send, view) = (props.send.clone(), props.view.clone());
        Callback::from(move |_: PointerEvent| {
            if let Some((one, other)) = *line {
                send.emit(Command::CutOff(beyond(&view, one, other)));
            }
            end();
        })
    };
    let onpointercancel = Callback::from(move |_: PointerEvent| end());
    let onpointerleave = props.send.reform(|_: PointerEvent| Command::Hover(None));
    let onclick = {
        let send = props.send.clone();
        Callback::from(move |event: MouseEvent| {
            if *was_drawn.borrow() {
                return;
            }
            let over = under(&event);
            // A finger does not hover: what it touches says what it is.
            send.emit(Command::Hover(over));
            if let Some(Over {
                thing: Thing::Node(place),
                ..
            }) = over
            {
                send.emit(Command::Mark(place));
            }
        })
    };
    let head = system_name(shot.view.system);
    let words = words(&props.view, shot);
    html! {
        <figure class="cap-side">
            <svg ref={svg} class="cap-ring" viewBox={format!("0 0 {} {}", SIZE.0, SIZE.1)} role="img" aria-label={format!("{head}: {words}")} {onpointerdown} {onpointermove} {onpointerup} {onpointercancel} {onpointerleave} {onclick}>
                {draw(&props.view, shot)}
                if let Some(((x1, y1), (x2, y2))) = *line {
                    <line class="cap-cut cap-cut--drawn" x1={px(x1)} y1={px(y1)} x2={px(x2)} y2={px(y2)} />
                }
            </svg>
            <div class="cap-beside">
                <figcaption><b>{&head}</b><small>{note(shot)}</small></figcaption>
                {copies(&props.view, shot)}
            </div>
        </figure>
    }
}

/// The nodes on one side of a line: the side with fewer.
fn beyond(view: &Snapshot, one: (f64, f64), other: (f64, f64)) -> Vec<usize> {
    let is_right = |turn: f64| {
        let (x, y) = at(turn, RADIUS);
        (other.0 - one.0) * (y - one.1) - (other.1 - one.1) * (x - one.0) > 0.0
    };
    let nodes = view.nodes.iter().enumerate();
    let (right, left): (Vec<usize>, Vec<usize>) = {
        let sides = nodes.map(|(place, node)| (place, is_right(node.turn)));
        let (right, left): (Vec<_>, Vec<_>) = sides.partition(|(_, is_right)| *is_right);
        let places = |side: Vec<(usize, bool)>| side.into_iter().map(|(place, _)| place).collect();
        (places(right), places(left))
    };
    if right.len() < left.len() {
        right
    } else {
        left
    }
}

fn note(shot: &SideShot) -> String {
    let tally = shot.view.tally;
    let returned = tally.called - tally.in_flight;
    format!("answered {} of {returned}", tally.answered)
}

fn draw(view: &Snapshot, shot: &SideShot) -> Html {
    let is_ring = view.key.is_some();
    html! {
        <>
            if is_ring {
                <circle class="cap-band" cx={px(MIDDLE.0)} cy={px(MIDDLE.1)} r={px(RADIUS)} />
            } else {
                {wires(view)}
            }
            if let Some((key, turn)) = &view.key {
                {key_mark(key, *turn)}
            }
            {cut(view)}
            {for view.nodes.iter().enumerate().map(|(place, _)| node(view, shot, place))}
            {for shot.flights.iter().map(|flight| {
                let ((x, y), (to_x, to_y)) = (at(view.nodes[flight.from].turn, RADIUS), at(view.nodes[flight.to].turn, RADIUS));
                let share = f64::from(flight.share) / 1_000.0;
                let class = if flight.is_cut { "cap-dot cap-dot--lost" } else { "cap-dot" };
                let over = Over { system: shot.view.system, thing: Thing::Message(flight.number) };
                html! { <circle key={flight.number} {class} data-over={over.mark()} cx={px(x + (to_x - x) * share)} cy={px(y + (to_y - y) * share)} r="3.2" /> }
            })}
        </>
    }
}

/// The ways between the machines of a build-up.
fn wires(view: &Snapshot) -> Html {
    let places: Vec<(f64, f64)> = view
        .nodes
        .iter()
        .map(|node| at(node.turn, RADIUS))
        .collect();
    let pairs = places
        .iter()
        .enumerate()
        .flat_map(|(at, one)| places[at + 1..].iter().map(move |other| (*one, *other)));
    pairs
        .map(|((x1, y1), (x2, y2))| html! { <line class="cap-wire" x1={px(x1)} y1={px(y1)} x2={px(x2)} y2={px(y2)} /> })
        .collect()
}

fn key_mark(key: &str, turn: f64) -> Html {
    let (x, y) = at(turn, RADIUS);
    let (text_x, text_y) = at(turn, OUTSIDE);
    html! {
        <>
            <path class="cap-key" d={format!("M{x:.1} {:.1}l5 5-5 5-5-5z", y - 5.0)} />
            <text class="cap-key-name" x={px(text_x)} y={px(text_y + 4.0)} text-anchor={anchor(turn)}>{format!("key {key}")}</text>
        </>
    }
}

/// The cut: where neighbours on the circle lie on either side of it. Two such places are joined to one line.
fn cut(view: &Snapshot) -> Html {
    let count = view.nodes.len();
    let mut gaps = Vec::new();
    for (place, node) in view.nodes.iter().enumerate() {
        let next = &view.nodes[(place + 1) % count];
        if node.is_cut != next.is_cut {
            let far = (next.turn - node.turn).rem_euclid(1.0);
            gaps.push((node.turn + far / 2.0).rem_euclid(1.0));
        }
    }
    let line = |(x1, y1): (f64, f64), (x2, y2): (f64, f64)| {
        html! { <line class="cap-cut" x1={px(x1)} y1={px(y1)} x2={px(x2)} y2={px(y2)} /> }
    };
    match gaps[..] {
        [one, other] => {
            let ((x1, y1), (x2, y2)) = (at(one, RADIUS), at(other, RADIUS));
            let longer = |from: f64, to: f64| to + (to - from) * 0.18;
            let ends = (
                (longer(x2, x1), longer(y2, y1)),
                (longer(x1, x2), longer(y1, y2)),
            );
            line(ends.0, ends.1)
        }
        _ => gaps
            .iter()
            .map(|turn| line(at(*turn, RADIUS - 14.0), at(*turn, RADIUS + 14.0)))
            .collect(),
    }
}

fn node(view: &Snapshot, shot: &SideShot, place: usize) -> Html {
    let Some((node, replica)) = view.nodes.get(place).zip(shot.view.replicas.get(place)) else {
        return Html::default();
    };
    let (x, y) = at(node.turn, RADIUS);
    let over = Over {
        system: shot.view.system,
        thing: Thing::Node(place),
    };
    let mut class = "cap-node".to_owned();
    for (is, more) in [
        (!replica.is_up, " cap-node--down"),
        (replica.is_responsible && replica.is_up, " cap-node--owner"),
        (node.is_marked, " cap-node--marked"),
    ] {
        if is {
            class += more;
        }
    }
    let replica_mark = replica.version.map(|version| {
        let (x, y) = at(node.turn, INSIDE);
        let (class, fill) = version_class(look(shot, version));
        // A replica beyond the group is one that was made during a cut.
        let half = if replica.is_of_group { 5.0 } else { 3.0 };
        html! { <path {class} {fill} d={format!("M{x:.1} {:.1}l{half} {half}-{half} {half}-{half}-{half}z", y - half)} /> }
    });
    let (_, up) = on_circle(node.turn);
    let anchor = anchor(node.turn);
    let (name_x, name_y) = at(node.turn, OUTSIDE);
    let clients = node.clients.join(", ");
    let id = html! { <tspan class="cap-id">{&node.id}</tspan> };
    let who = html! { <tspan class="cap-who">{clients.clone()}</tspan> };
    // The id is next to the node.
    let name = match (clients.is_empty(), anchor) {
        (true, _) => id,
        (false, "end") => html! { <>{who}{" "}{id}</> },
        (false, _) => html! { <>{id}{" "}{who}</> },
    };
    html! {
        <g key={place}>
            {replica_mark.unwrap_or_default()}
            <circle {class} cx={px(x)} cy={px(y)} r="6.5" />
            <text x={px(name_x)} y={px(name_y + 4.0 - 2.0 * up)} text-anchor={anchor}>{name}</text>
            if !replica.is_up {
                <line class="cap-strike--bad" x1={px(x - 7.0)} x2={px(x + 7.0)} y1={px(y)} y2={px(y)} />
            }
            <circle class="cap-hit" data-over={over.mark()} cx={px(x)} cy={px(y)} r="10" />
        </g>
    }
}

/// The picture in words.
fn words(view: &Snapshot, shot: &SideShot) -> String {
    let count = |is: fn(&crate::cap::engine::snapshot::NodeView) -> bool| {
        view.nodes.iter().filter(|node| is(node)).count()
    };
    let cut = count(|node| node.is_cut);
    let up = count(|node| node.is_up);
    let mut text = format!("{up} of {} nodes are up.", view.nodes.len());
    if cut > 0 {
        text += &format!(" {cut} are cut off from the others.");
    }
    let responsible = shot.view.replicas.iter().filter(|one| one.is_responsible);
    let responsible = responsible.count();
    if view.key.is_some() {
        text += &format!(" {responsible} think that they are responsible for the key.");
    }
    text
}

/// The table of the replicas: those of the group, and others that keep the name now.
fn copies(view: &Snapshot, shot: &SideShot) -> Html {
    let rows = view.nodes.iter().zip(&shot.view.replicas);
    let rows = rows.filter(|(_, replica)| replica.is_of_group || replica.version.is_some());
    let value = |version: chordscope_sim::checks::history::Version| {
        let one = shot.operations.get(version.by as usize);
        let value = one.and_then(|one| one.deed.value()).unwrap_or_default();
        format!("{} “{value}”", version.sequence)
    };
    html! {
        <div class="cap-copies">
            <table aria-label={format!("Replicas: {}", system_name(shot.view.system))}>
                <thead><tr><th scope="col">{"Node"}</th><th scope="col">{"Keeps"}</th></tr></thead>
                <tbody>
                    for (node, replica) in rows {
                        <tr key={node.id.clone()} class={node.is_cut.then_some("cap-off")}>
                            <th scope="row">{&node.id}</th>
                            <td>{match (replica.is_up, replica.version) {
                                (false, _) => "down".to_owned(),
                                (true, Some(version)) => value(version),
                                (true, None) => "nothing".to_owned(),
                            }}</td>
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}

/// The hint about what the pointer is over.
pub fn hint_line(desk: &Desk) -> Html {
    let view = &desk.view;
    let says = (!view.hint.is_empty()).then_some("cap-hint--says");
    html! {
        <p class={classes!("cap-hint", says)} aria-hidden="true">
            if view.hint.is_empty() {
                {"Point at a bar, a node or a message to ask what it is. Drag a line through a ring to cut it."}
            } else {
                {say(&view.hint)}
            }
        </p>
    }
}
