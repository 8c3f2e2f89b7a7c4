//! One picture as SVG: peers on a circle, boxes of cards within, cards outside, the way of a lookup. Each mark says by `data-over` what it is.

use yew::{Html, html};

use chordscope_sim::worlds::directory::action::Member;
use chordscope_sim::worlds::directory::setup::Kind;

use crate::directory::engine::command::Over;
use crate::directory::engine::snapshot::{AskedView, MachineView, PeerView, Snapshot};
use crate::directory::panels::route_card::short;
use crate::scene::circle::on_circle;

/// The width and height of a picture.
pub const SIZE: (f64, f64) = (300.0, 260.0);
/// The radius of the circle of peers.
const RADIUS: f64 = 88.0;
/// The distance of two cards beside one another.
const PITCH: f64 = 5.0;
/// The most rows of cards beside a peer; the hint has their number.
const ROWS: usize = 7;
/// The cards of a row beside a peer.
const WIDE: usize = 3;

/// The radii at which the name of a peer may stand, the best first.
const NAMES: [f64; 6] = [
    RADIUS - 15.0,
    RADIUS + 17.0,
    RADIUS - 29.0,
    RADIUS + 30.0,
    RADIUS - 43.0,
    RADIUS + 42.0,
];
/// The width of a digit of a name, and its height.
const DIGIT: (f64, f64) = (7.0, 12.0);

/// The mark of a thing, for `data-over`.
fn mark(over: Over) -> String {
    let name = |member| match member {
        Member::Directory => "d".to_owned(),
        Member::Tracker(number) => format!("t{number}"),
        Member::Peer(place) => format!("p{place}"),
    };
    match over {
        Over::Member(member) => name(member),
        Over::Card(member, title) => format!("{}.{title}", name(member)),
    }
}

/// Reads a mark.
pub fn read_mark(text: &str) -> Option<Over> {
    let (name, title) = match text.split_once('.') {
        Some((name, title)) => (name, Some(title.parse().ok()?)),
        None => (text, None),
    };
    let member = match name.split_at_checked(1)? {
        ("d", "") => Member::Directory,
        ("t", number) => Member::Tracker(number.parse().ok()?),
        ("p", place) => Member::Peer(place.parse().ok()?),
        _ => return None,
    };
    Some(title.map_or(Over::Member(member), |title| Over::Card(member, title)))
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// The place of a peer.
fn peer_at(turn: f64, radius: f64) -> (f64, f64) {
    let (right, up) = on_circle(turn);
    (SIZE.0 / 2.0 + radius * right, SIZE.1 / 2.0 - radius * up)
}

/// The middles of the names of peers at these turns, whose texts have so many digits: each where it covers no other, if there is room.
fn name_places(peers: impl Iterator<Item = (f64, usize)>) -> Vec<(f64, f64)> {
    let mut placed: Vec<(f64, f64, f64)> = Vec::new();
    for (turn, digits) in peers {
        let wide = DIGIT.0 * digits as f64;
        let is_free = |(x, y): &(f64, f64)| {
            let covers = |(other_x, other_y, other_wide): &(f64, f64, f64)| {
                (x - other_x).abs() < (wide + other_wide) / 2.0 && (y - other_y).abs() < DIGIT.1
            };
            !placed.iter().any(covers)
        };
        let all = NAMES.map(|radius| peer_at(turn, radius));
        let (x, y) = all.into_iter().find(is_free).unwrap_or(all[0]);
        placed.push((x, y, wide));
    }
    placed.into_iter().map(|(x, y, _)| (x, y)).collect()
}

/// The places of so many boxes, and their width and height.
fn boxes(count: usize) -> Vec<(f64, f64, f64, f64)> {
    if count == 1 {
        return vec![(SIZE.0 / 2.0 - 42.0, SIZE.1 / 2.0 - 30.0, 84.0, 60.0)];
    }
    let across = (1..).find(|across| across * across >= count).unwrap_or(1);
    let down = count.div_ceil(across);
    let (wide, tall) = (104.0 / across as f64, 96.0 / down as f64);
    let place = |number: usize| {
        let (column, row) = ((number % across) as f64, (number / across) as f64);
        (
            SIZE.0 / 2.0 - 52.0 + column * wide + 2.0,
            SIZE.1 / 2.0 - 48.0 + row * tall + 2.0,
            wide - 4.0,
            tall - 4.0,
        )
    };
    (0..count).map(place).collect()
}

/// A picture of one kind of directory.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// The page.
    pub shot: &'a Snapshot,
    /// The kind that is drawn.
    pub kind: Kind,
    /// Whether what the asker knows is drawn instead of cards.
    pub knows: bool,
}

impl Picture<'_> {
    fn machines(&self) -> &[MachineView] {
        let all = &self.shot.machines;
        match self.kind {
            Kind::Central => all.get(..1).unwrap_or_default(),
            Kind::Trackers => all.get(1..).unwrap_or_default(),
            Kind::Chord | Kind::Kademlia => &[],
        }
    }

    fn place(&self, member: Member) -> Option<(f64, f64)> {
        match member {
            Member::Peer(place) => {
                let peer = self.shot.peers.get(usize::from(place).checked_sub(1)?)?;
                Some(peer_at(peer.turn, RADIUS))
            }
            machine => {
                let machines = self.machines();
                let at = machines.iter().position(|one| one.member == machine)?;
                let (x, y, wide, tall) = *boxes(machines.len()).get(at)?;
                Some((x + wide / 2.0, y + tall / 2.0))
            }
        }
    }

    fn at(&self) -> usize {
        let mut all = Kind::ALL.iter();
        all.position(|kind| *kind == self.kind).unwrap_or_default()
    }

    /// The picture as an SVG element's content.
    pub fn draw(&self) -> Html {
        let asked = self.shot.asked.as_ref();
        let peers = self.shot.peers.iter();
        let names = match self.knows {
            true => name_places(peers.map(|peer| (peer.turn, peer.place.to_string().len()))),
            // There only the asker has one, within the circle: cards lie outside.
            false => peers.map(|peer| peer_at(peer.turn, NAMES[0])).collect(),
        };
        html! {
            <>
                <circle class="dir-band" cx={px(SIZE.0 / 2.0)} cy={px(SIZE.1 / 2.0)} r={px(RADIUS)} />
                if self.knows {
                    if let Some(asked) = asked { {self.known(asked)} }
                } else {
                    {for self.machines().iter().enumerate().map(|(at, machine)| self.machine(at, machine))}
                    if matches!(self.kind, Kind::Chord | Kind::Kademlia) {
                        {for self.shot.peers.iter().map(|peer| self.stack(peer))}
                    }
                }
                if let Some(asked) = asked { {self.way(asked)} }
                {for self.shot.peers.iter().zip(names).map(|(peer, name)| self.peer(peer, name))}
                if let Some(asked) = asked { {self.flights(asked)} }
            </>
        }
    }

    fn title(&self) -> Option<u32> {
        let asked = self.shot.asked.as_ref();
        asked.map_or(Some(self.shot.title), |asked| asked.title)
    }

    fn card(&self, member: Member, title: u32, (x, y): (f64, f64), is_there: bool) -> Html {
        let over = Over::Card(member, title);
        let is_it = self.title() == Some(title);
        let class = match (is_it, is_there) {
            (true, true) => "dir-card dir-card--it",
            (true, false) => "dir-card dir-card--it dir-card--lost",
            (false, true) => "dir-card",
            (false, false) => "dir-card dir-card--lost",
        };
        let grow = if is_it { 1.0 } else { 0.0 };
        html! {
            <rect {class} data-over={mark(over)} x={px(x - grow)} y={px(y - grow)} width={px(3.6 + 2.0 * grow)} height={px(3.6 + 2.0 * grow)} />
        }
    }

    fn machine(&self, at: usize, machine: &MachineView) -> Html {
        let count = self.machines().len();
        let Some((x, y, wide, tall)) = boxes(count).get(at).copied() else {
            return Html::default();
        };
        let across = (((wide - 8.0) / PITCH) as usize).max(1);
        let class = if machine.is_up {
            "dir-box"
        } else {
            "dir-box dir-box--out"
        };
        let card = |(place, title): (usize, &u32)| {
            let (column, row) = ((place % across) as f64, (place / across) as f64);
            let at = (x + 5.0 + column * PITCH, y + 5.0 + row * PITCH);
            self.card(machine.member, *title, at, machine.cards.contains(title))
        };
        let middle = px(y + tall / 2.0);
        let label = match machine.member {
            Member::Tracker(_) => machine.member.to_string().replace("tracker ", ""),
            _ => String::new(),
        };
        html! {
            <g>
                <rect {class} data-over={mark(Over::Member(machine.member))} x={px(x)} y={px(y)} width={px(wide)} height={px(tall)} rx="4" />
                {for machine.due.iter().enumerate().map(card)}
                <text x={px(x + wide - 4.0)} y={px(y + tall - 4.0)} text-anchor="end">{label}</text>
                if !machine.is_up {
                    <line class="dir-strike" x1={px(x - 5.0)} x2={px(x + wide + 5.0)} y1={middle.clone()} y2={middle} />
                }
            </g>
        }
    }

    /// The cards that a peer keeps for others, outside of it.
    fn stack(&self, peer: &PeerView) -> Html {
        let side = usize::from(self.kind == Kind::Kademlia);
        // The one that is asked for first, so that it is always seen.
        let mut cards = peer.cards[side].clone();
        cards.sort_by_key(|title| self.title() != Some(*title));
        let (right, up) = on_circle(peer.turn);
        let card = |(place, title): (usize, &u32)| {
            let (column, row) = ((place % WIDE) as f64 - 1.0, (place / WIDE) as f64);
            let out = RADIUS + 11.0 + row * PITCH;
            let (x, y) = (
                SIZE.0 / 2.0 + out * right + column * PITCH * up - 1.8,
                SIZE.1 / 2.0 - out * up + column * PITCH * right - 1.8,
            );
            self.card(Member::Peer(peer.place), *title, (x, y), true)
        };
        cards
            .iter()
            .take(ROWS * WIDE)
            .enumerate()
            .map(card)
            .collect()
    }

    fn peer(&self, peer: &PeerView, (name_x, name_y): (f64, f64)) -> Html {
        let (x, y) = peer_at(peer.turn, RADIUS);
        let asks = self.shot.asked.as_ref().map(|asked| asked.peer) == Some(peer.place);
        let mut class = "dir-peer".to_owned();
        for (is, more) in [
            (!peer.is_up, " dir-peer--out"),
            (asks, " dir-peer--asks"),
            (
                self.shot.selected == Some(peer.place),
                " dir-peer--selected",
            ),
        ] {
            if is {
                class += more;
            }
        }
        let over = mark(Over::Member(Member::Peer(peer.place)));
        html! {
            <g key={peer.place}>
                <circle {class} cx={px(x)} cy={px(y)} r={if asks { "7" } else { "5.5" }} />
                if peer.has && peer.is_up {
                    <circle class="dir-has" cx={px(x)} cy={px(y)} r="2.4" />
                }
                if !peer.is_up {
                    <line class="dir-strike" x1={px(x - 6.0)} x2={px(x + 6.0)} y1={px(y)} y2={px(y)} />
                }
                if asks || self.knows {
                    <text class="dir-name" x={px(name_x)} y={px(name_y + 4.0)} text-anchor="middle">{peer.place}</text>
                }
                <circle class="dir-hit" data-over={over} cx={px(x)} cy={px(y)} r="9" />
            </g>
        }
    }

    /// The peers that the asker knows, as lines.
    fn known(&self, asked: &AskedView) -> Html {
        let side = usize::from(self.kind == Kind::Kademlia);
        let from = self.place(Member::Peer(asked.peer));
        let line = |place: &u16| {
            let ((x, y), (to_x, to_y)) = from.zip(self.place(Member::Peer(*place)))?;
            Some(
                html! { <line class="dir-knows" x1={px(x)} y1={px(y)} x2={px(to_x)} y2={px(to_y)} /> },
            )
        };
        asked.knows[side].iter().filter_map(line).collect()
    }

    /// The way of the lookup so far, and its answer or the lack of one.
    fn way(&self, asked: &AskedView) -> Html {
        let places: Vec<(f64, f64)> = {
            let route = asked.routes[self.at()].iter();
            route.filter_map(|member| self.place(*member)).collect()
        };
        let centre = (SIZE.0 / 2.0, SIZE.1 / 2.0);
        let pairs = places.iter().zip(places.iter().skip(1));
        let hop = |((x, y), (to_x, to_y)): (&(f64, f64), &(f64, f64))| {
            // Bent towards the middle, so that ways along the circle are seen.
            let bend = |one: f64, other: f64, middle: f64| (one + other) / 2.0 * 0.6 + middle * 0.4;
            let (by_x, by_y) = (bend(*x, *to_x, centre.0), bend(*y, *to_y, centre.1));
            let d = format!("M{x:.1} {y:.1}Q{by_x:.1} {by_y:.1} {to_x:.1} {to_y:.1}");
            html! { <path class="dir-hop" {d} /> }
        };
        let hops: Html = pairs.map(hop).collect();
        let from = self.place(Member::Peer(asked.peer));
        let end = match (asked.ended[self.at()], places.last(), from) {
            (Some(true), Some((x, y)), Some((to_x, to_y))) if places.len() > 1 => {
                html! { <line class="dir-answer" x1={px(*x)} y1={px(*y)} x2={px(to_x)} y2={px(to_y)} /> }
            }
            (Some(false), _, Some((x, y))) => {
                let (to_x, to_y) = places
                    .get(1..)
                    .and_then(|rest| rest.last())
                    .copied()
                    .unwrap_or(centre);
                let (by_x, by_y) = ((x + to_x) / 2.0, (y + to_y) / 2.0);
                let cross = format!("M{:.1} {:.1}l8 8m0 -8l-8 8", by_x - 4.0, by_y - 4.0);
                html! {
                    <>
                        <line class="dir-tried" x1={px(x)} y1={px(y)} x2={px(to_x)} y2={px(to_y)} />
                        <path class="dir-strike" d={cross} />
                    </>
                }
            }
            _ => Html::default(),
        };
        html! { <>{hops}{end}</> }
    }

    fn flights(&self, asked: &AskedView) -> Html {
        let flights = asked
            .flights
            .iter()
            .filter(|flight| flight.kind == self.kind);
        let dot = |flight: &crate::directory::engine::snapshot::FlightView| {
            let ((x, y), (to_x, to_y)) = self.place(flight.from).zip(self.place(flight.to))?;
            let share = f64::from(flight.share) / 1_000.0;
            let (x, y) = (x + (to_x - x) * share, y + (to_y - y) * share);
            Some(
                html! { <circle key={flight.number} class="dir-dot" cx={px(x)} cy={px(y)} r="3.4" /> },
            )
        };
        flights.filter_map(dot).collect()
    }

    /// The picture in words.
    pub fn words(&self) -> String {
        let shot = self.shot;
        let here = shot.peers.iter().filter(|peer| peer.is_up).count();
        let mut text = format!("{here} of {} peers are here.", shot.peers.len());
        for machine in self.machines() {
            let name = short(machine.member);
            text += &match machine.is_up {
                true => format!(" {name}: {} cards.", machine.cards.len()),
                false => format!(" {name}: taken out."),
            };
        }
        if let Some(asked) = &shot.asked {
            let route = &asked.routes[self.at()];
            if !route.is_empty() {
                let names: Vec<String> = route.iter().map(|one| short(*one)).collect();
                text += &format!(" Way: {}.", names.join(", "));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_were_written() {
        for member in [Member::Directory, Member::Tracker(3), Member::Peer(24)] {
            for over in [Over::Member(member), Over::Card(member, 59)] {
                assert_eq!(read_mark(&mark(over)), Some(over));
            }
        }
        for wrong in ["", "x", "d1", "t", "p-1", "p1.", "é1"] {
            assert_eq!(read_mark(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_cover_one_another_in_no_scenario() {
        for scenario in chordscope_sim::worlds::directory::scenario::all() {
            let setup = scenario.setup;
            let turns = setup.peers.iter().map(|id| setup.space.turn(*id));
            let digits = |place: usize| place.to_string().len();
            let all: Vec<(f64, usize)> = turns.zip((1..).map(digits)).collect();
            let places = name_places(all.iter().copied());
            for (at, (x, y)) in places.iter().enumerate() {
                let wide = |at: usize| DIGIT.0 * all[at].1 as f64 / 2.0;
                assert!((wide(at)..SIZE.0 - wide(at)).contains(x), "{x}");
                assert!((DIGIT.1 / 2.0..SIZE.1 - DIGIT.1 / 2.0).contains(y), "{y}");
                for (other, (other_x, other_y)) in places[..at].iter().enumerate() {
                    let apart = (x - other_x).abs() >= wide(at) + wide(other)
                        || (y - other_y).abs() >= DIGIT.1;
                    assert!(apart, "{}: {} {}", scenario.name, other + 1, at + 1);
                }
            }
        }
    }

    #[test]
    fn boxes_lie_within_the_circle_and_apart() {
        for count in 1..=16_usize {
            let all = boxes(count);
            assert_eq!(all.len(), count);
            for (at, (x, y, wide, tall)) in all.iter().enumerate() {
                for (corner_x, corner_y) in [(*x, *y), (x + wide, y + tall)] {
                    let (dx, dy) = (corner_x - SIZE.0 / 2.0, corner_y - SIZE.1 / 2.0);
                    assert!(dx.hypot(dy) < RADIUS - 8.0, "{count}");
                }
                for (other_x, other_y, ..) in &all[..at] {
                    let apart = (x - other_x).abs() >= *wide || (y - other_y).abs() >= *tall;
                    assert!(apart, "{count}");
                }
            }
        }
    }
}
