//! The ring that runs: two canvases and what the pointer does on them, the caption, and what can be done.

use chordscope_core::base::id::Id;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlSelectElement, MouseEvent, SubmitEvent};
use yew::{Callback, Html, NodeRef, TargetCast, classes, html};

use crate::components::caption::Caption;
use crate::components::icon::{Picture, icon};
use crate::components::pointing::{Pointing, pointing};
use crate::home::engine::caption::Tone;
use crate::home::engine::command::Command;
use crate::home::engine::goals::{Goal, State};
use crate::home::engine::lesson::KEY;
use crate::home::engine::snapshot::Snapshot;
use crate::home::panels::Desk;
use crate::page::{self, Place};
use crate::scene::hit::{Targets, Under, on_ring};
use crate::scene::layout::Layout;

/// The element id of the list of nodes.
const NODES: &str = "home-node";

/// The ring: `still` and `moving` are the canvases of its two layers.
pub fn living(desk: &Desk, still: NodeRef, moving: NodeRef) -> Html {
    html! {
        <section class="living" aria-label="The lesson’s ring">
            {stage(desk, still, moving)}
            {caption(desk)}
            {acts(desk)}
        </section>
    }
}

fn stage(desk: &Desk, still: NodeRef, moving: NodeRef) -> Html {
    let Desk { view, send } = desk;
    let find = {
        let view = view.clone();
        Callback::from(move |place| under(&view, place))
    };
    let choose = {
        let send = send.clone();
        Callback::from(move |node: Option<Id>| {
            if let Some(node) = node {
                send.emit(Command::Choose(node));
            }
        })
    };
    let Pointing {
        onpointermove,
        onpointerleave,
        onclick,
    } = pointing(&still, &find, &send.reform(Command::Hover), choose);
    let class = classes!("view", view.hovered.is_some().then_some("view--over"));
    html! {
        <div {class} {onpointermove} {onpointerleave} {onclick}>
            <canvas ref={still} role="img" aria-label={desk.say(&view.picture)} />
            <canvas ref={moving} aria-hidden="true" />
        </div>
    }
}

/// The node at a place. The part of the band that a node keeps is not the node: that is asked for.
fn under(shot: &Snapshot, place: Place) -> Option<Id> {
    let turns: Vec<f64> = shot.nodes.iter().map(|node| node.turn).collect();
    let layout = Layout::new(place.width, place.height, &turns, true);
    let targets = Targets {
        nodes: turns,
        ..Targets::default()
    };
    match on_ring(&layout, &targets, place.point, place.tip) {
        Some(Under::Node(at)) => shot.nodes.get(at).map(|node| node.id),
        _ => None,
    }
}

fn caption(desk: &Desk) -> Html {
    let caption = &desk.view.caption;
    let class = match caption.tone {
        Tone::Calm => "caption caption--calm",
        Tone::Ask => "caption caption--ask",
        Tone::Busy => "caption",
        Tone::Done => "caption caption--done",
        Tone::Wrong => "caption caption--wrong",
    };
    Caption {
        class,
        lead: caption.lead.text(desk.view.space),
        rest: desk.say(&caption.rest),
        name: Some("Result"),
        aloud: true,
    }
    .html()
}

/// The buttons. The next goal's are the main ones.
fn acts(desk: &Desk) -> Html {
    let shot = &desk.view;
    let show = |id: Id| shot.space.show(id);
    let now = shot.goals.iter().find(|goal| goal.state == State::Now);
    let main = |goal| now.is_some_and(|now| now.goal == goal).then_some("main");
    let (name, picture) = match shot.playing {
        true => ("Pause", Picture::Pause),
        false => ("Play", Picture::Play),
    };
    let key = show(KEY);
    let button = |text: String, class, command, can: bool| {
        html! { <button type="button" {class} disabled={!can} onclick={on_click(desk, command)}>{text}</button> }
    };
    html! {
        <>
            if let Some(refused) = &shot.refused {
                <p class="error" role="alert">{refused}</p>
            }
            <div class="acts" role="group" aria-label="What can be done">
                <button type="button" class="acts__time" aria-label={name} title={name} onclick={on_click(desk, Command::Toggle)}>{icon(picture)}</button>
                {pick(desk)}
                {button(asks(&key, shot.asker.map(show)), main(Goal::LookUp), Command::LookUp, shot.asker.is_some())}
                {button(names("Insert node", shot.newcomer.map(show)), main(Goal::Change), Command::Insert, shot.newcomer.is_some())}
                {button(names("Crash node", shot.victim.map(show)), main(Goal::Change), Command::Crash, shot.victim.is_some())}
                <button type="button" class="quiet" onclick={on_click(desk, Command::Again)}>{"Start again"}</button>
            </div>
        </>
    }
}

fn asks(key: &str, asker: Option<String>) -> String {
    match asker {
        Some(asker) => format!("Look up {key} from {asker}"),
        None => format!("Look up {key}"),
    }
}

fn names(what: &str, node: Option<String>) -> String {
    match node {
        Some(node) => format!("{what} {node}"),
        None => what.to_owned(),
    }
}

fn on_click(desk: &Desk, command: Command) -> Callback<MouseEvent> {
    desk.send.reform(move |_| command)
}

/// The list of nodes, for a choice without a pointer.
fn pick(desk: &Desk) -> Html {
    let (view, send) = (desk.view.clone(), desk.send.clone());
    let choose = move |select: &HtmlSelectElement| {
        let place = usize::try_from(select.selected_index()).ok();
        if let Some(node) = place.and_then(|place| view.nodes.get(place)) {
            send.emit(Command::Choose(node.id));
        }
    };
    let again = choose.clone();
    let onchange = Callback::from(move |event: Event| choose(&event.target_unchecked_into()));
    // What the list shows already can be chosen, too.
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let list = page::container(NODES);
        if let Some(list) = list.and_then(|list| list.dyn_into::<HtmlSelectElement>().ok()) {
            again(&list);
        }
    });
    let shot = &desk.view;
    let now = shot
        .nodes
        .iter()
        .position(|node| shot.chosen == Some(node.id))
        .unwrap_or_default();
    // After a choice of the visitor's, a list follows the index alone; before any, it has its options later than its index.
    let index = i32::try_from(now).unwrap_or_default();
    html! {
        <form class="pick-node" {onsubmit}>
            <label for={NODES}>{"Node"}</label>
            <select id={NODES} ~selectedIndex={index} {onchange}>
                for (place, node) in shot.nodes.iter().enumerate() {
                    <option key={shot.space.show(node.id)} selected={place == now}>{shot.space.show(node.id)}</option>
                }
            </select>
            <button type="submit">{"Choose"}</button>
        </form>
    }
}
