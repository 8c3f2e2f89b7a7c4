//! The question above the stage: which step or scenario, which level, who calls what.

use web_sys::{Event, HtmlInputElement, InputEvent, MouseEvent, SubmitEvent};
use yew::{Callback, Html, TargetCast, UseStateHandle, component, html, use_state};

use chordscope_sim::worlds::consistency::action::Deed;
use chordscope_sim::worlds::consistency::setup::System;

use crate::cap::engine::command::{Command, Lever};
use crate::cap::panels::Desk;
use crate::components::choice::{chosen, index};
use crate::player::programme::RunCommand;
use crate::player::scenario_choice::scenario_choice;
use crate::player::{Beside, Pictured};

/// The steps of the build-up: the scenario of each, and its name.
const STEPS: [(&str, &str); 5] = [
    ("one-store", "One store"),
    ("two-copies", "A copy each"),
    ("message", "A message"),
    ("lost-message", "A lost message"),
    ("last-copy", "The ring"),
];

/// The question bar.
#[component]
pub fn AskBar(desk: &Desk) -> Html {
    let value = use_state(|| "Anna".to_owned());
    let shot = &desk.view;
    let scenario = shot.scenario.and_then(|place| shot.scenarios.get(place));
    html! {
        <div class="ask">
            {steps(desk)}
            <div class="cap-row">
                {scenario_choice(
                    &shot.scenarios,
                    shot.scenario,
                    |one| (one.name, one.title),
                    "Of a link or a file",
                    desk.send.reform(|name| RunCommand::Load(name).into()),
                )}
                {levels(desk)}
                <button type="button" title="Cut the marked nodes off from the others" onclick={does(desk, Command::Cut)}>{"Cut"}</button>
                <button type="button" title="End the cut (h)" onclick={does(desk, Command::Heal)}>{"Heal"}</button>
                <button type="button" aria-pressed={shot.is_asking.to_string()} title="Stop at a call and guess what it returns (p)" onclick={does(desk, Command::Predict)}>{"Predict"}</button>
                <button type="button" onclick={does(desk, RunCommand::Again.into())}>{"Start again"}</button>
            </div>
            {calls(desk, &value)}
            if let Some(scenario) = scenario {
                <p class="ask__about"><b>{"Watch:"}</b>{" "}{scenario.watch}</p>
            }
            if let Some(refused) = shot.refused_beside(Beside::Question).or_else(|| shot.refused_beside(Beside::Ring)) {
                <p class="error" role="alert">{refused}</p>
            }
        </div>
    }
}

/// Sends a command at a click.
fn does(desk: &Desk, command: Command) -> Callback<MouseEvent> {
    desk.send.reform(move |_: MouseEvent| command.clone())
}

/// The steps of the build-up, one after the other.
fn steps(desk: &Desk) -> Html {
    let shot = &desk.view;
    let now = shot.scenario.and_then(|place| shot.scenarios.get(place));
    // All scenarios behind the build-up are of the ring.
    let is_ring = shot.key.is_some();
    let step = |(place, (name, title)): (usize, &(&'static str, &'static str))| {
        let name = *name;
        let is_last = place + 1 == STEPS.len();
        let is_now = now.is_some_and(|now| now.name == name) || is_last && is_ring;
        let onclick = desk
            .send
            .reform(move |_: MouseEvent| RunCommand::Load(name).into());
        html! {
            <button type="button" class="quiet" aria-current={is_now.then_some("step")} {onclick}><b>{place + 1}</b>{" "}{*title}</button>
        }
    };
    html! {
        <div class="cap-steps" role="group" aria-label="Build-up">{for STEPS.iter().enumerate().map(step)}</div>
    }
}

fn levels(desk: &Desk) -> Html {
    let shot = &desk.view;
    let send = desk.send.clone();
    let onchange = Callback::from(move |event: Event| {
        if let Some((lever, _)) = chosen(&event).and_then(|place| Lever::ALL.get(place)) {
            send.emit(Command::Show(*lever));
        }
    });
    let now = Lever::ALL
        .iter()
        .position(|(lever, _)| *lever == shot.lever);
    let is_ring = shot.key.is_some();
    html! {
        <label>
            {"Consistency"}
            <select ~selectedIndex={now.map_or(-1, index)} disabled={!is_ring} {onchange}>
                for (lever, name) in Lever::ALL {
                    <option key={name} selected={lever == shot.lever}>{name}</option>
                }
            </select>
        </label>
    }
}

/// The client, the name, and what can be done.
fn calls(desk: &Desk, value: &UseStateHandle<String>) -> Html {
    let shot = &desk.view;
    let send = desk.send.clone();
    let client = Callback::from(move |event: Event| {
        let client = chosen(&event).and_then(|place| u8::try_from(place).ok());
        send.emit(Command::Client(client.unwrap_or_default()));
    });
    let send = desk.send.clone();
    let name = Callback::from(move |event: Event| {
        let name = chosen(&event).and_then(|place| u8::try_from(place).ok());
        send.emit(Command::Name(name.unwrap_or_default()));
    });
    let oninput = {
        let value = value.setter();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            value.set(input.value());
        })
    };
    let put = (**value).clone();
    let onsubmit = {
        let (send, put) = (desk.send.clone(), put.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            send.emit(Command::Call(Deed::Put(put.clone())));
        })
    };
    let mut sides = shot.sides.iter();
    let loses = sides.any(|side| side.view.system == System::Messages);
    html! {
        <form class="cap-row" {onsubmit} aria-label="Call">
            <label>
                {"Client"}
                <select ~selectedIndex={index(usize::from(shot.client))} onchange={client}>
                    for (place, (name, node)) in shot.clients.iter().enumerate() {
                        <option key={place} selected={usize::from(shot.client) == place}>{format!("{name}, at {node}")}</option>
                    }
                </select>
            </label>
            <label>
                {"Name"}
                <select ~selectedIndex={index(usize::from(shot.name))} onchange={name}>
                    for (place, name) in shot.names.iter().enumerate() {
                        <option key={place} selected={usize::from(shot.name) == place}>{name}</option>
                    }
                </select>
            </label>
            <label class="cap-value">{"Value"}<input type="text" maxlength="24" value={put.clone()} {oninput} /></label>
            <button class="main" type="submit">{"Put"}</button>
            <button type="button" class="main" onclick={does(desk, Command::Call(Deed::Get))}>{"Get"}</button>
            <button type="button" title="Put, if nothing has changed since this client saw it last" onclick={does(desk, Command::Call(Deed::Swap(put)))}>{"Put if unchanged"}</button>
            if loses {
                <button type="button" aria-label="Lose a message" title="Lose the message that was sent last" onclick={does(desk, Command::Lose)}>{"Lose"}</button>
            }
        </form>
    }
}
