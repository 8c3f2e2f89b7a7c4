//! The card "Predict": how many of the next lookups will find?

use web_sys::{Event, HtmlInputElement, HtmlSelectElement, InputEvent, SubmitEvent};
use yew::{Callback, Html, TargetCast, component, html, use_state};

use chordscope_sim::worlds::directory::setup::Kind;

use crate::directory::engine::command::Command;
use crate::directory::engine::predict::NEXT;
use crate::directory::engine::statement::{Statement, kind_name};
use crate::directory::panels::Desk;

/// The card.
#[component]
pub fn PredictCard(desk: &Desk) -> Html {
    let kind = use_state(|| Kind::Trackers);
    let guess = use_state(|| NEXT);
    let onchange = {
        let kind = kind.setter();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            let place = usize::try_from(select.selected_index()).unwrap_or_default();
            if let Some(chosen) = Kind::ALL.get(place) {
                kind.set(*chosen);
            }
        })
    };
    let oninput = {
        let guess = guess.setter();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            guess.set((input.value_as_number().max(0.0) as u32).min(NEXT));
        })
    };
    let onsubmit = {
        let (send, kind, guess) = (desk.send.clone(), *kind, *guess);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            send.emit(Command::Predict(kind, guess));
        })
    };
    let said = desk.view.predicted.as_ref().map(Statement::text);
    html! {
        <section class="card" aria-labelledby="directory-predict-title">
            <header><h2 id="directory-predict-title">{"Predict"}</h2></header>
            <p>{format!("Take something out. How many of the next {NEXT} lookups will find?")}</p>
            <form class="takes" {onsubmit}>
                <label>
                    {"At"}
                    <select {onchange}>
                        for one in Kind::ALL {
                            <option key={one.name()} selected={one == *kind}>{kind_name(one)}</option>
                        }
                    </select>
                </label>
                <label>
                    {format!("Your guess: {} of {NEXT}", *guess)}
                    <input type="range" aria-label="Your guess" min="0" max={NEXT.to_string()} value={guess.to_string()} {oninput} />
                </label>
                <button type="submit">{"Predict"}</button>
            </form>
            <p role="status" aria-label="Prediction">{said}</p>
        </section>
    }
}
