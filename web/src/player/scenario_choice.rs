//! The list "Scenario" of a page.

use std::rc::Rc;

use web_sys::Event;
use yew::{Callback, Html, html};

use crate::components::choice::{chosen, index};

/// The list. `told` gives the name of a scenario and its title; `own` is the title of a run that is none of them.
pub fn scenario_choice<S: 'static>(
    scenarios: &Rc<Vec<S>>,
    now: Option<usize>,
    told: fn(&S) -> (&'static str, &'static str),
    own: &'static str,
    load: Callback<&'static str>,
) -> Html {
    let known = Rc::clone(scenarios);
    let onchange = Callback::from(move |event: Event| {
        if let Some(scenario) = chosen(&event).and_then(|place| known.get(place)) {
            load.emit(told(scenario).0);
        }
    });
    html! {
        <label class="ask__own">
            {"Scenario"}
            <select ~selectedIndex={index(now.unwrap_or(scenarios.len()))} {onchange}>
                for (place, one) in scenarios.iter().enumerate() {
                    <option key={told(one).0} selected={now == Some(place)}>{told(one).1}</option>
                }
                // Behind the scenarios, so that each keeps its place.
                <option key="own" selected={now.is_none()} disabled={now.is_some()}>{own}</option>
            </select>
        </label>
    }
}
