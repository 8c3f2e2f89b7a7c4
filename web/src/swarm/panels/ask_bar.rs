//! The question above the stage: how many clients want how many segments, fetched in which order.

use web_sys::{Event, MouseEvent, SubmitEvent};
use yew::{Callback, Html, html};

use crate::components::choice::{chosen, index};
use crate::page;
use crate::player::programme::RunCommand;
use crate::player::scenario_choice::scenario_choice;
use crate::player::{Beside, Pictured};
use crate::swarm::engine::levers::{Dial, Levers, Picker};
use crate::swarm::panels::Desk;
use crate::swarm::panels::levers_card::LEVERS;
use crate::swarm::panels::number_field::{error_of, fault, number_field};

/// The question bar.
pub fn ask_bar(desk: &Desk) -> Html {
    let again = desk.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        // What was typed last has been taken by now, or is wrong: then the run that is shown goes on, and the text stays to be mended.
        match fault(again.typed.as_ref()) {
            Some(wrong) => again.wrong.set(Some(wrong)),
            None => again.send.emit(RunCommand::Again.into()),
        }
    });
    let more = Callback::from(move |_: MouseEvent| page::focus(LEVERS));
    html! {
        <div class="ask">
            <form {onsubmit} novalidate={true} aria-label="Swarm">
                {scenario(desk)}
                {number_field(desk, Dial::Clients, "Clients", "swarm-clients")}
                {number_field(desk, Dial::Segments, "Segments", "swarm-segments")}
                {choice(desk, "Picker", &[("Rarest first", Picker::Rarest), ("Random", Picker::Random), ("In order", Picker::InOrder)], None, |levers| levers.picker, |levers, picker| Levers { picker, ..levers })}
                <button type="button" onclick={more}>{"More …"}</button>
                <button class="main" type="submit">{"Start again"}</button>
            </form>
            if let Some(scenario) = desk.view.scenario.and_then(|place| desk.view.scenarios.get(place)) {
                <p class="ask__about"><b>{"Watch:"}</b>{" "}{scenario.watch}</p>
            }
            if let Some(refused) = desk.view.refused_beside(Beside::Question) {
                <p class="error" role="alert">{refused}</p>
            }
            {error_of(desk, &[(Dial::Clients, "swarm-clients"), (Dial::Segments, "swarm-segments")])}
        </div>
    }
}

fn scenario(desk: &Desk) -> Html {
    let shot = &desk.view;
    scenario_choice(
        &shot.scenarios,
        shot.scenario,
        |one| (one.name, one.title),
        "Your own settings",
        desk.send.reform(|name| RunCommand::Load(name).into()),
    )
}

/// A list of settings, of which one is chosen. The swarm begins again with another one. Only a scenario or a link can ask for the one that is
/// `own` to them.
pub(super) fn choice<T: Copy + PartialEq + 'static>(
    desk: &Desk,
    name: &'static str,
    options: &'static [(&'static str, T)],
    own: Option<T>,
    now: fn(&Levers) -> T,
    with: fn(Levers, T) -> Levers,
) -> Html {
    let changed = desk.clone();
    let onchange = Callback::from(move |event: Event| {
        if let Some((_, value)) = chosen(&event).and_then(|place| options.get(place)) {
            changed.begin(with(changed.view.levers, *value));
        }
    });
    let now = now(&desk.view.levers);
    let place = options.iter().position(|(_, value)| *value == now);
    html! {
        <label>
            {name}
            <select ~selectedIndex={place.map_or(-1, index)} {onchange}>
                for (text, value) in options.iter() {
                    <option selected={*value == now} disabled={Some(*value) == own && *value != now}>{*text}</option>
                }
            </select>
        </label>
    }
}
