//! The card "Predict": what does this call return, at each level?

use web_sys::{Event, MouseEvent, SubmitEvent};
use yew::{Callback, Html, component, html, use_state};

use chordscope_sim::worlds::consistency::setup::System;

use crate::cap::engine::command::Command;
use crate::cap::engine::predict::Guess;
use crate::cap::engine::snapshot::Question;
use crate::cap::engine::statement::system_name;
use crate::cap::panels::{Desk, lines};
use crate::components::choice::{chosen, index};

/// The card.
#[component]
pub fn PredictCard(desk: &Desk) -> Html {
    let shot = &desk.view;
    // The places of the guesses among the choices, by system.
    let guesses = use_state(Vec::<(System, usize)>::new);
    let toggle = desk.send.reform(|_: MouseEvent| Command::Predict);
    let of = |system: System| {
        let mut all = guesses.iter();
        all.find(|(one, _)| *one == system)
            .map_or(0, |(_, place)| *place)
    };
    let ask = |question: &Question| {
        let field = |system: &System| {
            let system = *system;
            let guesses = guesses.clone();
            let now = of(system);
            let onchange = Callback::from(move |event: Event| {
                let mut all: Vec<_> = (*guesses).clone();
                all.retain(|(one, _)| *one != system);
                all.push((system, chosen(&event).unwrap_or_default()));
                guesses.set(all);
            });
            html! {
                <label>
                    {system_name(system)}
                    <select aria-label={format!("Guess for {}", system_name(system).to_lowercase())} ~selectedIndex={index(now)} {onchange}>
                        for (place, guess) in question.choices.iter().enumerate() {
                            <option key={place} selected={place == now}>{guess.text()}</option>
                        }
                    </select>
                </label>
            }
        };
        let answers: Vec<(System, Guess)> = question
            .systems
            .iter()
            .filter_map(|system| Some((*system, question.choices.get(of(*system))?.clone())))
            .collect();
        let (send, emptied) = (desk.send.clone(), guesses.setter());
        let onsubmit = Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            send.emit(Command::Answer(answers.clone()));
            emptied.set(Vec::new());
        });
        html! {
            <form class="cap-guess" {onsubmit}>
                <p><b>{question.call.text()}</b>{" What comes back? Is it refused?"}</p>
                {for question.systems.iter().map(field)}
                <button class="main" type="submit">{"Answer"}</button>
            </form>
        }
    };
    html! {
        <section class={if shot.question.is_some() { "card cap-asks" } else { "card" }} aria-labelledby="cap-predict-title">
            <header><h2 id="cap-predict-title">{"Prediction"}</h2><span>{if shot.is_asking { "on" } else { "off" }}</span></header>
            if let Some(question) = &shot.question {
                {ask(question)}
            } else if shot.is_asking {
                <p class="card__empty">{"The run stops as the next call is made."}</p>
            } else {
                <p class="saves"><button type="button" onclick={toggle}>{"Ask me"}</button><span class="mute">{"what a call returns, as it is made"}</span></p>
            }
            <div role="status" aria-label="Prediction">{lines(&shot.predicted)}</div>
        </section>
    }
}
