//! The stage: the same cards in one box, in several, or with everybody; and what the pointer does on them.

use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent, PointerEvent};
use yew::{Callback, Html, html};

use chordscope_sim::worlds::directory::action::Member;
use chordscope_sim::worlds::directory::setup::Kind;

use crate::directory::engine::command::{Command, Over};
use crate::directory::engine::figures::Figures;
use crate::directory::panels::picture::{Picture, SIZE, read_mark};
use crate::directory::panels::{Desk, say};

/// The kinds that have a picture, with the head and the note of each.
const SHOWN: [(Kind, &str, &str); 3] = [
    (Kind::Central, "One directory", "as Napster had it"),
    (Kind::Trackers, "Trackers", "each title with some of them"),
    (Kind::Chord, "Everybody", "a hash table: Chord"),
];

/// The pictures in a row, with what was found below each.
pub fn pictures(desk: &Desk) -> Html {
    html! {
        <div class="dirs" role="group" aria-label="Pictures" tabindex="0">
            {for SHOWN.map(|(kind, head, note)| {
                let figures = desk.view.figures.iter().find(|one| one.kind == kind);
                figure(desk, Picture { shot: &desk.view, kind, knows: false }, (head, note), figures.map(found).unwrap_or_default())
            })}
        </div>
    }
}

/// A picture with its head, and something below.
pub(super) fn figure(
    desk: &Desk,
    picture: Picture<'_>,
    (head, note): (&str, &str),
    below: Html,
) -> Html {
    let hover = desk.send.clone();
    let onpointermove = Callback::from(move |event: PointerEvent| {
        if event.pointer_type() != "touch" {
            hover.emit(Command::Hover(under(&event)));
        }
    });
    let onpointerleave = desk.send.reform(|_: PointerEvent| Command::Hover(None));
    let send = desk.send.clone();
    let onclick = Callback::from(move |event: MouseEvent| {
        let over = under(&event);
        // A finger does not hover: what it touches says what it is.
        send.emit(Command::Hover(over));
        match over {
            Some(Over::Member(Member::Peer(place)) | Over::Card(Member::Peer(place), _)) => {
                send.emit(Command::Select(place));
            }
            Some(_) => {}
            None => send.emit(Command::Leave),
        }
    });
    html! {
        <figure class="dir">
            <figcaption><b>{head.to_owned()}</b><small>{note.to_owned()}</small></figcaption>
            <svg viewBox={format!("0 0 {} {}", SIZE.0, SIZE.1)} role="img" aria-label={format!("{head}: {}", picture.words())} {onpointermove} {onpointerleave} {onclick}>
                {picture.draw()}
            </svg>
            {below}
        </figure>
    }
}

/// The thing that an event is over.
fn under(event: &MouseEvent) -> Option<Over> {
    let target: Element = event.target()?.dyn_into().ok()?;
    read_mark(&target.get_attribute("data-over")?)
}

/// The number of the last lookups that found, and a tick for each lookup.
fn found(figures: &Figures) -> Html {
    let all = figures.last.len();
    let count = figures.found();
    let class = match all - count {
        0 => "dir__found",
        _ => "dir__found dir__found--less",
    };
    let tick = |(place, is_found): (usize, &bool)| {
        let (class, top) = match is_found {
            true => ("dir-tick", "0"),
            false => ("dir-tick dir-tick--none", "7"),
        };
        let x = format!("{}.5", 2 * place);
        html! { <line {class} x1={x.clone()} x2={x} y1={top} y2="14" /> }
    };
    let since = figures.since.filter(|(_, all)| *all > 0);
    let since = since.map(|(found, all)| format!("{found} of {all} since the last deed"));
    html! {
        <div {class}>
            <p><b>{if all == 0 { "–".to_owned() } else { count.to_string() }}</b>{format!(" of the last {all} found")}<small>{since}</small></p>
            <svg viewBox="0 0 200 14" preserveAspectRatio="none" aria-hidden="true">{for figures.last.iter().enumerate().map(tick)}</svg>
        </div>
    }
}

/// The hint about what the pointer is over, or the legend.
pub fn hint_line(desk: &Desk) -> Html {
    let view = &desk.view;
    html! {
        <div class="dirs__hint">
            <p aria-hidden="true">{say(&view.hint)}</p>
            if view.hint.is_empty() {
                {legend()}
            }
        </div>
    }
}

fn legend() -> Html {
    let row = |name: &'static str, shape: Html| html! { <li><svg viewBox="0 0 18 16" aria-hidden="true">{shape}</svg>{name}</li> };
    html! {
        <ul class="dir-legend" aria-label="Legend">
            {row("asks", html! { <circle class="dir-peer dir-peer--asks" cx="9" cy="8" r="6" /> })}
            {row("has the title", html! { <><circle class="dir-peer" cx="9" cy="8" r="5.5" /><circle class="dir-has" cx="9" cy="8" r="2.4" /></> })}
            {row("a title’s card", html! { <rect class="dir-card" x="6" y="5" width="6" height="6" /> })}
            {row("the card asked for", html! { <rect class="dir-card dir-card--it" x="5" y="4" width="8" height="8" /> })}
            {row("lost", html! { <rect class="dir-card dir-card--lost" x="6" y="5" width="6" height="6" /> })}
            {row("taken out", html! { <><rect class="dir-box dir-box--out" x="3" y="3" width="12" height="10" rx="2" /><line class="dir-strike" x1="0" x2="18" y1="8" y2="8" /></> })}
            {row("way", html! { <path class="dir-hop" d="M1 8h16" /> })}
            {row("answer", html! { <path class="dir-answer" d="M1 8h16" /> })}
        </ul>
    }
}
